//! What the conversation and its host say to each other.

use hoso_identity::{DocumentId, EntryId, Scope};

use crate::{
    frame::Frame,
    listing::Listed,
    wire::{
        Ack, AppliedRow, ClaimOutcome, Delivered, Farewell, Feed, Head, HeldDocument, Point,
        Positioned, Pushed, Report, Welcome,
    },
};

/// A document by the name that it has in listings, and by its id if it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// `BLAKE3(document)[..8]`.
    pub name: [u8; 8],
    /// The document; none when it is not in the own listing.
    pub id: Option<DocumentId>,
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
    /// The own journal has this head now.
    JournalGrew(u64),
    /// Token and epoch are stored. `agrees`: the relay's digest of the journal is ours.
    WelcomeStored {
        /// Whether this is no copy.
        agrees: bool,
        /// The journal number up to which it is known what became of the entries.
        through: u64,
    },
    /// Journal entries after the number that was asked for; none at the end.
    JournalRead(Vec<Pushed>),
    /// The page is durable: where each of its scopes stands now.
    PageStored(Vec<Point>),
    /// The page does not fit what is here: the two sides have diverged.
    PageDiverged,
    /// The acknowledgement is durable. `agrees`: its digest is ours.
    AckStored {
        /// Whether this is no copy.
        agrees: bool,
    },
    /// What has been applied, durably.
    Applied {
        /// Per scope.
        applied: Vec<AppliedRow>,
        /// What could not be applied.
        except: Vec<EntryId>,
    },
    /// Rows are set up to this document; none when all are.
    RowsSet(Option<DocumentId>),
    /// The own listing of the scope that was asked for, ascending.
    ListingRead(Vec<Listed>),
    /// The own entries of as many of the documents that were asked for as fit one frame, in the
    /// order of the question; of the last one perhaps a part.
    HeldRead(Vec<HeldDocument>),
    /// The healed entries are durable.
    HealedStored,
    /// The entries that the relay wanted, in order of position.
    ClaimsRead(Vec<Positioned>),
    /// What became of the claims is durable.
    ClaimedStored,
    /// Cursors and journal are as healing leaves them.
    HealingFinished {
        /// The number of the last journal entry now.
        journal_head: u64,
    },
    /// It is time to compare both sides.
    CheckDue,
    /// Something for the operators.
    Report(Report),
    /// The storage failed: say nothing more that rests on it.
    StorageFailed,
    /// The link is to end.
    Stop,
}

/// What the conversation asks of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a frame on its stream. A `Pong` may overtake what was asked before.
    Send(Frame),
    /// Store token and epoch, and compare the journal's digest; answer `WelcomeStored`.
    StoreWelcome(Welcome),
    /// Read journal entries after this number; answer `JournalRead`.
    ReadJournal {
        /// The number.
        after: u64,
    },
    /// Store a page; answer `PageStored` or `PageDiverged`.
    StorePage(Feed),
    /// Store an acknowledgement; answer `AckStored`.
    StoreAck(Ack),
    /// Store what is known of a destination; no answer.
    StoreDelivered(Delivered),
    /// Give entries with a position of some more documents of a scope this row; answer `RowsSet`.
    SetRows {
        /// The scope.
        scope: Scope,
        /// The row.
        row: u64,
        /// The last document that is done.
        after: Option<DocumentId>,
    },
    /// List a scope; answer `ListingRead`.
    ReadListing(Scope),
    /// Read the entry ids and positions of documents; answer `HeldRead`.
    ReadHeld {
        /// The documents.
        documents: Vec<Document>,
        /// The last id of the first document that was read before.
        after: Option<EntryId>,
    },
    /// Store entries that were lacking or had another position, with this row; answer
    /// `HealedStored`.
    StoreHealed(Vec<Positioned>, u64),
    /// Read entries that the relay lacks; answer `ClaimsRead`. May wait for room on the line.
    ReadClaims(Vec<EntryId>),
    /// Store that the relay lacked these, so that their rows are still to come, and which it has
    /// not accepted; answer `ClaimedStored`.
    StoreClaimed(Vec<EntryId>, Vec<ClaimOutcome>),
    /// Set cursors to these heads, and number the journal anew if so; answer `HealingFinished`.
    FinishHealing {
        /// What `Welcome` said.
        welcome: Welcome,
        /// The heads that the listings showed.
        heads: Vec<Head>,
    },
    /// Take a new incarnation: this is a copy. The link closes next.
    Renew,
    /// Ask for healing at the next `Hello`: the two sides have diverged. The link closes next.
    Diverge,
    /// The link is there, and both sides are being compared before anything else.
    Heal,
    /// The link is up.
    Up,
    /// Give `Tick` at that time, Unix milliseconds or whatever the host's clock counts.
    WakeAt(u64),
    /// Close the connection; nothing follows.
    Close(Farewell),
}
