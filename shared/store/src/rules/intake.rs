//! How a node takes what comes from the relay: stored first, applied second.

use std::collections::{BTreeSet, VecDeque};

use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Position, Reason, UnitId, Verdict, WaitingFor,
};

use super::{
    feed::{Content, FeedItem, FeedPage},
    ledger::arrivals,
    mend::Positioned,
};
use crate::tables::{
    Admission, Digest, JournalTables, NodeEntry, ScopePoint, Standing, digest_after, digests_agree,
};

/// What one transaction of intake did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Dossiers that have entries to apply.
    pub documents: BTreeSet<DocumentId>,
    /// Whether statements came.
    pub statements: bool,
}

/// Why a page was not taken; nothing of it may be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The running digests differ: the two sides have diverged.
    Diverged,
    /// Rows of another epoch, out of order, or bytes that are no entry: the relay is at fault.
    Disorder,
}

/// Takes a page of feed rows: entries, positions, cursors, digests and marks in one transaction.
///
/// # Errors
///
/// As the storage fails. The inner error leaves nothing to commit.
pub fn take<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    page: &FeedPage,
    at_ms: u64,
) -> Result<Result<Taken, Misfit>, T::Error> {
    if tables.facts()?.epoch != Some(page.epoch) {
        return Ok(Err(Misfit::Disorder));
    }
    let mut points = start(tables, &page.points)?;
    let seen = tables.cursors()?.iter().map(|cursor| cursor.row).max().unwrap_or(0);
    let mut desk = Desk::new(tables, admission, at_ms, Some((page.epoch, seen)));
    for item in &page.items {
        let Some(point) = points.iter_mut().find(|point| point.scope == item.scope) else {
            return Ok(Err(Misfit::Disorder));
        };
        if item.row <= point.row {
            return Ok(Err(Misfit::Disorder));
        }
        let Some(id) = desk.row(item)? else { return Ok(Err(Misfit::Disorder)) };
        point.row = item.row;
        point.digest = digest_after(&point.digest, &id);
    }
    let agree = points
        .iter()
        .zip(&page.points)
        .all(|(own, shown)| own.row == shown.row && digests_agree(&own.digest, &shown.digest));
    if !agree {
        return Ok(Err(Misfit::Diverged));
    }
    desk.decide_anew()?;
    let Desk { tables, taken, .. } = desk;
    for point in &points {
        tables.put_cursor(point)?;
    }
    Ok(Ok(taken))
}

/// Takes entries that healing found to be lacking here, or to have another position in the ledger.
/// Their rows are not above that of the head that was listed, so it is as good as theirs.
///
/// # Errors
///
/// As the storage fails.
pub fn mend<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    entries: &[Positioned],
    row: u64,
    at_ms: u64,
) -> Result<Taken, T::Error> {
    let mut desk = Desk::new(tables, admission, at_ms, None);
    for healed in entries {
        desk.entry(&healed.bytes, healed.position, row)?;
    }
    desk.decide_anew()?;
    Ok(desk.taken)
}

/// Decides anew what was accepted from this position on: a statement that stood there has no effect
/// any more.
///
/// # Errors
///
/// As the storage fails.
pub(super) fn decide_from<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    position: Position,
) -> Result<Taken, T::Error> {
    // Nothing arrives, so that no time is noted.
    let mut desk = Desk::new(tables, admission, 0, None);
    desk.is_late(position);
    desk.decide_anew()?;
    Ok(desk.taken)
}

/// The own cursors of the page's scopes; zero for a scope that is new here.
fn start<T: JournalTables>(
    tables: &mut T,
    scopes: &[ScopePoint],
) -> Result<Vec<ScopePoint>, T::Error> {
    let cursors = tables.cursors()?;
    let zero: Digest = [0; 32];
    Ok(scopes
        .iter()
        .map(|page| {
            let own = cursors.iter().find(|cursor| cursor.scope == page.scope).copied();
            own.unwrap_or(ScopePoint { scope: page.scope, row: 0, digest: zero })
        })
        .collect())
}

/// Whether these bytes were refused before anybody asked what they say: no position and no
/// statement makes them good.
#[must_use]
pub fn is_forged(standing: &Standing) -> bool {
    let Standing::Refused(reason) = standing else { return false };
    matches!(reason, Reason::Malformed | Reason::Realm | Reason::Signature)
}

/// What deciding an entry gives: where it stands, and whose unit wrote it.
type Outcome = (Standing, Option<UnitId>);

fn outcome(stored: &NodeEntry) -> Outcome {
    (stored.standing, stored.author_unit)
}

/// The node's desk during one transaction.
struct Desk<'a, T, A> {
    tables: &'a mut T,
    admission: &'a mut A,
    at_ms: u64,
    /// The epoch in which positions are given now, and the last row that was seen in it; none
    /// while that is being healed.
    now: Option<(Epoch, u64)>,
    /// The first position of a statement that may have come after what rests on it.
    late: Option<Position>,
    taken: Taken,
}

impl<'a, T: JournalTables, A: Admission> Desk<'a, T, A> {
    fn new(tables: &'a mut T, admission: &'a mut A, at_ms: u64, now: Option<(Epoch, u64)>) -> Self {
        Self { tables, admission, at_ms, now, late: None, taken: Taken::default() }
    }

    /// Takes one row; gives the id that enters the digest, or `None` for bytes that are no entry.
    fn row(&mut self, item: &FeedItem) -> Result<Option<EntryId>, T::Error> {
        match &item.content {
            Content::Entry { bytes, position } => self.entry(bytes, *position, item.row),
            Content::Yours { number, position } => {
                let found = self.tables.journal_after(number.saturating_sub(1), 1)?;
                let Some(entry) = found.into_iter().find(|entry| entry.journal == Some(*number))
                else {
                    return Ok(None);
                };
                let id = entry.id;
                self.place(entry, *position, item.row)?;
                Ok(Some(id))
            }
            Content::Erased(id) => Ok(Some(*id)),
        }
    }

    /// Takes an entry with its position.
    fn entry(
        &mut self,
        bytes: &[u8],
        position: Position,
        row: u64,
    ) -> Result<Option<EntryId>, T::Error> {
        let Ok(entry) = Entry::decode(bytes) else { return Ok(None) };
        let id = entry.id();
        let known = self.tables.entry(&id)?;
        let forged = known.as_ref().is_some_and(|known| is_forged(&known.standing));
        if let Some(known) = known.filter(|_| !forged) {
            self.place(known, position, row)?;
            return Ok(Some(id));
        }
        // An id does not cover the signature: after a damaged copy the good one may come.
        let fresh = NodeEntry {
            id,
            document: entry.document(),
            kind: entry.header().kind,
            author_unit: None,
            bytes: bytes.to_vec(),
            journal: None,
            position: None,
            row: None,
            placed_ms: None,
            standing: Standing::Counts,
        };
        match self.admission.read(bytes) {
            Ok(_) => {
                if forged {
                    self.tables.replace_bytes(&id, bytes)?;
                }
                self.place(fresh, position, row)?;
            }
            Err(reason) => {
                self.tables.quarantine(bytes, reason, self.at_ms)?;
                self.keep(NodeEntry {
                    position: Some(position),
                    row: Some(row),
                    placed_ms: Some(self.at_ms),
                    standing: Standing::Refused(reason),
                    ..fresh
                })?;
            }
        }
        Ok(Some(id))
    }

    /// Gives a stored or fresh entry its place and decides by it.
    fn place(
        &mut self,
        mut stored: NodeEntry,
        position: Position,
        row: u64,
    ) -> Result<(), T::Error> {
        let Ok(entry) = Entry::decode(&stored.bytes) else { return Ok(()) };
        // A ledger that lost the entry and took it again has given it another position. It never
        // moves one that it has, so what it says last is the only one.
        let before = stored.position.replace(position);
        stored.placed_ms = stored.placed_ms.or(Some(self.at_ms));
        stored.row = Some(row);
        if before == Some(position) && stored.standing == Standing::Counts {
            return self.keep(stored);
        }
        if let Some(before) =
            before.filter(|before| *before != position && stored.kind.is_statement())
        {
            self.is_late(before);
        }
        let arrived = self.decide(&mut stored, &entry)?;
        // Rows and positions come from one counter: what is above every row is not late.
        let in_time = |(epoch, seen)| position.epoch == epoch && position.number > seen;
        if arrived && stored.kind.is_statement() && !self.now.is_some_and(in_time) {
            self.is_late(position);
        }
        self.keep(stored)?;
        if arrived { self.wake(&entry) } else { Ok(()) }
    }

    fn is_late(&mut self, position: Position) {
        self.late = Some(self.late.map_or(position, |late| late.min(position)));
    }

    /// Decides by position; folds what counts; gives whether what others wait for has arrived.
    /// Whether its change fits is decided when it is applied, each time among the entries as they
    /// then stand: what was refused for that without a position, or beside an entry that counts no
    /// longer, is tried again.
    fn decide(&mut self, stored: &mut NodeEntry, entry: &Entry) -> Result<bool, T::Error> {
        let audience = self.tables.audience(&stored.document)?;
        let verdict = self.admission.decide(entry, stored.position, audience.as_deref());
        stored.author_unit = self.admission.author_unit(entry);
        match verdict {
            Verdict::Admitted => {
                stored.standing = Standing::Counts;
                if !entry.header().kind.is_statement() {
                    self.tables.add_audience(&stored.document, &entry.header().units_added)?;
                }
                self.admission.admitted(entry, stored.position);
                Ok(true)
            }
            Verdict::Refused(reason) => {
                stored.standing = Standing::Refused(reason);
                // The relay has accepted it, so the dossier is at these units: an audience is the
                // same everywhere, and what waited for it goes on, whichever of them came first.
                let accepted = stored.position.is_some() && !entry.header().kind.is_statement();
                if accepted {
                    self.tables.add_audience(&stored.document, &entry.header().units_added)?;
                }
                Ok(accepted)
            }
            Verdict::Waiting(what) => {
                stored.standing = Standing::Waiting(what);
                Ok(false)
            }
        }
    }

    /// Decides what was accepted after a late statement, or at its position, as if it had been here
    /// in time. A relay that lost a statement with its disk has perhaps accepted what that
    /// statement forbids, or given its position again; the positions tell, and they are the same
    /// everywhere. Such a dossier is also folded anew: a catalogue, or what succeeds what, changes
    /// what its entries mean without changing whether they count.
    fn decide_anew(&mut self) -> Result<(), T::Error> {
        let Some(late) = self.late.take() else { return Ok(()) };
        let documents = self.tables.documents_from(&late)?;
        if documents.is_empty() {
            return Ok(());
        }
        self.admission.forget();
        self.decide_document(&DocumentId::ZERO)?;
        for document in documents.iter().filter(|document| !document.is_zero()) {
            self.decide_document(document)?;
            // What was said to be applied stays so.
            self.tables.mark_to_apply(document, 0)?;
            self.taken.documents.insert(*document);
        }
        Ok(())
    }

    /// Decides all entries of a dossier, or all statements, in the order of their positions; what
    /// waits is looked at again until nothing more can go. What has no position stays as it is, but
    /// for statements that count, which are folded again: the relay decides it.
    fn decide_document(&mut self, document: &DocumentId) -> Result<(), T::Error> {
        let mut pending = Vec::new();
        for stored in self.tables.document(document)? {
            if let Ok(entry) = Entry::decode(&stored.bytes)
                && !is_forged(&stored.standing)
            {
                let was = outcome(&stored);
                pending.push((stored, entry, was));
            }
        }
        pending.sort_by_key(|(stored, ..)| (stored.position.is_none(), stored.position));
        loop {
            let before = pending.len();
            for (mut stored, entry, was) in std::mem::take(&mut pending) {
                let folded = stored.kind.is_statement() && was.0 == Standing::Counts;
                if stored.position.is_none() && !folded {
                    continue;
                }
                if self.decide(&mut stored, &entry)? {
                    self.keep_changed(stored, was)?;
                } else {
                    pending.push((stored, entry, was));
                }
            }
            if pending.len() == before {
                break;
            }
        }
        for (stored, _, was) in pending {
            self.keep_changed(stored, was)?;
        }
        Ok(())
    }

    fn keep_changed(&mut self, stored: NodeEntry, was: Outcome) -> Result<(), T::Error> {
        if outcome(&stored) == was { Ok(()) } else { self.keep_late(stored) }
    }

    /// Stores an entry that arrives just now and marks its dossier.
    fn keep(&mut self, stored: NodeEntry) -> Result<(), T::Error> {
        match self.now {
            Some(_) => {
                let row = stored.row.unwrap_or(0);
                self.keep_at(stored, row)
            }
            None => self.keep_late(stored),
        }
    }

    /// Stores an entry that healing has brought, now or before it had to wait, and marks its
    /// dossier. Only a row is known above which it does not stand, so nothing counts as applied
    /// before it is.
    fn keep_late(&mut self, stored: NodeEntry) -> Result<(), T::Error> {
        self.keep_at(stored, 1)
    }

    fn keep_at(&mut self, stored: NodeEntry, row: u64) -> Result<(), T::Error> {
        if stored.kind.is_statement() {
            self.taken.statements = true;
        } else {
            self.tables.mark_to_apply(&stored.document, row)?;
            self.taken.documents.insert(stored.document);
        }
        self.tables.put_entry(&stored)
    }

    /// Looks again at what waited for this entry, and for what that brings. What the relay lets
    /// wait has no position yet: the relay looks again, and sends one.
    fn wake(&mut self, entry: &Entry) -> Result<(), T::Error> {
        let mut arrived: VecDeque<WaitingFor> = arrivals(entry).into();
        while let Some(what) = arrived.pop_front() {
            for id in self.tables.waiting_for(&what)? {
                let Some(mut waiting) = self.tables.entry(&id)? else { continue };
                if waiting.position.is_none() {
                    continue;
                }
                let Ok(entry) = Entry::decode(&waiting.bytes) else { continue };
                if self.decide(&mut waiting, &entry)? {
                    arrived.extend(arrivals(&entry));
                }
                self.keep_late(waiting)?;
            }
        }
        Ok(())
    }
}
