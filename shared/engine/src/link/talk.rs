//! One session of the link: its line, its conversation, and what that asks for.

use std::{collections::VecDeque, future::Future, pin::pin, time::Duration};

use hoso_sync::{
    frame::{Frame, Stream},
    node::{Conversation, Input, Output},
    wire::Farewell,
};
use tokio::time::Instant;

use super::steady_ms;
use crate::line::{Event, Line, Reads};

/// What may wait to be done, from which on no more is read.
const OUTPUTS_MAX: usize = 1024;

/// One session.
pub(super) struct Talk {
    pub(super) line: Line,
    pub(super) conversation: Conversation,
    pub(super) outputs: VecDeque<Output>,
    /// What waits for room on the line.
    pub(super) parked: VecDeque<Output>,
    pub(super) wake: Option<Instant>,
    pub(super) finished: Option<Farewell>,
    /// Whether the connection has ended.
    pub(super) lost: bool,
    pub(super) up: bool,
    pub(super) begun: Instant,
}

impl Talk {
    pub(super) fn tell(&mut self, input: Input) {
        for output in self.conversation.handle(steady_ms(self.begun), input) {
            // Whoever asks whether someone is there is answered also while work goes on.
            if let Output::Send(frame @ Frame::Pong(_)) = &output {
                self.line.send(frame);
            } else {
                self.outputs.push_back(output);
            }
        }
    }

    pub(super) fn reads(&self) -> Reads {
        let room = self.outputs.len() < OUTPUTS_MAX;
        Reads {
            entries: room && self.conversation.reads(Stream::Entries),
            healing: room && self.conversation.reads(Stream::Healing),
        }
    }

    pub(super) fn happened(&mut self, event: Event) {
        match event {
            Event::Frame(frame) => self.tell(Input::Frame(frame)),
            Event::Room => self.outputs.extend(self.parked.drain(..)),
            Event::Broken => self.tell(Input::Broken),
            Event::Closed => self.lost = true,
        }
    }

    /// Sends and reads on while a piece of work is done.
    pub(super) async fn while_reading<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            let (reads, open) = (self.reads(), !self.lost && self.outputs.len() < OUTPUTS_MAX);
            tokio::select! {
                done = &mut work => return done,
                event = self.line.event(reads), if open => self.happened(event),
            }
        }
    }

    pub(super) fn wake_at(&mut self, at_ms: u64) {
        self.wake = self.begun.checked_add(Duration::from_millis(at_ms));
    }
}
