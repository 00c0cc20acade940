//! Healing, the relay's side: it shows, compares, sends and takes back.

use std::collections::{BTreeSet, VecDeque};

use hoso_identity::{Entry, EntryId, Epoch};

use super::{Asked, Conversation, Input, Output, Phase};
use crate::{
    frame::{BATCH_BYTES, Frame, HELD_DOCUMENTS_MAX, HELD_ENTRIES_MAX},
    listing::{self, ITEM_BYTES, Listed},
    node::batches,
    symbols::{self, SYMBOL_BYTES, Symbols},
    wire::{
        Answer, Claim, ClaimOutcome, Claimed, Coded, Farewell, Head, Held, HeldDocument, Listing,
        Point, Positioned, Show, Welcome,
    },
};

/// Entries that are read from the ledger at once.
const ENTRIES_MAX: usize = 64;
/// Claims that wait to be stored, from which on no more is read.
const CLAIMS_READ: u64 = 4;

/// The state of one healing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Healer {
    epoch: Epoch,
    key: [u8; 32],
    heads: Vec<Head>,
    shown: Option<Shown>,
    /// How many symbols were asked of the scope that is being read.
    symbols: Option<u32>,
    send: VecDeque<EntryId>,
    want: Vec<EntryId>,
    /// What may be claimed: wanted in the last answer, and not claimed yet.
    wanted: BTreeSet<EntryId>,
    busy: bool,
    claims_end: bool,
    claims_open: u64,
    outcomes: Vec<ClaimOutcome>,
    /// The number of the last question, as it came.
    question: Option<u32>,
}

/// The scope that was shown last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    head: Head,
    /// How many entries the ledger had taken. What came later has its rows above the head, and is
    /// lacking as far as this comparison goes.
    taken: u64,
    listed: Vec<Listed>,
    coded: Option<Symbols>,
}

impl Shown {
    /// As many symbols as are asked for, or the listing as soon as that is not longer.
    fn frames(&mut self, symbols: Option<u32>, key: &[u8; 32], epoch: Epoch) -> Vec<Frame> {
        let made = self.coded.as_ref().map_or(0, Symbols::made);
        let count = symbols.and_then(|count| usize::try_from(count).ok());
        let bytes = |count: usize| made.saturating_add(count).saturating_mul(SYMBOL_BYTES);
        let listing = self.listed.len().saturating_mul(ITEM_BYTES);
        let Head { scope, row, digest } = self.head;
        let Some(count) = count.filter(|count| *count > 0 && bytes(*count) < listing) else {
            let items: Vec<u8> = self.listed.iter().flat_map(|listed| listed.item).collect();
            let listing = |(items, last)| Listing { scope, epoch, row, digest, items, last };
            return parts(items, ITEM_BYTES).map(|part| Frame::Listing(listing(part))).collect();
        };
        let coded = self.coded.get_or_insert_with(|| Symbols::new(key, &self.listed));
        let symbols = coded.next(count).into_iter().flat_map(symbols::Symbol::to_bytes).collect();
        let items = u64::try_from(self.listed.len()).unwrap_or(u64::MAX);
        let coded = |(symbols, last)| Coded { scope, epoch, row, digest, items, symbols, last };
        parts(symbols, SYMBOL_BYTES).map(|part| Frame::Coded(coded(part))).collect()
    }
}

impl Healer {
    pub(super) fn new(welcome: &Welcome) -> Self {
        Self {
            epoch: welcome.epoch,
            key: symbols::key(&welcome.token),
            heads: Vec::new(),
            shown: None,
            symbols: None,
            send: VecDeque::new(),
            want: Vec::new(),
            wanted: BTreeSet::new(),
            busy: false,
            claims_end: false,
            claims_open: 0,
            outcomes: Vec::new(),
            question: None,
        }
    }

    /// Shows more of the scope that was shown last, or reads another.
    fn show(&mut self, show: Show) -> Vec<Output> {
        let Self { shown, key, epoch, .. } = self;
        if let Some(shown) = shown.as_mut().filter(|shown| shown.head.scope == show.scope) {
            self.busy = false;
            let frames = shown.frames(show.symbols, key, *epoch);
            return frames.into_iter().map(Output::Send).collect();
        }
        self.symbols = show.symbols;
        vec![Output::ReadListing(show.scope)]
    }

    /// Whether more may be read.
    pub(super) fn reads(&self) -> bool {
        self.claims_open < CLAIMS_READ
    }

    /// Reads the next entries of the answer, or ends it.
    fn next_entries(&mut self) -> Output {
        if self.send.is_empty() {
            let want = std::mem::take(&mut self.want);
            self.wanted = want.iter().copied().collect();
            self.busy = false;
            return self.answer(Vec::new(), want, true);
        }
        let count = self.send.len().min(ENTRIES_MAX);
        Output::ReadEntries(self.send.drain(..count).collect())
    }

    fn answer(&self, entries: Vec<Positioned>, want: Vec<EntryId>, last: bool) -> Output {
        let question = self.question;
        Output::Send(Frame::Answer(Answer { entries, want, last, question }))
    }

    /// What the node asks, with the documents that the listing showed.
    fn compare(&mut self, held: Held) -> Result<Output, Farewell> {
        let shown = self.shown.as_ref().filter(|shown| shown.head.scope == held.scope);
        let shown = shown.ok_or(Farewell::Protocol)?;
        let entries: usize = held.documents.iter().map(|held| held.entries.len()).sum();
        let documents = held.documents.len();
        let bounded = documents <= HELD_DOCUMENTS_MAX && entries <= HELD_ENTRIES_MAX;
        if !bounded || !held.documents.iter().all(is_in_order) {
            return Err(Farewell::Protocol);
        }
        self.question = held.question;
        let asked = held
            .documents
            .into_iter()
            .map(|held| Asked { document: listing::named(&shown.listed, &held.document), held });
        Ok(Output::Compare { asked: asked.collect(), taken: shown.taken })
    }

    /// Takes entries that were wanted, and nothing else.
    fn claim(&mut self, claim: Claim) -> Result<Output, Farewell> {
        for claimed in &claim.entries {
            let entry = Entry::decode(&claimed.bytes).map_err(|_| Farewell::Protocol)?;
            if !self.wanted.remove(&entry.id()) {
                return Err(Farewell::Protocol);
            }
        }
        self.claims_end = claim.last;
        self.claims_open = self.claims_open.saturating_add(1);
        Ok(Output::StoreClaims(claim.entries))
    }
}

/// Whether a part's ids ascend above where it begins, and it says where it ends.
fn is_in_order(held: &HeldDocument) -> bool {
    let ids = || held.after.iter().copied().chain(held.entries.iter().map(|entry| entry.id));
    let ascends = ids().zip(ids().skip(1)).all(|(one, next)| one < next);
    ascends && !(held.more && held.entries.is_empty())
}

impl Conversation {
    pub(super) fn healing_frame(&mut self, frame: Frame, out: &mut Vec<Output>) {
        let Phase::Healing(healer) = &mut self.phase else {
            return self.close(Farewell::Protocol, out);
        };
        if let Frame::Held(held) = &frame
            && held.question.is_some()
            && held.question <= healer.question
        {
            // It has come once more.
            return;
        }
        if healer.busy {
            return self.close(Farewell::Protocol, out);
        }
        healer.busy = true;
        let next = match frame {
            Frame::Show(show) => Ok(healer.show(show)),
            Frame::Held(held) => healer.compare(held).map(|output| vec![output]),
            Frame::Claim(claim) => {
                // The frames of one claim come without a pause; each is stored on its own.
                healer.busy = false;
                healer.claim(claim).map(|output| vec![output])
            }
            Frame::Healed(_) => Ok(vec![Output::StoreHealed]),
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
            | Frame::Covered(_)
            | Frame::Feed(_)
            | Frame::Listing(_)
            | Frame::Coded(_)
            | Frame::Answer(_)
            | Frame::Claimed(_)
            | Frame::Report(_) => Err(Farewell::Protocol),
        };
        match next {
            Ok(outputs) => out.extend(outputs),
            Err(why) => self.close(why, out),
        }
    }

    pub(super) fn healing_input(&mut self, input: Input, out: &mut Vec<Output>) {
        let Phase::Healing(healer) = &mut self.phase else { return };
        match input {
            Input::ListingRead { head, taken, listed } => {
                healer.busy = false;
                healer.heads.retain(|known| known.scope != head.scope);
                healer.heads.push(head);
                let mut shown = Shown { head, taken, listed, coded: None };
                let frames = shown.frames(healer.symbols, &healer.key, healer.epoch);
                out.extend(frames.into_iter().map(Output::Send));
                healer.shown = Some(shown);
            }
            Input::Compared { send, want } => {
                healer.send = send.into();
                healer.want = want;
                out.push(healer.next_entries());
            }
            Input::EntriesRead(entries) => {
                let batches = batches(entries).into_iter();
                let answers = batches.map(|(entries, _)| healer.answer(entries, Vec::new(), false));
                out.extend(answers);
                out.push(healer.next_entries());
            }
            Input::ClaimsStored(outcomes) => {
                healer.outcomes.extend(outcomes);
                healer.claims_open = healer.claims_open.saturating_sub(1);
                if healer.claims_end && healer.claims_open == 0 {
                    healer.claims_end = false;
                    let outcomes = std::mem::take(&mut healer.outcomes);
                    let claimed = Claimed { outcomes, question: healer.question };
                    out.push(Output::Send(Frame::Claimed(claimed)));
                }
            }
            Input::HealedStored => {
                for head in healer.heads.clone() {
                    self.resume(&head);
                }
                self.go_up(out);
            }
            Input::Frame(_)
            | Input::Broken
            | Input::Tick
            | Input::Greeted(_)
            | Input::JoinKept(_)
            | Input::Stored { .. }
            | Input::FeedRead(_)
            | Input::AckStored { .. }
            | Input::ReachedRead { .. }
            | Input::LedgerGrew
            | Input::ReachedGrew
            | Input::End(_)
            | Input::StorageFailed => {}
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

/// Bytes cut into frames, between what is `whole_bytes` long; at least one, the last one marked.
fn parts(bytes: Vec<u8>, whole_bytes: usize) -> impl Iterator<Item = (Vec<u8>, bool)> {
    let part_bytes = BATCH_BYTES.saturating_sub(BATCH_BYTES.checked_rem(whole_bytes).unwrap_or(0));
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let mut part = rest.take()?;
        if part.len() > part_bytes {
            rest = Some(part.split_off(part_bytes));
        }
        Some((part, rest.is_none()))
    })
}
