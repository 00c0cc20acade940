//! What of a dossier has effect: the changes that its entries carry, sorted by the shipped rule.

use std::collections::BTreeSet;

use hoso_dossier::{
    Change, History, Value,
    history::{Candidate, Outcome, WriteError},
    shape,
};
use hoso_identity::{
    ActorId, DocumentId, Entry, EntryId, Nonce, PublicKey, Reason, UnitId, WaitingFor,
};
use hoso_store::{
    rules::{
        intake::is_forged,
        journal::{self, Applicability},
    },
    tables::{JournalTables, NodeEntry, Standing},
};

use super::disk::NodeDisk;

/// An entry that was read.
pub(super) struct Read {
    id: EntryId,
    change: Change,
    actor: ActorId,
    first: bool,
    counts: bool,
}

impl Read {
    /// Reads the change of an entry; none where it carries none.
    pub(super) fn of(id: EntryId, bytes: &[u8], counts: bool) -> Option<Self> {
        let entry = Entry::decode(bytes).ok()?;
        let change = shape::read(entry.payload()).ok()?;
        let header = entry.header();
        let actor = ActorId::of(&header.author, &header.nonce);
        Some(Self { id, change, actor, first: header.is_first(), counts })
    }
}

/// Sorts entries out that are given in the order of the ledger, own ones last.
pub(super) fn sorted(read: &[Read]) -> (History, Vec<(EntryId, Outcome)>) {
    let candidates = read.iter().map(|read| {
        let Read { change, actor, first, counts, .. } = read;
        Candidate { change, actor: *actor, first: *first, counts: *counts }
    });
    let (history, outcomes) = History::of(&candidates.collect::<Vec<_>>());
    (history, read.iter().map(|read| read.id).zip(outcomes).collect())
}

/// The ids of those that have effect, ascending.
pub(super) fn taken(outcomes: Vec<(EntryId, Outcome)>) -> Vec<EntryId> {
    let taken = outcomes.into_iter().filter(|(_, outcome)| matches!(outcome, Outcome::Taken));
    let mut ids: Vec<EntryId> = taken.map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids
}

/// The entries of a dossier at a node that may say something, read in the order of the ledger;
/// those without a position last. `first_come` is a planted mistake: the order in which they came.
pub(super) fn read_at_node(
    mut stored: Vec<NodeEntry>,
    first_come: bool,
    counts: impl Fn(&NodeEntry) -> bool,
) -> Vec<Read> {
    if !first_come {
        stored.sort_by_key(|entry| (entry.position.is_none(), entry.position, entry.journal));
    }
    let said = stored.iter().filter(|entry| !is_forged(&entry.standing));
    said.filter_map(|entry| Read::of(entry.id, &entry.bytes, counts(entry))).collect()
}

/// Whether an entry is tried when its dossier is applied, as a node does it to whose journal the
/// relay has answered through that number.
pub(super) fn is_tried(entry: &NodeEntry, through: u64) -> bool {
    match entry.standing {
        Standing::Counts | Standing::Waiting(WaitingFor::Dependency(_)) => true,
        Standing::Waiting(WaitingFor::Operator(_)) => {
            entry.position.is_some() || entry.journal.is_none_or(|number| number > through)
        }
        Standing::Refused(Reason::Shape) => entry.position.is_some(),
        Standing::Waiting(
            WaitingFor::Document(_) | WaitingFor::Grant(_) | WaitingFor::Audience(..),
        )
        | Standing::Refused(_) => false,
    }
}

/// What is to be noted of the entries of a dossier.
fn standings(document: DocumentId, outcomes: Vec<(EntryId, Outcome)>) -> Vec<Applicability> {
    let noted = outcomes.into_iter().filter_map(|(id, outcome)| {
        let standing = match outcome {
            Outcome::Taken => Standing::Counts,
            Outcome::Waiting => Standing::Waiting(WaitingFor::Dependency(document)),
            Outcome::Refused(_) => Standing::Refused(Reason::Shape),
            Outcome::Passed => return None,
        };
        Some(Applicability { id, standing })
    });
    noted.collect()
}

/// The change in which somebody says something in a dossier, such as its code, upon all that has
/// effect there.
pub(super) fn written(
    history: &History,
    (author, nonce): (&PublicKey, &Nonce),
    code: Option<&str>,
) -> Result<Vec<u8>, WriteError> {
    let said = [("code".to_owned(), code.map_or(Value::Null, |it| Value::Text(it.to_owned())))];
    let actor = ActorId::of(author, nonce);
    let written = history.write(&history.heads(), actor, &Value::Map(said.into()));
    written.map(|(payload, _)| payload)
}

/// Applies one dossier: what counts by the statements has effect, as far as its changes fit.
pub(super) fn project(disk: &mut NodeDisk, document: DocumentId) -> Result<(), ()> {
    let entries = disk.document(&document).map_err(|_| ())?;
    let mut noted = Vec::new();
    if !document.is_zero() {
        let through = disk.kept().journal_through;
        let tried = |entry: &NodeEntry| is_tried(entry, through);
        let (_, outcomes) = sorted(&read_at_node(entries, disk.first_come, tried));
        noted = standings(document, outcomes);
    }
    journal::applied(disk, &document, &noted).map_err(|_| ())?;
    record(disk, document);
    Ok(())
}

/// What has effect of a dossier: what rests on what, and the ids, ascending.
pub(super) fn in_effect(disk: &NodeDisk, document: &DocumentId) -> (History, Vec<EntryId>) {
    let counts = |entry: &NodeEntry| entry.standing == Standing::Counts;
    let (history, outcomes) = sorted(&read_at_node(disk.of(document), disk.first_come, counts));
    (history, taken(outcomes))
}

/// Writes the record of a dossier.
pub(super) fn record(disk: &mut NodeDisk, document: DocumentId) {
    if document.is_zero() {
        return;
    }
    let (_, ids) = in_effect(disk, &document);
    if ids.is_empty() {
        disk.records.remove(&document);
        disk.named.remove(&document);
    } else {
        disk.named.insert(document, named(disk, &document, &ids));
        disk.records.insert(document, ids);
    }
}

/// The units that these entries of a dossier have added to it.
pub(super) fn named(disk: &NodeDisk, document: &DocumentId, ids: &[EntryId]) -> BTreeSet<UnitId> {
    let entries = disk.of(document).into_iter().filter(|entry| ids.contains(&entry.id));
    let read = entries.filter_map(|entry| Entry::decode(&entry.bytes).ok());
    read.flat_map(|entry| entry.header().units_added.clone()).collect()
}
