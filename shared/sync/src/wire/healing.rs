//! The bodies of the frames that heal.

use hoso_identity::{EntryId, Epoch, Position, Scope};
use minicbor::{Decode, Encode};

use super::Outcome;

/// A wish for a scope's full listing, or for coded symbols of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Show {
    /// Which scope.
    #[n(0)]
    pub scope: Scope,
    /// From minor 2 on: how many symbols, in continuation of those of the scope that were shown
    /// last. None is the full listing.
    #[n(1)]
    pub symbols: Option<u32>,
}

/// The end of a scope's feed with its whole running digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which feed.
    pub scope: Scope,
    /// Its last row.
    pub row: u64,
    /// The running digest there.
    pub digest: [u8; 32],
}

/// A part of a scope's full listing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Listing {
    /// Which scope.
    #[n(0)]
    pub scope: Scope,
    /// The life of the ledger.
    #[n(1)]
    pub epoch: Epoch,
    /// The last row of the scope that the listing shows.
    #[n(2)]
    pub row: u64,
    /// The whole running digest there, since the cursor becomes it.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub digest: [u8; 32],
    /// Items of 16 bytes, ascending over all parts.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub items: Vec<u8>,
    /// Whether this is the scope's last part.
    #[n(5)]
    pub last: bool,
}

/// Coded symbols of a scope's listing; minor 2.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Coded {
    /// Which scope.
    #[n(0)]
    pub scope: Scope,
    /// The life of the ledger.
    #[n(1)]
    pub epoch: Epoch,
    /// The last row of the scope that the listing shows.
    #[n(2)]
    pub row: u64,
    /// The whole running digest there.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub digest: [u8; 32],
    /// Items of the listing.
    #[n(4)]
    pub items: u64,
    /// Symbols of 25 bytes that follow those sent before.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub symbols: Vec<u8>,
    /// Whether these are the last of those that were asked for.
    #[n(6)]
    pub last: bool,
}

/// An entry that the node has, and where it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HeldEntry {
    /// Its id.
    #[n(0)]
    pub id: EntryId,
    /// Its position as the node knows it.
    #[n(1)]
    pub position: Position,
}

/// What the node has of a document that differs, or a part of that: all of its entries with a
/// position whose ids lie above `after` and, if there is more, not above the last one here.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HeldDocument {
    /// `BLAKE3(document)[..8]`.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub document: [u8; 8],
    /// The last id of the part before; none in the first part.
    #[n(1)]
    pub after: Option<EntryId>,
    /// The entries, ascending by id.
    #[n(2)]
    pub entries: Vec<HeldEntry>,
    /// Whether another part follows.
    #[n(3)]
    pub more: bool,
}

/// Some documents that differ.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Held {
    /// Which scope.
    #[n(0)]
    pub scope: Scope,
    /// The documents.
    #[n(1)]
    pub documents: Vec<HeldDocument>,
    /// The number of this question in its healing, from 1 on; none from a program that does not
    /// number them.
    #[n(2)]
    pub question: Option<u32>,
}

/// An entry with the position that it has, or had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Positioned {
    /// The entry.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// Where it was accepted.
    #[n(1)]
    pub position: Position,
}

/// The relay's answer to `Held`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Answer {
    /// Entries that the node lacks, or has at another position than the ledger.
    #[n(0)]
    pub entries: Vec<Positioned>,
    /// Entries that the relay lacked when it listed.
    #[n(1)]
    pub want: Vec<EntryId>,
    /// Whether this ends the answer.
    #[n(2)]
    pub last: bool,
    /// The number of the question, as it came.
    #[n(3)]
    pub question: Option<u32>,
}

/// Entries that come back up.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claim {
    /// The entries, in order of position.
    #[n(0)]
    pub entries: Vec<Positioned>,
    /// Whether this ends the claims to one answer.
    #[n(1)]
    pub last: bool,
}

/// What became of one claim that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ClaimOutcome {
    /// The entry.
    #[n(0)]
    pub id: EntryId,
    /// What became of it.
    #[n(1)]
    pub outcome: Outcome,
}

/// All claims to one answer are stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claimed {
    /// What was not accepted.
    #[n(0)]
    pub outcomes: Vec<ClaimOutcome>,
    /// The number of the question to whose answer they were the claims, as it came.
    #[n(1)]
    pub question: Option<u32>,
}
