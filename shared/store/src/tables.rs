//! The narrow typed operations that the rules of journal and ledger need.
//!
//! SQLite implements them on one transaction, the simulation on a disk that distinguishes written
//! from durable; the rules are the same code over both.

mod peers;

use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Incarnation, Kind, NodeId, Position, Reason, Scope,
    SessionToken, UnitId, Verdict, WaitingFor,
};

pub use self::peers::{Peer, PeerCopy, PeerTables, Place};

/// A running digest: `BLAKE3(previous ‖ entry id)`, zero before the first.
pub type Digest = [u8; 32];

/// Continues a running digest.
#[must_use]
pub fn digest_after(previous: &Digest, entry: &EntryId) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous);
    hasher.update(&entry.0);
    *hasher.finalize().as_bytes()
}

/// Whether two running digests agree in the 8 bytes that are sent.
#[must_use]
pub fn digests_agree(one: &Digest, other: &Digest) -> bool {
    one.iter().zip(other).take(8).all(|(one, other)| one == other)
}

/// How far someone is in one scope's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopePoint {
    /// Which feed.
    pub scope: Scope,
    /// The last row; zero before the first.
    pub row: u64,
    /// The running digest at that row.
    pub digest: Digest,
}

/// An entry's id and where it was accepted.
pub type Placed = (EntryId, Position);

/// Takes one document of a listing with its placed entries, ascending by id.
pub type Visit<'a> = &'a mut dyn FnMut(DocumentId, &[Placed]);

/// Entries that one acknowledgement excepts at most.
pub const EXCEPTIONS_MAX: usize = 256;

/// How the rules reach the verdict of the registry inside their transaction.
pub trait Admission {
    /// Reads an entry and checks what it proves by itself: form, realm, signature.
    ///
    /// # Errors
    ///
    /// The reason for which it can never count.
    fn read(&mut self, bytes: &[u8]) -> Result<Entry, Reason>;

    /// Whether the entry counts at that place. `position` is `None` for own entries that have
    /// none yet; `audience` is `None` when the dossier is unknown.
    fn decide(
        &mut self,
        entry: &Entry,
        position: Option<Position>,
        audience: Option<&[UnitId]>,
    ) -> Verdict;

    /// The unit for which the author acts, by the grant that the header names.
    fn author_unit(&mut self, entry: &Entry) -> Option<UnitId>;

    /// An entry counts from now on; statements are folded here, so that what follows in the same
    /// transaction can rest on them.
    fn admitted(&mut self, entry: &Entry, position: Option<Position>);

    /// Forgets every statement: each is decided anew, in the order of the positions.
    fn forget(&mut self);
}

/// Where an entry stands at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has effect: admitted, or provisional while it has no position.
    Counts,
    /// Kept; looked at again when that arrives.
    Waiting(WaitingFor),
    /// Kept without effect.
    Refused(Reason),
}

/// One entry at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEntry {
    /// Its id.
    pub id: EntryId,
    /// Its dossier; zero for statements.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// The unit for which its author acted, if the grant is known.
    pub author_unit: Option<UnitId>,
    /// `header ‖ payload ‖ signature`.
    pub bytes: Vec<u8>,
    /// Its number in the own journal, for entries that did not come from the relay.
    pub journal: Option<u64>,
    /// Where the relay accepted it.
    pub position: Option<Position>,
    /// Its latest row in a feed of this node.
    pub row: Option<u64>,
    /// When it was first heard here that the relay has it, Unix milliseconds.
    pub placed_ms: Option<u64>,
    /// Where it stands.
    pub standing: Standing,
}

/// What a node keeps once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// This copy of the database.
    pub incarnation: Incarnation,
    /// The relay's epoch as it was last seen.
    pub epoch: Option<Epoch>,
    /// The token to show at the next `Hello`.
    pub token: Option<SessionToken>,
    /// The number of the last journal entry.
    pub journal_head: u64,
    /// The running digest at the head.
    pub journal_digest: Digest,
    /// The number up to which the relay has acknowledged.
    pub journal_through: u64,
    /// Whether what the relay had is being re-checked: the rows of the own entries may be of
    /// another life of the ledger until the next healing has ended.
    pub rechecking: bool,
    /// Whether a row of the relay's did not fit: the two have diverged, and the next session asks
    /// for healing.
    pub diverged: bool,
    /// When both sides were last compared in full, Unix milliseconds.
    pub checked_ms: Option<u64>,
}

/// A dossier that has entries which are stored and not yet applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToApply {
    /// Its place in the order in which dossiers were marked.
    pub place: u64,
    /// The dossier.
    pub document: DocumentId,
    /// The lowest row among them, zero if none has one.
    pub row: u64,
    /// How often applying it alone was begun and not ended: twice sets the dossier aside.
    pub attempts: u32,
    /// How often it was marked: whether anything came while it was applied.
    pub times: u32,
}

/// A row for the entries of a scope that have a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowOf {
    /// Which feed.
    pub scope: Scope,
    /// The row.
    pub row: u64,
    /// Whether entries that have a row keep it.
    pub only_missing: bool,
}

/// What the relay has said of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The destination.
    pub unit: UnitId,
    /// The row in the own feeds up to which everything that concerns it is applied there.
    pub through: u64,
    /// Entries up to there that are not.
    pub except: Vec<EntryId>,
    /// When that was heard, Unix milliseconds.
    pub at_ms: u64,
    /// The node of the destination that is this far, if it is known.
    pub node: Option<NodeId>,
}

/// The tables of a node that the journal's rules use. Every call is part of one transaction.
#[expect(clippy::missing_errors_doc, reason = "each call fails as the storage below it fails")]
pub trait JournalTables {
    /// What can fail below.
    type Error;

    /// What the node keeps once.
    fn facts(&mut self) -> Result<NodeFacts, Self::Error>;
    /// Replaces what the node keeps once.
    fn put_facts(&mut self, facts: &NodeFacts) -> Result<(), Self::Error>;
    /// One entry.
    fn entry(&mut self, id: &EntryId) -> Result<Option<NodeEntry>, Self::Error>;
    /// Where an entry stands.
    fn standing(&mut self, id: &EntryId) -> Result<Option<Standing>, Self::Error>;
    /// Inserts an entry, or updates all but its bytes.
    fn put_entry(&mut self, entry: &NodeEntry) -> Result<(), Self::Error>;
    /// Puts these bytes in the place of forged ones: an id does not cover the signature.
    fn replace_bytes(&mut self, id: &EntryId, bytes: &[u8]) -> Result<(), Self::Error>;
    /// All entries of a dossier (or, for zero, all statements) in the order of their arrival.
    fn document(&mut self, document: &DocumentId) -> Result<Vec<NodeEntry>, Self::Error>;
    /// Entries that wait for exactly this, in the order of their arrival.
    fn waiting_for(&mut self, what: &WaitingFor) -> Result<Vec<EntryId>, Self::Error>;
    /// Appends to the journal.
    fn journal_append(
        &mut self,
        number: u64,
        entry: &EntryId,
        digest: &Digest,
    ) -> Result<(), Self::Error>;
    /// Entries with a number above `after`, at most `entries_max`, in order.
    fn journal_after(
        &mut self,
        after: u64,
        entries_max: usize,
    ) -> Result<Vec<NodeEntry>, Self::Error>;
    /// The running digest at a journal number, if there is such a number. Zero at zero.
    fn journal_digest(&mut self, number: u64) -> Result<Option<Digest>, Self::Error>;
    /// Journal entries without a position, in the order of their numbers.
    fn journal_unplaced(&mut self) -> Result<Vec<EntryId>, Self::Error>;
    /// Removes the numbering of the journal (the entries stay).
    fn journal_clear(&mut self) -> Result<(), Self::Error>;
    /// All cursors.
    fn cursors(&mut self) -> Result<Vec<ScopePoint>, Self::Error>;
    /// Sets one cursor.
    fn put_cursor(&mut self, point: &ScopePoint) -> Result<(), Self::Error>;
    /// The audience of a dossier, `None` when it is unknown.
    fn audience(&mut self, document: &DocumentId) -> Result<Option<Vec<UnitId>>, Self::Error>;
    /// Adds units to an audience; makes the dossier known.
    fn add_audience(&mut self, document: &DocumentId, units: &[UnitId]) -> Result<(), Self::Error>;
    /// Documents with an entry that was accepted at this position or after it: a ledger that lost
    /// commits may have given the position again.
    fn documents_from(&mut self, position: &Position) -> Result<Vec<DocumentId>, Self::Error>;
    /// Shows all documents of the scope that have an entry with a position. Statements are one
    /// document, zero.
    fn listing(&mut self, scope: Scope, visit: Visit<'_>) -> Result<(), Self::Error>;
    /// Entries of a document that have a position, ascending by id.
    fn placed(&mut self, document: &DocumentId) -> Result<Vec<Placed>, Self::Error>;
    /// Gives entries with a position that row in the next documents of the scope behind `after`, at
    /// most so many, and lowers marks that have a row to 1: the true rows may be any below. Gives
    /// the last document, or none at the end.
    fn set_rows(
        &mut self,
        row: RowOf,
        after: Option<&DocumentId>,
        documents_max: usize,
    ) -> Result<Option<DocumentId>, Self::Error>;
    /// Notes that a dossier has entries to apply; `row` is zero if none has one. Keeps the lower
    /// row and the attempts, and counts.
    fn mark_to_apply(&mut self, document: &DocumentId, row: u64) -> Result<(), Self::Error>;
    /// Marks behind that place, oldest first.
    fn to_apply(&mut self, after: u64, marks_max: usize) -> Result<Vec<ToApply>, Self::Error>;
    /// The mark of a dossier.
    fn mark(&mut self, document: &DocumentId) -> Result<Option<ToApply>, Self::Error>;
    /// The lowest row of those marks that have one and fewer attempts than this; 1 while a
    /// statement has a position and no row.
    fn lowest_to_apply(&mut self, attempts_max: u32) -> Result<Option<u64>, Self::Error>;
    /// Entries with a row that wait, or whose dossier has at least `attempts_max` attempts; those
    /// of the lowest rows.
    fn excepted(
        &mut self,
        attempts_max: u32,
        entries_max: usize,
    ) -> Result<Vec<EntryId>, Self::Error>;
    /// Sets the attempts of a mark.
    fn set_attempts(&mut self, document: &DocumentId, attempts: u32) -> Result<(), Self::Error>;
    /// Removes a mark.
    fn clear_to_apply(&mut self, document: &DocumentId) -> Result<(), Self::Error>;
    /// What is known of a destination.
    fn delivered(&mut self, unit: UnitId) -> Result<Option<Delivered>, Self::Error>;
    /// Replaces what is known of a destination.
    fn put_delivered(&mut self, delivered: &Delivered) -> Result<(), Self::Error>;
    /// Lets no destination be known further than this row.
    fn cap_delivered(&mut self, row: u64) -> Result<(), Self::Error>;
    /// Forgets all destinations.
    fn clear_delivered(&mut self) -> Result<(), Self::Error>;
    /// Keeps bytes that are not an entry, or an entry that the relay refused, with its reason.
    fn quarantine(&mut self, bytes: &[u8], reason: Reason, at_ms: u64) -> Result<(), Self::Error>;
}

/// From which journal an entry was first taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The node.
    pub node: NodeId,
    /// The copy of its database.
    pub incarnation: Incarnation,
    /// The journal number there.
    pub number: u64,
}

/// The end of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerHead {
    /// The life of this database.
    pub epoch: Epoch,
    /// The last number that was given.
    pub number: u64,
}

/// An accepted entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its id.
    pub id: EntryId,
    /// Its dossier; zero for statements.
    pub document: DocumentId,
    /// `header ‖ payload ‖ signature`.
    pub bytes: Vec<u8>,
    /// Where it was accepted.
    pub position: Position,
    /// From where it came; none for what the relay itself signed or was healed with.
    pub origin: Option<Origin>,
}

/// An entry that waits at the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingEntry {
    /// Its id.
    pub id: EntryId,
    /// `header ‖ payload ‖ signature`.
    pub bytes: Vec<u8>,
    /// What it waits for.
    pub what: WaitingFor,
    /// From where it came.
    pub origin: Option<Origin>,
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
}

/// What is kept and has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// BLAKE3 of the bytes, so that the same bytes are kept once.
    pub key: [u8; 32],
    /// The entry's id, if the bytes are an entry.
    pub id: Option<EntryId>,
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    /// Why.
    pub reason: Reason,
    /// From where it came.
    pub origin: Option<Origin>,
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
}

/// One row of a feed as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// Which feed.
    pub scope: Scope,
    /// Its number.
    pub row: u64,
    /// The entry.
    pub entry: EntryId,
    /// The running digest at this row.
    pub digest: Digest,
}

/// What the relay keeps of one copy of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The journal number up to which the relay has everything.
    pub through: u64,
    /// The running digest there.
    pub digest: Digest,
    /// The token of the last `Welcome`.
    pub token: SessionToken,
    /// The token before it, good while the current one was never shown.
    pub previous: Option<SessionToken>,
    /// Whether the current token was shown or acknowledged.
    pub confirmed: bool,
    /// Whether the copy has been healed since it was first seen.
    pub healed: bool,
}

/// How far a node is in a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The node.
    pub node: NodeId,
    /// The last row that it stored.
    pub stored: u64,
    /// The last row up to which it applied everything but the exceptions.
    pub applied: u64,
    /// Entries up to there that it could not apply.
    pub except: Vec<EntryId>,
}

/// The tables of a relay that the ledger's rules use. Every call is part of one transaction.
#[expect(clippy::missing_errors_doc, reason = "each call fails as the storage below it fails")]
pub trait LedgerTables {
    /// What can fail below.
    type Error;

    /// The end of the ledger.
    fn head(&mut self) -> Result<LedgerHead, Self::Error>;
    /// Moves the end.
    fn put_head(&mut self, head: &LedgerHead) -> Result<(), Self::Error>;
    /// An accepted entry.
    fn entry(&mut self, id: &EntryId) -> Result<Option<LedgerEntry>, Self::Error>;
    /// The accepted entry at a position.
    fn entry_at(&mut self, position: &Position) -> Result<Option<EntryId>, Self::Error>;
    /// Keeps an accepted entry.
    fn insert_entry(&mut self, entry: &LedgerEntry) -> Result<(), Self::Error>;
    /// Ids of a dossier's accepted entries (for zero, of all statements) in order of position.
    fn document(&mut self, document: &DocumentId) -> Result<Vec<EntryId>, Self::Error>;
    /// The audience of a dossier in ascending order, `None` when it is unknown.
    fn audience(&mut self, document: &DocumentId) -> Result<Option<Vec<UnitId>>, Self::Error>;
    /// Adds units to an audience; makes the dossier known.
    fn add_audience(&mut self, document: &DocumentId, units: &[UnitId]) -> Result<(), Self::Error>;
    /// Units that share a dossier with this one, without it.
    fn neighbours(&mut self, unit: UnitId) -> Result<Vec<UnitId>, Self::Error>;
    /// Shows all documents of the scope. Statements are one document, zero.
    fn listing(&mut self, scope: Scope, visit: Visit<'_>) -> Result<(), Self::Error>;
    /// How many entries were taken: each gets the next number when it is accepted, whatever its
    /// position.
    fn taken(&mut self) -> Result<u64, Self::Error>;
    /// Accepted entries of a document, ascending by id, each with its number in the order in which
    /// they were taken.
    fn placed(&mut self, document: &DocumentId) -> Result<Vec<(Placed, u64)>, Self::Error>;
    /// Keeps the last position of a life of the ledger that ends.
    fn end_epoch(&mut self, last: &LedgerHead) -> Result<(), Self::Error>;
    /// The last position of the newest ended life that is not newer than this one; none before the
    /// first.
    fn last_position(&mut self, epoch: &Epoch) -> Result<Option<Position>, Self::Error>;
    /// A waiting entry.
    fn waiting(&mut self, id: &EntryId) -> Result<Option<WaitingEntry>, Self::Error>;
    /// Keeps or replaces a waiting entry.
    fn put_waiting(&mut self, entry: &WaitingEntry) -> Result<(), Self::Error>;
    /// Entries that wait for exactly this, oldest first.
    fn waiting_for(&mut self, what: &WaitingFor) -> Result<Vec<WaitingEntry>, Self::Error>;
    /// Forgets a waiting entry that has been decided.
    fn remove_waiting(&mut self, id: &EntryId) -> Result<(), Self::Error>;
    /// Whether these bytes are in quarantine, and why.
    fn quarantined(&mut self, key: &[u8; 32]) -> Result<Option<Reason>, Self::Error>;
    /// Keeps what has no effect.
    fn quarantine(&mut self, what: &Quarantined) -> Result<(), Self::Error>;
    /// The last row of a feed; row zero with digest zero before the first.
    fn feed_end(&mut self, scope: Scope) -> Result<ScopePoint, Self::Error>;
    /// Appends a row.
    fn feed_append(&mut self, row: &FeedRow) -> Result<(), Self::Error>;
    /// Rows of one feed above `after`, at most `rows_max`, in order.
    fn feed_after(
        &mut self,
        scope: Scope,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<FeedRow>, Self::Error>;
    /// The running digest at exactly this row of a feed; zero at zero.
    fn feed_digest(&mut self, scope: Scope, row: u64) -> Result<Option<Digest>, Self::Error>;
    /// What is kept of one copy of a node.
    fn sender(
        &mut self,
        node: &NodeId,
        incarnation: &Incarnation,
    ) -> Result<Option<Sender>, Self::Error>;
    /// Whether any copy of this node was ever seen.
    fn node_seen(&mut self, node: &NodeId) -> Result<bool, Self::Error>;
    /// Replaces what is kept of one copy of a node.
    fn put_sender(
        &mut self,
        node: &NodeId,
        incarnation: &Incarnation,
        sender: &Sender,
    ) -> Result<(), Self::Error>;
    /// How far the nodes of a scope are in its feed.
    fn readers(&mut self, scope: Scope) -> Result<Vec<Reader>, Self::Error>;
    /// Replaces how far a node is in a feed.
    fn put_reader(&mut self, scope: Scope, reader: &Reader) -> Result<(), Self::Error>;
    /// Forgets how far everyone is, for a new epoch.
    fn clear_readers(&mut self) -> Result<(), Self::Error>;
    /// Unix milliseconds of the healings of a node that were noted last, newest first, at most two.
    fn healings(&mut self, node: &NodeId) -> Result<Vec<u64>, Self::Error>;
    /// Notes a healing of a node.
    fn note_healing(&mut self, node: &NodeId, at_ms: u64) -> Result<(), Self::Error>;
}
