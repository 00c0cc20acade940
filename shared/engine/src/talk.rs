//! One connection and the conversation over it: what both programs' sessions do alike.

use std::{collections::VecDeque, future::Future, pin::pin, time::Duration};

use hoso_sync::{
    frame::{Frame, Stream},
    node, peer, relay,
    wire::Farewell,
};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    clock::{self, steady_ms},
    line::{Event, Line, Reads},
};

/// What may wait to be done in one session, from which on no more is read.
const OUTPUTS_MAX: usize = 1024;

/// One side of the conversation.
pub(crate) trait Side {
    /// What it is told.
    type Input;
    /// What it asks for.
    type Output;

    /// Takes one input; gives what is to be done, in order.
    fn handle(&mut self, now_ms: u64, input: Self::Input) -> Vec<Self::Output>;
    /// Whether more of that stream may be read.
    fn reads(&self, stream: Stream) -> bool;
    /// What it is told when this came; none: what is no frame of the protocol.
    fn came(frame: Option<Frame>) -> Self::Input;
    /// The frame that is to be sent, if that is what is asked for.
    fn sends(output: &Self::Output) -> Option<&Frame>;
}

impl Side for node::Conversation {
    type Input = node::Input;
    type Output = node::Output;

    fn handle(&mut self, now_ms: u64, input: node::Input) -> Vec<node::Output> {
        self.handle(now_ms, input)
    }

    fn reads(&self, stream: Stream) -> bool {
        self.reads(stream)
    }

    fn came(frame: Option<Frame>) -> node::Input {
        frame.map_or(node::Input::Broken, node::Input::Frame)
    }

    fn sends(output: &node::Output) -> Option<&Frame> {
        if let node::Output::Send(frame) = output { Some(frame) } else { None }
    }
}

impl Side for relay::Conversation {
    type Input = relay::Input;
    type Output = relay::Output;

    fn handle(&mut self, now_ms: u64, input: relay::Input) -> Vec<relay::Output> {
        self.handle(now_ms, input)
    }

    fn reads(&self, stream: Stream) -> bool {
        self.reads(stream)
    }

    fn came(frame: Option<Frame>) -> relay::Input {
        frame.map_or(relay::Input::Broken, relay::Input::Frame)
    }

    fn sends(output: &relay::Output) -> Option<&Frame> {
        if let relay::Output::Send(frame) = output { Some(frame) } else { None }
    }
}

impl Side for peer::Conversation {
    type Input = peer::Input;
    type Output = peer::Output;

    fn handle(&mut self, now_ms: u64, input: peer::Input) -> Vec<peer::Output> {
        self.handle(now_ms, input)
    }

    fn reads(&self, stream: Stream) -> bool {
        self.reads(stream)
    }

    fn came(frame: Option<Frame>) -> peer::Input {
        frame.map_or(peer::Input::Broken, peer::Input::Frame)
    }

    fn sends(output: &peer::Output) -> Option<&Frame> {
        if let peer::Output::Send(frame) = output { Some(frame) } else { None }
    }
}

/// A line with its conversation, and what that has asked for and is not done yet.
pub(crate) struct Talk<S: Side> {
    pub(crate) line: Line,
    pub(crate) conversation: S,
    pub(crate) outputs: VecDeque<S::Output>,
    /// What waits for room on the line.
    pub(crate) parked: VecDeque<S::Output>,
    pub(crate) wake: Option<Instant>,
    pub(crate) finished: Option<Farewell>,
    /// Whether the connection has ended.
    pub(crate) lost: bool,
    /// The scans that travel beside it; they end with it.
    pub(crate) scans: JoinSet<()>,
    /// When the last frame came, Unix milliseconds; at first when the connection began.
    pub(crate) heard_ms: u64,
    /// Where the conversation's time begins.
    begun: Instant,
}

impl<S: Side> Talk<S> {
    /// A conversation over this line that has begun with these outputs.
    pub(crate) fn new(
        line: Line,
        (conversation, outputs): (S, Vec<S::Output>),
        begun: Instant,
    ) -> Self {
        Self {
            line,
            conversation,
            outputs: outputs.into(),
            parked: VecDeque::new(),
            wake: None,
            finished: None,
            lost: false,
            scans: JoinSet::new(),
            heard_ms: clock::now_ms(),
            begun,
        }
    }

    /// Tells the conversation something, and keeps what it asks for.
    pub(crate) fn tell(&mut self, input: S::Input) {
        for output in self.conversation.handle(steady_ms(self.begun), input) {
            // Whoever asks whether someone is there is answered also while work goes on.
            if let Some(frame @ Frame::Pong(_)) = S::sends(&output) {
                self.line.send(frame);
            } else {
                self.outputs.push_back(output);
            }
        }
    }

    /// What may be read of the line now.
    pub(crate) fn reads(&self) -> Reads {
        let room = self.outputs.len() < OUTPUTS_MAX;
        Reads {
            entries: room && self.conversation.reads(Stream::Entries),
            healing: room && self.conversation.reads(Stream::Healing),
        }
    }

    /// Takes what happened on the line.
    pub(crate) fn happened(&mut self, event: Event) {
        match event {
            Event::Frame(frame) => {
                self.heard_ms = clock::now_ms();
                self.tell(S::came(Some(frame)));
            }
            Event::Room => self.outputs.extend(self.parked.drain(..)),
            Event::Broken => self.tell(S::came(None)),
            Event::Closed => self.lost = true,
        }
    }

    /// Sends and reads on while a piece of work is done.
    pub(crate) async fn while_reading<T>(&mut self, work: impl Future<Output = T>) -> T {
        self.while_heard(work, |_| {}).await
    }

    /// The same; whoever wants to know what has come is shown the conversation each time.
    pub(crate) async fn while_heard<T>(
        &mut self,
        work: impl Future<Output = T>,
        mut heard: impl FnMut(&mut S),
    ) -> T {
        let mut work = pin!(work);
        loop {
            heard(&mut self.conversation);
            let (reads, open) = (self.reads(), !self.lost && self.outputs.len() < OUTPUTS_MAX);
            tokio::select! {
                done = &mut work => return done,
                event = self.line.event(reads), if open => self.happened(event),
            }
        }
    }

    /// Wakes the conversation at that time of its own.
    pub(crate) fn wake_at(&mut self, at_ms: u64) {
        self.wake = self.begun.checked_add(Duration::from_millis(at_ms));
    }
}
