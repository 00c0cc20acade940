//! What a node writes itself, and what it learns about that.

use hoso_identity::{DocumentId, EntryId, Epoch, SessionToken, VerifiedEntry};

use super::{feed::Applied, intake::Taken, ledger::Outcome};
use crate::tables::{
    Admission, Delivered, Digest, EXCEPTIONS_MAX, JournalTables, NodeEntry, Standing, digest_after,
    digests_agree,
};

/// Attempts to apply after which a dossier is set aside.
pub const ATTEMPTS_MAX: u32 = 2;

/// Entries that are read at once, until a batch is full.
const READ_AT_ONCE: usize = 64;

/// What the relay acknowledges of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Everything up to this number is stored at the relay.
    pub through: u64,
    /// The running digest there.
    pub digest: Digest,
    /// What became of entries that were not simply accepted.
    pub outcomes: Vec<(u64, Outcome)>,
}

/// What a node may say it has applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Per feed, the row up to which everything but the exceptions is applied. Of a feed that is
    /// not here, what was said before is all that may be said.
    pub applied: Vec<Applied>,
    /// The exceptions.
    pub except: Vec<EntryId>,
}

/// Where an entry stands after its dossier was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applicability {
    /// The entry.
    pub id: EntryId,
    /// Where it stands.
    pub standing: Standing,
}

/// Appends an own entry. The caller writes record and search row in the same transaction and
/// shows nothing before it has committed. Gives the journal number.
///
/// # Errors
///
/// As the storage fails.
pub fn append<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    entry: &VerifiedEntry,
) -> Result<u64, T::Error> {
    let number = tables.facts()?.journal_head.saturating_add(1);
    tables.put_entry(&NodeEntry {
        id: entry.id(),
        document: entry.document(),
        kind: entry.header().kind,
        author_unit: admission.author_unit(entry),
        bytes: entry.encode(),
        journal: Some(number),
        position: None,
        row: None,
        placed_ms: None,
        standing: Standing::Counts,
    })?;
    enter(tables, &entry.id())?;
    if !entry.header().kind.is_statement() {
        tables.add_audience(&entry.document(), &entry.header().units_added)?;
    }
    admission.admitted(entry, None);
    Ok(number)
}

/// Entries above `after` for the push: at least one if there is one, else up to `bytes_max`.
///
/// # Errors
///
/// As the storage fails.
pub fn read<T: JournalTables>(
    tables: &mut T,
    after: u64,
    bytes_max: usize,
    entries_max: usize,
) -> Result<Vec<NodeEntry>, T::Error> {
    let mut entries: Vec<NodeEntry> = Vec::new();
    let (mut after, mut bytes) = (after, 0_usize);
    while entries.len() < entries_max {
        let wanted = READ_AT_ONCE.min(entries_max.saturating_sub(entries.len()));
        let some = tables.journal_after(after, wanted)?;
        let ends = some.len() < wanted;
        for entry in some {
            bytes = bytes.saturating_add(entry.bytes.len());
            if bytes > bytes_max && !entries.is_empty() {
                return Ok(entries);
            }
            after = entry.journal.unwrap_or(after);
            entries.push(entry);
        }
        if ends {
            break;
        }
    }
    Ok(entries)
}

/// Whether the own journal agrees with what the relay has of it; if not, this is a copy.
///
/// # Errors
///
/// As the storage fails.
pub fn agrees<T: JournalTables>(
    tables: &mut T,
    through: u64,
    digest: &Digest,
) -> Result<bool, T::Error> {
    let own = tables.journal_digest(through)?;
    Ok(own.is_some_and(|own| digests_agree(&own, digest)))
}

/// Takes an acknowledgement, and what it has not accepted: dossiers to be applied without that.
/// None: the digests differ, this is a copy, nothing was taken.
///
/// # Errors
///
/// As the storage fails.
pub fn acknowledged<T: JournalTables>(
    tables: &mut T,
    acknowledgement: &Acknowledgement,
) -> Result<Option<Taken>, T::Error> {
    if !agrees(tables, acknowledgement.through, &acknowledgement.digest)? {
        return Ok(None);
    }
    let mut taken = Taken::default();
    let mut facts = tables.facts()?;
    facts.journal_through = facts.journal_through.max(acknowledgement.through);
    tables.put_facts(&facts)?;
    for (number, outcome) in &acknowledgement.outcomes {
        let standing = match outcome {
            Outcome::Accepted(_) => continue,
            Outcome::Waiting(what) => Standing::Waiting(*what),
            Outcome::Refused(reason) => Standing::Refused(*reason),
        };
        set_aside(tables, *number, standing, &mut taken)?;
    }
    Ok(Some(taken))
}

/// Takes an acknowledgement that was carried here, as [`acknowledged`] does. Rows that say when the
/// relay was first heard to have an entry come much later, so that is noted now.
///
/// # Errors
///
/// As the storage fails.
pub fn receipted<T: JournalTables>(
    tables: &mut T,
    receipt: &Acknowledgement,
    at_ms: u64,
) -> Result<Option<Taken>, T::Error> {
    let mut after = tables.facts()?.journal_through;
    let taken = acknowledged(tables, receipt)?;
    while taken.is_some() && after < receipt.through {
        let some = tables.journal_after(after, READ_AT_ONCE)?;
        if some.is_empty() {
            break;
        }
        for mut entry in some {
            after = entry.journal.unwrap_or(u64::MAX);
            let is_there = after <= receipt.through && entry.standing == Standing::Counts;
            if is_there && entry.placed_ms.is_none() {
                entry.placed_ms = Some(at_ms);
                tables.put_entry(&entry)?;
            }
        }
    }
    Ok(taken)
}

/// What a `Welcome` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcomed {
    /// To be shown at the next `Hello`.
    pub token: SessionToken,
    /// The life of the ledger.
    pub epoch: Epoch,
    /// The journal number up to which the relay has everything.
    pub through: u64,
    /// Whether both sides are to be compared first.
    pub heal: bool,
}

/// Stores what a `Welcome` says, before the first `Ack`: token, epoch, and up to where the relay
/// has the journal, if that is less than it had. More is acknowledged by an `Ack` alone, since
/// only that says what became of the entries. What was heard of destinations speaks of the rows
/// that the `Hello` has shown to be the same: a ledger that lost commits gives later rows again,
/// to other entries.
///
/// # Errors
///
/// As the storage fails.
pub fn welcomed<T: JournalTables>(
    tables: &mut T,
    welcome: &Welcomed,
    now_ms: u64,
) -> Result<(), T::Error> {
    let mut facts = tables.facts()?;
    facts.token = Some(welcome.token);
    facts.journal_through = facts.journal_through.min(welcome.through);
    let seen = tables.cursors()?.iter().map(|cursor| cursor.row).max().unwrap_or(0);
    tables.cap_delivered(seen)?;
    if welcome.heal {
        facts.rechecking |= facts.epoch != Some(welcome.epoch);
    } else {
        facts.rechecking = false;
        facts.epoch = Some(welcome.epoch);
        facts.checked_ms = facts.checked_ms.or(Some(now_ms));
    }
    tables.put_facts(&facts)
}

/// Notes what the relay says of a destination; never takes anything back. What one of its nodes has
/// applied stays so when another one is farther and could not apply it.
///
/// Of an entry from before the destination joined its dossier this may say *applied* too early: the
/// destination gets it by a later row, which is not known here. No badge depends on it, since a
/// badge is that of the last entry, and the one by which the destination joined is not before it:
/// a unit that was let in by an entry without effect is no destination.
///
/// # Errors
///
/// As the storage fails.
pub fn reached<T: JournalTables>(tables: &mut T, fact: &Delivered) -> Result<(), T::Error> {
    let Some(known) = tables.delivered(fact.unit)? else { return tables.put_delivered(fact) };
    if fact.through < known.through {
        return Ok(());
    }
    let mut except = Vec::new();
    for id in &fact.except {
        let row = tables.entry(id)?.and_then(|entry| entry.row);
        let was_applied = row.is_some_and(|row| row <= known.through);
        if known.except.contains(id) || !was_applied {
            except.push(*id);
        }
    }
    tables.put_delivered(&Delivered { except, ..fact.clone() })
}

/// Notes, durably and before the attempt, that a dossier is about to be applied again after a
/// restart. `false`: it has ended the process before and is set aside.
///
/// # Errors
///
/// As the storage fails.
pub fn attempt<T: JournalTables>(tables: &mut T, document: &DocumentId) -> Result<bool, T::Error> {
    let attempts = tables.mark(document)?.map_or(0, |mark| mark.attempts);
    if attempts >= ATTEMPTS_MAX {
        return Ok(false);
    }
    tables.set_attempts(document, attempts.saturating_add(1))?;
    Ok(true)
}

/// Takes the result of applying a dossier, in the transaction that writes its record.
///
/// # Errors
///
/// As the storage fails.
pub fn applied<T: JournalTables>(
    tables: &mut T,
    document: &DocumentId,
    standings: &[Applicability],
) -> Result<(), T::Error> {
    for found in standings {
        // As a rule it stands where it stood, and is not read as a whole.
        if tables.standing(&found.id)?.is_some_and(|standing| standing != found.standing)
            && let Some(mut entry) = tables.entry(&found.id)?
        {
            entry.standing = found.standing;
            tables.put_entry(&entry)?;
        }
    }
    tables.clear_to_apply(document)
}

/// What may be said to be applied; nothing while there are more exceptions than can be listed.
///
/// # Errors
///
/// As the storage fails.
pub fn progress<T: JournalTables>(tables: &mut T) -> Result<Progress, T::Error> {
    let lowest = tables.lowest_to_apply(ATTEMPTS_MAX)?;
    let except = tables.excepted(ATTEMPTS_MAX, EXCEPTIONS_MAX.saturating_add(1))?;
    if except.len() > EXCEPTIONS_MAX {
        // What cannot be listed would be said to be applied. What was said before stays true.
        return Ok(Progress::default());
    }
    let before = lowest.map_or(u64::MAX, |row| row.saturating_sub(1));
    let applied = tables.cursors()?;
    let applied = applied.iter();
    let applied = applied
        .map(|cursor| Applied { scope: cursor.scope, row: cursor.row.min(before) })
        .collect();
    Ok(Progress { applied, except })
}

/// Numbers a stored entry as the last one of the journal.
pub(super) fn enter<T: JournalTables>(tables: &mut T, id: &EntryId) -> Result<u64, T::Error> {
    let mut facts = tables.facts()?;
    let number = facts.journal_head.saturating_add(1);
    facts.journal_head = number;
    facts.journal_digest = digest_after(&facts.journal_digest, id);
    tables.journal_append(number, id, &facts.journal_digest)?;
    tables.put_facts(&facts)?;
    Ok(number)
}

/// The relay keeps an own entry without accepting it. What has a position was accepted meanwhile.
fn set_aside<T: JournalTables>(
    tables: &mut T,
    number: u64,
    standing: Standing,
    taken: &mut Taken,
) -> Result<(), T::Error> {
    let found = tables.journal_after(number.saturating_sub(1), 1)?;
    let is_meant = |entry: &NodeEntry| entry.journal == Some(number) && entry.position.is_none();
    for entry in found.into_iter().filter(is_meant) {
        keep_aside(tables, entry, standing, taken)?;
    }
    Ok(())
}

/// Keeps an entry that has no effect from now on.
pub(super) fn keep_aside<T: JournalTables>(
    tables: &mut T,
    mut entry: NodeEntry,
    standing: Standing,
    taken: &mut Taken,
) -> Result<(), T::Error> {
    entry.standing = standing;
    tables.put_entry(&entry)?;
    // Statements are folded, not applied.
    if entry.kind.is_statement() {
        taken.statements = true;
        return Ok(());
    }
    taken.documents.insert(entry.document);
    tables.mark_to_apply(&entry.document, 0)
}
