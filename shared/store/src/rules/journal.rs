//! What a node writes itself, and what it learns about that.

use hoso_identity::{DocumentId, EntryId, Epoch, Incarnation, Reason, SessionToken, VerifiedEntry};

use super::{feed::Applied, ledger::Outcome, mend::Positioned};
use crate::tables::{
    Admission, Delivered, Digest, JournalTables, NodeEntry, ScopePoint, Standing, digest_after,
    digests_agree,
};

/// Attempts to apply after which a dossier is set aside.
pub const ATTEMPTS_MAX: u32 = 2;

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
    /// Per feed, the row up to which everything but the exceptions is applied.
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
    let mut facts = tables.facts()?;
    let number = facts.journal_head.saturating_add(1);
    facts.journal_head = number;
    facts.journal_digest = digest_after(&facts.journal_digest, &entry.id());
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
    tables.journal_append(number, &entry.id(), &facts.journal_digest)?;
    tables.put_facts(&facts)?;
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
    let mut entries = tables.journal_after(after, entries_max)?;
    let mut bytes = 0_usize;
    let fitting = entries.iter().take_while(|entry| {
        let before = bytes;
        bytes = bytes.saturating_add(entry.bytes.len());
        before == 0 || bytes <= bytes_max
    });
    let fitting = fitting.count();
    entries.truncate(fitting);
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

/// Takes an acknowledgement. `false`: the digests differ, this is a copy, nothing was taken.
///
/// # Errors
///
/// As the storage fails.
pub fn acknowledged<T: JournalTables>(
    tables: &mut T,
    acknowledgement: &Acknowledgement,
) -> Result<bool, T::Error> {
    if !agrees(tables, acknowledgement.through, &acknowledgement.digest)? {
        return Ok(false);
    }
    let mut facts = tables.facts()?;
    facts.journal_through = facts.journal_through.max(acknowledgement.through);
    tables.put_facts(&facts)?;
    for (number, outcome) in &acknowledgement.outcomes {
        if let Outcome::Refused(reason) = outcome {
            refused(tables, *number, *reason)?;
        }
    }
    Ok(true)
}

/// Stores what a `Welcome` says, before the first `Ack`: token, epoch, and up to where the relay
/// has the journal. The `Ack` that would have said so may have been lost with its link, and a
/// relay that was restored may have less than it had. What was heard of destinations speaks of the
/// rows that the `Hello` has shown to be the same: a ledger that lost commits gives later rows
/// again, to other entries.
///
/// # Errors
///
/// As the storage fails.
pub fn welcomed<T: JournalTables>(
    tables: &mut T,
    token: SessionToken,
    (epoch, through): (Epoch, u64),
    heal: bool,
) -> Result<(), T::Error> {
    let mut facts = tables.facts()?;
    facts.token = Some(token);
    facts.journal_through = through;
    facts.rechecking |= heal;
    let seen = tables.cursors()?.iter().map(|cursor| cursor.row).max().unwrap_or(0);
    tables.cap_delivered(seen)?;
    if !heal {
        facts.epoch = Some(epoch);
    }
    tables.put_facts(&facts)
}

/// Makes this database a copy of its own: after a restore, and when the relay has found a copy.
///
/// # Errors
///
/// As the storage fails.
pub fn renew<T: JournalTables>(tables: &mut T, incarnation: Incarnation) -> Result<(), T::Error> {
    let mut facts = tables.facts()?;
    facts.incarnation = incarnation;
    facts.token = None;
    facts.rechecking = facts.epoch.is_some();
    tables.put_facts(&facts)
}

/// Ends a healing: the cursors become the heads that the listings showed, what is at the relay
/// gets their rows, and a journal that the relay does not know begins at 1 with what it lacks.
/// What the relay lacked has its rows above the heads: until they come, nothing may be said of how
/// far these entries are.
///
/// # Errors
///
/// As the storage fails.
pub fn healed<T: JournalTables>(
    tables: &mut T,
    epoch: Epoch,
    heads: &[ScopePoint],
    claimed: &[EntryId],
    renumber: bool,
) -> Result<(), T::Error> {
    for head in heads {
        tables.put_cursor(head)?;
        tables.set_rows(head.scope, head.row)?;
    }
    for id in claimed {
        if let Some(mut entry) = tables.entry(id)? {
            entry.row = None;
            tables.put_entry(&entry)?;
        }
    }
    tables.clear_delivered()?;
    if renumber {
        number_anew(tables)?;
    }
    let mut facts = tables.facts()?;
    facts.epoch = Some(epoch);
    facts.rechecking = false;
    tables.put_facts(&facts)
}

/// Notes what the relay says of a destination; never takes anything back.
///
/// # Errors
///
/// As the storage fails.
pub fn reached<T: JournalTables>(tables: &mut T, fact: &Delivered) -> Result<(), T::Error> {
    let known = tables.delivered(fact.unit)?.map_or(0, |known| known.through);
    if fact.through >= known { tables.put_delivered(fact) } else { Ok(()) }
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
        if let Some(mut entry) = tables.entry(&found.id)?
            && entry.standing != found.standing
        {
            entry.standing = found.standing;
            tables.put_entry(&entry)?;
        }
    }
    tables.clear_to_apply(document)
}

/// What may be said to be applied.
///
/// # Errors
///
/// As the storage fails.
pub fn progress<T: JournalTables>(tables: &mut T) -> Result<Progress, T::Error> {
    let lowest = tables.lowest_to_apply(ATTEMPTS_MAX)?;
    let before = lowest.map_or(u64::MAX, |row| row.saturating_sub(1));
    let applied = tables.cursors()?;
    let applied = applied.iter();
    let applied = applied
        .map(|cursor| Applied { scope: cursor.scope, row: cursor.row.min(before) })
        .collect();
    Ok(Progress { applied, except: tables.excepted(ATTEMPTS_MAX)? })
}

/// Entries of a scope that the relay lacks after a restore, with their positions, in order.
///
/// # Errors
///
/// As the storage fails.
pub fn positioned<T: JournalTables>(
    tables: &mut T,
    ids: &[EntryId],
) -> Result<Vec<Positioned>, T::Error> {
    let mut found = Vec::new();
    for id in ids {
        if let Some(entry) = tables.entry(id)?
            && let Some(position) = entry.position
        {
            found.push(Positioned { bytes: entry.bytes, position });
        }
    }
    found.sort_by_key(|entry| entry.position);
    Ok(found)
}

fn refused<T: JournalTables>(tables: &mut T, number: u64, reason: Reason) -> Result<(), T::Error> {
    let found = tables.journal_after(number.saturating_sub(1), 1)?;
    for mut entry in found {
        entry.standing = Standing::Refused(reason);
        tables.put_entry(&entry)?;
        // Statements are folded, not applied.
        if !entry.kind.is_statement() {
            tables.mark_to_apply(&entry.document, 0)?;
        }
    }
    Ok(())
}

/// Numbers what has no position from 1, in its old order.
fn number_anew<T: JournalTables>(tables: &mut T) -> Result<(), T::Error> {
    let mut lacking = Vec::new();
    let mut after = 0;
    loop {
        let some = tables.journal_after(after, 1024)?;
        let Some(last) = some.last().and_then(|entry| entry.journal) else { break };
        after = last;
        for entry in some {
            if entry.position.is_none() {
                lacking.push(entry);
            } else {
                tables.put_entry(&NodeEntry { journal: None, ..entry })?;
            }
        }
    }
    tables.journal_clear()?;
    let mut number = 0_u64;
    let mut digest = [0; 32];
    for entry in lacking {
        number = number.saturating_add(1);
        digest = digest_after(&digest, &entry.id);
        tables.journal_append(number, &entry.id, &digest)?;
        tables.put_entry(&NodeEntry { journal: Some(number), ..entry })?;
    }
    let mut facts = tables.facts()?;
    facts.journal_head = number;
    facts.journal_digest = digest;
    facts.journal_through = 0;
    tables.put_facts(&facts)
}
