//! A simulated node: the shipped conversation, rules and mapping over a disk in memory.

#![expect(clippy::wildcard_enum_match_arm, reason = "the rest is work for the disk")]

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use hoso_engine::{
    admission::Registrar,
    node_host::{self, Moment, Undone},
};
use hoso_identity::{DocumentId, Entry, Incarnation, Realm, Reason};
use hoso_registry::{Placed, State, Statement, replay};
use hoso_store::tables::{JournalTables, Standing};
use hoso_sync::{
    frame::MINOR_MIN,
    node::{Conversation, Input, Output, Plant},
    redial::Redial,
    wire::Farewell,
};

use super::{
    disk::NodeDisk,
    faults::Planted,
    run::STORM_MS,
    sorting::project,
    world::{Copy, Event, Phase, Who, World},
};

/// Coded symbols that a healing asks for first: the provinces here are small.
const SYMBOLS_FIRST: usize = 1;
/// Milliseconds until what has arrived is applied, at most, while others work too.
const APPLY_MAX_MS: u64 = 900;
/// Milliseconds of a commit, at most.
pub(super) const COMMIT_MAX_MS: u64 = 15;

/// One link of a node.
pub(super) struct Session {
    pub(super) line: u64,
    conversation: Conversation,
    outputs: VecDeque<Output>,
    waits: bool,
    pub(super) up: bool,
}

/// A node of the simulation.
pub struct SimNode {
    /// Its place in the province.
    pub place: usize,
    /// What survives a crash.
    pub durable: Copy<NodeDisk>,
    pub(super) written: Copy<NodeDisk>,
    /// What was written and is not durable yet, with the number of the write.
    pub(super) writes: VecDeque<(u64, Copy<NodeDisk>)>,
    pub(super) next_write: u64,
    pub(super) durable_at: u64,
    /// Old copies, for restores.
    pub copies: Vec<Copy<NodeDisk>>,
    /// The counters of its stations, beside the database and outside of its backups.
    pub(super) counters: std::collections::BTreeMap<u16, u16>,
    pub(super) boot: u32,
    pub(super) down: bool,
    /// Whether it is no more.
    pub gone: bool,
    pub(super) is_clone: bool,
    /// Whether its program is a release older than the relay's.
    pub(super) is_older: bool,
    pub(super) session: Option<Session>,
    pub(super) redial: Redial,
    /// How far its wall clock is off, in milliseconds.
    pub wall: u64,
    pub(super) applying: bool,
    /// After how many outputs it dies.
    pub(super) dies_after: Option<u64>,
    /// When somebody's work here was last shown as saved.
    pub worked: u64,
}

impl SimNode {
    /// A node that has joined.
    #[must_use]
    pub fn new(place: usize, disk: NodeDisk) -> Self {
        let disk: Copy<NodeDisk> = Rc::new((disk, Arc::new(State::default())));
        Self {
            place,
            durable: Rc::clone(&disk),
            written: disk,
            writes: VecDeque::new(),
            next_write: 0,
            durable_at: 0,
            copies: Vec::new(),
            counters: std::collections::BTreeMap::new(),
            boot: 0,
            down: false,
            gone: false,
            is_clone: false,
            is_older: false,
            session: None,
            redial: Redial::default(),
            wall: 0,
            applying: false,
            dies_after: None,
            worked: 0,
        }
    }

    /// Whether its link is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.up)
    }

    /// Whether something is being read or written.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        !self.writes.is_empty() || self.session.as_ref().is_some_and(|session| session.waits)
    }

    pub(super) fn replace(&mut self, copy: Copy<NodeDisk>) {
        self.durable = Rc::clone(&copy);
        self.written = copy;
        self.writes.clear();
    }
}

/// The registry of the statements that count here.
pub(super) fn registry(disk: &mut NodeDisk) -> Arc<State> {
    let all = disk.document(&DocumentId::ZERO).unwrap_or_default();
    let counting = all.into_iter().filter(|entry| entry.standing == Standing::Counts);
    let read = counting.filter_map(|stored| {
        let entry = Entry::decode(&stored.bytes).ok()?;
        let statement = Statement::decode(entry.header().kind, entry.payload()).ok()?;
        Some((entry, statement, stored.position))
    });
    let read: Vec<_> = read.collect();
    Arc::new(replay(read.iter().map(|(entry, statement, position)| Placed {
        header: entry.header(),
        id: entry.id(),
        statement,
        position: *position,
    })))
}

/// What one transaction gives.
pub(super) type Job<'a, R> = &'a mut dyn FnMut(&mut NodeDisk, &mut Registrar) -> Result<R, ()>;

impl World {
    /// Milliseconds until what is written now is durable; the longest when the storm is over.
    pub(super) fn commit_ms(&mut self) -> u64 {
        match self.phase {
            Phase::Storm => self.dice.between(1, COMMIT_MAX_MS),
            Phase::Core | Phase::Calm => COMMIT_MAX_MS,
        }
    }

    /// One transaction at a node; gives its result and when it is durable.
    pub(super) fn node_write<R>(&mut self, node: usize, job: Job<'_, R>) -> Result<(R, u64), ()> {
        let realm: Realm = self.cast.realm;
        let wait = self.commit_ms();
        let now = self.now;
        let sim = &mut self.nodes[node];
        let (mut disk, state) = (sim.written.0.clone(), Arc::clone(&sim.written.1));
        let mut registrar = Registrar::new(Arc::clone(&state), realm);
        let result = job(&mut disk, &mut registrar)?;
        let state = if registrar.finish().1 > 0 { registry(&mut disk) } else { state };
        sim.written = Rc::new((disk, state));
        sim.next_write += 1;
        sim.durable_at = (now + wait).max(sim.durable_at);
        sim.writes.push_back((sim.next_write, Rc::clone(&sim.written)));
        let (after, write, boot) = (sim.durable_at - now, sim.next_write, sim.boot);
        self.at(after, Event::Durable { at: Who::Node(node), boot, write });
        Ok((result, after))
    }

    /// A write has become durable: what it shows must be so.
    pub(super) fn node_durable(&mut self, node: usize, boot: u32, write: u64) {
        let sim = &mut self.nodes[node];
        if sim.boot != boot || sim.gone {
            return;
        }
        while sim.writes.front().is_some_and(|(number, _)| *number <= write) {
            if let Some((_, copy)) = sim.writes.pop_front() {
                sim.durable = copy;
            }
        }
        if self.dice.percent(8) {
            sim.copies.push(Rc::clone(&sim.durable));
        }
        let unit = self.cast.places[sim.place].unit;
        let applied = self.watch.applied.entry(unit).or_default();
        for ids in sim.durable.0.records.values() {
            applied.extend(ids);
        }
        let misfit = Standing::Refused(Reason::Shape);
        let misfits = sim.durable.0.all().filter(|entry| entry.standing == misfit);
        applied.extend(misfits.map(|entry| entry.id));
        let durable = Rc::clone(&sim.durable);
        let sent_through = sim.session.as_ref().map_or(0, |live| live.conversation.sent_through());
        self.watch.look_at((node, unit), &durable.0, sent_through);
    }

    /// A node dials, unless it is down or connected.
    pub(super) fn dial(&mut self, node: usize, boot: u32) {
        let (now, realm, planted) = (self.now, self.cast.realm, self.planted);
        let sim = &mut self.nodes[node];
        if sim.boot != boot || sim.down || sim.gone || sim.session.is_some() {
            return;
        }
        let mut disk = sim.durable.0.clone();
        let Ok(mut hello) = node_host::hello(&mut disk, realm, now + sim.wall) else { return };
        if sim.is_older {
            hello.minor_max = MINOR_MIN;
        }
        let plant = Plant {
            stored_is_applied: planted == Some(Planted::DeliveredAtStored),
            symbols_first: Some(SYMBOLS_FIRST),
        };
        let (conversation, outputs) = Conversation::begin_planted(hello, now, plant);
        let line = self.open_line(node);
        let session =
            Session { line, conversation, outputs: outputs.into(), waits: false, up: false };
        self.nodes[node].session = Some(session);
        if !self.relay.down {
            let key = self.place(node).transport;
            let outputs = self.relay.accept(line, key, now);
            self.relay_does(line, outputs);
        }
        self.drive(node);
    }

    /// The conversation is told something at once.
    pub(super) fn tell_node(&mut self, node: usize, line: u64, input: Input) {
        let now = self.now;
        let Some(session) = self.nodes[node].session.as_mut().filter(|live| live.line == line)
        else {
            return;
        };
        let outputs = session.conversation.handle(now, input);
        session.outputs.extend(outputs);
        self.drive(node);
    }

    /// The result of a piece of work.
    pub(super) fn node_told(
        &mut self,
        node: usize,
        boot: u32,
        line: u64,
        input: Option<Box<Input>>,
    ) {
        let sim = &mut self.nodes[node];
        if sim.boot != boot {
            return;
        }
        let Some(session) = sim.session.as_mut().filter(|live| live.line == line) else { return };
        session.waits = false;
        match input {
            Some(input) => self.tell_node(node, line, *input),
            None => self.drive(node),
        }
    }

    /// Does what the conversation asks, in its order, one piece of work at a time.
    fn drive(&mut self, node: usize) {
        loop {
            let Some(session) = &mut self.nodes[node].session else { return };
            if session.waits || session.outputs.is_empty() || self.dies(Who::Node(node)) {
                return;
            }
            let Some(session) = &mut self.nodes[node].session else { return };
            let line = session.line;
            let Some(output) = session.outputs.pop_front() else { return };
            match output {
                Output::Send(frame) => self.send(Who::Node(node), line, frame),
                Output::WakeAt(at) => {
                    let after = at.saturating_sub(self.now).max(1);
                    self.at(after, Event::Tick { at: Who::Node(node), line });
                }
                Output::Heal => {}
                Output::Up => {
                    session.up = true;
                    let now = self.now;
                    self.nodes[node].redial.up(now);
                    self.tell_applied(node);
                }
                Output::Close(why) => {
                    self.closed(node, line, why);
                    return;
                }
                work => self.work_of_conversation(node, line, work),
            }
        }
    }

    fn closed(&mut self, node: usize, line: u64, why: Farewell) {
        if why == Farewell::Copy && !self.watch.copies {
            self.watch.fail(format!("node {node} was taken for a copy, and there is none"));
        }
        self.hang_up(Who::Node(node), line);
        self.lost(node, line);
    }

    /// A connection has ended: the node dials again later.
    pub(super) fn lost(&mut self, node: usize, line: u64) {
        let (now, chance) = (self.now, self.dice.number());
        let dials = self.planted != Some(Planted::NoRedial) || now < STORM_MS / 2;
        let sim = &mut self.nodes[node];
        if sim.session.as_ref().is_none_or(|live| live.line != line) {
            return;
        }
        sim.session = None;
        let (wait, boot) = (sim.redial.down(now, chance), sim.boot);
        if dials {
            self.at(wait, Event::Dial { node, boot });
        }
    }

    fn work_of_conversation(&mut self, node: usize, line: u64, output: Output) {
        let incarnation = Incarnation(self.dice.bytes());
        let now_ms = self.now + self.nodes[node].wall;
        let moment = Moment { now_ms, incarnation };
        let boot = self.nodes[node].boot;
        if let Some(session) = &mut self.nodes[node].session {
            session.waits = true;
        }
        if node_host::only_reads(&output) {
            // A reader sees what is committed, and what is committed is durable.
            let sim = &self.nodes[node];
            let mut registrar = Registrar::new(Arc::clone(&sim.durable.1), self.cast.realm);
            let mut disk = sim.durable.0.clone();
            let done = node_host::work(&mut disk, &mut registrar, output, moment);
            let input = done.ok().and_then(|done| done.input).map(Box::new);
            self.at(1, Event::NodeTold { node, boot, line, input });
            return;
        }
        if self.planted == Some(Planted::CursorBeforeEntry)
            && let Output::StorePage(_) = &output
        {
            self.cursors_first(node, &output, moment);
        }
        let output = self.with_old_positions(node, output);
        let forgetful = self.planted == Some(Planted::TokenNotStored);
        let welcomes = matches!(output, Output::StoreWelcome(_));
        let mut misfit = false;
        let worked = self.node_write(node, &mut |disk, registrar| {
            let token = disk.kept().token;
            let done = match node_host::work(disk, registrar, output.clone(), moment) {
                Ok(done) => done,
                Err(Undone::Misfit(_)) => {
                    misfit = true;
                    return Err(());
                }
                Err(Undone::Storage(_)) => return Err(()),
            };
            if done.taken.statements {
                registrar.refold();
            }
            if forgetful && welcomes {
                let mut facts = disk.kept().clone();
                facts.token = token;
                disk.put_facts(&facts).map_err(|_| ())?;
            }
            Ok(done)
        });
        match worked {
            Ok((done, after)) => {
                if done.taken != Default::default() {
                    self.apply_soon(node);
                }
                let input = done.input.map(Box::new);
                self.at(after, Event::NodeTold { node, boot, line, input });
            }
            Err(()) => {
                let input = if misfit { Input::PageDiverged } else { Input::StorageFailed };
                let input = Some(Box::new(input));
                self.at(1, Event::NodeTold { node, boot, line, input });
            }
        }
    }

    pub(super) fn apply_soon(&mut self, node: usize) {
        if std::mem::replace(&mut self.nodes[node].applying, true) {
            return;
        }
        let slow = if self.phase == Phase::Storm { APPLY_MAX_MS } else { COMMIT_MAX_MS };
        let (after, boot) = (self.dice.between(5, slow), self.nodes[node].boot);
        self.at(after, Event::Apply { node, boot });
    }

    /// What has arrived becomes records; the conversation is told when that is durable.
    pub(super) fn apply(&mut self, node: usize, boot: u32) {
        if self.nodes[node].boot != boot || self.nodes[node].gone {
            return;
        }
        self.nodes[node].applying = false;
        let applied = self.node_write(node, &mut |disk, _| {
            for mark in disk.to_apply(0, usize::MAX).map_err(|_| ())? {
                project(disk, mark.document)?;
            }
            Ok(())
        });
        let Ok(((), after)) = applied else { return };
        let line = self.nodes[node].session.as_ref().map(|session| session.line);
        if let Some(line) = line {
            let mut disk = self.nodes[node].written.0.clone();
            if let Ok(input) = node_host::applied(&mut disk) {
                let input = Some(Box::new(input));
                self.at(after, Event::Shell { node, boot, line, input });
            }
        }
    }

    fn tell_applied(&mut self, node: usize) {
        let mut disk = self.nodes[node].durable.0.clone();
        let now = self.now;
        let Some(session) = &mut self.nodes[node].session else { return };
        if let Ok(input) = node_host::applied(&mut disk) {
            let outputs = session.conversation.handle(now, input);
            session.outputs.extend(outputs);
        }
    }

    /// What the shell tells the conversation by itself.
    pub(super) fn shell(&mut self, node: usize, boot: u32, line: u64, input: Option<Box<Input>>) {
        if self.nodes[node].boot == boot
            && let Some(input) = input
        {
            self.tell_node(node, line, *input);
        }
    }

    pub(super) fn crash_node(&mut self, node: usize) {
        self.drop_tail(Who::Node(node));
        let sim = &mut self.nodes[node];
        sim.boot += 1;
        sim.down = true;
        sim.session = None;
        sim.applying = false;
        let durable = Rc::clone(&sim.durable);
        sim.replace(durable);
    }

    pub(super) fn start_node(&mut self, node: usize) {
        let sim = &mut self.nodes[node];
        if !sim.down || sim.gone {
            return;
        }
        sim.down = false;
        sim.redial = Redial::default();
        let boot = sim.boot;
        self.apply_soon(node);
        self.at(1, Event::Dial { node, boot });
    }
}
