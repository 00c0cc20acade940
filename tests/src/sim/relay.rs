//! The simulated relay.

#![expect(clippy::wildcard_enum_match_arm, reason = "the rest is work for the disk")]

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::Arc,
};

use hoso_engine::{
    admission::Registrar,
    relay_host::{self, Caller, Session as Greeting},
};
use hoso_identity::{Entry, NodeId, PublicKey, Realm, SessionToken};
use hoso_registry::{Placed, State, Statement, replay};
use hoso_store::rules::{
    greeting::{self, Chance},
    ledger::{Outcome, accept_own},
};
use hoso_sync::{
    relay::{Conversation, Input, Output},
    wire::Farewell,
};

use super::{
    cast::Cast,
    faults::{Fault, Planted},
    ledger::LedgerDisk,
    oracle::Watch,
    world::{Copy, Event, Who, World},
};

/// One connection at the relay.
struct Session {
    key: PublicKey,
    conversation: Conversation,
    outputs: VecDeque<Output>,
    waits: bool,
    greeting: Option<Greeting>,
    up: bool,
}

/// The relay of the simulation.
pub struct SimRelay {
    /// What survives a crash.
    pub durable: Copy<LedgerDisk>,
    written: Copy<LedgerDisk>,
    writes: VecDeque<(u64, Copy<LedgerDisk>)>,
    next_write: u64,
    durable_at: u64,
    /// Old copies, for restores.
    pub copies: Vec<Copy<LedgerDisk>>,
    boot: u32,
    /// Whether it does not run.
    pub down: bool,
    sessions: BTreeMap<u64, Session>,
    /// How far its wall clock is off, in milliseconds.
    pub wall: u64,
    /// After how many outputs it dies.
    pub(super) dies_after: Option<u64>,
}

fn registry(disk: &LedgerDisk) -> Arc<State> {
    let statements = disk.all().filter(|entry| entry.document.is_zero());
    let read = statements.filter_map(|stored| {
        let entry = Entry::decode(&stored.bytes).ok()?;
        let statement = Statement::decode(entry.header().kind, entry.payload()).ok()?;
        Some((entry, statement, stored.position))
    });
    let read: Vec<_> = read.collect();
    Arc::new(replay(read.iter().map(|(entry, statement, position)| Placed {
        header: entry.header(),
        id: entry.id(),
        statement,
        position: Some(*position),
    })))
}

impl SimRelay {
    /// A relay with the province's statements.
    ///
    /// # Panics
    ///
    /// When a statement of the cast is not accepted.
    #[must_use]
    pub fn founded(mut disk: LedgerDisk, cast: &Cast) -> Self {
        let mut state = Arc::new(State::default());
        for entry in &cast.founding {
            let mut registrar = Registrar::new(Arc::clone(&state), cast.realm);
            let outcome = accept_own(&mut disk, &mut registrar, &entry.encode(), 0);
            assert!(matches!(outcome, Ok(Outcome::Accepted(_))), "a statement of the cast");
            state = registry(&disk);
        }
        let copy: Copy<LedgerDisk> = Rc::new((disk, state));
        Self {
            durable: Rc::clone(&copy),
            written: Rc::clone(&copy),
            writes: VecDeque::new(),
            next_write: 0,
            durable_at: 0,
            copies: vec![copy],
            boot: 0,
            down: false,
            sessions: BTreeMap::new(),
            wall: 0,
            dies_after: None,
        }
    }

    /// Whether something is being read or written.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        !self.writes.is_empty() || self.sessions.values().any(|session| session.waits)
    }

    /// A connection begins.
    pub fn accept(&mut self, line: u64, key: PublicKey, now: u64) -> Vec<Output> {
        let (conversation, outputs) = Conversation::begin(now);
        let session = Session {
            key,
            conversation,
            outputs: VecDeque::new(),
            waits: false,
            greeting: None,
            up: false,
        };
        self.sessions.insert(line, session);
        outputs
    }

    /// Whether a connection is up.
    #[must_use]
    pub fn has_up(&self, line: u64) -> bool {
        self.sessions.get(&line).is_some_and(|session| session.up)
    }

    /// A connection has ended.
    pub fn hang_up(&mut self, line: u64) {
        self.sessions.remove(&line);
    }

    /// A write has become durable.
    pub fn made_durable(&mut self, boot: u32, write: u64, watch: &mut Watch) {
        if self.boot != boot {
            return;
        }
        while self.writes.front().is_some_and(|(number, _)| *number <= write) {
            if let Some((number, copy)) = self.writes.pop_front() {
                watch.look_at_life(self.durable.0.epoch() != copy.0.epoch());
                if number % 9 == 0 {
                    self.copies.push(Rc::clone(&copy));
                }
                self.durable = copy;
            }
        }
        watch.at_province.extend(self.durable.0.all().map(|entry| entry.id));
    }

    /// The process dies.
    pub fn crash(&mut self) {
        self.boot += 1;
        self.down = true;
        self.sessions.clear();
        self.writes.clear();
        self.written = Rc::clone(&self.durable);
    }

    /// The process starts.
    pub fn start(&mut self) {
        self.down = false;
    }

    /// The last commits are lost, and nothing tells: the same life goes on.
    pub fn lose(&mut self, copy: Copy<LedgerDisk>) {
        self.durable = Rc::clone(&copy);
        self.written = copy;
    }

    /// An old copy takes the place of the disk: a new epoch begins.
    ///
    /// # Panics
    ///
    /// Never: a disk in memory does not fail.
    pub fn restore(&mut self, copy: &Copy<LedgerDisk>, random: [u8; 8], planted: Option<Planted>) {
        let (mut disk, state) = (copy.0.clone(), Arc::clone(&copy.1));
        greeting::mint_epoch(&mut disk, None, random).expect("a disk in memory does not fail");
        disk.skips_late_rows = planted == Some(Planted::SkippedLateEntry);
        disk.lists_one_less = planted == Some(Planted::DocumentNotListed);
        let copy: Copy<LedgerDisk> = Rc::new((disk, state));
        self.durable = Rc::clone(&copy);
        self.written = copy;
    }
}

/// What a write at the relay gives.
struct Written<R> {
    result: R,
    after: u64,
}

impl World {
    fn relay_write<R>(
        &mut self,
        ended: bool,
        job: impl FnOnce(&mut LedgerDisk, &mut Registrar, &State) -> Result<R, ()>,
    ) -> Result<Written<R>, ()> {
        let (realm, wait, now): (Realm, u64, u64) = (self.cast.realm, self.commit_ms(), self.now);
        let relay = &mut self.relay;
        let (mut disk, state) = (relay.written.0.clone(), Arc::clone(&relay.written.1));
        let registrar = Registrar::new(Arc::clone(&state), realm);
        let mut registrar = if ended { registrar.of_ended_sender() } else { registrar };
        let result = job(&mut disk, &mut registrar, &state)?;
        let state = if registrar.finish().1 > 0 { registry(&disk) } else { state };
        relay.written = Rc::new((disk, state));
        relay.next_write += 1;
        relay.durable_at = (now + wait).max(relay.durable_at);
        relay.writes.push_back((relay.next_write, Rc::clone(&relay.written)));
        let (after, write, boot) = (relay.durable_at - now, relay.next_write, relay.boot);
        self.at(after, Event::Durable { at: Who::Relay, boot, write });
        Ok(Written { result, after })
    }

    /// A statement of the registrar's comes into the ledger.
    pub(super) fn publish(&mut self, entry: &Entry) {
        let (bytes, now) = (entry.encode(), self.now + self.relay.wall);
        if self.relay.down {
            return;
        }
        let written = self.relay_write(false, |disk, registrar, _| {
            accept_own(disk, registrar, &bytes, now).map_err(|_| ())
        });
        let Ok(written) = written else { return };
        let boot = self.relay.boot;
        let grew = (true, false);
        let told = Event::RelayTold { boot, line: 0, input: None, grew, minted: false };
        self.at(written.after, told);
    }

    pub(super) fn tell_relay(&mut self, line: u64, input: Input) {
        let now = self.now;
        let Some(session) = self.relay.sessions.get_mut(&line) else { return };
        let outputs = session.conversation.handle(now, input);
        self.relay_does(line, outputs);
    }

    pub(super) fn relay_told(
        &mut self,
        (boot, line): (u32, u64),
        input: Option<Box<Input>>,
        (ledger_grew, reached_grew): (bool, bool),
        minted: bool,
    ) {
        if self.relay.boot != boot {
            return;
        }
        let ledger_grew = ledger_grew && self.planted != Some(Planted::FeedNotWoken);
        if let Some(session) = self.relay.sessions.get_mut(&line) {
            session.waits = false;
        }
        match input {
            Some(input) => self.tell_relay(line, *input),
            None => self.relay_does(line, Vec::new()),
        }
        let others: Vec<u64> =
            self.relay.sessions.keys().copied().filter(|other| *other != line).collect();
        for other in others {
            if minted {
                self.tell_relay(other, Input::End(Farewell::Again));
            }
            if ledger_grew {
                self.tell_relay(other, Input::LedgerGrew);
            }
            if reached_grew {
                self.tell_relay(other, Input::ReachedGrew);
            }
        }
        if ledger_grew {
            self.tell_relay(line, Input::LedgerGrew);
        }
    }

    /// Does what a conversation asks, in its order.
    pub(super) fn relay_does(&mut self, line: u64, more: Vec<Output>) {
        if let Some(session) = self.relay.sessions.get_mut(&line) {
            session.outputs.extend(more);
        }
        loop {
            let Some(session) = self.relay.sessions.get_mut(&line) else { return };
            if session.waits || session.outputs.is_empty() || self.dies(Who::Relay) {
                return;
            }
            let Some(session) = self.relay.sessions.get_mut(&line) else { return };
            let Some(output) = session.outputs.pop_front() else { return };
            match output {
                Output::Send(frame) => self.send(Who::Relay, line, frame),
                Output::WakeAt(at) => {
                    let after = at.saturating_sub(self.now).max(1);
                    self.at(after, Event::Tick { at: Who::Relay, line });
                }
                Output::Close(_) => {
                    self.relay.sessions.remove(&line);
                    self.hang_up(Who::Relay, line);
                    return;
                }
                Output::Up => self.take_over(line),
                Output::KeepReport(_) => {}
                work => self.relay_work(line, work),
            }
        }
    }

    /// A newer session of a node replaces the older one.
    fn take_over(&mut self, line: u64) {
        let node = |session: &Session| session.greeting.as_ref().map(|greeting| greeting.node);
        let Some(session) = self.relay.sessions.get_mut(&line) else { return };
        session.up = true;
        let mine: Option<NodeId> = node(session);
        let older: Vec<u64> = self
            .relay
            .sessions
            .iter()
            .filter(|(other, session)| **other != line && session.up && node(session) == mine)
            .map(|(other, _)| *other)
            .collect();
        for other in older {
            self.tell_relay(other, Input::End(Farewell::Replaced));
        }
    }

    fn relay_work(&mut self, line: u64, output: Output) {
        let now_ms = self.now + self.relay.wall;
        let early = self.planted == Some(Planted::AckBeforeStored);
        let boot = self.relay.boot;
        let chance = Chance {
            token: SessionToken(self.dice.bytes()),
            epoch: self.dice.number().to_be_bytes(),
        };
        let Some(session) = self.relay.sessions.get_mut(&line) else { return };
        session.waits = true;
        let (key, greeting) = (session.key, session.greeting.clone());
        let told = |input: Option<Input>, grew, minted| Event::RelayTold {
            boot,
            line,
            input: input.map(Box::new),
            grew,
            minted,
        };
        if let Output::Greet(hello) = &output {
            let caller = Caller { key, pending: false };
            let greeted = self.relay_write(false, |disk, _, state| {
                relay_host::greet(disk, state, caller, hello, (chance, now_ms)).map_err(|_| ())
            });
            let Ok(Written { result: answer, after }) = greeted else { return };
            if let Some(session) = self.relay.sessions.get_mut(&line) {
                session.greeting = answer.session;
            }
            let input = Some(Input::Greeted(answer.greeted));
            self.at(after, told(input, (false, false), answer.minted));
            return;
        }
        let Some(greeting) = greeting else { return };
        if relay_host::only_reads(&output) {
            // A reader sees what is committed, and what is committed is durable.
            let (mut disk, state) = (self.relay.durable.0.clone(), &self.relay.durable.1);
            let mut registrar = Registrar::new(Arc::clone(state), self.cast.realm);
            let done = relay_host::work(&mut disk, &mut registrar, &greeting, output, now_ms);
            let input = done.ok().and_then(|done| done.input);
            self.at(1, told(input, (false, false), false));
            return;
        }
        let output = match output {
            Output::StoreClaims(_) if self.planted == Some(Planted::ClaimsForgotten) => {
                Output::StoreClaims(Vec::new())
            }
            output => output,
        };
        let stores = matches!(output, Output::Store(_));
        let waited = self.relay.written.0.waits();
        let worked = self.relay_write(greeting.ended, |disk, registrar, _| {
            relay_host::work(disk, registrar, &greeting, output, now_ms).map_err(|_| ())
        });
        match worked {
            Ok(Written { result: done, after }) => {
                if self.relay.written.0.waits() > waited {
                    *self.fired.entry(Fault::Gap).or_default() += 1;
                }
                let grew = (done.ledger_grew, done.reached_grew);
                let after = if early && stores { 1 } else { after };
                self.at(after, told(done.input, grew, false));
            }
            Err(()) => self.at(1, told(Some(Input::StorageFailed), (false, false), false)),
        }
    }
}
