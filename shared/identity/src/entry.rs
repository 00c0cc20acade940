//! An entry: `header ‖ payload ‖ signature`.

use thiserror::Error;

use crate::{
    header::{HEADER_BYTES_MAX, Header, HeaderError},
    ids::{DocumentId, EntryId, PayloadHash},
    keys::{SignatureError, SigningKey},
};

/// Bytes of the largest payload (rule 3: 64 KiB).
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;
/// Bytes of the largest entry.
pub const ENTRY_BYTES_MAX: usize = HEADER_BYTES_MAX + PAYLOAD_BYTES_MAX + SIGNATURE_BYTES;

/// A parsed entry whose signature has not been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    header: Header,
    id: EntryId,
    payload: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
}

/// An entry whose signature is its author's. Made only by [`Entry::verify`] and [`Entry::sign`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEntry(Entry);

/// Why bytes are not an entry.
#[derive(Debug, Error)]
pub enum EntryError {
    /// More than [`ENTRY_BYTES_MAX`] or too few to hold a header and a signature.
    #[error("an entry of {0} bytes is out of bounds")]
    Length(usize),
    /// The header cannot be read.
    #[error("the entry's header cannot be read")]
    Header(#[from] HeaderError),
    /// The payload is not the one that the header names.
    #[error("the payload is not the one that the header names")]
    Payload,
}

impl Entry {
    /// Reads an entry: bounds first, then the header, then the payload's hash.
    ///
    /// # Errors
    ///
    /// [`EntryError`] for anything that [`Entry::encode`] would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::Length(bytes.len()));
        }
        let (header, length) = Header::decode(bytes)?;
        let rest = bytes.get(length..).unwrap_or_default();
        let (payload, signature) =
            rest.split_last_chunk::<SIGNATURE_BYTES>().ok_or(EntryError::Length(bytes.len()))?;
        if payload.len() > PAYLOAD_BYTES_MAX || PayloadHash::of(payload) != header.payload {
            return Err(EntryError::Payload);
        }
        let id = header.id();
        Ok(Self { header, id, payload: payload.to_vec(), signature: *signature })
    }

    /// Makes and signs an entry. `header.author` and `header.payload` are set here.
    ///
    /// # Errors
    ///
    /// [`EntryError::Length`] for a payload above [`PAYLOAD_BYTES_MAX`] and
    /// [`EntryError::Header`] for units that are not canonical.
    pub fn sign(
        mut header: Header,
        payload: Vec<u8>,
        key: &SigningKey,
    ) -> Result<VerifiedEntry, EntryError> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(EntryError::Length(payload.len()));
        }
        header.author = key.public();
        header.payload = PayloadHash::of(&payload);
        let (header, _) = Header::decode(&header.encode())?;
        let id = header.id();
        let signature = key.sign(&signed_message(&id));
        Ok(VerifiedEntry(Self { header, id, payload, signature }))
    }

    /// Checks the signature strictly.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] when the author did not sign this id.
    pub fn verify(self) -> Result<VerifiedEntry, SignatureError> {
        self.header.author.verify(&signed_message(&self.id), &self.signature)?;
        Ok(VerifiedEntry(self))
    }

    /// The bytes that are stored and sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.header.encode();
        bytes.extend_from_slice(&self.payload);
        bytes.extend_from_slice(&self.signature);
        bytes
    }

    /// What is signed.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The id, computed once at construction.
    #[must_use]
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// The change or the statement.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The dossier that it belongs to, zero for statements.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        if self.header.is_first() { self.id.document() } else { self.header.document }
    }
}

impl std::ops::Deref for VerifiedEntry {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.0
    }
}

/// The prefix and the id, as they are signed.
fn signed_message(id: &EntryId) -> Vec<u8> {
    let mut message = b"hoso entry 1".to_vec();
    message.extend_from_slice(&id.0);
    message
}
