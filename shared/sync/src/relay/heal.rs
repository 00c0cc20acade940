//! Healing by full listing, the relay's side: it shows, compares, sends and takes back.

use std::collections::VecDeque;

use hoso_identity::EntryId;

use super::{Conversation, Input, Output, Phase};
use crate::{
    frame::{BATCH_BYTES, Frame},
    listing::Item,
    node::batches,
    wire::{Answer, Bare, Farewell, Head, Listing, Point},
};

/// Entries that are read from the ledger at once.
const ENTRIES_MAX: usize = 64;
/// Entry ids that one answer wants.
const WANTED_MAX: usize = 2048;

/// The state of one healing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Healer {
    heads: Vec<Head>,
    send: VecDeque<EntryId>,
    want: VecDeque<EntryId>,
    busy: bool,
    claims_end: bool,
    claims_open: u64,
}

impl Healer {
    /// Reads the next entries of the answer, or ends it.
    fn next_entries(&mut self) -> Output {
        if self.send.is_empty() {
            let count = self.want.len().min(WANTED_MAX);
            let want = self.want.drain(..count).collect();
            let last = self.want.is_empty();
            self.busy = !last;
            return Output::Send(Frame::Answer(Answer { entries: Vec::new(), want, last }));
        }
        let count = self.send.len().min(ENTRIES_MAX);
        Output::ReadEntries(self.send.drain(..count).collect())
    }
}

impl Conversation {
    pub(super) fn healing_frame(&mut self, frame: Frame, out: &mut Vec<Output>) {
        let Phase::Healing(healer) = &mut self.phase else {
            return self.close(Farewell::Protocol, out);
        };
        if healer.busy {
            return self.close(Farewell::Protocol, out);
        }
        healer.busy = true;
        match frame {
            Frame::Show(show) => out.push(Output::ReadListing(show.scope)),
            Frame::Held(held) => out.push(Output::Compare(held)),
            Frame::Claim(claim) => {
                healer.claims_end = claim.last;
                healer.claims_open = healer.claims_open.saturating_add(1);
                // The frames of one claim come without a pause; each is stored on its own.
                healer.busy = false;
                out.push(Output::StoreClaims(claim.entries));
            }
            Frame::Healed(_) => out.push(Output::StoreHealed),
            Frame::Join(_)
            | Frame::Joined(_)
            | Frame::Hello(_)
            | Frame::Welcome(_)
            | Frame::Ack(_)
            | Frame::FeedAck(_)
            | Frame::Delivered(_)
            | Frame::Ping(_)
            | Frame::Pong(_)
            | Frame::Goodbye(_)
            | Frame::Push(_)
            | Frame::Feed(_)
            | Frame::Listing(_)
            | Frame::Answer(_)
            | Frame::Claimed(_)
            | Frame::Report(_) => self.close(Farewell::Protocol, out),
        }
    }

    pub(super) fn healing_input(&mut self, input: Input, out: &mut Vec<Output>) {
        let epoch = self.epoch;
        let Phase::Healing(healer) = &mut self.phase else { return };
        match input {
            Input::ListingRead(head, items) => {
                let Some(epoch) = epoch else { return };
                healer.busy = false;
                healer.heads.retain(|known| known.scope != head.scope);
                healer.heads.push(head);
                out.extend(parts(&items).map(|(items, last)| {
                    let (scope, row, digest) = (head.scope, head.row, head.digest);
                    let part = Listing { scope, epoch, row, digest, items, last };
                    Output::Send(Frame::Listing(part))
                }));
            }
            Input::Compared { send, want } => {
                healer.send = send.into();
                healer.want = want.into();
                self.answer_on(out);
            }
            Input::EntriesRead(entries) => {
                out.extend(batches(entries).into_iter().map(|(entries, _)| {
                    let answer = Answer { entries, want: Vec::new(), last: false };
                    Output::Send(Frame::Answer(answer))
                }));
                self.answer_on(out);
            }
            Input::ClaimsStored => {
                healer.claims_open = healer.claims_open.saturating_sub(1);
                if healer.claims_end && healer.claims_open == 0 {
                    healer.claims_end = false;
                    out.push(Output::Send(Frame::Claimed(Bare {})));
                }
            }
            Input::HealedStored => {
                for head in healer.heads.clone() {
                    self.resume(&head);
                }
                self.go_up(out);
            }
            Input::Frame(_)
            | Input::Tick
            | Input::Greeted(_)
            | Input::JoinKept(_)
            | Input::Stored { .. }
            | Input::FeedRead(_)
            | Input::AckStored { .. }
            | Input::ReachedRead(_)
            | Input::LedgerGrew
            | Input::ReachedGrew
            | Input::End(_)
            | Input::StorageFailed => {}
        }
    }

    /// Sends answers until entries must be read or the answer has ended.
    fn answer_on(&mut self, out: &mut Vec<Output>) {
        let Phase::Healing(healer) = &mut self.phase else { return };
        loop {
            let next = healer.next_entries();
            let ended = !matches!(next, Output::Send(_)) || !healer.busy;
            out.push(next);
            if ended {
                break;
            }
        }
    }

    /// The feed goes on after the head that the listing showed.
    fn resume(&mut self, head: &Head) {
        let mut digest = [0; 8];
        digest.iter_mut().zip(head.digest).for_each(|(to, from)| *to = from);
        if let Some(point) = self.sent.iter_mut().find(|point| point.scope == head.scope) {
            *point = Point { scope: head.scope, row: head.row, digest };
        }
    }
}

/// The parts of a listing; at least one, the last one marked.
fn parts(items: &[Item]) -> impl Iterator<Item = (Vec<u8>, bool)> {
    let per_part = BATCH_BYTES / 16;
    let count = items.len().div_ceil(per_part).max(1);
    (1..=count).map(move |number| {
        let skipped = number.saturating_sub(1).saturating_mul(per_part);
        let part = items.iter().skip(skipped).take(per_part);
        (part.flatten().copied().collect(), number == count)
    })
}
