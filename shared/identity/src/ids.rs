//! Ids and quantities as types, each with the one byte form that is written and sent.

use std::fmt;

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};

/// Defines an id of fixed length: bytes inside, lower-case hex for people, a CBOR byte string.
macro_rules! fixed_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;
            /// All zero: "none" where the design says zero.
            pub const ZERO: Self = Self([0; $len]);

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Whether all bytes are zero.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0 == [0; $len]
            }

            /// Reads the id from exactly that many bytes, else `None`.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Reads the id from lower- or upper-case hex of exactly that length, else `None`.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                let mut bytes = [0_u8; $len];
                if text.len() != bytes.len().saturating_mul(2) {
                    return None;
                }
                for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    let pair = std::str::from_utf8(pair).ok()?;
                    if pair.starts_with('+') {
                        return None;
                    }
                    *byte = u8::from_str_radix(pair, 16).ok()?;
                }
                Some(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({self})", stringify!($name))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: Write>(
                &self,
                out: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), EncodeError<W::Error>> {
                out.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
                Self::from_slice(from.bytes()?)
                    .ok_or_else(|| DecodeError::message("byte string of another length"))
            }
        }
    };
}

fixed_id!(
    /// The world that an entry belongs to: the first 16 bytes of the id of the registry's first
    /// entry. Zero in that entry itself.
    Realm, 16);
fixed_id!(
    /// A dossier: the first 16 bytes of the id of its first entry, so nobody can squat one.
    /// Zero in statements and in a dossier's first entry.
    DocumentId, 16);
fixed_id!(
    /// One entry: `BLAKE3("hoso entry 1" ‖ header)`.
    EntryId, 32);
fixed_id!(
    /// A node: the first 16 bytes of the id of the statement that first names it.
    NodeId, 16);
fixed_id!(
    /// A person: the first 16 bytes of the id of the statement that first names them.
    PersonId, 16);
fixed_id!(
    /// An Ed25519 public key in its 32-byte form.
    PublicKey, 32);
fixed_id!(
    /// Chance that an author puts into a header, so that no two entries share an actor.
    Nonce, 8);
fixed_id!(
    /// BLAKE3 of a payload.
    PayloadHash, 32);
fixed_id!(
    /// The Automerge actor of one entry: `BLAKE3("hoso actor 1" ‖ author key ‖ nonce)[..16]`.
    ActorId, 16);
fixed_id!(
    /// One copy of a node's database; a restore mints a new one.
    Incarnation, 16);
fixed_id!(
    /// What the relay hands out at each `Welcome` and the node shows at its next `Hello`, so that
    /// a copy of a database is found.
    SessionToken, 16);

impl EntryId {
    /// The id of the dossier that this entry begins.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        DocumentId(first_16(&self.0))
    }

    /// The id of the realm that this entry founds.
    #[must_use]
    pub fn realm(&self) -> Realm {
        Realm(first_16(&self.0))
    }

    /// The id of the node that this statement names first.
    #[must_use]
    pub fn node(&self) -> NodeId {
        NodeId(first_16(&self.0))
    }

    /// The id of the person whom this statement names first.
    #[must_use]
    pub fn person(&self) -> PersonId {
        PersonId(first_16(&self.0))
    }
}

impl ActorId {
    /// The one actor under which `author` may write the entry with this nonce.
    #[must_use]
    pub fn of(author: &PublicKey, nonce: &Nonce) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"hoso actor 1");
        hasher.update(&author.0);
        hasher.update(&nonce.0);
        Self(first_16(hasher.finalize().as_bytes()))
    }
}

impl PayloadHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        Self(*blake3::hash(payload).as_bytes())
    }
}

/// The first half of 32 bytes.
fn first_16(bytes: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    half
}

/// The registry's number for a unit or an agency; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct UnitId(#[n(0)] pub u16);

impl fmt::Display for UnitId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

/// The number of an event's or statement's kind. Below [`Kind::FIRST_EVENT`] it is a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Kind(#[n(0)] pub u16);

impl Kind {
    /// The lowest number of an event's kind.
    pub const FIRST_EVENT: u16 = 256;

    /// Whether entries of this kind are statements of the registry.
    #[must_use]
    pub fn is_statement(self) -> bool {
        self.0 < Self::FIRST_EVENT
    }
}

/// One life of a relay's database. Compared by generation, then by the random part; a restore
/// mints 1 + the highest generation that it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Epoch {
    /// Counts the restores.
    #[n(0)]
    pub generation: u32,
    /// Chance, so that two restores of the same backup differ.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub random: [u8; 8],
}

/// Where an entry was accepted in the relay's one order. Compared by epoch, then by number; never
/// changes and travels with the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Position {
    /// The life of the database in which the number was given.
    #[n(0)]
    pub epoch: Epoch,
    /// The number from the ledger's one counter, from 1.
    #[n(1)]
    pub number: u64,
}

/// One feed of the ledger: all of the province, or one unit's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Statements: every node reads it.
    Province,
    /// The dossiers whose audience names this unit.
    Unit(UnitId),
}

impl Scope {
    /// The scope as one number: 0 for the province, 1 + id for a unit.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Province => 0,
            Self::Unit(unit) => u32::from(unit.0).saturating_add(1),
        }
    }

    /// The scope of that number, or `None` above 65,536.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        match number.checked_sub(1) {
            None => Some(Self::Province),
            Some(unit) => u16::try_from(unit).ok().map(|unit| Self::Unit(UnitId(unit))),
        }
    }
}

impl<C> Encode<C> for Scope {
    fn encode<W: Write>(
        &self,
        out: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        out.u32(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Scope {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Self::from_number(from.u32()?).ok_or_else(|| DecodeError::message("no such scope"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_an_id_reads_back_and_nothing_else_does() {
        let id = Nonce([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff]);
        assert_eq!(id.to_string(), "00010203fcfdfeff");
        assert_eq!(Nonce::from_hex("00010203FCfdfeff"), Some(id));
        for bad in [
            "",
            "00",
            "00010203fcfdfeff00",
            "0001020+fcfdfeff",
            "000102+3fcfdfeff",
            "zz010203fcfdfeff",
        ] {
            assert_eq!(Nonce::from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_scope_has_one_number_and_a_larger_number_is_refused() {
        for scope in [Scope::Province, Scope::Unit(UnitId(0)), Scope::Unit(UnitId(u16::MAX))] {
            assert_eq!(Scope::from_number(scope.number()), Some(scope));
        }
        assert_eq!(Scope::from_number(65_537), None);
    }

    #[test]
    fn positions_order_by_generation_before_number() {
        let at =
            |generation, number| Position { epoch: Epoch { generation, random: [0; 8] }, number };
        assert!(at(1, 900) < at(2, 1));
        assert!(at(2, 1) < at(2, 2));
    }
}
