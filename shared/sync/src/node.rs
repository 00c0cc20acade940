//! The node's side of a conversation.

mod heal;
mod host;

use std::collections::VecDeque;

use hoso_identity::EntryId;

use self::heal::Healing;
pub(crate) use self::heal::batches;
pub use self::host::{Document, Input, Output};
use crate::{
    frame::{Frame, MINOR_MAX, MINOR_MIN, Stream},
    liveness::{Liveness, Pulse},
    wire::{
        Ack, AppliedRow, Beat, Farewell, Feed, FeedAck, Goodbye, Head, Hello, Point, Pushed,
        PushedBatch, Welcome, Wish,
    },
};

/// Feed pages that wait to be stored; the relay's window keeps below it.
const PAGES_MAX: usize = 64;
/// Feed pages that wait to be stored, from which on no more is read.
const PAGES_READ: usize = 8;
/// Feed rows of several pages that are stored together at most: the desk's saves wait for them.
const STORED_ITEMS: usize = 256;
/// Coded symbols that a healing asks for first: enough for about 180 changed documents, 13 KB.
const SYMBOLS_FIRST: usize = 512;
/// Coded symbols that the weekly comparison asks for first: as a rule nothing differs.
const SYMBOLS_WEEKLY: usize = 8;
/// Acknowledgements that wait to be stored.
const ACKS_MAX: usize = 1024;

/// Where the conversation is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Greeting,
    Welcoming(Welcome),
    Healing(Box<Healing>),
    Finishing(Welcome, Vec<Head>),
    Up,
    Closed,
}

/// One conversation, from `Hello` to the end of the connection.
#[derive(Clone, Debug)]
pub struct Conversation {
    phase: Phase,
    liveness: Liveness,
    points: Vec<Point>,
    journal_head: u64,
    sent_through: u64,
    /// The journal number up to which the relay has said what became of it.
    answered_through: u64,
    credit: u64,
    reading_journal: bool,
    pages: VecDeque<Feed>,
    storing_page: bool,
    acks: VecDeque<Ack>,
    storing_ack: bool,
    applied: Vec<AppliedRow>,
    except: Vec<EntryId>,
    symbols_first: usize,
    plant: Plant,
}

/// Faults that the simulation plants to see whether its oracles find them, and what it makes small.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plant {
    /// Say that everything stored is applied.
    pub stored_is_applied: bool,
    /// Ask for so many symbols first: with the usual number a small listing is always shorter.
    pub symbols_first: Option<usize>,
}

impl Conversation {
    /// Begins: gives the conversation and its first outputs.
    #[must_use]
    pub fn begin(hello: Hello, now_ms: u64) -> (Self, Vec<Output>) {
        Self::begin_planted(hello, now_ms, Plant::default())
    }

    /// Begins with a planted fault.
    #[doc(hidden)]
    #[must_use]
    pub fn begin_planted(hello: Hello, now_ms: u64, plant: Plant) -> (Self, Vec<Output>) {
        let is_weekly = hello.wish == Some(Wish::Week);
        let symbols_first = if is_weekly { SYMBOLS_WEEKLY } else { SYMBOLS_FIRST };
        let mut conversation = Self {
            symbols_first: plant.symbols_first.unwrap_or(symbols_first),
            phase: Phase::Greeting,
            liveness: Liveness::new(now_ms),
            points: hello.cursors.clone(),
            journal_head: hello.journal_head,
            sent_through: 0,
            answered_through: 0,
            credit: 0,
            reading_journal: false,
            pages: VecDeque::new(),
            storing_page: false,
            acks: VecDeque::new(),
            storing_ack: false,
            applied: Vec::new(),
            except: Vec::new(),
            plant,
        };
        conversation.liveness.allow(hello.quiet_ms.unwrap_or_default());
        conversation.liveness.awaits(now_ms);
        let mut out = vec![Output::Send(Frame::Hello(hello))];
        conversation.tick(now_ms, &mut out);
        (conversation, out)
    }

    /// Whether more of that stream may be read: what comes faster than it can be stored stays on
    /// the line.
    #[must_use]
    pub fn reads(&self, stream: Stream) -> bool {
        match stream {
            Stream::Control => true,
            Stream::Entries => self.pages.len() < PAGES_READ,
            Stream::Healing => match &self.phase {
                Phase::Healing(healing) => healing.reads(),
                Phase::Greeting
                | Phase::Welcoming(_)
                | Phase::Finishing(..)
                | Phase::Up
                | Phase::Closed => true,
            },
        }
    }

    /// The highest journal number that was put on the line in this conversation.
    #[must_use]
    pub fn sent_through(&self) -> u64 {
        self.sent_through
    }

    /// Documents that are known to differ and not compared yet.
    #[must_use]
    pub fn differing(&self) -> usize {
        match &self.phase {
            Phase::Healing(healing) => healing.differing(),
            Phase::Greeting
            | Phase::Welcoming(_)
            | Phase::Finishing(..)
            | Phase::Up
            | Phase::Closed => 0,
        }
    }

    /// Takes one input; gives what is to be done, in order.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Output> {
        let mut out = self.take(now_ms, input);
        if self.awaits_answer() {
            out.extend(self.liveness.awaits(now_ms).map(Output::WakeAt));
        }
        out
    }

    /// Whether the relay must be heard soon, however long the line may be silent otherwise.
    fn awaits_answer(&self) -> bool {
        match self.phase {
            Phase::Greeting | Phase::Welcoming(_) | Phase::Healing(_) | Phase::Finishing(..) => {
                true
            }
            Phase::Up => self.answered_through < self.sent_through,
            Phase::Closed => false,
        }
    }

    fn take(&mut self, now_ms: u64, input: Input) -> Vec<Output> {
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
            Input::JournalGrew(head) => {
                self.journal_head = self.journal_head.max(head);
                self.push(&mut out);
            }
            Input::WelcomeStored { agrees: false, .. } => self.renew(&mut out),
            Input::WelcomeStored { agrees: true, through } => {
                self.welcome_stored(through, &mut out);
            }
            Input::JournalRead(entries) => self.journal_read(entries, &mut out),
            Input::PageStored(points) => self.page_stored(points, &mut out),
            Input::PageDiverged => {
                out.push(Output::Diverge);
                self.close(Farewell::Again, &mut out);
            }
            Input::AckStored { agrees: true } => {
                self.storing_ack = false;
                self.store_ack(&mut out);
            }
            Input::AckStored { agrees: false } => self.renew(&mut out),
            Input::Applied { applied, except } => self.applied(applied, except, &mut out),
            Input::RowsSet(_)
            | Input::ListingRead(_)
            | Input::HeldRead(_)
            | Input::HealedStored
            | Input::ClaimsRead(_)
            | Input::ClaimedStored => self.healing_input(input, &mut out),
            Input::HealingFinished { journal_head } => self.healed(journal_head, &mut out),
            Input::CheckDue => {
                // Whoever is behind would compare what is still on its way.
                if self.is_caught_up() {
                    self.close(Farewell::Again, &mut out);
                }
            }
            Input::Report(report) => {
                if matches!(self.phase, Phase::Healing(_) | Phase::Up) {
                    out.push(Output::Send(Frame::Report(report)));
                }
            }
            Input::StorageFailed => self.close(Farewell::Storage, &mut out),
            Input::Stop => self.close(Farewell::Leaving, &mut out),
        }
        out
    }

    fn frame(&mut self, frame: Frame, out: &mut Vec<Output>) {
        match frame {
            Frame::Welcome(welcome) => self.welcome(welcome, out),
            Frame::Ack(ack) => {
                self.credit = self.credit.max(ack.credit);
                self.answered_through = self.answered_through.max(ack.through);
                if self.acks.len() >= ACKS_MAX {
                    return self.close(Farewell::Protocol, out);
                }
                self.acks.push_back(ack);
                self.store_ack(out);
                self.push(out);
            }
            Frame::Delivered(delivered) => out.push(Output::StoreDelivered(delivered)),
            Frame::Feed(feed) => {
                // The streams are not ordered among each other: pages may overtake `Welcome`.
                if self.pages.len() >= PAGES_MAX {
                    return self.close(Farewell::Protocol, out);
                }
                self.pages.push_back(feed);
                self.store_page(out);
            }
            Frame::Ping(Beat { count }) => out.push(Output::Send(Frame::Pong(Beat { count }))),
            Frame::Pong(_) => {}
            Frame::Goodbye(Goodbye { why: Farewell::Copy }) => self.renew(out),
            Frame::Goodbye(Goodbye { why }) => {
                self.phase = Phase::Closed;
                out.push(Output::Close(why));
            }
            Frame::Listing(_) | Frame::Coded(_) | Frame::Answer(_) | Frame::Claimed(_) => {
                self.healing_frame(frame, out);
            }
            Frame::Join(_)
            | Frame::Joined(_)
            | Frame::Hello(_)
            | Frame::FeedAck(_)
            | Frame::Push(_)
            | Frame::Covered(_)
            | Frame::Show(_)
            | Frame::Held(_)
            | Frame::Claim(_)
            | Frame::Healed(_)
            | Frame::Report(_) => self.close(Farewell::Protocol, out),
        }
    }

    fn welcome(&mut self, welcome: Welcome, out: &mut Vec<Output>) {
        if self.phase != Phase::Greeting {
            return self.close(Farewell::Protocol, out);
        }
        if !(MINOR_MIN..=MINOR_MAX).contains(&welcome.minor) {
            return self.close(Farewell::Version, out);
        }
        for scope in &welcome.scopes {
            if !self.points.iter().any(|point| point.scope == *scope) {
                self.points.push(Point { scope: *scope, row: 0, digest: [0; 8] });
            }
        }
        self.points.retain(|point| welcome.scopes.contains(&point.scope));
        self.phase = Phase::Welcoming(welcome.clone());
        out.push(Output::StoreWelcome(welcome));
    }

    fn welcome_stored(&mut self, through: u64, out: &mut Vec<Output>) {
        let Phase::Welcoming(welcome) = self.phase.clone() else { return };
        // What the relay has and never acknowledged is sent again, to learn what became of it.
        self.sent_through = welcome.through.min(through);
        self.answered_through = self.sent_through;
        self.credit = self.credit.max(welcome.credit);
        if welcome.heal {
            out.push(Output::Heal);
            self.phase = Phase::Healing(Box::new(Healing::new(welcome, self.symbols_first)));
            self.heal_on(out);
        } else {
            self.go_up(out);
        }
    }

    fn healed(&mut self, journal_head: u64, out: &mut Vec<Output>) {
        let Phase::Finishing(welcome, heads) = self.phase.clone() else { return };
        self.points = heads.iter().map(short).collect();
        self.journal_head = journal_head;
        if welcome.renumber {
            (self.sent_through, self.answered_through) = (0, 0);
        }
        out.push(Output::Send(Frame::Healed(crate::wire::Bare {})));
        self.go_up(out);
    }

    fn go_up(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Up;
        out.push(Output::Up);
        self.acknowledge(out);
        self.push(out);
        self.store_page(out);
        self.store_ack(out);
    }

    /// Reads on in the journal while there is something to push and credit for it.
    fn push(&mut self, out: &mut Vec<Output>) {
        let wanted = self.phase == Phase::Up
            && !self.reading_journal
            && self.sent_through < self.journal_head.min(self.credit);
        if wanted {
            self.reading_journal = true;
            out.push(Output::ReadJournal { after: self.sent_through });
        }
    }

    fn journal_read(&mut self, entries: Vec<Pushed>, out: &mut Vec<Output>) {
        self.reading_journal = false;
        let credit = self.credit;
        let entries: Vec<Pushed> =
            entries.into_iter().take_while(|entry| entry.number <= credit).collect();
        let Some(last) = entries.last().map(|entry| entry.number) else { return };
        if self.phase == Phase::Up {
            self.sent_through = last;
            self.journal_head = self.journal_head.max(last);
            out.push(Output::Send(Frame::Push(PushedBatch { entries })));
            self.push(out);
        }
    }

    fn is_caught_up(&self) -> bool {
        let has_sent = self.sent_through == self.journal_head && !self.reading_journal;
        let has_stored = !self.storing_page && self.pages.is_empty();
        let has_heard = !self.storing_ack && self.acks.is_empty();
        self.phase == Phase::Up && has_sent && has_stored && has_heard
    }

    fn store_page(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Up
            && !self.storing_page
            && let Some(mut page) = self.pages.pop_front()
        {
            // What came while the one before was stored shares a commit.
            while let Some(next) = self.pages.front()
                && next.epoch == page.epoch
                && page.items.len().saturating_add(next.items.len()) <= STORED_ITEMS
                && let Some(next) = self.pages.pop_front()
            {
                page.items.extend(next.items);
                page.points = next.points;
            }
            self.storing_page = true;
            out.push(Output::StorePage(page));
        }
    }

    fn page_stored(&mut self, points: Vec<Point>, out: &mut Vec<Output>) {
        self.storing_page = false;
        for stored in points {
            match self.points.iter_mut().find(|point| point.scope == stored.scope) {
                Some(point) => *point = stored,
                None => self.points.push(stored),
            }
        }
        self.acknowledge(out);
        self.store_page(out);
    }

    fn applied(&mut self, applied: Vec<AppliedRow>, except: Vec<EntryId>, out: &mut Vec<Output>) {
        // Before the link is up these may be rows of another life of the ledger; the host tells
        // again when it is.
        if self.phase == Phase::Up && (self.applied != applied || self.except != except) {
            self.applied = applied;
            self.except = except;
            self.acknowledge(out);
        }
    }

    fn acknowledge(&self, out: &mut Vec<Output>) {
        if self.phase != Phase::Up {
            return;
        }
        let applied = if self.plant.stored_is_applied {
            self.points
                .iter()
                .map(|point| AppliedRow { scope: point.scope, row: point.row })
                .collect()
        } else {
            self.applied.clone()
        };
        let except = self.except.clone();
        let ack = FeedAck { stored: self.points.clone(), applied, except };
        out.push(Output::Send(Frame::FeedAck(ack)));
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

    fn renew(&mut self, out: &mut Vec<Output>) {
        out.push(Output::Renew);
        self.close(Farewell::Copy, out);
    }

    fn close(&mut self, why: Farewell, out: &mut Vec<Output>) {
        self.phase = Phase::Closed;
        out.push(Output::Send(Frame::Goodbye(Goodbye { why })));
        out.push(Output::Close(why));
    }
}

/// A head as it is sent.
fn short(head: &Head) -> Point {
    let mut digest = [0; 8];
    digest.iter_mut().zip(head.digest).for_each(|(to, from)| *to = from);
    Point { scope: head.scope, row: head.row, digest }
}
