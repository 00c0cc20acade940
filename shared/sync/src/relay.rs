//! The relay's side of a conversation.

mod heal;
mod host;

use std::collections::VecDeque;

use hoso_identity::{Epoch, Scope, UnitId};

use self::heal::Healer;
pub use self::host::{Asked, Greeted, Input, Output};
use crate::{
    frame::{Frame, MINOR_MAX, MINOR_MIN, Stream},
    liveness::{Liveness, Pulse},
    wire::{
        Ack, AppliedRow, Bare, Beat, Delivered, Farewell, Feed, FeedAck, Goodbye, Hello, Point,
        Pushed, PushedBatch,
    },
};

/// Bytes of feed rows that may be on the line without an acknowledgement.
pub const WINDOW_BYTES: usize = 1 << 20;
/// Pages that may be on the line; below what a node queues.
const WINDOW_PAGES: usize = 32;
/// Journal entries that a node may push ahead of the acknowledgement.
pub const CREDIT_ENTRIES: u64 = 4096;
/// Entries of one batch, and of several that are stored together, at most: what became of each
/// must fit one `Ack`.
const STORED_ENTRIES: usize = 1024;
/// Pushed batches that wait to be stored at most.
const BATCHES_MAX: usize = 64;
/// Pushed batches that wait to be stored, from which on no more is read.
const BATCHES_READ: usize = 8;

/// Where the conversation is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Listening,
    Joining,
    Greeting,
    Healing(Box<Healer>),
    Up,
    Closed,
}

/// One session of one node.
#[derive(Clone, Debug)]
pub struct Conversation {
    phase: Phase,
    liveness: Liveness,
    epoch: Option<Epoch>,
    /// Journal numbers up to here may be pushed.
    credit: u64,
    sent: Vec<Point>,
    in_flight: VecDeque<(Vec<Point>, usize)>,
    reading_feed: bool,
    feed_waits: bool,
    batches: VecDeque<PushedBatch>,
    /// How many of them were shown before their turn.
    shown: usize,
    storing: bool,
    acks: VecDeque<FeedAck>,
    storing_ack: bool,
    /// What the node has said in this session to have stored and applied.
    stored: Vec<Point>,
    applied: Vec<AppliedRow>,
    reading_reached: bool,
    reached_waits: bool,
    /// The row of the last statement that the node is known to have.
    statements: u64,
    /// What is told of destinations once the node has the statement of this row: a destination
    /// that had it has perhaps refused what the node still counts.
    untold: Option<(u64, Vec<Delivered>)>,
    told: Vec<Delivered>,
}

impl Conversation {
    /// Waits for the node's first frame.
    #[must_use]
    pub fn begin(now_ms: u64) -> (Self, Vec<Output>) {
        let mut conversation = Self {
            phase: Phase::Listening,
            liveness: Liveness::new(now_ms),
            epoch: None,
            credit: 0,
            sent: Vec::new(),
            in_flight: VecDeque::new(),
            reading_feed: false,
            feed_waits: true,
            batches: VecDeque::new(),
            shown: 0,
            storing: false,
            acks: VecDeque::new(),
            storing_ack: false,
            stored: Vec::new(),
            applied: Vec::new(),
            reading_reached: false,
            reached_waits: true,
            statements: 0,
            untold: None,
            told: Vec::new(),
        };
        let mut out = Vec::new();
        conversation.tick(now_ms, &mut out);
        (conversation, out)
    }

    /// Whether more of that stream may be read: what comes faster than it can be stored stays on
    /// the line.
    #[must_use]
    pub fn reads(&self, stream: Stream) -> bool {
        match stream {
            Stream::Control => true,
            Stream::Entries => self.batches.len() < BATCHES_READ,
            Stream::Healing => match &self.phase {
                Phase::Healing(healer) => healer.reads(),
                Phase::Listening | Phase::Joining | Phase::Greeting | Phase::Up | Phase::Closed => {
                    true
                }
            },
        }
    }

    /// The entries that have come and are stored next: each is shown once.
    pub fn waiting(&mut self) -> impl Iterator<Item = &Pushed> {
        let next = self.next_batches();
        let shown = std::mem::replace(&mut self.shown, next);
        self.batches.iter().take(next).skip(shown).flat_map(|batch| &batch.entries)
    }

    /// How many of the batches that wait are stored together next.
    fn next_batches(&self) -> usize {
        let mut entries = 0_usize;
        let fits = |batch: &&PushedBatch| {
            entries = entries.saturating_add(batch.entries.len());
            entries <= STORED_ENTRIES
        };
        self.batches.iter().take_while(fits).count()
    }

    /// Takes one input; gives what is to be done, in order.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        if self.phase == Phase::Closed {
            return out;
        }
        match input {
            Input::Frame(frame) => {
                self.liveness.heard(now_ms);
                self.frame(frame, &mut out);
            }
            Input::Broken => self.close(Farewell::Protocol, &mut out),
            Input::Tick => self.tick(now_ms, &mut out),
            Input::Greeted(greeted) => self.greeted(greeted, &mut out),
            Input::JoinKept(kept) => {
                if kept {
                    out.push(Output::Send(Frame::Joined(Bare {})));
                }
                self.close(if kept { Farewell::Pending } else { Farewell::Unknown }, &mut out);
            }
            Input::Stored { through, digest, outcomes, gap } => {
                self.storing = false;
                let credit = through.saturating_add(CREDIT_ENTRIES);
                self.credit = self.credit.max(credit);
                out.push(Output::Send(Frame::Ack(Ack { through, digest, outcomes, credit })));
                if gap {
                    return self.closed(Farewell::Protocol, out);
                }
                self.store(&mut out);
            }
            Input::FeedRead(feed) => self.feed_read(feed, &mut out),
            Input::AckStored { agrees: true } => {
                self.storing_ack = false;
                self.store_ack(&mut out);
            }
            Input::AckStored { agrees: false } => self.close(Farewell::Again, &mut out),
            Input::ReachedRead { reached, statements } => {
                self.reached_read(reached, statements, &mut out);
            }
            Input::ListingRead { .. }
            | Input::Compared { .. }
            | Input::EntriesRead(_)
            | Input::ClaimsStored(_)
            | Input::HealedStored => self.healing_input(input, &mut out),
            Input::LedgerGrew => {
                self.feed_waits = true;
                self.read_feed(&mut out);
            }
            Input::ReachedGrew => {
                self.reached_waits = true;
                self.read_reached(&mut out);
            }
            Input::End(why) => self.close(why, &mut out),
            Input::StorageFailed => self.close(Farewell::Storage, &mut out),
        }
        out
    }

    fn frame(&mut self, frame: Frame, out: &mut Vec<Output>) {
        match frame {
            Frame::Join(request) if self.phase == Phase::Listening => {
                self.phase = Phase::Joining;
                out.push(Output::KeepJoin(request.bytes));
            }
            Frame::Hello(hello) if self.phase == Phase::Listening => self.hello(hello, out),
            Frame::Push(batch) if self.greeted_already() => self.push(batch, out),
            Frame::FeedAck(ack) if self.greeted_already() => self.feed_ack(ack, out),
            Frame::Report(report) => out.push(Output::KeepReport(report)),
            Frame::Ping(Beat { count }) => out.push(Output::Send(Frame::Pong(Beat { count }))),
            Frame::Pong(_) => {}
            Frame::Goodbye(Goodbye { why }) => {
                self.phase = Phase::Closed;
                out.push(Output::Close(why));
            }
            Frame::Show(_) | Frame::Held(_) | Frame::Claim(_) | Frame::Healed(_) => {
                self.healing_frame(frame, out);
            }
            Frame::Join(_)
            | Frame::Hello(_)
            | Frame::Push(_)
            | Frame::FeedAck(_)
            | Frame::Joined(_)
            | Frame::Welcome(_)
            | Frame::Ack(_)
            | Frame::Delivered(_)
            | Frame::Feed(_)
            | Frame::Covered(_)
            | Frame::Listing(_)
            | Frame::Coded(_)
            | Frame::Answer(_)
            | Frame::Claimed(_) => self.close(Farewell::Protocol, out),
        }
    }

    /// Whether the node may push and acknowledge. The streams are not ordered among each other, so
    /// that both may overtake `Healed`; they wait until it has come.
    fn greeted_already(&self) -> bool {
        matches!(self.phase, Phase::Up | Phase::Healing(_))
    }

    /// Takes a batch, if the node was given credit for it and one `Ack` can answer it.
    fn push(&mut self, batch: PushedBatch, out: &mut Vec<Output>) {
        let has_credit = batch.entries.iter().all(|entry| entry.number <= self.credit);
        let fits = batch.entries.len() <= STORED_ENTRIES;
        if !has_credit || !fits || self.batches.len() >= BATCHES_MAX {
            return self.close(Farewell::Protocol, out);
        }
        self.batches.push_back(batch);
        self.store(out);
    }

    fn hello(&mut self, hello: Hello, out: &mut Vec<Output>) {
        if hello.minor_max < MINOR_MIN || hello.minor_min > MINOR_MAX {
            return self.close(Farewell::Version, out);
        }
        self.phase = Phase::Greeting;
        self.liveness.allow(hello.quiet_ms.unwrap_or_default());
        self.sent.clone_from(&hello.cursors);
        out.push(Output::Greet(hello));
    }

    fn greeted(&mut self, greeted: Greeted, out: &mut Vec<Output>) {
        match greeted {
            Greeted::Refuse(why) => self.close(why, out),
            Greeted::Welcome(welcome) => {
                self.epoch = Some(welcome.epoch);
                self.credit = welcome.credit;
                for scope in &welcome.scopes {
                    if !self.sent.iter().any(|point| point.scope == *scope) {
                        self.sent.push(Point { scope: *scope, row: 0, digest: [0; 8] });
                    }
                }
                self.sent.retain(|point| welcome.scopes.contains(&point.scope));
                let healer = welcome.heal.then(|| Box::new(Healer::new(&welcome)));
                out.push(Output::Send(Frame::Welcome(welcome)));
                out.push(Output::Up);
                if let Some(healer) = healer {
                    self.phase = Phase::Healing(healer);
                } else {
                    self.statements = statements(&self.sent);
                    self.go_up(out);
                }
            }
        }
    }

    fn go_up(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Up;
        self.store(out);
        self.store_ack(out);
        self.read_feed(out);
        self.read_reached(out);
    }

    fn store(&mut self, out: &mut Vec<Output>) {
        let next = self.next_batches();
        if self.phase == Phase::Up && !self.storing && next > 0 {
            self.shown = self.shown.saturating_sub(next);
            self.storing = true;
            // What came while the one before was stored shares a commit.
            let entries = self.batches.drain(..next).flat_map(|batch| batch.entries).collect();
            out.push(Output::Store(PushedBatch { entries }));
        }
    }

    /// Reads on in the feed while something waits there and the window has room.
    fn read_feed(&mut self, out: &mut Vec<Output>) {
        let bytes: usize = self.in_flight.iter().map(|(_, bytes)| bytes).sum();
        let room = bytes < WINDOW_BYTES && self.in_flight.len() < WINDOW_PAGES;
        if self.phase == Phase::Up && self.feed_waits && room && !self.reading_feed {
            self.reading_feed = true;
            self.feed_waits = false;
            out.push(Output::ReadFeed(self.sent.clone()));
        }
    }

    fn feed_read(&mut self, feed: Feed, out: &mut Vec<Output>) {
        self.reading_feed = false;
        if self.phase != Phase::Up {
            return;
        }
        if Some(feed.epoch) != self.epoch {
            return self.close(Farewell::Again, out);
        }
        if !feed.items.is_empty() {
            self.sent.clone_from(&feed.points);
            let frame = Frame::Feed(feed);
            self.in_flight.push_back((self.sent.clone(), frame.encode().len()));
            self.feed_waits = true;
            out.push(Output::Send(frame));
        }
        self.read_feed(out);
    }

    fn feed_ack(&mut self, mut ack: FeedAck, out: &mut Vec<Output>) {
        let had = |point: &Point| {
            self.stored.iter().any(|had| had.scope == point.scope && had.row > point.row)
        };
        if ack.stored.iter().any(had) {
            // It has come once more.
            return;
        }
        self.stored.clone_from(&ack.stored);
        let was = |said: &AppliedRow| {
            self.applied.iter().any(|was| was.scope == said.scope && was.row > said.row)
        };
        if ack.applied.iter().any(was) {
            // What was said to be applied stays so, of all feeds with the exceptions to it.
            ack.applied.clear();
        } else if !ack.applied.is_empty() {
            self.applied.clone_from(&ack.applied);
        }
        while let Some((points, _)) = self.in_flight.front() {
            let stored = points.iter().all(|sent| {
                ack.stored.iter().any(|point| point.scope == sent.scope && point.row >= sent.row)
            });
            if !stored {
                break;
            }
            self.in_flight.pop_front();
        }
        self.statements = self.statements.max(statements(&ack.stored));
        self.tell_reached(out);
        // Acknowledgements are cumulative: one that waits is replaced by a newer one.
        self.acks.clear();
        self.acks.push_back(ack);
        self.store_ack(out);
        self.read_feed(out);
    }

    fn store_ack(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Up
            && !self.storing_ack
            && let Some(ack) = self.acks.pop_front()
        {
            self.storing_ack = true;
            out.push(Output::StoreAck(ack));
        }
    }

    fn read_reached(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Up && self.reached_waits && !self.reading_reached {
            self.reading_reached = true;
            self.reached_waits = false;
            out.push(Output::ReadReached);
        }
    }

    fn reached_read(&mut self, reached: Vec<Delivered>, statements: u64, out: &mut Vec<Output>) {
        self.reading_reached = false;
        if self.phase != Phase::Up {
            return;
        }
        self.untold = Some((statements, reached));
        self.tell_reached(out);
        self.read_reached(out);
    }

    fn tell_reached(&mut self, out: &mut Vec<Output>) {
        let has = self.statements;
        let Some((_, reached)) = self.untold.take_if(|(needs, _)| *needs <= has) else { return };
        for fact in reached {
            if self.told.contains(&fact) {
                continue;
            }
            self.forget(fact.unit);
            self.told.push(fact.clone());
            out.push(Output::Send(Frame::Delivered(fact)));
        }
    }

    fn forget(&mut self, unit: UnitId) {
        self.told.retain(|told| told.unit != unit);
    }

    fn tick(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        match self.liveness.pulse(now_ms) {
            Pulse::Quiet(at_ms) => out.push(Output::WakeAt(at_ms)),
            Pulse::Ask(count, at_ms) => {
                out.push(Output::Send(Frame::Ping(Beat { count })));
                out.push(Output::WakeAt(at_ms));
            }
            Pulse::Dead => {
                self.phase = Phase::Closed;
                out.push(Output::Close(Farewell::Silence));
            }
        }
    }

    fn close(&mut self, why: Farewell, out: &mut Vec<Output>) {
        self.phase = Phase::Closed;
        out.push(Output::Send(Frame::Goodbye(Goodbye { why })));
        out.push(Output::Close(why));
    }

    fn closed(&mut self, why: Farewell, mut out: Vec<Output>) -> Vec<Output> {
        self.close(why, &mut out);
        out
    }
}

/// The row of the last statement that whoever stands at these points has.
fn statements(points: &[Point]) -> u64 {
    let province = points.iter().find(|point| point.scope == Scope::Province);
    province.map_or(0, |point| point.row)
}
