//! The header of an entry: what is signed. One byte form, so that one header has one id.

use minicbor::{Decoder, Encoder, data::Type};
use thiserror::Error;

use crate::ids::{
    ActorId, DocumentId, EntryId, Kind, Nonce, PayloadHash, PublicKey, Realm, UnitId,
};

/// The version of the header's form.
pub const HEADER_VERSION: u8 = 1;
/// Units that one entry may add to an audience: the bound of a dossier without a registrar's
/// statement.
pub const UNITS_ADDED_MAX: usize = 8;
/// Bytes of the longest header: the fixed fields and eight units.
pub const HEADER_BYTES_MAX: usize = 224;
/// Fields of the CBOR array.
const FIELDS: u64 = 9;

/// Who says what kind of thing, where, under which grant, over which payload.
///
/// Written as a CBOR array in the order of the fields, preceded by the version, in the shortest
/// form only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The world; zero in the registry's first entry.
    pub realm: Realm,
    /// The dossier; zero in statements and in a dossier's first entry.
    pub document: DocumentId,
    /// The event's or statement's number.
    pub kind: Kind,
    /// Who signs.
    pub author: PublicKey,
    /// The statement that empowers the author; for roots the registry's first entry; zero in that.
    pub grant: EntryId,
    /// Chance; fresh in each entry.
    pub nonce: Nonce,
    /// Units that join the audience: strictly ascending, at most [`UNITS_ADDED_MAX`].
    pub units_added: Vec<UnitId>,
    /// BLAKE3 of the payload.
    pub payload: PayloadHash,
}

/// Why bytes are not a header.
#[derive(Debug, Error)]
pub enum HeaderError {
    /// Not the CBOR that a header is.
    #[error("the header is not the expected CBOR")]
    Cbor(#[from] minicbor::decode::Error),
    /// A version that this program does not read.
    #[error("the header has version {0}, this program reads 1")]
    Version(u8),
    /// Units not strictly ascending, too many, or another spelling of the same values.
    #[error("the header is not in its one canonical form")]
    NotCanonical,
}

impl Header {
    /// The one byte form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES_MAX);
        // Writing to a vector cannot fail: its error type is uninhabited.
        match self.write(&mut Encoder::new(&mut bytes)) {
            Ok(()) => bytes,
            Err(error) => match error.into_write() {
                Some(never) => match never {},
                None => bytes,
            },
        }
    }

    fn write(
        &self,
        out: &mut Encoder<&mut Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
        out.array(FIELDS)?.u8(HEADER_VERSION)?;
        out.encode(self.realm)?.encode(self.document)?.encode(self.kind)?;
        out.encode(self.author)?.encode(self.grant)?.encode(self.nonce)?;
        out.encode(&self.units_added)?.encode(self.payload)?;
        Ok(())
    }

    /// Reads a header from the start of `bytes`; gives it with the number of bytes that it took.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] for anything that [`Header::encode`] would not have written.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), HeaderError> {
        let window = bytes.get(..HEADER_BYTES_MAX).unwrap_or(bytes);
        let mut from = Decoder::new(window);
        if from.array()? != Some(FIELDS) {
            return Err(HeaderError::NotCanonical);
        }
        let version = from.u8()?;
        if version != HEADER_VERSION {
            return Err(HeaderError::Version(version));
        }
        let header = Self {
            realm: from.decode()?,
            document: from.decode()?,
            kind: from.decode()?,
            author: from.decode()?,
            grant: from.decode()?,
            nonce: from.decode()?,
            units_added: units(&mut from)?,
            payload: from.decode()?,
        };
        let length = from.position();
        if window.get(..length) != Some(header.encode().as_slice()) {
            return Err(HeaderError::NotCanonical);
        }
        Ok((header, length))
    }

    /// The id of the entry with this header.
    #[must_use]
    pub fn id(&self) -> EntryId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"hoso entry 1");
        hasher.update(&self.encode());
        EntryId(*hasher.finalize().as_bytes())
    }

    /// The Automerge actor under which this entry's change must be written.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        ActorId::of(&self.author, &self.nonce)
    }

    /// Whether the entry begins a dossier.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.document.is_zero() && !self.kind.is_statement()
    }
}

/// Reads the units: a definite array, strictly ascending, bounded before allocation.
fn units(from: &mut Decoder<'_>) -> Result<Vec<UnitId>, HeaderError> {
    if from.datatype()? != Type::Array {
        return Err(HeaderError::NotCanonical);
    }
    let count = from.array()?.and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count <= UNITS_ADDED_MAX).ok_or(HeaderError::NotCanonical)?;
    let mut units: Vec<UnitId> = Vec::with_capacity(count);
    for _ in 0..count {
        let unit: UnitId = from.decode()?;
        if units.last().is_some_and(|last| *last >= unit) {
            return Err(HeaderError::NotCanonical);
        }
        units.push(unit);
    }
    Ok(units)
}
