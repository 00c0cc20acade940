//! The node's side of a conversation.

mod heal;

pub(crate) use self::heal::batches;

use std::collections::VecDeque;

use hoso_identity::{EntryId, Scope};

use self::heal::Healing;
use crate::{
    frame::{Frame, MINOR_MAX, MINOR_MIN},
    listing::Item,
    liveness::{Liveness, Pulse},
    wire::{
        Ack, AppliedRow, Beat, Delivered, Farewell, Feed, FeedAck, Goodbye, Head, HeldDocument,
        Hello, Point, Positioned, Pushed, PushedBatch, Report, Welcome,
    },
};

/// Feed pages that wait to be stored; the relay's window keeps below it.
const PAGES_MAX: usize = 64;
/// Acknowledgements that wait to be stored.
const ACKS_MAX: usize = 1024;

/// What the host tells the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A frame came.
    Frame(Frame),
    /// The time that was asked for has come.
    Tick,
    /// The own journal has this head now.
    JournalGrew(u64),
    /// Token and epoch are stored. `agrees`: the relay's digest of the journal is ours.
    WelcomeStored {
        /// Whether this is no copy.
        agrees: bool,
    },
    /// Journal entries after the number that was asked for; none at the end.
    JournalRead(Vec<Pushed>),
    /// The page is durable: where each of its scopes stands now.
    PageStored(Vec<Point>),
    /// The page does not fit what is here: the two sides have diverged.
    PageDiverged,
    /// The acknowledgement is durable. `agrees`: its digest is ours.
    AckStored {
        /// Whether this is no copy.
        agrees: bool,
    },
    /// What has been applied, durably.
    Applied {
        /// Per scope.
        applied: Vec<AppliedRow>,
        /// What could not be applied.
        except: Vec<EntryId>,
    },
    /// The own listing of the scope that was asked for.
    ListingRead(Vec<Item>),
    /// The own entries of the documents that were asked for.
    HeldRead(Vec<HeldDocument>),
    /// The healed entries are durable.
    HealedStored,
    /// The entries that the relay wanted, in order of position.
    ClaimsRead(Vec<Positioned>),
    /// Cursors and journal are as healing leaves them.
    HealingFinished {
        /// The number of the last journal entry now.
        journal_head: u64,
    },
    /// Something for the operators.
    Report(Report),
    /// The storage failed: say nothing more that rests on it.
    StorageFailed,
    /// The link is to end.
    Stop,
}

/// What the conversation asks of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a frame on its stream.
    Send(Frame),
    /// Store token and epoch, and compare the journal's digest; answer `WelcomeStored`.
    StoreWelcome(Welcome),
    /// Read journal entries after this number; answer `JournalRead`.
    ReadJournal {
        /// The number.
        after: u64,
    },
    /// Store a page; answer `PageStored` or `PageDiverged`.
    StorePage(Feed),
    /// Store an acknowledgement; answer `AckStored`.
    StoreAck(Ack),
    /// Store what is known of a destination; no answer.
    StoreDelivered(Delivered),
    /// List a scope; answer `ListingRead`.
    ReadListing(Scope),
    /// Read the entry ids of documents; answer `HeldRead`.
    ReadHeld(Scope, Vec<[u8; 8]>),
    /// Store entries that were lacking; answer `HealedStored`.
    StoreHealed(Vec<Positioned>),
    /// Read entries that the relay lacks; answer `ClaimsRead`.
    ReadClaims(Vec<EntryId>),
    /// Set cursors to these heads, and number the journal anew if so; answer `HealingFinished`.
    FinishHealing {
        /// What `Welcome` said.
        welcome: Welcome,
        /// The heads that the listings showed.
        heads: Vec<Head>,
        /// What the relay lacked: its rows are above the heads and still to come.
        claimed: Vec<EntryId>,
    },
    /// Take a new incarnation: this is a copy. The link closes next.
    Renew,
    /// The link is up.
    Up,
    /// Give `Tick` at that time, Unix milliseconds or whatever the host's clock counts.
    WakeAt(u64),
    /// Close the connection; nothing follows.
    Close(Farewell),
}

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
    credit: u64,
    reading_journal: bool,
    pages: VecDeque<Feed>,
    storing_page: bool,
    acks: VecDeque<Ack>,
    storing_ack: bool,
    applied: Vec<AppliedRow>,
    except: Vec<EntryId>,
    plant: Plant,
}

/// Faults that the simulation plants to see whether its oracles find them.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plant {
    /// Say that everything stored is applied.
    pub stored_is_applied: bool,
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
        let mut conversation = Self {
            phase: Phase::Greeting,
            liveness: Liveness::new(now_ms),
            points: hello.cursors.clone(),
            journal_head: hello.journal_head,
            sent_through: 0,
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
        let mut out = vec![Output::Send(Frame::Hello(hello))];
        conversation.tick(now_ms, &mut out);
        (conversation, out)
    }

    /// The highest journal number that was put on the line in this conversation.
    #[must_use]
    pub fn sent_through(&self) -> u64 {
        self.sent_through
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
            Input::Tick => self.tick(now_ms, &mut out),
            Input::JournalGrew(head) => {
                self.journal_head = self.journal_head.max(head);
                self.push(&mut out);
            }
            Input::WelcomeStored { agrees } => self.welcome_stored(agrees, &mut out),
            Input::JournalRead(entries) => self.journal_read(entries, &mut out),
            Input::PageStored(points) => self.page_stored(points, &mut out),
            Input::PageDiverged => self.close(Farewell::Again, &mut out),
            Input::AckStored { agrees: true } => {
                self.storing_ack = false;
                self.store_ack(&mut out);
            }
            Input::AckStored { agrees: false } => self.renew(&mut out),
            Input::Applied { applied, except } => self.applied(applied, except, &mut out),
            Input::ListingRead(_)
            | Input::HeldRead(_)
            | Input::HealedStored
            | Input::ClaimsRead(_) => self.healing_input(input, &mut out),
            Input::HealingFinished { journal_head } => self.healed(journal_head, &mut out),
            Input::Report(report) => {
                if self.phase == Phase::Up {
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
            Frame::Listing(_) | Frame::Answer(_) | Frame::Claimed(_) => {
                self.healing_frame(frame, out);
            }
            Frame::Join(_)
            | Frame::Joined(_)
            | Frame::Hello(_)
            | Frame::FeedAck(_)
            | Frame::Push(_)
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

    fn welcome_stored(&mut self, agrees: bool, out: &mut Vec<Output>) {
        let Phase::Welcoming(welcome) = self.phase.clone() else { return };
        if !agrees {
            return self.renew(out);
        }
        self.sent_through = welcome.through;
        self.credit = self.credit.max(welcome.credit);
        if welcome.heal {
            self.phase = Phase::Healing(Box::new(Healing::new(welcome)));
            self.heal_on(out);
        } else {
            self.go_up(out);
        }
    }

    fn healed(&mut self, journal_head: u64, out: &mut Vec<Output>) {
        let Phase::Finishing(welcome, heads) = self.phase.clone() else { return };
        self.points = heads.iter().map(short).collect();
        self.journal_head = journal_head;
        self.sent_through = if welcome.renumber { 0 } else { welcome.through };
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

    fn store_page(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Up
            && !self.storing_page
            && let Some(page) = self.pages.pop_front()
        {
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
