//! What must hold, whatever went wrong.

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::{DocumentId, Entry, EntryId, UnitId, Verdict};
use hoso_registry::{Facts, admit};
use hoso_store::{
    rules::badge::delivered,
    tables::{LedgerEntry, NodeEntry, Standing},
};

use super::{cast::NODES, disk::NodeDisk, ledger::LedgerDisk, world::World};

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Entries that were shown as saved, and that a disk still has: with their dossiers.
    pub saved: BTreeMap<EntryId, DocumentId>,
    /// Entries that were ever durable at the relay.
    pub at_province: BTreeSet<EntryId>,
    /// Entries that were ever durably applied at a unit.
    pub applied: BTreeMap<UnitId, BTreeSet<EntryId>>,
    /// The code of each dossier; none of those that clones gave.
    pub codes: BTreeMap<String, DocumentId>,
    /// Whether something made copies or lost a disk, so that a copy may be suspected.
    pub copies: bool,
    /// What does not hold.
    pub broken: Vec<String>,
}

impl Watch {
    /// Before anything has happened.
    #[must_use]
    pub fn new(ledger: &LedgerDisk) -> Self {
        Self { at_province: ledger.all().map(|entry| entry.id).collect(), ..Self::default() }
    }

    /// Something does not hold.
    pub fn fail(&mut self, what: String) {
        self.broken.push(what);
    }

    /// O9: a code is given once.
    pub fn give_code(&mut self, code: String, document: DocumentId) {
        if let Some(other) = self.codes.insert(code.clone(), document) {
            self.fail(format!("O9: the code {code} was given to {other} and to {document}"));
        }
    }

    /// O2: what a node shows was so.
    pub fn look_at(&mut self, unit: UnitId, disk: &NodeDisk) {
        if disk.kept().rechecking {
            return;
        }
        let known = disk.all_delivered();
        // The badge speaks of the last entry: while it is here alone, the badge says so.
        let alone: BTreeSet<DocumentId> =
            disk.all().filter(|entry| entry.row.is_none()).map(|entry| entry.document).collect();
        let mut last: BTreeMap<DocumentId, &NodeEntry> = BTreeMap::new();
        for entry in disk.all().filter(|entry| entry.row.is_some()) {
            if !self.at_province.contains(&entry.id) {
                self.broken.push(format!("O2: {} is shown as at the province", entry.id));
                return;
            }
            let known = last.entry(entry.document).or_insert(entry);
            if entry.row > known.row {
                *known = entry;
            }
        }
        for (document, entry) in last
            .into_iter()
            .filter(|(document, _)| !document.is_zero() && !alone.contains(document))
        {
            let (Some(row), Standing::Counts) = (entry.row, entry.standing) else { continue };
            for other in disk.audience_of(&document) {
                let shown = other != unit
                    && entry.author_unit != Some(other)
                    && delivered(&known, other, row, &entry.id);
                let so = self.applied.get(&other).is_some_and(|ids| ids.contains(&entry.id));
                if shown && !so {
                    let text = format!(
                        "O2: {} is shown as applied at {} by unit {}: row {row}, {known:?}",
                        entry.id, other.0, unit.0
                    );
                    self.broken.push(text);
                    return;
                }
            }
        }
    }
}

/// What is not yet as it shall be when everything has calmed down.
#[must_use]
pub fn unrest(world: &World) -> Option<String> {
    for (number, node) in world.nodes.iter().enumerate().take(NODES.len()) {
        if !node.is_up() {
            return Some(format!("node {number} has no link"));
        }
        let facts = node.durable.0.kept();
        if facts.journal_head > facts.journal_through {
            let (head, through) = (facts.journal_head, facts.journal_through);
            return Some(format!("node {number} has sent {through} of {head}"));
        }
        if facts.rechecking {
            return Some(format!("node {number} is being checked again"));
        }
    }
    differences(world).into_iter().next()
}

/// What of a dossier counts by the statements that the relay has in the end: all that it accepted,
/// but for what a statement forbids that came back after the relay had lost it.
fn counting(world: &World, document: &DocumentId, audience: &BTreeSet<UnitId>) -> Vec<EntryId> {
    let (ledger, state) = &*world.relay.durable;
    let audience: Vec<UnitId> = audience.iter().copied().collect();
    let counts = |entry: &&LedgerEntry| {
        let facts = Facts { audience: Some(&audience), ..Facts::default() };
        Entry::decode(&entry.bytes).is_ok_and(|read| {
            let verdict = admit(read.header(), &entry.id, Some(entry.position), state, &facts);
            verdict == Verdict::Admitted
        })
    };
    let entries = ledger.all().filter(|entry| entry.document == *document);
    entries.filter(counts).map(|entry| entry.id).collect()
}

/// O1, O3, O5, O7 at the end.
#[must_use]
pub fn differences(world: &World) -> Vec<String> {
    let ledger = &world.relay.durable.0;
    let mut found = Vec::new();
    for id in world.watch.saved.keys() {
        if !ledger.has(id) && !ledger.keeps_aside(id) {
            found.push(format!("O1: {id} was shown as saved and is not at the province"));
        }
    }
    for (document, audience) in ledger.audiences() {
        let ids = counting(world, &document, audience);
        for (number, node) in world.nodes.iter().enumerate().take(NODES.len()) {
            let holds = audience.contains(&world.place(number).unit);
            let record = node.durable.0.records.get(&document);
            match (holds, record) {
                (true, Some(record)) if *record == ids => {}
                (true, None) if ids.is_empty() => {}
                (true, _) => found.push(format!(
                    "O3: node {number} shows {:?} of {} entries of {document}",
                    record.map(Vec::len),
                    ids.len()
                )),
                (false, Some(_)) => {
                    found.push(format!("O4: node {number} holds {document}, a stranger's"));
                }
                (false, None) => {}
            }
        }
    }
    found
}
