//! What must hold, whatever went wrong.

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::{DocumentId, Entry, EntryId, UnitId, Verdict};
use hoso_registry::{Facts, admit};
use hoso_store::{
    rules::badge::{Badge, Reach, badge, last},
    tables::{Delivered, LedgerEntry, NodeEntry, Standing},
};

use super::{
    cast::NODES,
    disk::NodeDisk,
    ledger::LedgerDisk,
    sorting::{Read, in_effect, named, sorted, taken},
    world::World,
};

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Entries that were shown as saved, and that a disk still has: with their dossiers.
    pub saved: BTreeMap<EntryId, DocumentId>,
    /// Entries that were ever durable at the relay.
    pub at_province: BTreeSet<EntryId>,
    /// Entries that were ever durably applied at a unit, or found there not to fit: the later one
    /// of two changes of one actor, which its author has not heard of yet.
    pub applied: BTreeMap<UnitId, BTreeSet<EntryId>>,
    /// The code of each dossier; none of those that clones gave.
    pub codes: BTreeMap<String, DocumentId>,
    /// Whether something made copies or lost a disk, so that a copy may be suspected.
    pub copies: bool,
    /// How often the relay has lost something, and how often a node has proved that.
    pub losses: [u32; 2],
    /// What does not hold.
    pub broken: Vec<String>,
    /// What each node has shown last of each dossier, and of which entry.
    shown: BTreeMap<(usize, DocumentId), (EntryId, Badge)>,
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

    /// A ledger begins a new life only when it has lost something: once for each loss, and once
    /// more for each life that was begun before and went with it.
    pub fn look_at_life(&mut self, is_new: bool) {
        self.losses[1] += u32::from(is_new);
        let [lost, begun] = self.losses;
        if begun > lost * (lost + 1) / 2 {
            self.fail("a ledger that has lost nothing begins a new life".to_owned());
        }
    }

    /// O9: a code is given once.
    pub fn give_code(&mut self, code: String, document: DocumentId) {
        if let Some(other) = self.codes.insert(code.clone(), document) {
            self.fail(format!("O9: the code {code} was given to {other} and to {document}"));
        }
    }

    /// A node's disk was replaced: nobody has seen yet what it shows.
    pub fn forget_shown(&mut self, number: usize) {
        self.shown.retain(|(node, _), _| *node != number);
    }

    /// O2: what a node shows was so, and it takes back nothing without a word.
    pub fn look_at(&mut self, (node, unit): (usize, UnitId), disk: &NodeDisk, sent_through: u64) {
        for (document, last, shown) in badges(unit, disk, sent_through) {
            if reach(shown) >= reach(Badge::AtProvince) && !self.at_province.contains(&last.id) {
                self.fail(format!("O2: {} is shown as {shown:?}", last.id));
            }
            let destinations = destinations(disk, &document, &last).into_iter();
            let lacking: Vec<UnitId> = destinations
                .filter(|other| *other != unit)
                .filter(|other| !self.applied.get(other).is_some_and(|ids| ids.contains(&last.id)))
                .collect();
            if reach(shown) >= reach(Badge::Delivered) && !lacking.is_empty() {
                self.fail(format!("O2: {} is shown as {shown:?}, not so at {lacking:?}", last.id));
            }
            let before = self.shown.insert((node, document), (last.id, shown));
            if let Some((id, before)) = before
                && id == last.id
                && reach(shown).is_some_and(|shown| Some(shown) < reach(before))
            {
                self.fail(format!("O2: node {node} takes {before:?} of {id} back: {shown:?}"));
            }
        }
    }
}

/// How far a badge says that something is; none of those that say that it must be seen first.
fn reach(badge: Badge) -> Option<u8> {
    match badge {
        Badge::Saved | Badge::Copied | Badge::Unknown => Some(0),
        Badge::AtProvince => Some(1),
        Badge::Delivered => Some(2),
        Badge::Opened => Some(3),
        Badge::Rechecking | Badge::NeedsAttention => None,
    }
}

/// The units that a dossier names, but for that of the last entry's author: those which what has
/// effect there has added, as a page folds them. A unit that the ledger has let in by an entry
/// without effect gets the dossier, and is named nowhere.
fn destinations(disk: &NodeDisk, document: &DocumentId, last: &NodeEntry) -> Vec<UnitId> {
    let units = match disk.named.get(document).filter(|_| !disk.is_marked(document)) {
        Some(units) => units.clone(),
        None => named(disk, document, &in_effect(disk, document).1),
    };
    units.into_iter().filter(|unit| Some(*unit) != last.author_unit).collect()
}

/// What a node shows of its dossiers.
fn badges(unit: UnitId, disk: &NodeDisk, sent_through: u64) -> Vec<(DocumentId, NodeEntry, Badge)> {
    let mut known = disk.all_delivered();
    known.push(Delivered { unit, through: u64::MAX, except: Vec::new(), at_ms: 0, node: None });
    let dossiers = disk.dossiers().map(|document| (document, said(disk, &document)));
    let shown = dossiers.filter_map(|(document, entries)| {
        let last = last(&entries)?.clone();
        let destinations = destinations(disk, &document, &last);
        let reach = Reach { destinations: &destinations, opened: &[], known: &known, copied: 0 };
        let shown = badge(&last, reach, disk.kept(), sent_through);
        Some((document, last, shown))
    });
    shown.collect()
}

/// The entries of a dossier but for those that count and, as a page folds it, have no effect:
/// until it is applied.
fn said(disk: &NodeDisk, document: &DocumentId) -> Vec<NodeEntry> {
    let mut entries = disk.of(document);
    if disk.is_marked(document) {
        let (_, ids) = in_effect(disk, document);
        entries.retain(|entry| entry.standing != Standing::Counts || ids.contains(&entry.id));
    }
    entries
}

/// What is not yet as it shall be at these nodes when they and the relay are well again. What
/// depends on other nodes, such as that a dossier is delivered, is asked for when all are.
#[must_use]
pub fn unrest(world: &World, among: &[usize]) -> Option<String> {
    for (number, node) in among.iter().map(|number| (*number, &world.nodes[*number])) {
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
    let own = || among.iter().flat_map(|number| differences_at(world, *number)).next();
    if among.len() < NODES.len() { own() } else { differences(world).into_iter().next() }
}

/// What of a dossier has effect by the statements that the relay has in the end: all that it
/// accepted, but for what a statement forbids that came back after the relay had lost it, for the
/// later one of two changes of one actor, and for what rests on either.
fn counting(world: &World, document: &DocumentId, audience: &BTreeSet<UnitId>) -> Vec<EntryId> {
    let (ledger, state) = &*world.relay.durable;
    let audience: Vec<UnitId> = audience.iter().copied().collect();
    let counts = |entry: &LedgerEntry| {
        let facts = Facts { audience: Some(&audience), ..Facts::default() };
        Entry::decode(&entry.bytes).is_ok_and(|read| {
            let verdict = admit(read.header(), &entry.id, Some(entry.position), state, &facts);
            verdict == Verdict::Admitted
        })
    };
    let mut entries: Vec<&LedgerEntry> =
        ledger.all().filter(|entry| entry.document == *document).collect();
    entries.sort_by_key(|entry| entry.position);
    let read = entries.iter().filter_map(|it| Read::of(it.id, &it.bytes, counts(it)));
    taken(sorted(&read.collect::<Vec<_>>()).1)
}

/// What the nodes of a unit are to show in the end.
pub(super) fn expected(world: &World, unit: UnitId) -> BTreeMap<DocumentId, Vec<EntryId>> {
    let ledger = &world.relay.durable.0;
    ledger
        .audiences()
        .filter(|(_, audience)| audience.contains(&unit))
        .map(|(document, audience)| (document, counting(world, &document, audience)))
        .filter(|(_, ids)| !ids.is_empty())
        .collect()
}

/// O1, O2, O3, O4, O7 at the end.
#[must_use]
pub fn differences(world: &World) -> Vec<String> {
    let ledger = &world.relay.durable.0;
    let mut found = Vec::new();
    for id in world.watch.saved.keys() {
        if !ledger.has(id) && !ledger.keeps_aside(id) {
            found.push(format!("O1: {id} was shown as saved and is not at the province"));
        }
    }
    for (number, node) in world.nodes.iter().enumerate().take(NODES.len()) {
        let unit = world.place(number).unit;
        let disk = &node.durable.0;
        found.extend(differences_at(world, number));
        found.extend(
            badges(unit, disk, 0)
                .into_iter()
                .filter(|(_, last, _)| last.standing == Standing::Counts)
                .filter(|(_, _, shown)| *shown != Badge::Delivered)
                .map(|(of, _, shown)| format!("O2: node {number} shows {shown:?} of {of}")),
        );
    }
    found
}

/// O3, O4 and O7 at one node.
fn differences_at(world: &World, number: usize) -> Vec<String> {
    let (ledger, disk) = (&world.relay.durable.0, &world.nodes[number].durable.0);
    let expected = expected(world, world.place(number).unit);
    let mut found = disagreements(number, &expected, &disk.records);
    found.extend(misplaced(number, ledger, disk));
    found
}

/// O3 and O4: what a node shows is what the ledger accepted for its unit, and nothing else.
fn disagreements(
    number: usize,
    expected: &BTreeMap<DocumentId, Vec<EntryId>>,
    records: &BTreeMap<DocumentId, Vec<EntryId>>,
) -> Vec<String> {
    let documents: BTreeSet<&DocumentId> = expected
        .keys()
        .chain(records.keys())
        .filter(|document| !document.is_zero())
        .filter(|document| expected.get(*document) != records.get(*document))
        .collect();
    let lengths = documents.into_iter().map(|document| {
        let [shown, accepted] = [records, expected].map(|all| all.get(document).map(Vec::len));
        format!("O3: node {number} shows {shown:?} of {accepted:?} entries of {document}")
    });
    lengths.collect()
}

/// O3 and O7: entries have the ledger's positions, and what it refused counts nowhere.
fn misplaced(number: usize, ledger: &LedgerDisk, disk: &NodeDisk) -> Vec<String> {
    let mut found = Vec::new();
    for entry in disk.all() {
        let position = ledger.position_of(&entry.id);
        if entry.position != position {
            let (id, own) = (entry.id, entry.position);
            found
                .push(format!("O3: node {number} has {id} at {own:?}, the ledger at {position:?}"));
        }
        let refused = ledger.refused(&entry.id).filter(|_| position.is_none());
        if entry.standing == Standing::Counts
            && let Some(reason) = refused
        {
            found.push(format!("O7: node {number} counts {}, refused: {reason:?}", entry.id));
        }
    }
    found
}
