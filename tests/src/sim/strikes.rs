//! How faults strike. A fault counts only if it acts on somebody who is at work just then.

use std::{collections::BTreeSet, rc::Rc};

use hoso_identity::{DocumentId, Entry, EntryId, Nonce};

use super::{
    cast::{NODES, noted, received},
    desk::RESTORE_MS,
    disk::NodeDisk,
    faults::Fault,
    ledger::LedgerDisk,
    lines::Weather,
    world::{Copy, Event, Phase, Who, World},
};

/// How often a fault waits for somebody at work before it strikes anyhow.
const WAITS_MAX: u32 = 200;
/// Milliseconds of one such wait.
const WAIT_MS: u64 = 23;
/// Milliseconds for which a node works on without a line, and what is done there meanwhile.
const BACKLOG_MS: u64 = 30_000;
const BACKLOG_PIECES: u64 = 30;
/// Milliseconds that a change of release takes.
const UPGRADE_MS: u64 = 700;
/// Milliseconds until a clerk writes at a node that came back, at most.
const TWIN_MAX_MS: u64 = 400;
/// A time that does not come.
const AWAY_MS: u64 = 1 << 40;
/// Outputs after which an end dies, at most.
const OUTPUTS_MAX: u64 = 8;

impl World {
    /// Something goes wrong, as soon as somebody is at work.
    pub(super) fn strike(&mut self, fault: Fault, waited: u32) {
        if self.phase != Phase::Storm {
            return;
        }
        let working: Vec<usize> =
            (0..NODES.len()).filter(|node| self.is_struck_at_work(fault, *node)).collect();
        if working.is_empty() && waited < WAITS_MAX {
            self.at(WAIT_MS, Event::Fault { fault, waited: waited + 1 });
            return;
        }
        let node = match working.get(self.dice.place(working.len().max(1))) {
            Some(node) => *node,
            None => self.dice.place(NODES.len()),
        };
        if self.act(fault, node) && !working.is_empty() {
            *self.fired.entry(fault).or_default() += 1;
        }
    }

    /// Does it; gives whether it has happened now.
    fn act(&mut self, fault: Fault, node: usize) -> bool {
        let until = self.now + self.dice.between(2_000, 45_000);
        let weather = &mut self.weather[node];
        match fault {
            Fault::Loss => weather.lossy_until = until,
            Fault::Delay => weather.slow_until = until,
            Fault::CutUp => weather.cut_until[0] = until,
            Fault::CutDown => weather.cut_until[1] = until,
            Fault::Cut => weather.cut_until = [until; 2],
            Fault::Flap => self.flap(node, until),
            Fault::Moved => self.moved(node),
            Fault::Herd => (0..self.nodes.len()).for_each(|node| self.moved(node)),
            Fault::Backlog => {
                weather.cut_until = [self.now + BACKLOG_MS; 2];
                for piece in 0..BACKLOG_PIECES {
                    self.at(1 + piece * BACKLOG_MS / BACKLOG_PIECES, Event::Work { node });
                }
            }
            Fault::Replay => {
                let line = self.nodes[node].session.as_ref().map(|session| session.line);
                return line.is_some_and(|line| self.replay(line));
            }
            // Death comes between two outputs, and counts when it comes.
            Fault::NodeCrash => {
                self.nodes[node].dies_after.get_or_insert(self.dice.between(0, OUTPUTS_MAX));
                return false;
            }
            Fault::RelayCrash => {
                self.relay.dies_after.get_or_insert(self.dice.between(0, OUTPUTS_MAX));
                return false;
            }
            Fault::NodeRestore => return self.restore_node(node),
            Fault::RelayRestore => return self.restore_relay(),
            Fault::LostCommits => {
                let last = self.relay.copies.last().cloned();
                return last.is_some_and(|copy| self.lose_commits(copy));
            }
            Fault::Clone => return self.clone_node(node),
            Fault::Upgrade => {
                self.crash_node(node);
                self.nodes[node].is_older ^= true;
                self.at(UPGRADE_MS, Event::Start(Who::Node(node)));
            }
            Fault::NewerKind => return self.write_newer(node),
            // It counts when both are there.
            Fault::Twin => {
                if let Some((copy, document, nonce)) = self.twin(node) {
                    self.restore_node_from(node, &copy);
                    let after = self.dice.between(RESTORE_MS + 1, TWIN_MAX_MS);
                    self.at(after, Event::Twin { node, document, nonce });
                }
                return false;
            }
            // It counts when something comes too early.
            Fault::Gap => {
                if let Some(copy) = self.copy_with_a_gap(node) {
                    self.lose_commits(copy);
                }
                return false;
            }
            Fault::ClockJump => {
                let jump = self.dice.between(0, 20 * 365 * 86_400_000);
                if self.relay.is_at_work() && self.dice.percent(50) {
                    self.relay.wall = jump;
                } else {
                    self.nodes[node].wall = jump;
                }
            }
        }
        true
    }

    /// Whether who would be struck is at work.
    fn is_struck_at_work(&self, fault: Fault, number: usize) -> bool {
        let node = &self.nodes[number];
        let runs = !node.down && !node.gone;
        let facts = node.durable.0.kept();
        let at_work = runs && (node.is_at_work() || facts.journal_head > facts.journal_through);
        match fault {
            Fault::Loss
            | Fault::Delay
            | Fault::CutUp
            | Fault::CutDown
            | Fault::Cut
            | Fault::Flap
            | Fault::Moved
            | Fault::Backlog
            | Fault::Replay => at_work && node.session.is_some(),
            Fault::NodeCrash | Fault::ClockJump | Fault::Upgrade => at_work,
            Fault::Gap => at_work && self.copy_with_a_gap(number).is_some(),
            Fault::NewerKind => at_work && !node.written.0.records.is_empty(),
            Fault::NodeRestore => at_work && !node.copies.is_empty(),
            Fault::Twin => at_work && self.twin(number).is_some(),
            Fault::Clone => at_work && self.nodes.len() == NODES.len(),
            Fault::RelayCrash | Fault::RelayRestore | Fault::LostCommits | Fault::Herd => {
                self.is_relay_at_work()
            }
        }
    }

    /// The newest copy of the relay on which work that a node has not sent yet rests on nothing.
    fn copy_with_a_gap(&self, number: usize) -> Option<Copy<LedgerDisk>> {
        let disk = &self.nodes[number].durable.0;
        let through = disk.kept().journal_through;
        let unsent = disk.all().filter(|entry| entry.journal > Some(through));
        let rests: BTreeSet<DocumentId> =
            unsent.filter(|entry| entry.kind != received()).map(|entry| entry.document).collect();
        let mut newest = self.relay.copies.iter().rev();
        let known = |copy: &Copy<LedgerDisk>| -> BTreeSet<DocumentId> {
            copy.0.audiences().map(|(document, _)| document).collect()
        };
        newest.find(|copy| !rests.is_subset(&known(copy))).cloned()
    }

    /// The newest copy of a node that knows a dossier, and not what the node's clerk has added to
    /// it since; with that dossier, and the nonce.
    fn twin(&self, number: usize) -> Option<(Copy<NodeDisk>, DocumentId, Nonce)> {
        let node = &self.nodes[number];
        let author = self.place(number).clerks[0].public();
        let added = node.durable.0.all().filter(|entry| entry.kind == noted());
        let added: Vec<(EntryId, DocumentId, Nonce)> = added
            .filter_map(|stored| {
                let header = Entry::decode(&stored.bytes).ok()?.header().clone();
                let own = header.author == author;
                own.then_some((stored.id, stored.document, header.nonce))
            })
            .collect();
        node.copies.iter().rev().find_map(|copy| {
            let lacks = |id: &EntryId| copy.0.all().all(|entry| entry.id != *id);
            let mut lost = added.iter().filter(|(id, ..)| lacks(id));
            let known = lost.find(|(_, document, _)| copy.0.records.contains_key(document));
            known.map(|(_, document, nonce)| (Rc::clone(copy), *document, *nonce))
        })
    }

    /// Whether the relay reads, writes, or has before it what a node has sent.
    fn is_relay_at_work(&self) -> bool {
        let pending = self.nodes.iter().filter(|node| node.is_up()).any(|node| {
            let facts = node.durable.0.kept();
            facts.journal_head > facts.journal_through
        });
        !self.relay.down && (self.relay.is_at_work() || pending)
    }

    /// Whether a node or the relay dies before its next output.
    pub(super) fn dies(&mut self, who: Who) -> bool {
        let (dies_after, at_work, fault) = match who {
            Who::Node(node) => {
                let node = &mut self.nodes[node];
                let facts = node.durable.0.kept();
                let pending = facts.journal_head > facts.journal_through;
                let at_work = pending || node.is_at_work();
                (&mut node.dies_after, at_work, Fault::NodeCrash)
            }
            Who::Relay => {
                let at_work = self.is_relay_at_work();
                (&mut self.relay.dies_after, at_work, Fault::RelayCrash)
            }
        };
        let Some(left) = dies_after.as_mut() else { return false };
        if *left > 0 {
            *left -= 1;
            return false;
        }
        *dies_after = None;
        if at_work {
            *self.fired.entry(fault).or_default() += 1;
        }
        match who {
            Who::Node(node) => self.crash_node(node),
            Who::Relay => self.crash_relay(),
        }
        let after = self.dice.between(50, 8_000);
        self.at(after, Event::Start(who));
        true
    }

    fn crash_relay(&mut self) {
        self.drop_tail(Who::Relay);
        self.relay.crash();
    }

    fn restore_relay(&mut self) -> bool {
        let old = self.dice.place(self.relay.copies.len().max(1));
        let Some(copy) = self.relay.copies.get(old).cloned() else { return false };
        // Its tokens are older than the nodes': they may be taken for copies, heal, and go on.
        self.watch.copies = true;
        self.watch.losses[0] += 1;
        self.crash_relay();
        self.relay.restore(&copy, self.dice.number().to_be_bytes(), self.planted);
        self.forget_what_is_gone();
        self.at(500, Event::Start(Who::Relay));
        true
    }

    fn lose_commits(&mut self, copy: Copy<LedgerDisk>) -> bool {
        if Rc::ptr_eq(&copy, &self.relay.durable) {
            return false;
        }
        self.watch.copies = true;
        self.watch.losses[0] += 1;
        self.crash_relay();
        self.relay.lose(copy);
        self.forget_what_is_gone();
        let after = self.dice.between(50, 2_000);
        self.at(after, Event::Start(Who::Relay));
        true
    }

    /// A node's line leads nowhere from now on, and the relay does not know it; the node dials.
    fn moved(&mut self, node: usize) {
        let sim = &mut self.nodes[node];
        if sim.down || sim.gone || sim.session.take().is_none() {
            return;
        }
        let boot = sim.boot;
        self.at(1, Event::Dial { node, boot });
    }

    /// Ends the faults of the relay and of the nodes of the core; the fuses have cooled down. The
    /// other nodes have no line.
    pub fn heal_core(&mut self) {
        self.phase = Phase::Core;
        self.weather.fill(Weather { cut_until: [AWAY_MS; 2], ..Weather::default() });
        let core = self.options.core.clone();
        self.mend_lines(&core);
        self.relay.wall += 3 * 3_600_000;
        self.relay.dies_after = None;
        self.nodes.iter_mut().for_each(|node| node.dies_after = None);
        if self.nodes.len() > NODES.len() {
            self.retire();
        }
    }

    /// Ends all faults: everything runs and every line works.
    pub fn calm_down(&mut self) {
        self.phase = Phase::Calm;
        let all: Vec<usize> = (0..NODES.len()).collect();
        self.mend_lines(&all);
    }
}
