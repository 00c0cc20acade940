//! How the relay takes entries: one order, acceptance once.

use std::collections::VecDeque;

use hoso_identity::{
    DocumentId, Entry, EntryId, Incarnation, NodeId, Position, Reason, Scope, UnitId, Verdict,
    WaitingFor,
};

use crate::tables::{
    Admission, Digest, FeedRow, LedgerEntry, LedgerTables, Origin, Quarantined, WaitingEntry,
    digest_after,
};

/// One entry as a node pushes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Its number in the node's journal.
    pub number: u64,
    /// The entry.
    pub bytes: Vec<u8>,
}

/// What became of one pushed entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has this position, now or from before.
    Accepted(Position),
    /// It is kept until that arrives.
    Waiting(WaitingFor),
    /// It is in quarantine.
    Refused(Reason),
}

/// Who pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pusher {
    /// The node.
    pub node: NodeId,
    /// The copy of its database.
    pub incarnation: Incarnation,
    /// Whether the node has ended: everything goes to quarantine.
    pub ended: bool,
}

/// What one transaction of ingestion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingested {
    /// The journal number up to which the relay has everything.
    pub through: u64,
    /// The running digest there.
    pub digest: Digest,
    /// What became of entries that were not simply accepted, by journal number.
    pub outcomes: Vec<(u64, Outcome)>,
    /// Whether the batch did not begin where the last one ended; then the rest was not taken.
    pub gap: bool,
}

/// Takes a batch in the order of its journal. The caller commits, and only then acknowledges. What
/// was taken before is not taken again, and it is said again what became of it: the `Ack` that
/// said so may have been lost.
///
/// # Errors
///
/// As the storage fails; then nothing of the batch may be committed.
pub fn ingest<T: LedgerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    from: Pusher,
    batch: &[Pushed],
    now_ms: u64,
) -> Result<Option<Ingested>, T::Error> {
    let Some(mut sender) = tables.sender(&from.node, &from.incarnation)? else { return Ok(None) };
    let mut outcomes = Vec::new();
    let mut gap = false;
    for pushed in batch {
        let mut desk = Desk { tables: &mut *tables, admission: &mut *admission, now_ms };
        if pushed.number <= sender.through {
            let known = desk.known(&id_of(&pushed.bytes), &pushed.bytes)?;
            let known = known.filter(|known| !matches!(known, Outcome::Accepted(_)));
            outcomes.extend(known.map(|known| (pushed.number, known)));
            continue;
        }
        if pushed.number != sender.through.saturating_add(1) {
            gap = true;
            break;
        }
        let origin =
            Origin { node: from.node, incarnation: from.incarnation, number: pushed.number };
        let (id, outcome) = desk.take(&pushed.bytes, Some(origin), from.ended)?;
        if !matches!(outcome, Outcome::Accepted(_)) {
            outcomes.push((pushed.number, outcome));
        }
        sender.through = pushed.number;
        sender.digest = digest_after(&sender.digest, &id);
    }
    tables.put_sender(&from.node, &from.incarnation, &sender)?;
    Ok(Some(Ingested { through: sender.through, digest: sender.digest, outcomes, gap }))
}

/// Takes an entry that the relay itself signed or that an operator brings.
///
/// # Errors
///
/// As the storage fails.
pub fn accept_own<T: LedgerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    bytes: &[u8],
    now_ms: u64,
) -> Result<Outcome, T::Error> {
    let (_, outcome) = Desk { tables, admission, now_ms }.take(bytes, None, false)?;
    Ok(outcome)
}

/// The id under which bytes enter running digests: the entry's, or BLAKE3 of what is no entry.
pub(super) fn id_of(bytes: &[u8]) -> EntryId {
    Entry::decode(bytes)
        .map_or_else(|_| EntryId(*blake3::hash(bytes).as_bytes()), |entry| entry.id())
}

/// The relay's desk during one transaction.
pub(super) struct Desk<'a, T, A> {
    pub(super) tables: &'a mut T,
    pub(super) admission: &'a mut A,
    pub(super) now_ms: u64,
}

impl<T: LedgerTables, A: Admission> Desk<'_, T, A> {
    /// Decides one entry and everything that waited for it; gives the id under which it enters
    /// running digests, and what became of it.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        origin: Option<Origin>,
        ended: bool,
    ) -> Result<(EntryId, Outcome), T::Error> {
        let entry = match self.admission.read(bytes) {
            Ok(entry) => entry,
            Err(reason) => return Ok((id_of(bytes), self.refuse(bytes, None, reason, origin)?)),
        };
        let outcome = match self.known(&entry.id(), bytes)? {
            Some(known) => known,
            None if ended => self.refuse(bytes, Some(entry.id()), Reason::NodeEnded, origin)?,
            None => self.judge(&entry, bytes, origin)?,
        };
        Ok((entry.id(), outcome))
    }

    /// Decides an entry that was not here before.
    fn judge(
        &mut self,
        entry: &Entry,
        bytes: &[u8],
        origin: Option<Origin>,
    ) -> Result<Outcome, T::Error> {
        let audience = self.tables.audience(&entry.document())?;
        let next = self.next_position()?;
        match self.admission.decide(entry, Some(next), audience.as_deref()) {
            Verdict::Admitted => {
                let position = self.accept(entry, bytes, origin, None)?;
                self.wake(entry)?;
                Ok(Outcome::Accepted(position))
            }
            Verdict::Refused(reason) => self.refuse(bytes, Some(entry.id()), reason, origin),
            Verdict::Waiting(what) => {
                self.keep_waiting(entry, bytes, what, origin)?;
                Ok(Outcome::Waiting(what))
            }
        }
    }

    /// What became of an entry that was here before.
    fn known(&mut self, id: &EntryId, bytes: &[u8]) -> Result<Option<Outcome>, T::Error> {
        if let Some(entry) = self.tables.entry(id)? {
            return Ok(Some(Outcome::Accepted(entry.position)));
        }
        if let Some(waiting) = self.tables.waiting(id)? {
            return Ok(Some(Outcome::Waiting(waiting.what)));
        }
        let key = *blake3::hash(bytes).as_bytes();
        Ok(self.tables.quarantined(&key)?.map(Outcome::Refused))
    }

    pub(super) fn keep_waiting(
        &mut self,
        entry: &Entry,
        bytes: &[u8],
        what: WaitingFor,
        origin: Option<Origin>,
    ) -> Result<(), T::Error> {
        self.tables.put_waiting(&WaitingEntry {
            id: entry.id(),
            bytes: bytes.to_vec(),
            what,
            origin,
            since_ms: self.now_ms,
        })
    }

    pub(super) fn refuse(
        &mut self,
        bytes: &[u8],
        id: Option<EntryId>,
        reason: Reason,
        origin: Option<Origin>,
    ) -> Result<Outcome, T::Error> {
        let key = *blake3::hash(bytes).as_bytes();
        if self.tables.quarantined(&key)?.is_none() {
            self.tables.quarantine(&Quarantined {
                key,
                id,
                bytes: bytes.to_vec(),
                reason,
                origin,
                since_ms: self.now_ms,
            })?;
        }
        Ok(Outcome::Refused(reason))
    }

    pub(super) fn next_position(&mut self) -> Result<Position, T::Error> {
        let head = self.tables.head()?;
        Ok(Position { epoch: head.epoch, number: head.number.saturating_add(1) })
    }

    /// Gives the next number of the one counter.
    fn number(&mut self) -> Result<Position, T::Error> {
        let mut head = self.tables.head()?;
        head.number = head.number.saturating_add(1);
        self.tables.put_head(&head)?;
        Ok(Position { epoch: head.epoch, number: head.number })
    }

    /// Gives an admitted entry its place: history rows for units that join, then the entry, one
    /// row in each scope. `claimed` is the position that it had in an older epoch.
    pub(super) fn accept(
        &mut self,
        entry: &Entry,
        bytes: &[u8],
        origin: Option<Origin>,
        claimed: Option<Position>,
    ) -> Result<Position, T::Error> {
        let document = entry.document();
        let scopes = if entry.header().kind.is_statement() {
            vec![Scope::Province]
        } else {
            self.widen(&document, &entry.header().units_added)?
        };
        let here = self.number()?;
        let position = claimed.unwrap_or(here);
        let id = entry.id();
        self.tables.insert_entry(&LedgerEntry {
            id,
            document,
            bytes: bytes.to_vec(),
            position,
            origin,
        })?;
        for scope in scopes {
            self.append(scope, here.number, id)?;
        }
        self.admission.admitted(entry, Some(position));
        Ok(position)
    }

    /// Adds units to the audience, each with rows for the dossier's history in its old order, and
    /// gives all scopes of the dossier.
    fn widen(&mut self, document: &DocumentId, units: &[UnitId]) -> Result<Vec<Scope>, T::Error> {
        let mut audience = self.tables.audience(document)?.unwrap_or_default();
        let joining: Vec<UnitId> =
            units.iter().filter(|unit| !audience.contains(unit)).copied().collect();
        if !joining.is_empty() {
            let history = self.tables.document(document)?;
            for unit in &joining {
                for id in &history {
                    let row = self.number()?.number;
                    self.append(Scope::Unit(*unit), row, *id)?;
                }
            }
            self.tables.add_audience(document, &joining)?;
            audience.extend(joining);
        }
        Ok(audience.into_iter().map(Scope::Unit).collect())
    }

    fn append(&mut self, scope: Scope, row: u64, entry: EntryId) -> Result<(), T::Error> {
        let end = self.tables.feed_end(scope)?;
        let digest = digest_after(&end.digest, &entry);
        self.tables.feed_append(&FeedRow { scope, row, entry, digest })
    }

    /// Looks again at what waited for this entry, and for what that brings, in one transaction.
    pub(super) fn wake(&mut self, entry: &Entry) -> Result<(), T::Error> {
        let mut arrived: VecDeque<WaitingFor> = arrivals(entry).into();
        while let Some(what) = arrived.pop_front() {
            for waiting in self.tables.waiting_for(&what)? {
                let Ok(entry) = self.admission.read(&waiting.bytes) else { continue };
                let audience = self.tables.audience(&entry.document())?;
                let next = self.next_position()?;
                match self.admission.decide(&entry, Some(next), audience.as_deref()) {
                    Verdict::Admitted => {
                        self.tables.remove_waiting(&waiting.id)?;
                        self.accept(&entry, &waiting.bytes, waiting.origin, None)?;
                        arrived.extend(arrivals(&entry));
                    }
                    Verdict::Refused(reason) => {
                        self.tables.remove_waiting(&waiting.id)?;
                        self.refuse(&waiting.bytes, Some(waiting.id), reason, waiting.origin)?;
                    }
                    Verdict::Waiting(still) if still != waiting.what => {
                        self.tables.put_waiting(&WaitingEntry { what: still, ..waiting })?;
                    }
                    Verdict::Waiting(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// What an admitted entry brings that others may wait for.
pub(super) fn arrivals(entry: &Entry) -> Vec<WaitingFor> {
    let header = entry.header();
    if header.kind.is_statement() {
        return vec![WaitingFor::Grant(entry.id())];
    }
    let document = entry.document();
    let mut arrived = Vec::new();
    if header.is_first() {
        arrived.push(WaitingFor::Document(document));
    }
    arrived.extend(header.units_added.iter().map(|unit| WaitingFor::Audience(document, *unit)));
    arrived
}
