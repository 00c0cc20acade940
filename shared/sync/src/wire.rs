//! The bodies of the frames: CBOR maps with integer keys, rows and entries as arrays.

use hoso_identity::{
    EntryId, Epoch, Incarnation, NodeId, Position, Realm, Reason, Scope, SessionToken, UnitId,
    WaitingFor,
};
use minicbor::{Decode, Encode};

/// The 8 bytes of a running digest that are sent.
pub type ShortDigest = [u8; 8];

/// How far someone is in a feed, as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Point {
    /// Which feed.
    #[n(0)]
    pub scope: Scope,
    /// The last row.
    #[n(1)]
    pub row: u64,
    /// The running digest there.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub digest: ShortDigest,
}

/// Why a node asks for healing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Wish {
    /// Both sides were last compared a week ago.
    #[n(0)]
    Week,
    /// A healing has begun and not ended.
    #[n(1)]
    Unfinished,
    /// The relay's rows do not fit the node's: the two have diverged.
    #[n(2)]
    Diverged,
}

/// The first frame of a node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// The oldest minor version that the node speaks.
    #[n(0)]
    pub minor_min: u16,
    /// The newest.
    #[n(1)]
    pub minor_max: u16,
    /// The world.
    #[n(2)]
    pub realm: Realm,
    /// The copy of the node's database.
    #[n(3)]
    pub incarnation: Incarnation,
    /// The token of the last `Welcome` that was stored.
    #[n(4)]
    pub token: Option<SessionToken>,
    /// The epoch of the cursors.
    #[n(5)]
    pub epoch: Option<Epoch>,
    /// The cursors.
    #[n(6)]
    pub cursors: Vec<Point>,
    /// The number of the last journal entry.
    #[n(7)]
    pub journal_head: u64,
    /// Whether the node asks for healing, and why.
    #[n(8)]
    pub wish: Option<Wish>,
}

/// The relay's answer: the link is up after it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// The minor version to speak.
    #[n(0)]
    pub minor: u16,
    /// The life of the ledger.
    #[n(1)]
    pub epoch: Epoch,
    /// To be stored before the first `Ack` and shown at the next `Hello`.
    #[n(2)]
    pub token: SessionToken,
    /// The journal number up to which the relay has everything.
    #[n(3)]
    pub through: u64,
    /// The running digest of the journal there.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub digest: ShortDigest,
    /// Whether to heal before anything else.
    #[n(5)]
    pub heal: bool,
    /// Whether the journal is to be numbered anew after healing.
    #[n(6)]
    pub renumber: bool,
    /// The scopes that the node reads.
    #[n(7)]
    pub scopes: Vec<Scope>,
    /// Journal numbers up to here may be pushed.
    #[n(8)]
    pub credit: u64,
    /// The relay's clock, Unix milliseconds.
    #[n(9)]
    pub clock_ms: u64,
}

/// What became of one journal entry that was not simply accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// Kept until that arrives.
    #[n(0)]
    Waiting(#[n(0)] WaitingFor),
    /// In quarantine.
    #[n(1)]
    Refused(#[n(0)] Reason),
}

/// An outcome with its journal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NumberedOutcome {
    /// The journal number.
    #[n(0)]
    pub number: u64,
    /// What became of it.
    #[n(1)]
    pub outcome: Outcome,
}

/// The relay has stored the journal up to a number.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ack {
    /// Everything up to here.
    #[n(0)]
    pub through: u64,
    /// The running digest there.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub digest: ShortDigest,
    /// What was not simply accepted since the last `Ack`.
    #[n(2)]
    pub outcomes: Vec<NumberedOutcome>,
    /// Journal numbers up to here may be pushed.
    #[n(3)]
    pub credit: u64,
}

/// The last row of a scope up to which a node has applied everything but the exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AppliedRow {
    /// Which feed.
    #[n(0)]
    pub scope: Scope,
    /// The row.
    #[n(1)]
    pub row: u64,
}

/// A node has stored rows, and applied some. Says also that the token is stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FeedAck {
    /// Stored through.
    #[n(0)]
    pub stored: Vec<Point>,
    /// Applied through.
    #[n(1)]
    pub applied: Vec<AppliedRow>,
    /// Entries up to there that could not be applied.
    #[n(2)]
    pub except: Vec<EntryId>,
}

/// Everything up to a row that concerns a destination is applied there.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Delivered {
    /// The destination.
    #[n(0)]
    pub unit: UnitId,
    /// The row in the reader's own feeds.
    #[n(1)]
    pub through: u64,
    /// Entries up to there that are not.
    #[n(2)]
    pub except: Vec<EntryId>,
    /// The node that is this far; older relays do not say.
    #[n(3)]
    pub node: Option<NodeId>,
}

/// What a node tells the operators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Report {
    /// Entries that the relay has not acknowledged.
    #[n(0)]
    pub backlog_entries: u64,
    /// Their bytes.
    #[n(1)]
    pub backlog_bytes: u64,
    /// Age of the oldest of them in milliseconds.
    #[n(2)]
    pub oldest_ms: u64,
    /// The node's clock, Unix milliseconds.
    #[n(3)]
    pub clock_ms: u64,
    /// The node's version.
    #[n(4)]
    pub version: String,
}

/// Why a side ends the link. Stable numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Farewell {
    /// The program stops, or the link was switched off.
    #[n(0)]
    Leaving,
    /// The node's request to join is not approved yet.
    #[n(1)]
    Pending,
    /// The key belongs to no node.
    #[n(2)]
    Unknown,
    /// A newer session of the same node has begun.
    #[n(3)]
    Replaced,
    /// This is a copy: take a new incarnation and come again.
    #[n(4)]
    Copy,
    /// Too many healings: an operator must look.
    #[n(5)]
    Fuse,
    /// The two sides have diverged, or the ledger's life changed: come again and heal.
    #[n(6)]
    Again,
    /// Frames out of order, unknown or broken.
    #[n(7)]
    Protocol,
    /// No minor version in common.
    #[n(8)]
    Version,
    /// Another realm.
    #[n(9)]
    Realm,
    /// The storage of the side that says it has failed.
    #[n(10)]
    Storage,
    /// Nothing was heard for too long.
    #[n(11)]
    Silence,
    /// The node has ended; it may upload to quarantine.
    #[n(12)]
    Ended,
    /// The node shows an epoch that no ledger can have reached: an operator must look.
    #[n(13)]
    Epoch,
}

/// One entry on its way up.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pushed {
    /// Its journal number.
    #[n(0)]
    pub number: u64,
    /// The entry.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// What a row carries.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Content {
    /// The entry with its position.
    #[n(0)]
    Entry(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>, #[n(1)] Position),
    /// The reader's own journal entry of that number has this position.
    #[n(1)]
    Yours(#[n(0)] u64, #[n(1)] Position),
    /// The entry was erased.
    #[n(2)]
    Erased(#[n(0)] EntryId),
}

/// One row on its way down.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FeedItem {
    /// Which feed.
    #[n(0)]
    pub scope: Scope,
    /// Its number.
    #[n(1)]
    pub row: u64,
    /// What it carries.
    #[n(2)]
    pub content: Content,
}

/// Rows in order and where they end.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Feed {
    /// The life of the ledger.
    #[n(0)]
    pub epoch: Epoch,
    /// The rows.
    #[n(1)]
    pub items: Vec<FeedItem>,
    /// Where each scope stands after them.
    #[n(2)]
    pub points: Vec<Point>,
}

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
}

/// Bytes that the shells of both sides understand.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Opaque {
    /// The bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A number that says nothing but that someone is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Beat {
    /// Counts up.
    #[n(0)]
    pub count: u64,
}

/// The last frame of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Goodbye {
    /// Why.
    #[n(0)]
    pub why: Farewell,
}

/// Nothing but its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Bare {}

/// Journal entries in order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PushedBatch {
    /// The entries.
    #[n(0)]
    pub entries: Vec<Pushed>,
}
