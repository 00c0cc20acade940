//! Healing by full listing: what a scope holds, what differs, and entries that come back up after
//! a restore.

use std::collections::BTreeMap;

use hoso_identity::{DocumentId, Entry, EntryId, Position, Reason, Scope, Verdict, WaitingFor};

use super::ledger::{Desk, Outcome, id_of};
use crate::tables::{Admission, JournalTables, LedgerTables, Placed};

/// One document in a listing, 16 bytes: `BLAKE3(document)[..8]`, and the first 8 bytes of BLAKE3
/// over the ids and positions of its entries, ascending by id. A position is 20 bytes, most
/// significant first.
pub type Item = [u8; 16];
/// The first half of an item.
pub type DocumentHash = [u8; 8];

/// A document of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// How it is sent.
    pub item: Item,
    /// The document.
    pub document: DocumentId,
}

/// What one side has of a document that differs, or a part of that: all entries with ids above
/// `after` and, if there is more, not above the last one here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The document, by the name that it has in listings.
    pub name: DocumentHash,
    /// The document; none when it is not in the own listing.
    pub document: Option<DocumentId>,
    /// The last id of the part before.
    pub after: Option<EntryId>,
    /// Its entries with a position, ascending by id; none when the side lacks the document.
    pub entries: Vec<Placed>,
    /// Whether another part follows.
    pub more: bool,
}

/// What the relay answers to what a node holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Entries that the node lacks, or has at another position.
    pub send: Vec<EntryId>,
    /// Entries that the relay lacks.
    pub want: Vec<EntryId>,
}

/// An entry with the position that it has, or is claimed to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positioned {
    /// `header ‖ payload ‖ signature`.
    pub bytes: Vec<u8>,
    /// Where it was accepted.
    pub position: Position,
}

/// The hash by which a listing names a document.
#[must_use]
pub fn document_hash(document: &DocumentId) -> DocumentHash {
    first_8(&document.0)
}

/// A document as a listing shows it. Its entries ascend by id.
#[must_use]
pub fn listed(document: DocumentId, entries: &[Placed]) -> Listed {
    let mut bytes = Vec::with_capacity(entries.len().saturating_mul(52));
    for (id, position) in entries {
        bytes.extend(id.0);
        bytes.extend(position.epoch.generation.to_be_bytes());
        bytes.extend(position.epoch.random);
        bytes.extend(position.number.to_be_bytes());
    }
    let mut item = [0; 16];
    let halves = document_hash(&document).into_iter().chain(first_8(&bytes));
    item.iter_mut().zip(halves).for_each(|(to, from)| *to = from);
    Listed { item, document }
}

/// What a node has of a scope, ascending.
///
/// # Errors
///
/// As the storage fails.
pub fn of_journal<T: JournalTables>(tables: &mut T, scope: Scope) -> Result<Vec<Listed>, T::Error> {
    let mut all = Vec::new();
    tables.listing(scope, &mut |document, entries| all.push(listed(document, entries)))?;
    all.sort_unstable();
    Ok(all)
}

/// What the ledger has of a scope, ascending.
///
/// # Errors
///
/// As the storage fails.
pub fn of_ledger<T: LedgerTables>(tables: &mut T, scope: Scope) -> Result<Vec<Listed>, T::Error> {
    let mut all = Vec::new();
    tables.listing(scope, &mut |document, entries| all.push(listed(document, entries)))?;
    all.sort_unstable();
    Ok(all)
}

/// What a node has of some documents: as many as `entries_max` allows, in their order, of the last
/// one perhaps a part; of the first one what lies above `after`.
///
/// # Errors
///
/// As the storage fails.
pub fn held<T: JournalTables>(
    tables: &mut T,
    documents: &[(DocumentHash, Option<DocumentId>)],
    after: Option<EntryId>,
    entries_max: usize,
) -> Result<Vec<Held>, T::Error> {
    let mut all = Vec::new();
    let mut room = entries_max;
    let mut after = after;
    for (name, document) in documents {
        if room == 0 {
            break;
        }
        let mut entries = match document {
            Some(document) => tables.placed(document)?,
            None => Vec::new(),
        };
        entries.retain(|(id, _)| after.is_none_or(|after| *id > after));
        let more = entries.len() > room;
        entries.truncate(room);
        room = room.saturating_sub(entries.len());
        let (name, document) = (*name, *document);
        all.push(Held { name, document, after: after.take(), entries, more });
    }
    Ok(all)
}

/// What to send and what to ask for, given what a node holds of some documents. Compared is the
/// ledger as it was when it had taken so many entries, so that what came since is neither sent nor
/// taken for known: its rows are above the head that the listing showed, and still to come.
///
/// A ledger never moves an entry that it has, so its position is the only one.
///
/// # Errors
///
/// As the storage fails.
pub fn difference<T: LedgerTables>(
    tables: &mut T,
    held: &[Held],
    taken: u64,
) -> Result<Difference, T::Error> {
    let mut difference = Difference::default();
    for part in held {
        let last = part.entries.last().filter(|_| part.more).map(|(id, _)| *id);
        let within = |id: &EntryId| {
            part.after.is_none_or(|after| *id > after) && last.is_none_or(|last| *id <= last)
        };
        let own = match &part.document {
            Some(document) => tables.placed(document)?,
            None => Vec::new(),
        };
        let own = own.into_iter().filter(|((id, _), number)| *number <= taken && within(id));
        let own: BTreeMap<EntryId, Position> = own.map(|(placed, _)| placed).collect();
        let there: BTreeMap<EntryId, Position> = part.entries.iter().copied().collect();
        let send = own.iter().filter(|(id, position)| there.get(*id) != Some(*position));
        difference.send.extend(send.map(|(id, _)| *id));
        difference.want.extend(there.keys().filter(|id| !own.contains_key(*id)));
    }
    Ok(difference)
}

/// Takes entries that a node brings back with the positions that they had; gives what became of
/// each. A position is believed where the ledger's memory ends: after the last one that it had
/// given when that life ended, if it is free and admission allows the entry there. Everything else
/// is taken as if it came now, and waits for an operator if it may not come now. What a node that
/// has ended brings goes to quarantine.
///
/// # Errors
///
/// As the storage fails.
pub fn claim<T: LedgerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    entries: &[Positioned],
    ended: bool,
    now_ms: u64,
) -> Result<Vec<(EntryId, Outcome)>, T::Error> {
    let mut outcomes = Vec::with_capacity(entries.len());
    for claimed in entries {
        let mut desk = Desk { tables: &mut *tables, admission: &mut *admission, now_ms };
        outcomes.push((id_of(&claimed.bytes), desk.claim(claimed, ended)?));
    }
    Ok(outcomes)
}

impl<T: LedgerTables, A: Admission> Desk<'_, T, A> {
    fn claim(&mut self, claimed: &Positioned, ended: bool) -> Result<Outcome, T::Error> {
        let bytes = &claimed.bytes;
        let entry = match self.admission.read(bytes) {
            Ok(entry) => entry,
            Err(reason) => return self.refuse(bytes, None, reason, None),
        };
        if let Some(known) = self.tables.entry(&entry.id())? {
            return Ok(Outcome::Accepted(known.position));
        }
        if ended {
            return self.refuse(bytes, Some(entry.id()), Reason::NodeEnded, None);
        }
        if !self.believes(&claimed.position)? {
            return self.take_anew(&entry, bytes);
        }
        let audience = self.tables.audience(&entry.document())?;
        match self.admission.decide(&entry, Some(claimed.position), audience.as_deref()) {
            Verdict::Admitted => self.take_back(&entry, bytes, Some(claimed.position)),
            Verdict::Refused(reason) => self.refuse(bytes, Some(entry.id()), reason, None),
            Verdict::Waiting(what) => self.set_waiting(&entry, bytes, what),
        }
    }

    /// Whether the ledger may have given that position and forgotten it. Up to the last position of
    /// a life that it knows it has everything that it accepted; before its first life there is
    /// nothing.
    fn believes(&mut self, position: &Position) -> Result<bool, T::Error> {
        let older = position.epoch < self.tables.head()?.epoch;
        let last = self.tables.last_position(&position.epoch)?;
        let forgotten = last.is_some_and(|last| *position > last);
        Ok(older && forgotten && self.tables.entry_at(position)?.is_none())
    }

    /// Takes an entry whose position cannot be believed: the ledger lost it and gave its position
    /// again. It is accepted as if it came now; what may not come now waits for an operator.
    fn take_anew(&mut self, entry: &Entry, bytes: &[u8]) -> Result<Outcome, T::Error> {
        let audience = self.tables.audience(&entry.document())?;
        let next = self.next_position()?;
        match self.admission.decide(entry, Some(next), audience.as_deref()) {
            Verdict::Admitted => self.take_back(entry, bytes, None),
            Verdict::Waiting(what) => self.set_waiting(entry, bytes, what),
            Verdict::Refused(_) => self.set_waiting(entry, bytes, WaitingFor::Operator(entry.id())),
        }
    }

    fn take_back(
        &mut self,
        entry: &Entry,
        bytes: &[u8],
        position: Option<Position>,
    ) -> Result<Outcome, T::Error> {
        self.tables.remove_waiting(&entry.id())?;
        let position = self.accept(entry, bytes, None, position)?;
        self.wake(entry)?;
        Ok(Outcome::Accepted(position))
    }

    fn set_waiting(
        &mut self,
        entry: &Entry,
        bytes: &[u8],
        what: WaitingFor,
    ) -> Result<Outcome, T::Error> {
        self.keep_waiting(entry, bytes, what, None)?;
        Ok(Outcome::Waiting(what))
    }
}

fn first_8(bytes: &[u8]) -> [u8; 8] {
    let mut half = [0; 8];
    half.iter_mut().zip(blake3::hash(bytes).as_bytes()).for_each(|(to, from)| *to = *from);
    half
}
