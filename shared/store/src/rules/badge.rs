//! How far a dossier has come, as its badge says it.

use hoso_identity::{EntryId, UnitId};

use crate::tables::{Delivered, NodeEntry, NodeFacts, Standing};

/// The states of the badge, in the order in which facts arrive, then the exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badge {
    /// Durable at this node alone.
    Saved,
    /// Durable at another node of the unit too.
    Copied,
    /// Accepted by the province.
    AtProvince,
    /// Applied at every destination.
    Delivered,
    /// Opened at every destination.
    Opened,
    /// Sent, and no answer came before the link was lost.
    Unknown,
    /// It was at the province before the relay was restored; being checked again.
    Rechecking,
    /// Refused or set aside: someone must look.
    NeedsAttention,
}

impl Badge {
    /// The stable code of the API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Copied => "copied",
            Self::AtProvince => "at_province",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Unknown => "unknown",
            Self::Rechecking => "rechecking",
            Self::NeedsAttention => "needs_attention",
        }
    }
}

/// Whom a dossier concerns, and what is known of them.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// The units that what has effect has added, without that of the last entry's author.
    pub destinations: &'a [UnitId],
    /// Units that have opened the dossier.
    pub opened: &'a [UnitId],
    /// What the relay has said of destinations.
    pub known: &'a [Delivered],
    /// The number of the own journal up to which another node of the unit has everything.
    pub copied: u64,
}

/// Of these entries of a dossier the one by which its badge is computed: what was refused here of
/// the own ones, else the last of those that count. What has no row comes after everything that has
/// one, and the ledger's rows before its positions: what it got back late has an old position, and
/// concerns destinations that may have nothing of the dossier yet.
#[must_use]
pub fn last<'a>(entries: impl IntoIterator<Item = &'a NodeEntry> + Clone) -> Option<&'a NodeEntry> {
    let counts = |entry: &&NodeEntry| entry.standing == Standing::Counts;
    let of = || entries.clone().into_iter();
    let troubled = of().find(|entry| entry.journal.is_some() && !counts(entry));
    let order = |entry: &&NodeEntry| {
        let place = (entry.row.unwrap_or(u64::MAX), entry.position.is_none(), entry.position);
        (place, entry.journal)
    };
    troubled.or_else(|| of().filter(counts).max_by_key(order)).or_else(|| of().max_by_key(order))
}

/// The badge of a dossier. `sent_through` is the last journal number that was ever put on the line
/// and whose answer the lost link may have swallowed.
#[must_use]
pub fn badge(last: &NodeEntry, reach: Reach<'_>, facts: &NodeFacts, sent_through: u64) -> Badge {
    if last.standing != Standing::Counts {
        return Badge::NeedsAttention;
    }
    if last.position.is_none() {
        return unplaced(last, reach.copied, facts, sent_through);
    }
    // What was accepted and has no row was lacking at the relay, or is still to come again.
    let Some(row) = last.row.filter(|_| !facts.rechecking) else { return Badge::Rechecking };
    if !reach.destinations.iter().all(|unit| delivered(reach.known, *unit, row, &last.id)) {
        return Badge::AtProvince;
    }
    let everywhere = reach.destinations.iter().all(|unit| reach.opened.contains(unit));
    if everywhere && !reach.destinations.is_empty() { Badge::Opened } else { Badge::Delivered }
}

/// The badge of a dossier whose last entry has no position here. A receipt may have said that the
/// relay has it; a relay that was restored since has perhaps lost it.
fn unplaced(last: &NodeEntry, copied: u64, facts: &NodeFacts, sent_through: u64) -> Badge {
    let Some(number) = last.journal else { return Badge::Saved };
    if last.placed_ms.is_some() {
        let is_there = number <= facts.journal_through && !facts.rechecking;
        return if is_there { Badge::AtProvince } else { Badge::Rechecking };
    }
    if number <= copied {
        return Badge::Copied;
    }
    let is_sent = number > facts.journal_through && number <= sent_through;
    if is_sent { Badge::Unknown } else { Badge::Saved }
}

/// Whether the entry of this row is known to be applied at the unit.
#[must_use]
pub fn delivered(known: &[Delivered], unit: UnitId, row: u64, id: &EntryId) -> bool {
    known.iter().any(|fact| fact.unit == unit && fact.through >= row && !fact.except.contains(id))
}
