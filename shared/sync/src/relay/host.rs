//! What the conversation and its host say to each other.

use hoso_identity::{DocumentId, EntryId, Scope};

use crate::{
    frame::Frame,
    listing::Listed,
    wire::{
        ClaimOutcome, Delivered, Farewell, Feed, FeedAck, Head, HeldDocument, Hello,
        NumberedOutcome, Point, Positioned, PushedBatch, Report, Welcome,
    },
};

/// What the host answers to a `Hello`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Greeted {
    /// Go on. The host has stored the token.
    Welcome(Welcome),
    /// End the link.
    Refuse(Farewell),
}

/// A document that the node asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The document; none when the listing did not show it.
    pub document: Option<DocumentId>,
    /// What the node has of it.
    pub held: HeldDocument,
}

/// What the host tells the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A frame came.
    Frame(Frame),
    /// What came is no frame of this protocol.
    Broken,
    /// The time that was asked for has come.
    Tick,
    /// The answer to `Greet`.
    Greeted(Greeted),
    /// The request to join is stored, or refused.
    JoinKept(bool),
    /// The batch is durable.
    Stored {
        /// The journal number up to which the relay has everything.
        through: u64,
        /// The running digest there.
        digest: [u8; 8],
        /// What was not simply accepted.
        outcomes: Vec<NumberedOutcome>,
        /// Whether the batch did not begin where the last one ended.
        gap: bool,
    },
    /// Rows after the points that were asked for; none at the end.
    FeedRead(Feed),
    /// The acknowledgement is durable. `agrees`: its digests are ours.
    AckStored {
        /// Whether the two sides have the same feeds.
        agrees: bool,
    },
    /// What is applied at the destinations of this node's unit.
    ReachedRead {
        /// Per destination.
        reached: Vec<Delivered>,
        /// The row of the last statement in the ledger as it then was.
        statements: u64,
    },
    /// The listing that was asked for, ascending.
    ListingRead {
        /// The head of the feed that it shows.
        head: Head,
        /// How many entries the ledger had taken then.
        taken: u64,
        /// The documents.
        listed: Vec<Listed>,
    },
    /// What differs between the node's documents and ours, as entry ids to send and to want.
    Compared {
        /// Entries that the node lacks, or has at another position.
        send: Vec<EntryId>,
        /// Entries that the ledger lacked when it listed.
        want: Vec<EntryId>,
    },
    /// The entries that were asked for.
    EntriesRead(Vec<Positioned>),
    /// The claims are durable: what was not accepted of them.
    ClaimsStored(Vec<ClaimOutcome>),
    /// The node counts as healed, durably.
    HealedStored,
    /// The ledger grew.
    LedgerGrew,
    /// Some node has applied more.
    ReachedGrew,
    /// A newer session of the node has begun, or the node has ended.
    End(Farewell),
    /// The storage failed: say nothing more that rests on it.
    StorageFailed,
}

/// What the conversation asks of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a frame on its stream.
    Send(Frame),
    /// Decide and store how the session begins; answer `Greeted`.
    Greet(Hello),
    /// Keep a request to join; answer `JoinKept`.
    KeepJoin(Vec<u8>),
    /// Store pushed entries; answer `Stored`.
    Store(PushedBatch),
    /// Read rows after these points; answer `FeedRead`.
    ReadFeed(Vec<Point>),
    /// Store an acknowledgement, and that the token was confirmed; answer `AckStored`.
    StoreAck(FeedAck),
    /// Read what is applied at destinations; answer `ReachedRead`.
    ReadReached,
    /// List a scope; answer `ListingRead`.
    ReadListing(Scope),
    /// Compare documents with ours as they were when the ledger had taken so many entries; answer
    /// `Compared`.
    Compare {
        /// The documents.
        asked: Vec<Asked>,
        /// How many entries the ledger had taken.
        taken: u64,
    },
    /// Read entries; answer `EntriesRead`.
    ReadEntries(Vec<EntryId>),
    /// Store entries that come back up; answer `ClaimsStored`.
    StoreClaims(Vec<Positioned>),
    /// Note that the node is healed; answer `HealedStored`.
    StoreHealed,
    /// Tell the operators.
    KeepReport(Report),
    /// The session is up: it replaces older ones of the node.
    Up,
    /// Give `Tick` at that time.
    WakeAt(u64),
    /// Close the connection; nothing follows.
    Close(Farewell),
}
