//! The frame of a change chunk: what follows from the rest of it, or from its entry's header, is
//! taken out and put back.

use hoso_identity::ActorId;
use sha2::{Digest, Sha256};

use super::section::{read_number, write_number};

/// What every chunk begins with.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// The type of an uncompressed change.
const CHANGE: u8 = 1;
/// Bytes of an actor.
const ACTOR_BYTES: u64 = 16;

/// A change in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) deps: Vec<[u8; 32]>,
    /// Sequence, first operation, time and message.
    pub(super) head: Vec<u8>,
    pub(super) other_actors: Vec<[u8; 16]>,
    /// Where the author's actor stood as text in the tail, and was taken out.
    pub(super) name_at: Option<usize>,
    /// The columns.
    pub(super) tail: Vec<u8>,
}

impl Parts {
    /// Takes a change apart; gives it with its hash. `None` for whatever [`Parts::seal`] would not
    /// write the same.
    pub(super) fn of(payload: &[u8], actor: &ActorId) -> Option<(Self, [u8; 32])> {
        let mut rest = payload.strip_prefix(&MAGIC)?.get(4..)?.strip_prefix(&[CHANGE])?;
        let length = usize::try_from(read_number(&mut rest)?).ok()?;
        let mut rest = (rest.len() == length).then_some(rest)?;
        let count = usize::try_from(read_number(&mut rest)?).ok()?;
        let (deps, rest) = rest.split_at_checked(count.checked_mul(32)?)?;
        let (deps, _) = deps.as_chunks::<32>();
        let mut rest = rest;
        if read_number(&mut rest)? != ACTOR_BYTES {
            return None;
        }
        let from = rest.strip_prefix(actor.as_bytes())?;
        let mut rest = from;
        for _ in 0..3 {
            read_number(&mut rest)?;
        }
        let message = usize::try_from(read_number(&mut rest)?).ok()?;
        rest = rest.get(message..)?;
        let head = from.get(..from.len().checked_sub(rest.len())?)?.to_vec();
        let mut other_actors = Vec::new();
        for _ in 0..read_number(&mut rest)? {
            if read_number(&mut rest)? != ACTOR_BYTES {
                return None;
            }
            let (other, after) = rest.split_first_chunk::<16>()?;
            other_actors.push(*other);
            rest = after;
        }
        let (name_at, tail) = without_name(rest, actor);
        let parts = Self { deps: deps.to_vec(), head, other_actors, name_at, tail };
        let (sealed, hash) = parts.seal(actor)?;
        (sealed == payload).then_some((parts, hash))
    }

    /// The whole change with its hash; `None` when the place of the name is none.
    pub(super) fn seal(&self, actor: &ActorId) -> Option<(Vec<u8>, [u8; 32])> {
        let mut contents = Vec::new();
        write_length(&mut contents, self.deps.len());
        self.deps.iter().for_each(|dep| contents.extend_from_slice(dep));
        write_number(&mut contents, ACTOR_BYTES);
        contents.extend_from_slice(actor.as_bytes());
        contents.extend_from_slice(&self.head);
        write_length(&mut contents, self.other_actors.len());
        for other in &self.other_actors {
            write_number(&mut contents, ACTOR_BYTES);
            contents.extend_from_slice(other);
        }
        let (before, after) = match self.name_at {
            Some(at) => self.tail.split_at_checked(at)?,
            None => (self.tail.as_slice(), &[][..]),
        };
        contents.extend_from_slice(before);
        if self.name_at.is_some() {
            contents.extend_from_slice(actor.to_string().as_bytes());
        }
        contents.extend_from_slice(after);
        let mut sealed = vec![CHANGE];
        write_length(&mut sealed, contents.len());
        sealed.extend_from_slice(&contents);
        let hash: [u8; 32] = Sha256::digest(&sealed).into();
        let checksum = hash.into_iter().take(4);
        Some((MAGIC.into_iter().chain(checksum).chain(sealed).collect(), hash))
    }
}

/// The columns without the first place where they name the author's actor.
fn without_name(columns: &[u8], actor: &ActorId) -> (Option<usize>, Vec<u8>) {
    let name = actor.to_string();
    let at = columns.windows(name.len()).position(|window| window == name.as_bytes());
    let (before, rest) = columns.split_at_checked(at.unwrap_or(0)).unwrap_or_default();
    let rest = if at.is_some() { rest.get(name.len()..).unwrap_or_default() } else { rest };
    (at, [before, rest].concat())
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    write_number(out, u64::try_from(length).unwrap_or(u64::MAX));
}
