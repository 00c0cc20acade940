//! The conversation of two nodes of one unit, with or without the relay. Both sides are alike:
//! each gives the other its journal from the place that the other names.
//!
//! What the other has otherwise is passed over, so the receiver cannot compute the running digest
//! of the journal. It keeps the one that it is told with each place, and names both when it comes
//! again; where they no longer fit the journal, that begins anew, and what is known is known by
//! its id. That it does is the first thing that is said then, so that the other side does not take
//! what it had from here for what is still here.

use std::collections::VecDeque;

use hoso_identity::Realm;

use crate::{
    frame::{Frame, MINOR_MAX, MINOR_MIN, Stream},
    liveness::{Liveness, Pulse},
    relay::CREDIT_ENTRIES,
    wire::{Ack, Beat, Covered, Farewell, Goodbye, Hello, Pushed, PushedBatch},
};

/// Parts that wait to be stored, from which on no more is read.
const PARTS_READ: usize = 4;
/// Parts that wait to be stored at most: those that were read, and what the line still held.
const PARTS_MAX: usize = 64;
/// Entries of several parts that are stored together at most: the desk's saves wait for them.
const STORED_ENTRIES: usize = 256;

/// Entries of a journal in order, and how far it is covered with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the other side may lack.
    pub entries: Vec<Pushed>,
    /// Where they end.
    pub covered: Covered,
}

/// What the host tells the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A frame came.
    Frame(Frame),
    /// What came is no frame of this protocol.
    Broken,
    /// The time that was asked for has come.
    Tick,
    /// The own journal has this head now.
    JournalGrew(u64),
    /// How far the other's journal is here.
    Met(Covered),
    /// The acknowledgement is durable. `agrees`: the place is one of the own journal.
    AckStored {
        /// Whether it is.
        agrees: bool,
    },
    /// The part after the place that was asked for; none when the journal has no such place any
    /// more.
    JournalRead(Option<Part>),
    /// A part is durable.
    PartStored(Covered),
    /// The storage failed: say nothing more that rests on it.
    StorageFailed,
    /// The conversation is to end.
    End(Farewell),
}

/// What the conversation asks of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a frame on its stream.
    Send(Frame),
    /// The other side says who it is and what it has; answer `Met`.
    Meet(Hello),
    /// Note how far the own journal is at the other side; answer `AckStored`.
    StoreAck(Covered),
    /// Read the own journal after this place; answer `JournalRead`. May wait for room on the line.
    ReadJournal(Covered),
    /// Store a part of the other's journal with its place; answer `PartStored`.
    StorePart(Part),
    /// Both sides know where to go on.
    Up,
    /// Give `Tick` at that time of the host's clock, milliseconds.
    WakeAt(u64),
    /// Close the connection; nothing follows.
    Close(Farewell),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before the other's `Hello`.
    Greeting,
    /// After it, before the own place has been read.
    Meeting,
    Open,
    Closed,
}

/// One conversation, from `Hello` to the end of the connection.
#[derive(Clone, Debug)]
pub struct Conversation {
    phase: Phase,
    liveness: Liveness,
    realm: Realm,
    journal_head: u64,
    /// How far the own journal was sent; none before the other has said where to begin.
    sent: Option<Covered>,
    reading: bool,
    /// Whether the journal is perhaps numbered anew, so that the place that was sent is to be
    /// looked at again.
    doubted: bool,
    /// What the other acknowledges, the newest; what is being stored of it.
    ack: Option<Covered>,
    storing_ack: Option<Covered>,
    /// Entries whose place has not come yet.
    coming: Vec<Pushed>,
    parts: VecDeque<Part>,
    storing: bool,
}

impl Conversation {
    /// Begins, on either side: gives the conversation and its first outputs.
    #[must_use]
    pub fn begin(hello: Hello, now_ms: u64) -> (Self, Vec<Output>) {
        let mut conversation = Self {
            phase: Phase::Greeting,
            liveness: Liveness::new(now_ms),
            realm: hello.realm,
            journal_head: hello.journal_head,
            sent: None,
            reading: false,
            doubted: false,
            ack: None,
            storing_ack: None,
            coming: Vec::new(),
            parts: VecDeque::new(),
            storing: false,
        };
        let mut out = vec![Output::Send(Frame::Hello(hello))];
        conversation.tick(now_ms, &mut out);
        (conversation, out)
    }

    /// Whether more of that stream may be read: what comes faster than it can be stored stays on
    /// the line.
    #[must_use]
    pub fn reads(&self, stream: Stream) -> bool {
        match stream {
            Stream::Control | Stream::Healing => true,
            Stream::Entries => self.parts.len() < PARTS_READ,
        }
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
            Input::JournalGrew(head) => {
                self.journal_head = self.journal_head.max(head);
                self.doubted |= self.sent.is_some_and(|sent| head <= sent.through);
                self.push(&mut out);
            }
            Input::Met(place) => self.met(place, &mut out),
            Input::AckStored { agrees } => self.ack_stored(agrees, &mut out),
            Input::JournalRead(Some(part)) => self.journal_read(part, &mut out),
            Input::JournalRead(None) => self.close(Farewell::Again, &mut out),
            Input::PartStored(covered) => {
                self.storing = false;
                acknowledge(covered, &mut out);
                self.store(&mut out);
            }
            Input::StorageFailed => self.close(Farewell::Storage, &mut out),
            Input::End(why) => self.close(why, &mut out),
        }
        out
    }

    fn frame(&mut self, frame: Frame, out: &mut Vec<Output>) {
        match frame {
            Frame::Hello(hello) if self.phase == Phase::Greeting => self.hello(hello, out),
            Frame::Ack(ack) => {
                self.ack = Some(Covered { through: ack.through, digest: ack.digest });
                self.store_ack(out);
            }
            Frame::Push(batch) if self.coming.is_empty() => self.coming = batch.entries,
            Frame::Covered(covered) => {
                if self.parts.len() >= PARTS_MAX {
                    return self.close(Farewell::Protocol, out);
                }
                let entries = std::mem::take(&mut self.coming);
                self.parts.push_back(Part { entries, covered });
                self.store(out);
            }
            Frame::Ping(Beat { count }) => out.push(Output::Send(Frame::Pong(Beat { count }))),
            Frame::Pong(_) => {}
            Frame::Goodbye(Goodbye { why }) => {
                self.phase = Phase::Closed;
                out.push(Output::Close(why));
            }
            Frame::Hello(_)
            | Frame::Push(_)
            | Frame::Join(_)
            | Frame::Joined(_)
            | Frame::Welcome(_)
            | Frame::FeedAck(_)
            | Frame::Delivered(_)
            | Frame::Feed(_)
            | Frame::Show(_)
            | Frame::Listing(_)
            | Frame::Held(_)
            | Frame::Answer(_)
            | Frame::Claim(_)
            | Frame::Claimed(_)
            | Frame::Healed(_)
            | Frame::Coded(_)
            | Frame::Report(_) => self.close(Farewell::Protocol, out),
        }
    }

    fn hello(&mut self, hello: Hello, out: &mut Vec<Output>) {
        if hello.realm != self.realm {
            return self.close(Farewell::Realm, out);
        }
        if hello.minor_min > MINOR_MAX || hello.minor_max < MINOR_MIN {
            return self.close(Farewell::Version, out);
        }
        self.phase = Phase::Meeting;
        out.push(Output::Meet(hello));
    }

    fn met(&mut self, place: Covered, out: &mut Vec<Output>) {
        if self.phase == Phase::Meeting {
            self.phase = Phase::Open;
            acknowledge(place, out);
            self.store_ack(out);
            self.store(out);
        }
    }

    fn store_ack(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Open
            && self.storing_ack.is_none()
            && let Some(ack) = self.ack.take()
        {
            self.storing_ack = Some(ack);
            out.push(Output::StoreAck(ack));
        }
    }

    /// The first place that the other names says where to begin. One that is none of this journal's
    /// is that of another copy, or of a time that was lost here: then all of it is new to the other
    /// side, and nothing that it had from here is known to be here.
    fn ack_stored(&mut self, agrees: bool, out: &mut Vec<Output>) {
        let Some(ack) = self.storing_ack.take() else { return };
        if self.sent.is_none() {
            self.sent = Some(if agrees { ack } else { Covered::default() });
            out.push(Output::Up);
            if !agrees {
                out.push(Output::Send(Frame::Covered(Covered::default())));
            }
        } else if !agrees {
            return self.close(Farewell::Again, out);
        }
        self.store_ack(out);
        self.push(out);
    }

    /// Reads on in the journal while there is something that the other side has not been told of.
    fn push(&mut self, out: &mut Vec<Output>) {
        let (head, doubted) = (self.journal_head, self.doubted);
        if let Some(sent) = self.sent.filter(|sent| sent.through < head || doubted)
            && !self.reading
        {
            (self.reading, self.doubted) = (true, false);
            out.push(Output::ReadJournal(sent));
        }
    }

    fn journal_read(&mut self, part: Part, out: &mut Vec<Output>) {
        self.reading = false;
        let Some(sent) = self.sent else { return };
        let Part { entries, covered } = part;
        if covered.through <= sent.through {
            // It stands where it stood, unless it was numbered anew while it was read.
            if self.doubted {
                self.push(out);
            }
            return;
        }
        self.sent = Some(covered);
        let ends = covered.through >= self.journal_head;
        // Of what is passed over only the end is worth a word.
        let tells = !entries.is_empty() || ends;
        if !entries.is_empty() {
            out.push(Output::Send(Frame::Push(PushedBatch { entries })));
        }
        if tells {
            out.push(Output::Send(Frame::Covered(covered)));
        }
        self.push(out);
    }

    fn store(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Open
            && !self.storing
            && let Some(mut part) = self.parts.pop_front()
        {
            // What came while the one before was stored shares a commit; that the other side begins
            // anew stands by itself.
            while part.covered != Covered::default()
                && let Some(next) = self.parts.front()
                && part.entries.len().saturating_add(next.entries.len()) <= STORED_ENTRIES
                && let Some(next) = self.parts.pop_front()
            {
                part.entries.extend(next.entries);
                part.covered = next.covered;
            }
            self.storing = true;
            out.push(Output::StorePart(part));
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

    fn close(&mut self, why: Farewell, out: &mut Vec<Output>) {
        self.phase = Phase::Closed;
        out.push(Output::Send(Frame::Goodbye(Goodbye { why })));
        out.push(Output::Close(why));
    }
}

/// Says how far the other's journal is durable here.
fn acknowledge(covered: Covered, out: &mut Vec<Output>) {
    let Covered { through, digest } = covered;
    let credit = through.saturating_add(CREDIT_ENTRIES);
    out.push(Output::Send(Frame::Ack(Ack { through, digest, outcomes: Vec::new(), credit })));
}

#[cfg(test)]
mod tests {
    use hoso_identity::Incarnation;

    use super::*;

    fn hello(realm: u8, journal_head: u64) -> Hello {
        Hello { journal_head, ..Hello::bare(Realm([realm; 16]), Incarnation([1; 16])) }
    }

    fn place(through: u64) -> Covered {
        Covered { through, digest: [u8::try_from(through).unwrap(); 8] }
    }

    fn ack(through: u64) -> Frame {
        let mut out = Vec::new();
        acknowledge(place(through), &mut out);
        let Some(Output::Send(frame)) = out.pop() else { unreachable!() };
        frame
    }

    fn part(numbers: &[u64], through: u64) -> Part {
        let entries =
            numbers.iter().copied().map(|number| Pushed { number, bytes: vec![7] }).collect();
        Part { entries, covered: place(through) }
    }

    /// A conversation that has met the other side, with ten entries of which the other has four.
    fn open() -> Conversation {
        let (mut here, _) = Conversation::begin(hello(1, 10), 0);
        here.handle(0, Input::Frame(Frame::Hello(hello(1, 0))));
        assert_eq!(here.handle(0, Input::Met(place(2))), [Output::Send(ack(2))]);
        assert_eq!(here.handle(0, Input::Frame(ack(4))), [Output::StoreAck(place(4))]);
        let out = here.handle(0, Input::AckStored { agrees: true });
        assert_eq!(out, [Output::Up, Output::ReadJournal(place(4))]);
        here
    }

    #[test]
    fn a_part_is_acknowledged_only_after_it_is_stored() {
        let mut here = open();
        let Part { entries, covered } = part(&[3, 4, 5], 6);
        let pushed = Frame::Push(PushedBatch { entries: entries.clone() });
        assert_eq!(here.handle(0, Input::Frame(pushed)), []);
        let out = here.handle(0, Input::Frame(Frame::Covered(covered)));
        assert_eq!(out, [Output::StorePart(Part { entries, covered })]);
        let out = here.handle(0, Input::PartStored(covered));
        assert_eq!(out, [Output::Send(ack(6))]);
    }

    #[test]
    fn what_the_other_has_is_passed_over_and_only_its_end_is_told() {
        let mut here = open();
        let out = here.handle(0, Input::JournalRead(Some(part(&[], 7))));
        assert_eq!(out, [Output::ReadJournal(place(7))]);
        let out = here.handle(0, Input::JournalRead(Some(part(&[], 10))));
        assert_eq!(out, [Output::Send(Frame::Covered(place(10)))]);
    }

    #[test]
    fn a_place_of_another_copy_makes_the_journal_begin_anew() {
        let (mut here, _) = Conversation::begin(hello(1, 10), 0);
        here.handle(0, Input::Frame(Frame::Hello(hello(1, 0))));
        here.handle(0, Input::Met(place(0)));
        here.handle(0, Input::Frame(ack(4)));
        let out = here.handle(0, Input::AckStored { agrees: false });
        let anew = Output::Send(Frame::Covered(Covered::default()));
        assert_eq!(out, [Output::Up, anew, Output::ReadJournal(Covered::default())]);
    }

    #[test]
    fn that_the_other_journal_begins_anew_is_stored_before_anything_of_it() {
        let mut here = open();
        let Part { entries, covered } = part(&[7], 9);
        // The first part is being stored while the others come.
        here.handle(0, Input::Frame(Frame::Covered(place(3))));
        here.handle(0, Input::Frame(Frame::Covered(Covered::default())));
        here.handle(0, Input::Frame(Frame::Push(PushedBatch { entries: entries.clone() })));
        here.handle(0, Input::Frame(Frame::Covered(covered)));
        let anew = Part { entries: Vec::new(), covered: Covered::default() };
        let out = here.handle(0, Input::PartStored(place(3)));
        assert!(out.contains(&Output::StorePart(anew)), "{out:?}");
        let out = here.handle(0, Input::PartStored(Covered::default()));
        assert!(out.contains(&Output::StorePart(Part { entries, covered })), "{out:?}");
    }

    #[test]
    fn a_journal_that_was_numbered_anew_up_to_where_it_was_is_looked_at_again() {
        let mut here = open();
        here.handle(0, Input::JournalRead(Some(part(&[5, 6], 10))));
        assert_eq!(here.handle(0, Input::JournalGrew(10)), [Output::ReadJournal(place(10))]);
    }

    #[test]
    fn a_journal_that_was_numbered_anew_ends_the_conversation_that_knew_the_old_numbers() {
        let mut here = open();
        here.handle(0, Input::JournalRead(Some(part(&[5, 6], 10))));
        assert_eq!(here.handle(0, Input::JournalGrew(3)), [Output::ReadJournal(place(10))]);
        let out = here.handle(0, Input::JournalRead(None));
        assert!(out.contains(&Output::Close(Farewell::Again)), "{out:?}");
    }

    #[test]
    fn a_node_of_another_realm_is_told_nothing_but_that() {
        let (mut here, _) = Conversation::begin(hello(1, 10), 0);
        let out = here.handle(0, Input::Frame(Frame::Hello(hello(2, 0))));
        let goodbye = Frame::Goodbye(Goodbye { why: Farewell::Realm });
        assert_eq!(out, [Output::Send(goodbye), Output::Close(Farewell::Realm)]);
    }

    #[test]
    fn more_than_can_be_stored_stays_on_the_line() {
        let mut here = open();
        for number in 0..=PARTS_READ {
            assert!(here.reads(Stream::Entries), "{number}");
            here.handle(0, Input::Frame(Frame::Covered(place(7))));
        }
        assert!(!here.reads(Stream::Entries) && here.reads(Stream::Control));
    }
}
