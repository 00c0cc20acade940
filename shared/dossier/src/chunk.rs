//! A change as bytes: one uncompressed change chunk of Automerge's storage format, read by
//! ourselves.
//!
//! The reader is total and bounded: it works in time and memory proportional to the bytes and to
//! [`OPERATIONS_MAX`], whatever the bytes promise. What it accepts has exactly one byte form, the
//! one that Automerge writes, because Automerge keeps no bytes of a change: it rebuilds each change
//! when it saves, loads or forks a document, and another spelling would come back with another
//! hash.

mod column;
mod leb;
pub(crate) mod rows;

use hoso_identity::{ActorId, PAYLOAD_BYTES_MAX};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::value::ChangeHash;
use leb::{Cursor, write_bytes, write_length, write_signed, write_unsigned};
use rows::{Row, read_rows, write_rows};

/// Operations in the largest change (rule 3).
pub const OPERATIONS_MAX: usize = 256;
/// What every chunk begins with.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Bytes of the hash that stand in front as a checksum.
const CHECKSUM_BYTES: usize = 4;
/// The type of an uncompressed change; documents are 0, compressed changes 2, bundles 3.
const CHANGE: u8 = 1;

/// Why bytes are not an uncompressed change that could be an event.
#[derive(Debug, Error)]
pub enum ChunkError {
    /// More than 64 KiB.
    #[error("the change has {0} bytes, 65536 are allowed")]
    Length(usize),
    /// It does not begin like a chunk.
    #[error("the bytes are not a chunk of an Automerge document")]
    Magic,
    /// A document, a compressed change, a bundle or something unknown.
    #[error("chunk type {0} is not an uncompressed change")]
    Type(u8),
    /// The bytes end before what they announce.
    #[error("the change is cut short")]
    Short,
    /// Something stands after the chunk.
    #[error("something stands after the change")]
    Trailing,
    /// The checksum is not that of the contents.
    #[error("the checksum does not fit the change")]
    Checksum,
    /// A number outside of 64 bits.
    #[error("a number in the change is out of range")]
    Number,
    /// A string that is not UTF-8.
    #[error("a string in the change is not UTF-8")]
    Text,
    /// An actor that does not have 16 bytes.
    #[error("an actor in the change does not have 16 bytes")]
    Actor,
    /// More actors than operations could name.
    #[error("the change names too many actors")]
    Actors,
    /// Unknown, repeated or misplaced columns.
    #[error("the columns of the change are not those of an event")]
    Columns,
    /// A deflated column.
    #[error("a column of the change is deflated")]
    Deflated,
    /// None, or more than [`OPERATIONS_MAX`].
    #[error("a change has 1 to 256 operations")]
    Operations,
    /// Columns that do not agree on the operations.
    #[error("the columns of the change do not fit together")]
    Rows,
    /// An operation that replaces or deletes.
    #[error("the change replaces or deletes something")]
    Predecessors,
    /// A formatting mark.
    #[error("the change marks text")]
    Mark,
    /// Counters, timestamps, floating-point, unsigned and unknown numbers.
    #[error("values of type {0} are not allowed")]
    Scalar(u64),
    /// Not as Automerge would write the same change.
    #[error("the change is not in its one canonical form")]
    NotCanonical,
}

/// The contents of one change chunk; text and bytes are borrowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Chunk<'a> {
    pub(crate) hash: ChangeHash,
    pub(crate) deps: Vec<ChangeHash>,
    pub(crate) actor: ActorId,
    pub(crate) sequence: u64,
    pub(crate) start_op: u64,
    pub(crate) time: i64,
    pub(crate) message: &'a str,
    pub(crate) other_actors: Vec<ActorId>,
    /// 1 to [`OPERATIONS_MAX`].
    pub(crate) rows: Vec<Row<'a>>,
    pub(crate) extra: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Reads the chunk: bounds, frame, checksum, contents, and last that it is written as Automerge
    /// writes it.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let (hash, contents) = open(bytes)?;
        let chunk = Self::read_contents(hash, contents)?;
        if chunk.contents() != contents {
            return Err(ChunkError::NotCanonical);
        }
        Ok(chunk)
    }

    fn read_contents(hash: ChangeHash, contents: &'a [u8]) -> Result<Self, ChunkError> {
        let mut cursor = Cursor::new(contents);
        Ok(Self {
            hash,
            deps: read_hashes(&mut cursor)?,
            actor: read_actor(&mut cursor)?,
            sequence: cursor.unsigned()?,
            start_op: cursor.unsigned()?,
            time: cursor.signed()?,
            message: cursor.text()?,
            other_actors: read_actors(&mut cursor)?,
            rows: read_rows(&mut cursor)?,
            extra: cursor.rest(),
        })
    }

    /// The bytes of the chunk, with its right length and checksum; the hash is not looked at.
    pub(crate) fn seal(&self) -> Vec<u8> {
        let contents = self.contents();
        let mut tail = vec![CHANGE];
        write_length(&mut tail, contents.len());
        tail.extend_from_slice(&contents);
        let hash: [u8; 32] = Sha256::digest(&tail).into();
        let checksum = hash.into_iter().take(CHECKSUM_BYTES);
        MAGIC.into_iter().chain(checksum).chain(tail).collect()
    }

    /// The contents as Automerge writes them.
    fn contents(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PAYLOAD_BYTES_MAX.min(1024));
        write_length(&mut out, self.deps.len());
        self.deps.iter().for_each(|hash| out.extend_from_slice(&hash.0));
        write_bytes(&mut out, self.actor.as_bytes());
        write_unsigned(&mut out, self.sequence);
        write_unsigned(&mut out, self.start_op);
        write_signed(&mut out, self.time);
        write_bytes(&mut out, self.message.as_bytes());
        write_length(&mut out, self.other_actors.len());
        self.other_actors.iter().for_each(|actor| write_bytes(&mut out, actor.as_bytes()));
        write_rows(&mut out, &self.rows);
        out.extend_from_slice(self.extra);
        out
    }
}

/// Checks the frame of a chunk; gives its hash and its contents.
fn open(bytes: &[u8]) -> Result<(ChangeHash, &[u8]), ChunkError> {
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(ChunkError::Length(bytes.len()));
    }
    let mut cursor = Cursor::new(bytes);
    if cursor.take_array()? != MAGIC {
        return Err(ChunkError::Magic);
    }
    let checksum: [u8; CHECKSUM_BYTES] = cursor.take_array()?;
    let [kind] = cursor.take_array()?;
    if kind != CHANGE {
        return Err(ChunkError::Type(kind));
    }
    let length = cursor.unsigned()?;
    let contents = cursor.take(length)?;
    if !cursor.is_empty() {
        return Err(ChunkError::Trailing);
    }
    let mut hashed = vec![CHANGE];
    write_unsigned(&mut hashed, length);
    let parts = [MAGIC.len(), checksum.len(), hashed.len(), contents.len()];
    if bytes.len() != parts.iter().fold(0, |sum, part| part.saturating_add(sum)) {
        return Err(ChunkError::NotCanonical);
    }
    let hash = Sha256::new().chain_update(&hashed).chain_update(contents).finalize().into();
    let hash = ChangeHash(hash);
    if !hash.0.starts_with(&checksum) {
        return Err(ChunkError::Checksum);
    }
    Ok((hash, contents))
}

/// Reads hashes; the bytes themselves bound their number.
fn read_hashes(cursor: &mut Cursor<'_>) -> Result<Vec<ChangeHash>, ChunkError> {
    let length = cursor.unsigned()?.checked_mul(32).ok_or(ChunkError::Short)?;
    let mut bytes = cursor.take(length)?;
    let mut hashes = Vec::new();
    while let Some((hash, rest)) = bytes.split_first_chunk() {
        hashes.push(ChangeHash(*hash));
        bytes = rest;
    }
    Ok(hashes)
}

/// Reads one actor.
fn read_actor(cursor: &mut Cursor<'_>) -> Result<ActorId, ChunkError> {
    let length = cursor.unsigned()?;
    ActorId::from_slice(cursor.take(length)?).ok_or(ChunkError::Actor)
}

/// Reads the table of further actors.
fn read_actors(cursor: &mut Cursor<'_>) -> Result<Vec<ActorId>, ChunkError> {
    let count = usize::try_from(cursor.unsigned()?).ok().filter(|count| *count <= OPERATIONS_MAX);
    let count = count.ok_or(ChunkError::Actors)?;
    (0..count).map(|_| read_actor(cursor)).collect()
}
