//! Who: ids, keys and signed entries. Pure: no clock, no chance, no files, no sockets.
//!
//! Reading order: [`ids`] names things, [`verdict`] says what can become of an entry,
//! [`keys`] signs and verifies, [`header`] is what is signed, [`entry`] is what travels.

// Counts and sequence numbers live here: none may wrap or stop the process.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod entry;
pub mod header;
pub mod ids;
pub mod keys;
pub mod verdict;
pub mod wrap;

pub use entry::{ENTRY_BYTES_MAX, Entry, EntryError, PAYLOAD_BYTES_MAX, VerifiedEntry};
pub use header::{Header, HeaderError, UNITS_ADDED_MAX};
pub use ids::{
    ActorId, DocumentId, EntryId, Epoch, Incarnation, Kind, NodeId, Nonce, PayloadHash, PersonId,
    Position, PublicKey, Realm, Scope, SessionToken, UnitId,
};
pub use keys::{SignatureError, SigningKey, x25519_public};
pub use verdict::{Reason, Verdict, WaitingFor};
pub use wrap::{Scratch, WrapError, WrappedKey};
