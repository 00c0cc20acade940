//! A node's side of healing: when it wishes one, what it finds on the way, what it leaves.

use hoso_identity::{DocumentId, EntryId, Epoch, Incarnation, Position, Scope};

use super::{
    intake::{Taken, decide_from},
    journal::{enter, keep_aside},
    ledger::Outcome,
    mend::Positioned,
};
use crate::tables::{
    Admission, JournalTables, NodeEntry, NodeFacts, RowOf, ScopePoint, Standing, digest_after,
};

/// Milliseconds after which both sides are compared again although nothing seems wrong: a week.
pub const WEEK_MS: u64 = 7 * DAY_MS;
/// Milliseconds over which nodes are spread that were compared together: a day.
const DAY_MS: u64 = 24 * 3600 * 1000;
/// Documents whose rows are set in one transaction: a tenth of a second or less.
const ROWS_DOCUMENTS: usize = 1000;

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

/// Notes that the relay's rows do not fit the own ones: the next session asks for healing.
///
/// # Errors
///
/// As the storage fails.
pub fn diverged<T: JournalTables>(tables: &mut T) -> Result<(), T::Error> {
    let mut facts = tables.facts()?;
    facts.diverged = true;
    facts.rechecking = true;
    tables.put_facts(&facts)
}

/// Gives what has a position in a scope the row of the head that the relay's listing showed, some
/// documents at a time, before both sides are compared: what the comparison brings has that row
/// too, and what the relay lacks gets its row from the feed. Rows of this life of the ledger stay.
/// Gives the last document, or none at the end.
///
/// # Errors
///
/// As the storage fails.
pub fn set_rows<T: JournalTables>(
    tables: &mut T,
    scope: Scope,
    row: u64,
    after: Option<&DocumentId>,
) -> Result<Option<DocumentId>, T::Error> {
    let only_missing = !tables.facts()?.rechecking;
    tables.set_rows(RowOf { scope, row, only_missing }, after, ROWS_DOCUMENTS)
}

/// Takes what became of the entries that the relay lacked. Their rows are above the head that was
/// listed: until they come, nothing may be said of how far these entries are. What the relay has
/// not accepted has no position, and is the journal's from now on, also if another wrote it: a
/// relay that forgets it gets it again. What a statement among that has decided is decided without
/// it, as everywhere else.
///
/// # Errors
///
/// As the storage fails.
pub fn claimed<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    claimed: &[EntryId],
    outcomes: &[(EntryId, Outcome)],
) -> Result<Taken, T::Error> {
    let mut taken = Taken::default();
    let mut said: Option<Position> = None;
    for id in claimed {
        let Some(mut entry) = tables.entry(id)? else { continue };
        entry.row = None;
        let outcome =
            outcomes.iter().find(|(of, _)| of == id).and_then(|(_, outcome)| match outcome {
                Outcome::Accepted(_) => None,
                Outcome::Waiting(what) => Some(Standing::Waiting(*what)),
                Outcome::Refused(reason) => Some(Standing::Refused(*reason)),
            });
        if let Some(standing) = outcome {
            let position = entry.position.take().filter(|_| entry.kind.is_statement());
            said = said.into_iter().chain(position).min();
            entry.placed_ms = None;
            if entry.journal.is_none() {
                entry.journal = Some(enter(tables, id)?);
            }
            keep_aside(tables, entry, standing, &mut taken)?;
        } else {
            tables.put_entry(&entry)?;
        }
    }
    if let Some(position) = said {
        taken.documents.append(&mut decide_from(tables, admission, position)?.documents);
    }
    Ok(taken)
}

/// Ends a healing: the cursors become the heads that the listings showed. The relay has the journal
/// `through` that number, whatever an old receipt has said meanwhile; one that it does not know
/// begins at 1 with what it lacks.
///
/// # Errors
///
/// As the storage fails.
pub fn healed<T: JournalTables>(
    tables: &mut T,
    epoch: Epoch,
    heads: &[ScopePoint],
    through: Option<u64>,
    now_ms: u64,
) -> Result<(), T::Error> {
    for head in heads {
        tables.put_cursor(head)?;
    }
    if through.is_none() {
        number_anew(tables)?;
    }
    let mut facts = tables.facts()?;
    facts.journal_through = facts.journal_through.min(through.unwrap_or(0));
    if facts.rechecking {
        tables.clear_delivered()?;
    }
    facts.epoch = Some(epoch);
    facts.rechecking = false;
    facts.diverged = false;
    facts.checked_ms = Some(now_ms);
    tables.put_facts(&facts)
}

/// Why the next session is to begin with healing, if the node has a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Both sides were last compared a week ago.
    Week,
    /// A healing has begun and not ended.
    Unfinished,
    /// The relay's rows do not fit.
    Diverged,
}

/// What the node wishes now. Nodes that were healed together are spread over a day.
#[must_use]
pub fn wish(facts: &NodeFacts, now_ms: u64) -> Option<Wish> {
    facts.epoch?;
    if facts.diverged {
        return Some(Wish::Diverged);
    }
    if facts.rechecking {
        return Some(Wish::Unfinished);
    }
    let Some(checked_ms) = facts.checked_ms else { return Some(Wish::Week) };
    let [first, second, ..] = facts.incarnation.0;
    let part = u64::from(u16::from_be_bytes([first, second]));
    let spread_ms = part.saturating_mul(DAY_MS) >> 16;
    let due = match now_ms.checked_sub(checked_ms) {
        Some(age_ms) => age_ms >= WEEK_MS.saturating_add(spread_ms),
        // A clock that was ahead has noted a time to come.
        None => checked_ms > now_ms.saturating_add(DAY_MS),
    };
    due.then_some(Wish::Week)
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

/// Numbers what has no position from 1, in its old order.
fn number_anew<T: JournalTables>(tables: &mut T) -> Result<(), T::Error> {
    let lacking = tables.journal_unplaced()?;
    tables.journal_clear()?;
    let mut number = 0_u64;
    let mut digest = [0; 32];
    for id in lacking {
        number = number.saturating_add(1);
        digest = digest_after(&digest, &id);
        tables.journal_append(number, &id, &digest)?;
        if let Some(entry) = tables.entry(&id)? {
            tables.put_entry(&NodeEntry { journal: Some(number), ..entry })?;
        }
    }
    let mut facts = tables.facts()?;
    facts.journal_head = number;
    facts.journal_digest = digest;
    facts.journal_through = 0;
    tables.put_facts(&facts)
}
