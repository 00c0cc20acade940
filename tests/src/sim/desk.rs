//! What people do at the nodes, and what becomes of the machines.

use std::{rc::Rc, sync::Arc};

use hoso_identity::{DocumentId, Entry, EntryId, Incarnation, Kind, Nonce, UnitId, Verdict};
use hoso_store::{
    rules::{journal, recheck},
    tables::{Admission, JournalTables},
};
use hoso_sync::node::Input;

use super::{
    cast::{NEWER, NODES, UNITS, noted, received, unit_added},
    disk::NodeDisk,
    faults::{Fault, Planted},
    node::SimNode,
    sorting::{self, in_effect, record},
    world::{Copy, Event, Phase, Who, World},
};

/// Codes of one day, for all that it matters here.
const DAY: u32 = 20_261_124;
/// Milliseconds until a node that comes back from a copy runs again.
pub(super) const RESTORE_MS: u64 = 300;

impl World {
    /// Somebody receives a dossier, adds to one, or gives one to another unit.
    pub(super) fn work_at_desk(&mut self, node: usize) {
        if self.nodes[node].down
            || self.nodes[node].gone
            || self.nodes[node].written.1.realm().is_none()
        {
            // Nobody can work before the statements have come: later.
            if self.phase == Phase::Storm && !self.nodes[node].gone {
                self.at(2_000, Event::Work { node });
            }
            return;
        }
        let place = self.place(node).clone();
        let known: Vec<DocumentId> = self.nodes[node].written.0.records.keys().copied().collect();
        let kind = if known.is_empty() { 0 } else { self.dice.place(5) };
        let other = UNITS[self.dice.place(UNITS.len())];
        let document = known.get(self.dice.place(known.len().max(1))).copied();
        let (kind, document, mut units, clerk) = match (kind, document) {
            (1 | 2, Some(document)) => (noted(), document, Vec::new(), 0),
            (3, Some(document)) => (unit_added(), document, vec![other], 0),
            _ => {
                let mut units: Vec<UnitId> = vec![place.unit, other];
                units.sort_unstable();
                units.dedup();
                (received(), DocumentId::ZERO, units, usize::from(self.dice.percent(20)))
            }
        };
        units.sort_unstable();
        let nonce = Nonce(self.dice.number().to_be_bytes());
        self.keep(node, (clerk, nonce), (kind, document, &units));
    }

    /// A clerk adds to a dossier while chance repeats itself: under a nonce that was used before
    /// the machine came back from an old copy.
    pub(super) fn write_twin(&mut self, node: usize, document: DocumentId, nonce: Nonce) {
        let author = self.place(node).clerks[0].public();
        let is_twin = |bytes: &[u8]| {
            let entry = Entry::decode(bytes).ok();
            entry.is_some_and(|it| (it.header().author, it.header().nonce) == (author, nonce))
        };
        let others = self.nodes.iter().filter(|other| !other.gone);
        let mut at_nodes = others.flat_map(|other| other.durable.0.of(&document));
        let lives = at_nodes.any(|entry| is_twin(&entry.bytes))
            || self.relay.durable.0.all().any(|entry| is_twin(&entry.bytes));
        if self.keep(node, (0, nonce), (noted(), document, &[])) && lives {
            *self.fired.entry(Fault::Twin).or_default() += 1;
        }
    }

    /// A clerk's program of the next release adds to a dossier what no program of today knows;
    /// gives whether there was a dossier.
    pub(super) fn write_newer(&mut self, node: usize) -> bool {
        let known: Vec<DocumentId> = self.nodes[node].written.0.records.keys().copied().collect();
        let which = self.dice.place(known.len().max(1));
        let Some(document) = known.get(which) else { return false };
        let nonce = Nonce(self.dice.number().to_be_bytes());
        self.keep(node, (0, nonce), (NEWER, *document, &[]));
        true
    }

    /// Signs an entry of a clerk's and keeps it; the receipt is shown when it is durable. Gives
    /// whether it was kept.
    fn keep(
        &mut self,
        node: usize,
        (clerk, nonce): (usize, Nonce),
        (kind, document, units): (Kind, DocumentId, &[UnitId]),
    ) -> bool {
        let code = if document.is_zero() { self.code(node) } else { None };
        let clerk = self.place(node).clerks[clerk].clone();
        let (history, _) = in_effect(&self.nodes[node].written.0, &document);
        let Ok(payload) = sorting::written(&history, (&clerk.public(), &nonce), code.as_deref())
        else {
            return false;
        };
        let entry = clerk.sign(kind, (document, units), payload, nonce);
        let written = self.node_write(node, &mut |disk, registrar| {
            let audience = disk.audience(&entry.document()).map_err(|_| ())?;
            let verdict = registrar.decide(&entry, None, audience.as_deref());
            if verdict != Verdict::Admitted {
                return Err(());
            }
            journal::append(disk, registrar, &entry).map_err(|_| ())?;
            record(disk, entry.document());
            Ok(disk.kept().journal_head)
        });
        let Ok((head, after)) = written else { return false };
        let (id, of) = (entry.id(), entry.document());
        let boot = self.nodes[node].boot;
        let code = code.filter(|_| !self.nodes[node].is_clone);
        self.at(after, Event::Saved { node, boot, id, of, code, head });
        true
    }

    /// The receipt is shown: from now on the entry must survive.
    pub(super) fn saved(
        &mut self,
        (node, boot): (usize, u32),
        (id, of): (EntryId, DocumentId),
        code: Option<String>,
        head: u64,
    ) {
        if self.nodes[node].boot != boot || self.nodes[node].gone {
            return;
        }
        self.watch.saved.insert(id, of);
        self.nodes[node].worked = self.now;
        if let Some(code) = code {
            self.watch.give_code(code, of);
        }
        let line = self.nodes[node].session.as_ref().map(|session| session.line);
        if let Some(line) = line {
            self.tell_node(node, line, Input::JournalGrew(head));
        }
    }

    /// A code: the unit, the station of this copy, and its counter; none where no station is left,
    /// as the code is given later then.
    fn code(&mut self, node: usize) -> Option<String> {
        let unit = self.place(node).unit;
        let stations = self.place(node).stations.clone();
        let sim = &mut self.nodes[node];
        let reused = self.planted == Some(Planted::ReusedStation);
        let copies = if reused { 0 } else { sim.written.0.copies };
        let station = stations.get(copies)?;
        let counter = if reused {
            // As if the counter stood in the database: it comes back with the backup.
            let given = sim
                .written
                .0
                .all()
                .filter(|entry| entry.kind == received() && entry.journal.is_some());
            u16::try_from(given.count()).unwrap_or(0)
        } else {
            let counter = sim.counters.entry(*station).or_default();
            *counter += 1;
            *counter
        };
        Some(format!("{}-{DAY}-{station:03}{counter:04}", unit.0))
    }

    pub(super) fn restore_node(&mut self, node: usize) -> bool {
        let which = self.dice.place(self.nodes[node].copies.len().max(1));
        let Some(copy) = self.nodes[node].copies.get(which).cloned() else { return false };
        self.restore_node_from(node, &copy);
        true
    }

    /// A node comes back from that copy.
    pub(super) fn restore_node_from(&mut self, node: usize, copy: &Copy<NodeDisk>) {
        self.watch.copies = true;
        self.crash_node(node);
        let copies = self.nodes[node].durable.0.copies + 1;
        let (mut disk, state) = (copy.0.clone(), Arc::clone(&copy.1));
        let incarnation = Incarnation(self.dice.bytes());
        recheck::renew(&mut disk, incarnation).expect("a disk in memory does not fail");
        disk.copies = copies;
        self.nodes[node].replace(Rc::new((disk, state)));
        self.forget_what_is_gone();
        self.watch.forget_shown(node);
        self.at(RESTORE_MS, Event::Start(Who::Node(node)));
    }

    pub(super) fn clone_node(&mut self, node: usize) -> bool {
        if self.nodes.len() > NODES.len() {
            return false;
        }
        self.watch.copies = true;
        let original = &self.nodes[node];
        let mut clone = SimNode::new(original.place, NodeDisk::new(Incarnation([0; 16])));
        clone.replace(Rc::clone(&original.durable));
        clone.counters = original.counters.clone();
        clone.is_clone = true;
        clone.is_older = original.is_older;
        clone.down = true;
        let number = self.nodes.len();
        self.nodes.push(clone);
        self.at(10, Event::Start(Who::Node(number)));
        for after in [500, 3_000, 9_000] {
            self.at(after, Event::Work { node: number });
        }
        let lasting = self.dice.between(5_000, 40_000);
        self.at(lasting, Event::Retire);
        true
    }

    /// The second copy goes away for ever, with what only it had.
    pub(super) fn retire(&mut self) {
        let number = NODES.len();
        if self.nodes.get(number).is_none_or(|clone| clone.gone) {
            return;
        }
        self.crash_node(number);
        self.nodes[number].gone = true;
        self.forget_what_is_gone();
    }
}
