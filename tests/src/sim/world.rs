//! Virtual time, lines, and what everybody does next.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    rc::Rc,
    sync::Arc,
};

use hoso_identity::{DocumentId, EntryId, Epoch, Incarnation, Nonce};
use hoso_registry::State;
use hoso_sync::{frame::Frame, node, relay};

use super::{
    cast::{Cast, NODES, Place},
    dice::Dice,
    disk::NodeDisk,
    faults::{Fault, Planted},
    ledger::LedgerDisk,
    lines::{Line, Weather},
    node::SimNode,
    options::Options,
    oracle::Watch,
    relay::SimRelay,
};

/// Who acts: the number of a node, or the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A node.
    Node(usize),
    /// The relay.
    Relay,
}

/// How far a seed has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Things go wrong; what must always hold is watched.
    Storm,
    /// Some nodes and the relay are well again, the others have no line.
    Core,
    /// All is well again.
    Calm,
}

/// What happens at some time.
#[derive(Clone, Debug)]
pub enum Event {
    /// A node dials.
    Dial {
        /// Which.
        node: usize,
        /// Its life.
        boot: u32,
    },
    /// A frame arrives.
    Frame {
        /// At whom.
        to: Who,
        /// On which connection.
        line: u64,
        /// It.
        frame: Box<Frame>,
    },
    /// The end of a connection arrives.
    Closed {
        /// At whom.
        to: Who,
        /// Which.
        line: u64,
    },
    /// A time that a conversation asked for has come.
    Tick {
        /// Whose.
        at: Who,
        /// On which connection.
        line: u64,
    },
    /// A node's conversation is told something; frees the queue of its outputs if so.
    NodeTold {
        /// Which.
        node: usize,
        /// Its life.
        boot: u32,
        /// Its connection.
        line: u64,
        /// What.
        input: Option<Box<node::Input>>,
    },
    /// A relay's conversation is told something.
    RelayTold {
        /// The relay's life.
        boot: u32,
        /// Which connection.
        line: u64,
        /// What.
        input: Option<Box<relay::Input>>,
        /// Whether others are to read on, and to be told of what is applied.
        grew: (bool, bool),
        /// Whether all others must begin anew.
        minted: bool,
    },
    /// What was written is durable.
    Durable {
        /// At whom.
        at: Who,
        /// In which life.
        boot: u32,
        /// Up to which write.
        write: u64,
    },
    /// Somebody works at a desk.
    Work {
        /// At which node.
        node: usize,
    },
    /// What has arrived is applied.
    Apply {
        /// At which node.
        node: usize,
        /// Its life.
        boot: u32,
    },
    /// The shell tells a node's conversation something by itself.
    Shell {
        /// Which.
        node: usize,
        /// Its life.
        boot: u32,
        /// Its connection.
        line: u64,
        /// What.
        input: Option<Box<node::Input>>,
    },
    /// A receipt is shown.
    Saved {
        /// At which node.
        node: usize,
        /// In which life.
        boot: u32,
        /// The entry.
        id: EntryId,
        /// Its dossier.
        of: DocumentId,
        /// The code on it.
        code: Option<String>,
        /// The journal's head.
        head: u64,
    },
    /// Somebody adds to a dossier under a nonce that was used before.
    Twin {
        /// At which node.
        node: usize,
        /// The dossier.
        document: DocumentId,
        /// The nonce.
        nonce: Nonce,
    },
    /// The grant of a node's second clerk ends.
    EndGrant(usize),
    /// Something goes wrong.
    Fault {
        /// What.
        fault: Fault,
        /// How often it has waited for somebody at work.
        waited: u32,
    },
    /// A line goes once more, after it has come.
    Flap {
        /// Whose.
        node: usize,
        /// Until when.
        until: u64,
    },
    /// A machine starts again.
    Start(Who),
    /// A second copy goes away.
    Retire,
}

/// A copy of a disk at one time.
pub type Copy<D> = Rc<(D, Arc<State>)>;

/// Everything.
pub struct World {
    /// Milliseconds since the beginning.
    pub now: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    order: u64,
    /// Chance.
    pub dice: Dice,
    /// The province.
    pub cast: Cast,
    /// The nodes; a clone is one more.
    pub nodes: Vec<SimNode>,
    /// The relay.
    pub relay: SimRelay,
    /// The connections.
    pub lines: BTreeMap<u64, Line>,
    /// The weather at each node.
    pub weather: Vec<Weather>,
    /// What oracles watch.
    pub watch: Watch,
    /// What was planted.
    pub planted: Option<Planted>,
    /// How often each fault struck somebody at work.
    pub fired: BTreeMap<Fault, u32>,
    /// What the seed decided before.
    pub options: Options,
    /// How far it has come.
    pub phase: Phase,
    pub(super) next_line: u64,
}

impl World {
    /// A province whose relay is founded and whose nodes have just joined.
    #[must_use]
    pub fn new(options: Options, planted: Option<Planted>) -> Self {
        let mut dice = Dice::new(options.seed);
        let cast = Cast::new(&mut dice);
        let epoch = Epoch { generation: 1, random: dice.number().to_be_bytes() };
        let mut ledger = LedgerDisk::new(epoch);
        ledger.skips_late_rows = planted == Some(Planted::SkippedLateEntry);
        ledger.lists_one_less = planted == Some(Planted::DocumentNotListed);
        let relay = SimRelay::founded(ledger, &cast);
        let nodes = cast.places.iter().enumerate().map(|(number, _)| {
            let mut disk = NodeDisk::new(Incarnation(dice.bytes()));
            disk.first_come = planted == Some(Planted::FirstCome);
            SimNode::new(number, disk)
        });
        let mut nodes: Vec<SimNode> = nodes.collect();
        if let Some(older) = options.older {
            nodes[older].is_older = true;
        }
        let mut world = Self {
            now: 0,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            order: 0,
            weather: vec![Weather::default(); NODES.len() + 1],
            watch: Watch::new(&relay.durable.0),
            dice,
            cast,
            nodes,
            relay,
            lines: BTreeMap::new(),
            planted,
            fired: BTreeMap::new(),
            options,
            phase: Phase::Storm,
            next_line: 1,
        };
        for node in 0..NODES.len() {
            world.at(1, Event::Dial { node, boot: 0 });
        }
        world
    }

    /// Something happens after so many milliseconds.
    pub fn at(&mut self, after: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((self.now + after, self.order)));
        self.events.insert(self.order, event);
    }

    /// What cuts and slow lines hold back on these lines is sent again, and what waits to be
    /// applied comes to its turn: at the latest after so many milliseconds.
    pub(super) fn hasten(&mut self, lines: &BTreeSet<u64>, after: u64) {
        let latest = self.now + after;
        let held = |event: &Event| {
            matches!(event, Event::Frame { line, .. } | Event::Closed { line, .. }
                if lines.contains(line))
                || matches!(event, Event::Apply { .. })
        };
        let queue = std::mem::take(&mut self.queue).into_iter();
        self.queue = queue
            .map(|Reverse((at, order))| match self.events.get(&order) {
                Some(event) if held(event) => Reverse((at.min(latest), order)),
                _ => Reverse((at, order)),
            })
            .collect();
    }

    /// Lets things happen until that time.
    pub fn run_until(&mut self, end: u64) {
        while let Some(Reverse((at, order))) = self.queue.peek().copied() {
            if at > end || !self.watch.broken.is_empty() {
                break;
            }
            self.queue.pop();
            self.now = at;
            if let Some(event) = self.events.remove(&order) {
                self.happen(event);
            }
        }
        self.now = self.now.max(end);
    }

    /// Where a node stands in the province: a clone stands where its original does.
    #[must_use]
    pub fn place(&self, node: usize) -> &Place {
        &self.cast.places[self.nodes[node].place]
    }

    /// Whether a link is up at both its ends.
    #[must_use]
    pub fn is_linked(&self, node: usize) -> bool {
        let session = self.nodes[node].session.as_ref().filter(|session| session.up);
        session.is_some_and(|session| self.relay.has_up(session.line) && self.arrives(session.line))
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Frame { line, .. } if !self.arrives(line) => {}
            Event::Dial { node, boot } => self.dial(node, boot),
            Event::Frame { to: Who::Node(node), line, frame } => {
                self.tell_node(node, line, node::Input::Frame(*frame));
            }
            Event::Frame { to: Who::Relay, line, frame } => {
                self.tell_relay(line, relay::Input::Frame(*frame));
            }
            Event::Closed { to: Who::Node(node), line } => self.lost(node, line),
            Event::Closed { to: Who::Relay, line } => self.relay.hang_up(line),
            Event::Tick { at: Who::Node(node), line } => {
                self.tell_node(node, line, node::Input::Tick);
            }
            Event::Tick { at: Who::Relay, line } => self.tell_relay(line, relay::Input::Tick),
            Event::NodeTold { node, boot, line, input } => self.node_told(node, boot, line, input),
            Event::RelayTold { boot, line, input, grew, minted } => {
                self.relay_told((boot, line), input, grew, minted);
            }
            Event::Durable { at: Who::Node(node), boot, write } => {
                self.node_durable(node, boot, write);
            }
            Event::Durable { at: Who::Relay, boot, write } => {
                self.relay.made_durable(boot, write, &mut self.watch);
            }
            Event::Work { node } => self.work_at_desk(node),
            Event::Twin { node, document, nonce } => self.write_twin(node, document, nonce),
            Event::Apply { node, boot } => self.apply(node, boot),
            Event::Shell { node, boot, line, input } => self.shell(node, boot, line, input),
            Event::Saved { node, boot, id, of, code, head } => {
                self.saved((node, boot), (id, of), code, head);
            }
            Event::EndGrant(node) => {
                let mut dice = self.dice.clone();
                if let Some(end) = self.cast.ends(node, &mut dice) {
                    self.publish(&end);
                }
                self.dice = dice;
            }
            Event::Fault { fault, waited } => self.strike(fault, waited),
            Event::Flap { node, until } => self.flap(node, until),
            Event::Start(Who::Node(node)) => self.start_node(node),
            Event::Start(Who::Relay) => self.relay.start(),
            Event::Retire => self.retire(),
        }
    }

    /// After a disk was replaced: what is on no disk any more cannot come back.
    pub fn forget_what_is_gone(&mut self) {
        let mut there: BTreeSet<EntryId> =
            self.relay.durable.0.all().map(|entry| entry.id).collect();
        for node in self.nodes.iter().filter(|node| !node.gone) {
            there.extend(node.durable.0.all().map(|entry| entry.id));
        }
        self.watch.saved.retain(|id, _| there.contains(id));
    }
}
