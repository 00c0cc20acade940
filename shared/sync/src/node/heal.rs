//! Healing, the node's side: it asks, compares and drives.
//!
//! A scope is compared by coded symbols. The first ones tell how many are likely to be needed: as
//! many are asked for, or the full listing where that is shorter.
//!
//! What the relay shows is the ledger as it was at the head of the listing; everything that both
//! sides then find to be lacking there has its rows above that head, and gets them from the feed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hoso_identity::{DocumentId, EntryId, Epoch, Position, Scope};

use super::{Conversation, Document, Input, Output, Phase};
use crate::{
    frame::{BATCH_BYTES, Frame, HELD_DOCUMENTS_MAX, MINOR_CODED},
    listing::{self, ITEM_BYTES, Item, Listed},
    symbols::{self, Comparison, SYMBOL_BYTES, Symbol},
    wire::{
        Answer, Claim, Claimed, Coded, Farewell, Head, Held, HeldDocument, Listing, Positioned,
        Show, Welcome,
    },
};

/// Items of the longest listing that is believed: four million documents.
const ITEMS_MAX: usize = 4 << 20;
/// Claims that are read from the memory at once.
const CLAIMS_MAX: usize = 64;
/// Answers that wait to be stored, from which on no more is read.
const ANSWERS_READ: usize = 4;
/// Answers that wait to be stored at most.
const ANSWERS_MAX: usize = 64;

/// The state of one healing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Healing {
    welcome: Welcome,
    scopes: VecDeque<Scope>,
    heads: Vec<Head>,
    items: Vec<Item>,
    symbols: Vec<Symbol>,
    symbols_first: usize,
    /// Symbols that may still come.
    symbols_open: usize,
    /// Items of the listing that the symbols code.
    coded_items: usize,
    comparison: Option<Comparison>,
    own: Vec<Listed>,
    differing: VecDeque<[u8; 8]>,
    /// The last id of the first differing document that was asked about.
    after: Option<EntryId>,
    /// The number of the last question, of the last one whose answer has ended, and of the last one
    /// whose claims were settled.
    question: u32,
    answered: u32,
    settled: u32,
    /// What it named: nothing else can be wanted.
    asked: BTreeMap<EntryId, Position>,
    /// What the relay lacks, and what of it was not read yet, in order of position.
    wanted: BTreeSet<EntryId>,
    unread: VecDeque<EntryId>,
    answers: VecDeque<Answer>,
    step: Step,
}

/// What the healing waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Idle,
    Listing(Scope),
    Rows(Head),
    Own(Head),
    More(Head),
    Held(Head),
    Answer(Head),
    Storing(Head, bool),
    Claims(Head),
    Claimed(Head),
    Settling(Head),
}

impl Healing {
    pub(super) fn new(welcome: Welcome, symbols_first: usize) -> Self {
        Self {
            scopes: welcome.scopes.iter().copied().collect(),
            welcome,
            heads: Vec::new(),
            items: Vec::new(),
            symbols: Vec::new(),
            symbols_first,
            symbols_open: 0,
            coded_items: 0,
            comparison: None,
            own: Vec::new(),
            differing: VecDeque::new(),
            after: None,
            question: 0,
            answered: 0,
            settled: 0,
            asked: BTreeMap::new(),
            wanted: BTreeSet::new(),
            unread: VecDeque::new(),
            answers: VecDeque::new(),
            step: Step::Idle,
        }
    }

    /// Whether more may be read.
    pub(super) fn reads(&self) -> bool {
        self.answers.len() < ANSWERS_READ
    }

    pub(super) fn differing(&self) -> usize {
        self.differing.len()
    }

    /// Goes on with the next scope, or ends.
    fn next_scope(&mut self) -> Option<Output> {
        let scope = self.scopes.pop_front()?;
        self.own.clear();
        self.step = Step::Listing(scope);
        let coded = self.welcome.minor >= MINOR_CODED;
        Some(self.show(scope, coded.then_some(self.symbols_first)))
    }

    /// Asks for that many symbols, or for the full listing.
    fn show(&mut self, scope: Scope, symbols: Option<usize>) -> Output {
        self.items.clear();
        self.symbols.clear();
        self.symbols_open = symbols.unwrap_or(0);
        let symbols = symbols.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Output::Send(Frame::Show(Show { scope, symbols }))
    }

    fn listing(&mut self, part: &Listing) -> Result<Next, Farewell> {
        self.items.extend(listing::items(&part.items).ok_or(Farewell::Protocol)?);
        if self.items.len() > ITEMS_MAX || !self.symbols.is_empty() {
            return Err(Farewell::Protocol);
        }
        self.comparison = None;
        let head = Head { scope: part.scope, row: part.row, digest: part.digest };
        self.shown(head, part.epoch, part.last)
    }

    fn coded(&mut self, part: &Coded) -> Result<Next, Farewell> {
        let symbols = symbols::symbols(&part.symbols).ok_or(Farewell::Protocol)?;
        let open = self.symbols_open.checked_sub(symbols.len());
        self.symbols_open = open.ok_or(Farewell::Protocol)?;
        self.symbols.extend(symbols);
        self.coded_items = usize::try_from(part.items).unwrap_or(usize::MAX);
        if !self.items.is_empty() || (part.last && self.symbols.is_empty()) {
            return Err(Farewell::Protocol);
        }
        let head = Head { scope: part.scope, row: part.row, digest: part.digest };
        self.shown(head, part.epoch, part.last)
    }

    /// Goes on when the relay has shown what was asked for.
    fn shown(&mut self, head: Head, epoch: Epoch, last: bool) -> Result<Next, Farewell> {
        let (expected, is_first) = match self.step {
            Step::Listing(scope) => (scope == head.scope, true),
            Step::More(known) => (known == head, false),
            Step::Idle
            | Step::Rows(_)
            | Step::Own(_)
            | Step::Held(_)
            | Step::Answer(_)
            | Step::Storing(..)
            | Step::Claims(_)
            | Step::Claimed(_)
            | Step::Settling(_) => (false, false),
        };
        if !expected {
            return Err(Farewell::Protocol);
        }
        if epoch != self.welcome.epoch {
            return Err(Farewell::Again);
        }
        if !last {
            return Ok(Next::Wait(None));
        }
        if is_first {
            self.heads.push(head);
            return Ok(Next::Go(Some(self.rows(head, None))));
        }
        Ok(Next::Go(self.compare(head)))
    }

    /// Compares what was shown with the own listing; asks for more when it is not enough.
    fn compare(&mut self, head: Head) -> Option<Output> {
        if self.symbols.is_empty() {
            self.differing = listing::differing(&self.own, &self.items).into();
            self.items.clear();
            return self.next_documents(head);
        }
        let key = symbols::key(&self.welcome.token);
        let comparison = self.comparison.get_or_insert_with(|| Comparison::new(key, &self.own));
        let taken = comparison.take(&self.symbols);
        self.symbols.clear();
        let more = match taken {
            Ok(Some(names)) => {
                self.comparison = None;
                self.differing = names.into();
                return self.next_documents(head);
            }
            Ok(None) => {
                let more = comparison.likely_more(self.coded_items);
                Some(more).filter(|more| self.is_shorter(*more))
            }
            // The full listing is right whatever was wrong with the symbols.
            Err(symbols::Contradiction) => None,
        };
        self.step = Step::More(head);
        Some(self.show(head.scope, more))
    }

    /// Whether so many symbols are shorter than the full listing.
    fn is_shorter(&self, symbols: usize) -> bool {
        symbols.saturating_mul(SYMBOL_BYTES) < self.coded_items.saturating_mul(ITEM_BYTES)
    }

    /// Sets rows before the comparison, so that what it finds can be told apart from the rest.
    fn rows(&mut self, head: Head, after: Option<DocumentId>) -> Output {
        self.step = Step::Rows(head);
        Output::SetRows { scope: head.scope, row: head.row, after }
    }

    fn list(&mut self, head: Head) -> Output {
        self.step = Step::Own(head);
        Output::ReadListing(head.scope)
    }

    /// Asks about the next documents that differ, or goes on with the next scope.
    fn next_documents(&mut self, head: Head) -> Option<Output> {
        if self.differing.is_empty() {
            return self.next_scope();
        }
        let some = self.differing.iter().take(HELD_DOCUMENTS_MAX);
        let documents =
            some.map(|name| Document { name: *name, id: listing::named(&self.own, name) });
        let (documents, after) = (documents.collect(), self.after);
        self.step = Step::Held(head);
        Some(Output::ReadHeld { documents, after })
    }

    /// Asks what was read; what did not fit is asked next.
    fn question(&mut self, head: Head, documents: Vec<HeldDocument>) -> Output {
        for held in &documents {
            self.after = held.entries.last().filter(|_| held.more).map(|entry| entry.id);
            if !held.more {
                self.differing.pop_front();
            }
        }
        let entries = documents.iter().flat_map(|held| &held.entries);
        self.asked = entries.map(|entry| (entry.id, entry.position)).collect();
        self.step = Step::Answer(head);
        self.question = self.question.saturating_add(1);
        let question = Some(self.question);
        Output::Send(Frame::Held(Held { scope: head.scope, documents, question }))
    }

    /// Whether what came is of the last question, and that has not `had` it before: if not, it has
    /// come once more. A relay that does not number them is believed.
    ///
    /// # Errors
    ///
    /// [`Farewell::Protocol`] for a question that was not asked.
    fn is_open(&self, question: Option<u32>, had: u32) -> Result<bool, Farewell> {
        let Some(question) = question else { return Ok(true) };
        if question > self.question {
            return Err(Farewell::Protocol);
        }
        Ok(question == self.question && question > had)
    }

    fn answer(&mut self, answer: Answer) -> Result<Option<Output>, Farewell> {
        if !self.is_open(answer.question, self.answered)? {
            return Ok(None);
        }
        match self.step {
            Step::Answer(head) => {
                if !answer.want.iter().all(|id| self.asked.contains_key(id)) {
                    return Err(Farewell::Protocol);
                }
                if answer.last {
                    self.answered = self.question;
                }
                self.wanted.extend(answer.want);
                self.step = Step::Storing(head, answer.last);
                Ok(Some(Output::StoreHealed(answer.entries, head.row)))
            }
            Step::Storing(_, false) if self.answers.len() < ANSWERS_MAX => {
                self.answers.push_back(answer);
                Ok(None)
            }
            Step::Idle
            | Step::Listing(_)
            | Step::Rows(_)
            | Step::Own(_)
            | Step::More(_)
            | Step::Held(_)
            | Step::Storing(..)
            | Step::Claims(_)
            | Step::Claimed(_)
            | Step::Settling(_) => Err(Farewell::Protocol),
        }
    }

    fn stored(&mut self, head: Head, last: bool) -> Result<Next, Farewell> {
        if !last {
            self.step = Step::Answer(head);
            let waiting = self.answers.pop_front().map(|answer| self.answer(answer));
            return Ok(Next::Wait(waiting.transpose()?.flatten()));
        }
        // What stands behind the end of an answer has come once more.
        self.answers.clear();
        if self.wanted.is_empty() {
            return Ok(Next::Go(self.next_documents(head)));
        }
        // What rests on another entry comes after it.
        let mut wanted: Vec<EntryId> = self.wanted.iter().copied().collect();
        wanted.sort_by_key(|id| self.asked.get(id));
        self.unread = wanted.into();
        Ok(Next::Go(Some(self.claims(head))))
    }

    fn claims(&mut self, head: Head) -> Output {
        self.step = Step::Claims(head);
        let count = self.unread.len().min(CLAIMS_MAX);
        Output::ReadClaims(self.unread.drain(..count).collect())
    }

    fn claimed(&mut self, claimed: Claimed) -> Result<Option<Output>, Farewell> {
        if !self.is_open(claimed.question, self.settled)? {
            return Ok(None);
        }
        let Step::Claimed(head) = self.step else { return Err(Farewell::Protocol) };
        if !claimed.outcomes.iter().all(|outcome| self.wanted.contains(&outcome.id)) {
            return Err(Farewell::Protocol);
        }
        self.settled = self.question;
        self.step = Step::Settling(head);
        let wanted = std::mem::take(&mut self.wanted).into_iter().collect();
        Ok(Some(Output::StoreClaimed(wanted, claimed.outcomes)))
    }
}

/// Where a step leads.
enum Next {
    /// To this, or to the end of the healing.
    Go(Option<Output>),
    /// To this, or to what the relay sends next.
    Wait(Option<Output>),
}

/// Entries in frames of a batch each; the last one is marked.
pub(crate) fn batches(entries: Vec<Positioned>) -> Vec<(Vec<Positioned>, bool)> {
    let mut all: Vec<(Vec<Positioned>, bool)> = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0_usize;
    for entry in entries {
        bytes = bytes.saturating_add(entry.bytes.len());
        batch.push(entry);
        if bytes >= BATCH_BYTES {
            all.push((std::mem::take(&mut batch), false));
            bytes = 0;
        }
    }
    all.push((batch, true));
    all
}

impl Conversation {
    /// Goes on with healing after `Welcome`.
    pub(super) fn heal_on(&mut self, out: &mut Vec<Output>) {
        let Phase::Healing(healing) = &mut self.phase else { return };
        let next = healing.next_scope();
        self.proceed(next, out);
    }

    pub(super) fn healing_frame(&mut self, frame: Frame, out: &mut Vec<Output>) {
        let Phase::Healing(healing) = &mut self.phase else {
            return self.close(Farewell::Protocol, out);
        };
        let next = match frame {
            Frame::Listing(part) => healing.listing(&part),
            Frame::Coded(part) => healing.coded(&part),
            Frame::Answer(answer) => healing.answer(answer).map(Next::Wait),
            Frame::Claimed(claimed) => healing.claimed(claimed).map(Next::Wait),
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
            | Frame::Show(_)
            | Frame::Held(_)
            | Frame::Claim(_)
            | Frame::Healed(_)
            | Frame::Report(_) => Err(Farewell::Protocol),
        };
        self.follow(next, out);
    }

    pub(super) fn healing_input(&mut self, input: Input, out: &mut Vec<Output>) {
        let Phase::Healing(healing) = &mut self.phase else { return };
        let next = match (input, healing.step) {
            (Input::RowsSet(Some(after)), Step::Rows(head)) => {
                Next::Go(Some(healing.rows(head, Some(after))))
            }
            (Input::RowsSet(None), Step::Rows(head)) => Next::Go(Some(healing.list(head))),
            (Input::ListingRead(own), Step::Own(head)) => {
                healing.own = own;
                Next::Go(healing.compare(head))
            }
            (Input::HeldRead(held), Step::Held(_)) if held.is_empty() => {
                return self.close(Farewell::Storage, out);
            }
            (Input::HeldRead(held), Step::Held(head)) => {
                Next::Go(Some(healing.question(head, held)))
            }
            (Input::HealedStored, Step::Storing(head, last)) => match healing.stored(head, last) {
                Ok(next) => next,
                Err(why) => return self.close(why, out),
            },
            (Input::ClaimsRead(entries), Step::Claims(head)) => {
                let ends = healing.unread.is_empty();
                out.extend(batches(entries).into_iter().map(|(entries, last)| {
                    Output::Send(Frame::Claim(Claim { entries, last: last && ends }))
                }));
                if ends {
                    healing.step = Step::Claimed(head);
                    Next::Wait(None)
                } else {
                    Next::Go(Some(healing.claims(head)))
                }
            }
            (Input::ClaimedStored, Step::Settling(head)) => Next::Go(healing.next_documents(head)),
            (_, _) => Next::Wait(None),
        };
        self.follow(Ok(next), out);
    }

    fn follow(&mut self, next: Result<Next, Farewell>, out: &mut Vec<Output>) {
        match next {
            Ok(Next::Go(next)) => self.proceed(next, out),
            Ok(Next::Wait(next)) => out.extend(next),
            Err(why) => self.close(why, out),
        }
    }

    /// Carries out the next step, or ends the healing when there is none.
    fn proceed(&mut self, next: Option<Output>, out: &mut Vec<Output>) {
        match next {
            Some(output) => out.push(output),
            None => {
                let Phase::Healing(healing) = &self.phase else { return };
                let (welcome, heads) = (healing.welcome.clone(), healing.heads.clone());
                self.phase = Phase::Finishing(welcome.clone(), heads.clone());
                out.push(Output::FinishHealing { welcome, heads });
            }
        }
    }
}
