//! The changes of one dossier and what rests on what: which may come in, and how the next one is
//! written. Without Automerge, and the same on every machine.

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::ActorId;
use thiserror::Error;

use crate::{
    shape::{self, Change, EventsObject, ShapeError},
    value::{ChangeHash, Value},
};

/// The changes that count, as names.
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Option<EventsObject>,
    changes: BTreeMap<ChangeHash, Known>,
    heads: BTreeSet<ChangeHash>,
    actors: BTreeSet<ActorId>,
}

/// What is remembered of one change.
#[derive(Clone, Debug)]
struct Known {
    deps: Vec<ChangeHash>,
    max_op: u64,
}

/// A change with what the header of its entry says of it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The change.
    pub change: &'a Change,
    /// Under whom it must be written.
    pub actor: ActorId,
    /// Whether the entry begins the dossier.
    pub first: bool,
    /// Whether the entry may count at all. One that may not still has its actor.
    pub counts: bool,
}

/// What becomes of a candidate.
#[derive(Debug)]
pub enum Outcome {
    /// It is in the history.
    Taken,
    /// It rests on changes that are not here.
    Waiting,
    /// It can never count.
    Refused(ShapeError),
    /// It was said before that it does not count.
    Passed,
}

/// Why an event could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// A later event in a dossier without a first one, or upon versions that are not here.
    #[error("the version on which the event should be made is not here")]
    Base,
    /// The event does not fit into one change: too large, too many parts, a key that is empty or
    /// too long, or no map.
    #[error("the event cannot be written as one change")]
    Event(#[source] ShapeError),
    /// The change that was made does not say what it was asked to say.
    #[error("the change that was made does not hold the event")]
    Unfaithful,
}

impl History {
    /// A dossier without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether that change is here.
    #[must_use]
    pub fn contains(&self, hash: &ChangeHash) -> bool {
        self.changes.contains_key(hash)
    }

    /// The versions on which the next event would rest, ascending; none before the first.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.heads.iter().copied().collect()
    }

    /// Sorts out changes that are given in the order of the ledger, those without a position last:
    /// the history of those that count, and what becomes of each. The answer depends on the list
    /// alone. Of two changes of one actor the first in the list has it, whatever becomes of it.
    #[must_use]
    pub fn of(candidates: &[Candidate<'_>]) -> (Self, Vec<Outcome>) {
        let mut actors = BTreeMap::new();
        for (place, candidate) in candidates.iter().enumerate() {
            actors.entry(candidate.actor).or_insert(place);
        }
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(candidates.len());
        let mut open = Open::default();
        for (place, candidate) in candidates.iter().enumerate() {
            outcomes.push(if !candidate.counts {
                Outcome::Passed
            } else if actors.get(&candidate.actor) != Some(&place) {
                Outcome::Refused(ShapeError::ActorTaken)
            } else if candidate.change.is_first() != candidate.first {
                Outcome::Refused(ShapeError::First)
            } else {
                open.put(place, candidate.change);
                Outcome::Waiting
            });
        }
        let mut history = Self::new();
        while let Some(place) = open.next() {
            let Some(candidate) = candidates.get(place) else { continue };
            let taken = history.take(candidate.change, candidate.actor);
            if taken.is_ok() {
                open.taken(&candidate.change.hash);
            }
            if let Some(outcome) = outcomes.get_mut(place) {
                *outcome = taken.map_or_else(Outcome::Refused, |()| Outcome::Taken);
            }
        }
        (history, outcomes)
    }

    /// Takes a change in that fits: written under that actor, who has written nothing else, upon
    /// changes that are here.
    ///
    /// # Errors
    ///
    /// As [`shape::check`]; [`ShapeError::Dependency`] means that something has to come first.
    pub fn take(&mut self, change: &Change, expected_actor: ActorId) -> Result<(), ShapeError> {
        let max_op = |hash: &ChangeHash| self.changes.get(hash).map(|known| known.max_op);
        shape::check_with(change, expected_actor, self.events, max_op)?;
        if !self.actors.insert(change.actor) {
            return Err(ShapeError::ActorTaken);
        }
        self.events.get_or_insert(change.events);
        for dep in &change.deps {
            self.heads.remove(dep);
        }
        self.heads.insert(change.hash);
        let known = Known { deps: change.deps.clone(), max_op: change.max_op };
        self.changes.insert(change.hash, known);
        Ok(())
    }

    /// The payload of an entry that says this, and the change that it is. `base` are the versions
    /// that its author saw: normally the heads, those of an older form, none for a dossier's first
    /// event. Nothing is taken in.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn write(
        &self,
        base: &[ChangeHash],
        actor: ActorId,
        event: &Value,
    ) -> Result<(Vec<u8>, Change), WriteError> {
        let known = base.iter().all(|hash| self.contains(hash));
        if !known || base.is_empty() != self.is_empty() {
            return Err(WriteError::Base);
        }
        if self.actors.contains(&actor) {
            return Err(WriteError::Event(ShapeError::ActorTaken));
        }
        let deps = self.latest(base);
        let highest = deps.iter().filter_map(|dep| self.changes.get(dep)).map(|dep| dep.max_op);
        let start_op = highest.max().unwrap_or(0).saturating_add(1);
        let author = shape::Author { actor, deps, start_op, events: self.events };
        let (payload, change) = shape::write(author, event).map_err(WriteError::Event)?;
        if change.event == *event { Ok((payload, change)) } else { Err(WriteError::Unfaithful) }
    }

    /// Those of the versions on which none of the others rests, ascending.
    fn latest(&self, base: &[ChangeHash]) -> Vec<ChangeHash> {
        let mut latest: BTreeSet<ChangeHash> = base.iter().copied().collect();
        if latest.len() > 1 {
            let deps = |hash: &ChangeHash| self.changes.get(hash).into_iter();
            let mut below: Vec<ChangeHash> = latest
                .iter()
                .flat_map(|hash| deps(hash).flat_map(|known| &known.deps))
                .copied()
                .collect();
            let mut seen = BTreeSet::new();
            while let Some(hash) = below.pop() {
                if seen.insert(hash) {
                    latest.remove(&hash);
                    below.extend(deps(&hash).flat_map(|known| &known.deps));
                }
            }
        }
        latest.into_iter().collect()
    }
}

/// Changes that are not in the history yet, by what they lack.
#[derive(Debug, Default)]
struct Open {
    /// How many dependencies each still lacks.
    lacking: BTreeMap<usize, usize>,
    /// Who waits for a change.
    waiting: BTreeMap<ChangeHash, Vec<usize>>,
    /// Those that lack nothing, the earliest first.
    ready: BTreeSet<usize>,
}

impl Open {
    fn put(&mut self, place: usize, change: &Change) {
        for dep in &change.deps {
            self.waiting.entry(*dep).or_default().push(place);
        }
        if change.deps.is_empty() {
            self.ready.insert(place);
        } else {
            self.lacking.insert(place, change.deps.len());
        }
    }

    fn next(&mut self) -> Option<usize> {
        self.ready.pop_first()
    }

    fn taken(&mut self, hash: &ChangeHash) {
        for place in self.waiting.remove(hash).unwrap_or_default() {
            let left = self.lacking.get(&place).map_or(0, |left| left.saturating_sub(1));
            self.lacking.insert(place, left);
            if left == 0 {
                self.ready.insert(place);
            }
        }
    }
}
