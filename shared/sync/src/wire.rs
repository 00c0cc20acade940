//! The bodies of the frames: CBOR maps with integer keys, rows and entries as arrays.

mod healing;

use hoso_identity::{
    EntryId, Epoch, Incarnation, NodeId, Position, Realm, Reason, Scope, SessionToken, UnitId,
    WaitingFor,
};
use minicbor::{Decode, Encode};

pub use self::healing::{
    Answer, Claim, ClaimOutcome, Claimed, Coded, Head, Held, HeldDocument, HeldEntry, Listing,
    Positioned, Show,
};
use crate::frame::{MINOR_MAX, MINOR_MIN};

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
    /// Milliseconds of silence that mean nothing on the node's line; none from most. A relay that
    /// does not know this asks and answers as on any other, and everything else stays the same.
    #[n(9)]
    pub quiet_ms: Option<u64>,
    /// How many of the last journal entries the relay has not acknowledged; none from a program
    /// that does not say so. A relay that has fewer than it had acknowledged has lost commits.
    #[n(10)]
    pub unanswered: Option<u64>,
}

impl Hello {
    /// That of a copy which has nothing yet and asks for nothing, in every minor version that is
    /// spoken here.
    #[must_use]
    pub const fn bare(realm: Realm, incarnation: Incarnation) -> Self {
        Self {
            minor_min: MINOR_MIN,
            minor_max: MINOR_MAX,
            realm,
            incarnation,
            token: None,
            epoch: None,
            cursors: Vec::new(),
            journal_head: 0,
            wish: None,
            quiet_ms: None,
            unanswered: None,
        }
    }
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
    /// Scans that are on their way to it or from it; none from a program that carries none.
    #[n(5)]
    pub scans: Option<u64>,
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

/// A place in a journal: everything up to there has been sent, or the reader has it otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Covered {
    /// The journal number.
    #[n(0)]
    pub through: u64,
    /// The running digest of the journal there.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub digest: ShortDigest,
}
