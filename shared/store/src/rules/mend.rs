//! Healing by full listing, the relay's side: what a scope holds, what differs, and entries that
//! come back up after a restore.

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::{DocumentId, Entry, EntryId, Position, Reason, Verdict, WaitingFor};

use super::ledger::Desk;
use crate::tables::{Admission, LedgerTables};

/// One document in a listing, 16 bytes: `BLAKE3(document)[..8] ‖ BLAKE3(sorted entry ids)[..8]`.
pub type Item = [u8; 16];
/// The first half of an item.
pub type DocumentHash = [u8; 8];

/// A document with the sorted ids of its entries that have a position.
pub type Listed = (DocumentId, Vec<EntryId>);

/// What one side has of a document that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The document.
    pub document: DocumentHash,
    /// Ids of its entries with a position; none when the side lacks the document.
    pub entries: Vec<EntryId>,
}

/// What the relay answers to what a node holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Entries that the node lacks.
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

/// The items of a listing, ascending.
#[must_use]
pub fn items(listing: &[Listed]) -> Vec<Item> {
    let mut items: Vec<Item> = listing
        .iter()
        .map(|(document, entries)| {
            let ids: Vec<u8> = entries.iter().flat_map(|id| id.0).collect();
            let mut item = [0; 16];
            let halves = document_hash(document).into_iter().chain(first_8(&ids));
            item.iter_mut().zip(halves).for_each(|(to, from)| *to = from);
            item
        })
        .collect();
    items.sort_unstable();
    items
}

/// What to send and what to ask for, given what the other side holds of some documents.
#[must_use]
pub fn difference(listing: &[Listed], held: &[Held]) -> Difference {
    let here: BTreeMap<DocumentHash, &Vec<EntryId>> =
        listing.iter().map(|(document, entries)| (document_hash(document), entries)).collect();
    let mut difference = Difference::default();
    for held in held {
        let there: BTreeSet<&EntryId> = held.entries.iter().collect();
        let own: BTreeSet<&EntryId> =
            here.get(&held.document).map(|entries| entries.iter().collect()).unwrap_or_default();
        difference.send.extend(own.difference(&there).map(|id| **id));
        difference.want.extend(there.difference(&own).map(|id| **id));
    }
    difference
}

/// Takes entries that a node brings back with the positions that they had. A position is believed
/// for an older epoch only, when it is free and when admission allows the entry there. What
/// conflicts is taken as if it came now, and waits for an operator if it may not come now. Gives
/// how many were accepted.
///
/// # Errors
///
/// As the storage fails.
pub fn claim<T: LedgerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    entries: &[Positioned],
    now_ms: u64,
) -> Result<usize, T::Error> {
    let mut accepted = 0_usize;
    for claimed in entries {
        let mut desk = Desk { tables: &mut *tables, admission: &mut *admission, now_ms };
        if desk.claim(claimed)? {
            accepted = accepted.saturating_add(1);
        }
    }
    Ok(accepted)
}

impl<T: LedgerTables, A: Admission> Desk<'_, T, A> {
    fn claim(&mut self, claimed: &Positioned) -> Result<bool, T::Error> {
        let entry = match self.admission.read(&claimed.bytes) {
            Ok(entry) => entry,
            Err(reason) => return self.quarantine_claim(&claimed.bytes, None, reason),
        };
        if self.tables.entry(&entry.id())?.is_some() {
            return Ok(false);
        }
        let older = claimed.position.epoch < self.tables.head()?.epoch;
        let free = self.tables.entry_at(&claimed.position)?.is_none();
        if !older || !free {
            return self.take_anew(&entry, &claimed.bytes);
        }
        let audience = self.tables.audience(&entry.document())?;
        match self.admission.decide(&entry, Some(claimed.position), audience.as_deref()) {
            Verdict::Admitted => {
                self.tables.remove_waiting(&entry.id())?;
                self.accept(&entry, &claimed.bytes, None, Some(claimed.position))?;
                self.wake(&entry)?;
                Ok(true)
            }
            Verdict::Refused(reason) => {
                self.quarantine_claim(&claimed.bytes, Some(entry.id()), reason)
            }
            Verdict::Waiting(what) => {
                self.keep_waiting(&entry, &claimed.bytes, what, None)?;
                Ok(false)
            }
        }
    }

    /// Takes an entry whose position cannot be believed: the ledger lost it and gave its position
    /// again. It is accepted as if it came now; what may not come now waits for an operator.
    fn take_anew(&mut self, entry: &Entry, bytes: &[u8]) -> Result<bool, T::Error> {
        let audience = self.tables.audience(&entry.document())?;
        let next = self.next_position()?;
        match self.admission.decide(entry, Some(next), audience.as_deref()) {
            Verdict::Admitted => {
                self.tables.remove_waiting(&entry.id())?;
                self.accept(entry, bytes, None, None)?;
                self.wake(entry)?;
                Ok(true)
            }
            Verdict::Waiting(what) => {
                self.keep_waiting(entry, bytes, what, None)?;
                Ok(false)
            }
            Verdict::Refused(_) => {
                let what = WaitingFor::Operator(entry.id());
                self.keep_waiting(entry, bytes, what, None)?;
                Ok(false)
            }
        }
    }

    fn quarantine_claim(
        &mut self,
        bytes: &[u8],
        id: Option<EntryId>,
        reason: Reason,
    ) -> Result<bool, T::Error> {
        self.refuse(bytes, id, reason, None).map(|_| false)
    }
}

fn first_8(bytes: &[u8]) -> [u8; 8] {
    let mut half = [0; 8];
    half.iter_mut().zip(blake3::hash(bytes).as_bytes()).for_each(|(to, from)| *to = *from);
    half
}
