//! Healing by full listing, the node's side: scope by scope, ask, compare, fetch, bring back.

use std::collections::VecDeque;

use hoso_identity::{EntryId, Scope};

use super::{Conversation, Input, Output, Phase};
use crate::{
    frame::{BATCH_BYTES, Frame},
    listing::{self, Item},
    wire::{Answer, Claim, Farewell, Head, Held, HeldDocument, Listing, Positioned, Show, Welcome},
};

/// Items of the longest listing that is believed: four million documents.
const ITEMS_MAX: usize = 4 << 20;
/// Documents in one question.
const DOCUMENTS_MAX: usize = 256;
/// Entry ids in one question, so that a frame stays bounded.
const IDS_MAX: usize = 2048;

/// The state of one healing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Healing {
    welcome: Welcome,
    scopes: VecDeque<Scope>,
    heads: Vec<Head>,
    items: Vec<Item>,
    differing: VecDeque<[u8; 8]>,
    questions: VecDeque<HeldDocument>,
    wanted: Vec<EntryId>,
    claimed: Vec<EntryId>,
    answers: VecDeque<Answer>,
    step: Step,
}

/// What the healing waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Idle,
    Listing(Scope),
    Own(Scope),
    Held(Scope),
    Answer(Scope),
    Storing(Scope, bool),
    Claims(Scope),
    Claimed(Scope),
}

impl Healing {
    pub(super) fn new(welcome: Welcome) -> Self {
        Self {
            scopes: welcome.scopes.iter().copied().collect(),
            welcome,
            heads: Vec::new(),
            items: Vec::new(),
            differing: VecDeque::new(),
            questions: VecDeque::new(),
            wanted: Vec::new(),
            claimed: Vec::new(),
            answers: VecDeque::new(),
            step: Step::Idle,
        }
    }

    /// Goes on with the next scope, or ends.
    fn next_scope(&mut self) -> Option<Output> {
        let scope = self.scopes.pop_front()?;
        self.items.clear();
        self.step = Step::Listing(scope);
        Some(Output::Send(Frame::Show(Show { scope })))
    }

    fn listing(&mut self, part: &Listing) -> Result<Option<Output>, Farewell> {
        if self.step != Step::Listing(part.scope) {
            return Err(Farewell::Protocol);
        }
        if part.epoch != self.welcome.epoch {
            return Err(Farewell::Again);
        }
        self.items.extend(listing::items(&part.items).ok_or(Farewell::Protocol)?);
        if self.items.len() > ITEMS_MAX {
            return Err(Farewell::Protocol);
        }
        if !part.last {
            return Ok(None);
        }
        self.heads.push(Head { scope: part.scope, row: part.row, digest: part.digest });
        self.step = Step::Own(part.scope);
        Ok(Some(Output::ReadListing(part.scope)))
    }

    /// Asks about the next documents that differ, or goes on with the next scope.
    fn next_documents(&mut self, scope: Scope) -> Option<Output> {
        if !self.questions.is_empty() {
            return Some(self.question(scope));
        }
        if self.differing.is_empty() {
            return self.next_scope();
        }
        let count = self.differing.len().min(DOCUMENTS_MAX);
        let documents = self.differing.drain(..count).collect();
        self.step = Step::Held(scope);
        Some(Output::ReadHeld(scope, documents))
    }

    /// As many documents as fit one frame.
    fn question(&mut self, scope: Scope) -> Output {
        let mut documents = Vec::new();
        let mut ids = 0_usize;
        while let Some(next) = self.questions.pop_front() {
            ids = ids.saturating_add(next.entries.len());
            if !documents.is_empty() && ids > IDS_MAX {
                self.questions.push_front(next);
                break;
            }
            documents.push(next);
        }
        self.step = Step::Answer(scope);
        Output::Send(Frame::Held(Held { scope, documents }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Option<Output>, Farewell> {
        match self.step {
            Step::Answer(scope) => {
                self.wanted.extend(answer.want);
                self.step = Step::Storing(scope, answer.last);
                Ok(Some(Output::StoreHealed(answer.entries)))
            }
            Step::Storing(_, false) => {
                self.answers.push_back(answer);
                Ok(None)
            }
            Step::Idle
            | Step::Listing(_)
            | Step::Own(_)
            | Step::Held(_)
            | Step::Storing(_, true)
            | Step::Claims(_)
            | Step::Claimed(_) => Err(Farewell::Protocol),
        }
    }

    fn stored(&mut self, scope: Scope, last: bool) -> Result<Option<Output>, Farewell> {
        if !last {
            self.step = Step::Answer(scope);
            return self.answers.pop_front().map_or(Ok(None), |answer| self.answer(answer));
        }
        if self.wanted.is_empty() {
            return Ok(self.next_documents(scope));
        }
        self.step = Step::Claims(scope);
        self.claimed.extend(&self.wanted);
        Ok(Some(Output::ReadClaims(std::mem::take(&mut self.wanted))))
    }
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
        let next = match (frame, healing.step) {
            (Frame::Listing(part), _) => healing.listing(&part),
            (Frame::Answer(answer), _) => healing.answer(answer),
            (Frame::Claimed(_), Step::Claimed(scope)) => {
                let next = healing.next_documents(scope);
                return self.proceed(next, out);
            }
            (_, _) => Err(Farewell::Protocol),
        };
        self.result(next, out);
    }

    pub(super) fn healing_input(&mut self, input: Input, out: &mut Vec<Output>) {
        let Phase::Healing(healing) = &mut self.phase else { return };
        match (input, healing.step) {
            (Input::ListingRead(own), Step::Own(scope)) => {
                healing.differing = listing::differing(&own, &healing.items).into();
                healing.items.clear();
                let next = healing.next_documents(scope);
                self.proceed(next, out);
            }
            (Input::HeldRead(held), Step::Held(scope)) => {
                healing.questions = held.into();
                let next = healing.next_documents(scope);
                self.proceed(next, out);
            }
            (Input::HealedStored, Step::Storing(scope, last)) => {
                let next = healing.stored(scope, last);
                let ends = last && matches!(next, Ok(None));
                if ends { self.proceed(None, out) } else { self.result(next, out) }
            }
            (Input::ClaimsRead(entries), Step::Claims(scope)) => {
                healing.step = Step::Claimed(scope);
                out.extend(
                    batches(entries)
                        .into_iter()
                        .map(|(entries, last)| Output::Send(Frame::Claim(Claim { entries, last }))),
                );
            }
            (_, _) => {}
        }
    }

    /// Carries out the next step, or ends the healing when there is none.
    fn proceed(&mut self, next: Option<Output>, out: &mut Vec<Output>) {
        match next {
            Some(output) => out.push(output),
            None => {
                let Phase::Healing(healing) = &self.phase else { return };
                let (welcome, heads) = (healing.welcome.clone(), healing.heads.clone());
                let claimed = healing.claimed.clone();
                self.phase = Phase::Finishing(welcome.clone(), heads.clone());
                out.push(Output::FinishHealing { welcome, heads, claimed });
            }
        }
    }

    fn result(&mut self, next: Result<Option<Output>, Farewell>, out: &mut Vec<Output>) {
        match next {
            Ok(output) => out.extend(output),
            Err(why) => self.close(why, out),
        }
    }
}
