//! How faults strike. A fault counts only if it acts on somebody who is at work just then.

use std::rc::Rc;

use super::{
    cast::NODES,
    faults::Fault,
    world::{Event, Who, World},
};

/// How often a fault waits for somebody at work before it strikes anyhow.
const WAITS_MAX: u32 = 200;
/// Milliseconds of one such wait.
const WAIT_MS: u64 = 23;
/// Outputs after which an end dies, at most.
const OUTPUTS_MAX: u64 = 8;

impl World {
    /// Something goes wrong, as soon as somebody is at work.
    pub(super) fn strike(&mut self, fault: Fault, waited: u32) {
        if self.calm {
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
            Fault::LostCommits => return self.lose_commits(),
            Fault::Clone => return self.clone_node(node),
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
            | Fault::Replay => at_work && node.session.is_some(),
            Fault::NodeCrash | Fault::ClockJump => at_work,
            Fault::NodeRestore => at_work && !node.copies.is_empty(),
            Fault::Clone => at_work && self.nodes.len() == NODES.len(),
            Fault::RelayCrash | Fault::RelayRestore | Fault::LostCommits => self.is_relay_at_work(),
        }
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
        self.crash_relay();
        self.relay.restore(&copy, self.dice.number().to_be_bytes(), self.planted);
        self.forget_what_is_gone();
        self.at(500, Event::Start(Who::Relay));
        true
    }

    fn lose_commits(&mut self) -> bool {
        let Some(copy) = self.relay.copies.last().cloned() else { return false };
        if Rc::ptr_eq(&copy, &self.relay.durable) {
            return false;
        }
        self.watch.copies = true;
        self.crash_relay();
        self.relay.lose(copy);
        self.forget_what_is_gone();
        let after = self.dice.between(50, 2_000);
        self.at(after, Event::Start(Who::Relay));
        true
    }

    /// Ends all faults: everything runs, every line works, the fuses have cooled down.
    pub fn calm_down(&mut self) {
        self.calm = true;
        self.weather.fill(super::lines::Weather::default());
        self.relay.wall += 3 * 3_600_000;
        self.relay.dies_after = None;
        self.nodes.iter_mut().for_each(|node| node.dies_after = None);
        if self.nodes.len() > NODES.len() {
            self.retire();
        }
    }
}
