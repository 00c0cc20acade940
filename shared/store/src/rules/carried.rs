//! Entries that came on a stick: at the relay through the door that a push takes, at another node
//! as part of its own journal until the relay has given them positions.

use std::collections::{BTreeMap, VecDeque};

use hoso_identity::{Entry, EntryId, Reason, Verdict, WaitingFor};

use super::{
    intake::{self, Taken, is_forged},
    journal::enter,
    ledger::{Desk, Ingested, Outcome, Pushed, Pusher, arrivals, id_of, ingest},
    mend::Positioned,
};
use crate::tables::{
    Admission, Digest, JournalTables, LedgerTables, NodeEntry, Sender, Standing, digest_after,
};

/// Entries of a journal that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number before the first.
    pub after: u64,
    /// The running digest there.
    pub digest: Digest,
    /// The entries.
    pub entries: Vec<Pushed>,
}

/// What became of a run at the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What may be acknowledged. None when the run does not continue what the relay has of that
    /// copy of the journal: its entries were taken all the same, and what the node then pushes will
    /// be known.
    pub acknowledged: Option<Ingested>,
    /// Entries that wait.
    pub waiting: u64,
    /// Entries in quarantine.
    pub refused: u64,
}

/// What one transaction of an import at a node did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// What is to be applied.
    pub taken: Taken,
    /// Entries that were not here before.
    pub new: u64,
    /// Those of them that wait for what has not come yet.
    pub waiting: u64,
    /// How many entries cannot count here, by why.
    pub refused: BTreeMap<Reason, u64>,
}

/// Takes a run at the relay. The caller commits, and only then acknowledges.
///
/// # Errors
///
/// As the storage fails; then nothing of the run may be committed.
pub fn take<T: LedgerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    from: Pusher,
    run: &Run,
    now_ms: u64,
) -> Result<Kept, T::Error> {
    let sender = tables.sender(&from.node, &from.incarnation)?;
    // A node that is still being healed, and of whose journal nothing is here, numbers it anew.
    let keeps_numbers = |sender: &Sender| sender.healed || sender.through > 0;
    let sender = sender.filter(|sender| keeps_numbers(sender) && continues(sender, run));
    // What stands at a number that is passed over was perhaps written by a copy.
    let passed = sender.as_ref().map_or(u64::MAX, |sender| sender.through);
    let mut outcomes = Vec::new();
    let mut desk = Desk { tables: &mut *tables, admission: &mut *admission, now_ms };
    for pushed in run.entries.iter().filter(|pushed| pushed.number <= passed) {
        outcomes.push(desk.take(&pushed.bytes, None, from.ended)?.1);
    }
    let mut acknowledged = None;
    if sender.is_some() {
        acknowledged = ingest(tables, admission, from, &run.entries, now_ms)?;
        outcomes = acknowledged
            .iter()
            .flat_map(|ingested| ingested.outcomes.iter().map(|(_, outcome)| *outcome))
            .collect();
    }
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|one| is(one)).count();
    let [waiting, refused] = [
        count(|one| matches!(one, Outcome::Waiting(_))),
        count(|one| matches!(one, Outcome::Refused(_))),
    ]
    .map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    Ok(Kept { acknowledged, waiting, refused })
}

/// Whether the run continues, or repeats, what the relay has of that journal. The digest where both
/// meet tells a copy, and a life of the ledger that has lost what came between.
fn continues(sender: &Sender, run: &Run) -> bool {
    let (mut number, mut digest) = (run.after, run.digest);
    for pushed in &run.entries {
        if pushed.number != number.saturating_add(1) {
            return false;
        }
        if number < sender.through {
            digest = digest_after(&digest, &id_of(&pushed.bytes));
        } else if number > sender.through || digest != sender.digest {
            return false;
        } else {
            break;
        }
        number = pushed.number;
    }
    number < sender.through || number == sender.through && digest == sender.digest
}

/// Takes entries of another node. They are numbered like own ones, so that they reach the relay
/// also from here, and are provisional until it has given positions. What can never count goes to
/// quarantine and no farther: its own node shows it to the relay.
///
/// # Errors
///
/// As the storage fails; then nothing may be committed.
pub fn import<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    entries: &[Pushed],
    at_ms: u64,
) -> Result<Imported, T::Error> {
    let mut desk = Import { tables, admission, imported: Imported::default() };
    for pushed in entries {
        let entry = match desk.admission.read(&pushed.bytes) {
            Ok(entry) => entry,
            Err(reason) => {
                desk.refuse(&pushed.bytes, reason, at_ms)?;
                continue;
            }
        };
        if let Some(known) = desk.tables.entry(&entry.id())? {
            desk.repair(&known, &pushed.bytes, at_ms)?;
            continue;
        }
        match desk.decide(&entry)? {
            Verdict::Admitted => {
                desk.keep(&entry, &pushed.bytes, Standing::Counts)?;
                desk.counts(&entry)?;
                desk.wake(&entry)?;
            }
            Verdict::Waiting(what) => {
                desk.keep(&entry, &pushed.bytes, Standing::Waiting(what))?;
                desk.imported.waiting = desk.imported.waiting.saturating_add(1);
            }
            Verdict::Refused(reason) => desk.refuse(&pushed.bytes, reason, at_ms)?,
        }
    }
    Ok(desk.imported)
}

/// The node's desk during one import.
struct Import<'a, T, A> {
    tables: &'a mut T,
    admission: &'a mut A,
    imported: Imported,
}

impl<T: JournalTables, A: Admission> Import<'_, T, A> {
    fn decide(&mut self, entry: &Entry) -> Result<Verdict, T::Error> {
        let audience = self.tables.audience(&entry.document())?;
        Ok(self.admission.decide(entry, None, audience.as_deref()))
    }

    fn keep(&mut self, entry: &Entry, bytes: &[u8], standing: Standing) -> Result<(), T::Error> {
        let number = self.tables.facts()?.journal_head.saturating_add(1);
        self.tables.put_entry(&NodeEntry {
            id: entry.id(),
            document: entry.document(),
            kind: entry.header().kind,
            author_unit: self.admission.author_unit(entry),
            bytes: bytes.to_vec(),
            journal: Some(number),
            position: None,
            row: None,
            placed_ms: None,
            standing,
        })?;
        enter(self.tables, &entry.id())?;
        self.imported.new = self.imported.new.saturating_add(1);
        self.mark(entry)
    }

    fn refuse(&mut self, bytes: &[u8], reason: Reason, at_ms: u64) -> Result<(), T::Error> {
        self.tables.quarantine(bytes, reason, at_ms)?;
        let count = self.imported.refused.entry(reason).or_default();
        *count = count.saturating_add(1);
        Ok(())
    }

    /// An id does not cover the signature: after a damaged copy the good one may come.
    fn repair(&mut self, known: &NodeEntry, bytes: &[u8], at_ms: u64) -> Result<(), T::Error> {
        if !is_forged(&known.standing) {
            return Ok(());
        }
        let Some(position) = known.position else {
            // It is decided when the relay gives it a position.
            return self.tables.replace_bytes(&known.id, bytes);
        };
        let (good, row) =
            ([Positioned { bytes: bytes.to_vec(), position }], known.row.unwrap_or(0));
        let taken = intake::mend(self.tables, self.admission, &good, row, at_ms)?;
        self.imported.taken.documents.extend(taken.documents);
        self.imported.taken.statements |= taken.statements;
        Ok(())
    }

    fn mark(&mut self, entry: &Entry) -> Result<(), T::Error> {
        if entry.header().kind.is_statement() {
            self.imported.taken.statements = true;
            return Ok(());
        }
        self.imported.taken.documents.insert(entry.document());
        self.tables.mark_to_apply(&entry.document(), 0)
    }

    fn counts(&mut self, entry: &Entry) -> Result<(), T::Error> {
        if !entry.header().kind.is_statement() {
            self.tables.add_audience(&entry.document(), &entry.header().units_added)?;
        }
        self.admission.admitted(entry, None);
        Ok(())
    }

    /// Looks again at what waited for this entry and has no position, and for what that brings.
    fn wake(&mut self, entry: &Entry) -> Result<(), T::Error> {
        let mut arrived: VecDeque<WaitingFor> = arrivals(entry).into();
        while let Some(what) = arrived.pop_front() {
            for id in self.tables.waiting_for(&what)? {
                if let Some(entry) = self.look_again(&id)? {
                    arrived.extend(arrivals(&entry));
                }
            }
        }
        Ok(())
    }

    /// Decides a waiting entry; gives it when it counts now.
    fn look_again(&mut self, id: &EntryId) -> Result<Option<Entry>, T::Error> {
        let Some(mut waiting) = self.tables.entry(id)? else { return Ok(None) };
        let Ok(entry) = Entry::decode(&waiting.bytes) else { return Ok(None) };
        if waiting.position.is_some() {
            return Ok(None);
        }
        let counts = match self.decide(&entry)? {
            Verdict::Admitted => {
                waiting.standing = Standing::Counts;
                waiting.author_unit = self.admission.author_unit(&entry);
                self.counts(&entry)?;
                self.imported.waiting = self.imported.waiting.saturating_sub(1);
                true
            }
            Verdict::Waiting(what) => {
                waiting.standing = Standing::Waiting(what);
                false
            }
            Verdict::Refused(reason) => {
                waiting.standing = Standing::Refused(reason);
                false
            }
        };
        self.tables.put_entry(&waiting)?;
        self.mark(&entry)?;
        Ok(counts.then_some(entry))
    }
}
