//! What comes over a session's line while it works.

use std::{future::Future, pin::pin};

use hoso_sync::{
    frame::{Frame, Stream},
    relay::{Input, Output},
};

use super::{Office, Talk};
use crate::{
    clock,
    line::{Event, Reads},
    link::steady_ms,
};

/// What may wait to be done in one session, from which on no more is read.
const OUTPUTS_MAX: usize = 1024;

impl<O: Office> Talk<'_, O> {
    pub(super) fn tell(&mut self, input: Input) {
        for output in self.conversation.handle(steady_ms(self.shared.begun), input) {
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
            Event::Frame(frame) => {
                self.heard_ms = clock::now_ms();
                self.tell(Input::Frame(frame));
            }
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
}
