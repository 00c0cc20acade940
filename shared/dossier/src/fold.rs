//! From the events to the standing: pure, the same on every machine, whatever came first.
//!
//! Events are taken in the order (depth in the graph of dependencies, entry id). An event counts
//! if it was lawful as its author saw the dossier, and if it still fits where it comes in the
//! order. If it was lawful and no longer fits, something happened that its author could not know:
//! the two are a [`Conflict`](crate::standing::Conflict), both stay visible, and the first in the
//! order has effect until a person who has seen both chooses.

mod bits;
mod course;
mod effects;
mod graph;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod view;
mod votes;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use hoso_identity::{EntryId, Position, UnitId};
use hoso_registry::EventKind;

use self::{bits::Bits, course::Course, graph::Graph, view::View, votes::Votes};
use crate::{
    event::{Body, Event, Frozen, Office, Unreadable},
    fields,
    rules::{self, Objection},
    standing::{Author, Outcome, Standing, Terms},
    value::ChangeHash,
};

/// An admitted or own entry, as the fold takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The entry's id.
    pub entry: EntryId,
    /// The event's id.
    pub hash: ChangeHash,
    /// The events that its author had seen last.
    pub deps: Vec<ChangeHash>,
    /// Its author.
    pub author: Author,
    /// Its place in the ledger; what has none yet comes after everything.
    pub position: Option<Position>,
    /// What it says.
    pub event: Result<Event, Unreadable>,
}

/// What the catalogue said to the entry that froze this, if this node has it.
pub type Catalogue<'a> = dyn Fn(&Item, &Frozen) -> Option<Terms> + 'a;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It holds.
    Taken,
    /// It says what was so already.
    Repeated,
    /// The rules did not allow it.
    Refused(Objection),
    /// It excludes another one; a person must choose.
    Contested,
    /// A person has chosen another one.
    Outvoted,
    /// It rests on an event that has no effect.
    Resting,
    /// It cannot be read here.
    Unreadable,
    /// It rests on events that are not here.
    Waiting,
}

impl Effect {
    /// The stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Repeated => "repeated",
            Self::Refused(objection) => objection.code(),
            Self::Contested => "contested",
            Self::Outvoted => "outvoted",
            Self::Resting => "resting",
            Self::Unreadable => "unreadable",
            Self::Waiting => "waiting",
        }
    }
}

/// A dossier as its events make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// How it stands.
    pub standing: Standing,
    /// Each item by its place in the list that was given, in the order of the fold, with what
    /// became of it. Items that wait come last.
    pub history: Vec<(usize, Effect)>,
}

/// Folds the items, whatever their order in the list; of two with one hash the first in the list
/// counts.
#[must_use]
pub fn fold(items: &[Item], terms: &Catalogue<'_>) -> Folded {
    let graph = Graph::of(items);
    let mut fold = Fold::new(items, &graph, terms);
    let view = fold.run();
    let mut standing = Rc::unwrap_or_clone(view.shown(|place| fold.hash(place)));
    let mut code = None;
    for (_, event) in view.taken.iter().filter_map(|place| fold.readable(place)) {
        effects::show(&mut standing, &mut code, event);
    }
    let placed = graph.order.iter().zip(&view.effects);
    let mut history: Vec<_> =
        placed.map(|(place, effect)| (*place, effect.unwrap_or(Effect::Waiting))).collect();
    let here: BTreeSet<usize> = graph.order.iter().copied().collect();
    let waiting = (0..items.len()).filter(|place| !here.contains(place));
    history.extend(waiting.map(|place| (place, Effect::Waiting)));
    Folded { standing, history }
}

/// One run over a dossier. All places are places in the order.
struct Fold<'a> {
    items: Vec<&'a Item>,
    graph: &'a Graph,
    terms: &'a Catalogue<'a>,
    /// Whether each event was lawful as its author saw the dossier.
    lawful: Vec<Result<(), Objection>>,
    /// What had no effect as each author saw the dossier.
    barred_then: Vec<Bits>,
    /// What the rules see of the dossier as the authors of those events saw it that move it and
    /// that others may exclude.
    seen: BTreeMap<usize, Course>,
    /// The lawful resolutions.
    votes: Votes,
    /// The last replay.
    replayed: Replayed,
}

/// How the last replay went, so that the next one begins where the two differ.
#[derive(Default)]
struct Replayed {
    /// What it took, and what was put aside in it.
    chosen: [Bits; 3],
    /// The view before each word of places.
    views: Vec<View>,
}

impl<'a> Fold<'a> {
    fn new(items: &'a [Item], graph: &'a Graph, terms: &'a Catalogue<'a>) -> Self {
        let items: Vec<&Item> = graph.order.iter().filter_map(|place| items.get(*place)).collect();
        let replayed = Replayed { views: vec![View::none(items.len())], ..Replayed::default() };
        Self {
            items,
            graph,
            terms,
            lawful: Vec::new(),
            barred_then: Vec::new(),
            seen: BTreeMap::new(),
            votes: Votes::default(),
            replayed,
        }
    }

    /// The view after everything.
    fn run(&mut self) -> View {
        let mut after: BTreeMap<usize, View> = BTreeMap::new();
        let mut children = self.graph.children.clone();
        let last = self.items.len().checked_sub(1);
        for place in 0..self.items.len() {
            let before = self.before(place, &mut after, &mut children);
            let lawful = self.lawfulness(place, &before);
            self.note(place, &before, lawful);
            let goes_on = children.get(place).is_some_and(|count| *count > 0);
            if goes_on || Some(place) == last {
                let view = if self.votes.contains(place) {
                    let mut all = self.ancestors_of(place);
                    all.insert(place);
                    self.replay(&all)
                } else {
                    self.step(before, place)
                };
                after.insert(place, view);
            }
        }
        match (self.graph.heads.as_slice(), last) {
            ([head], Some(last)) if *head == last => after.remove(&last),
            _ => None,
        }
        .unwrap_or_else(|| self.replay(&Bits::all(self.items.len())))
    }

    /// What the author of the event saw.
    fn before(
        &mut self,
        place: usize,
        after: &mut BTreeMap<usize, View>,
        children: &mut [usize],
    ) -> View {
        let graph = self.graph;
        let parents = graph.parents.get(place).map(Vec::as_slice).unwrap_or_default();
        for parent in parents {
            if let Some(count) = children.get_mut(*parent) {
                *count = count.saturating_sub(1);
            }
        }
        let spent = |parent: usize, children: &[usize]| {
            children.get(parent).is_some_and(|count| *count == 0)
        };
        if let [parent] = parents {
            let view = if spent(*parent, children) {
                after.remove(parent)
            } else {
                after.get(parent).cloned()
            };
            if let Some(view) = view {
                return view;
            }
        }
        for parent in parents.iter().filter(|parent| spent(**parent, children)) {
            after.remove(parent);
        }
        self.replay(&self.ancestors_of(place))
    }

    fn ancestors_of(&self, place: usize) -> Bits {
        let known = self.graph.ancestors_of(place).cloned();
        known.unwrap_or_else(|| Bits::none(self.items.len()))
    }

    fn lawfulness(&self, place: usize, before: &View) -> Result<(), Objection> {
        let Some((item, event)) = self.readable(place) else { return Ok(()) };
        let standing = before.shown(|place| self.hash(place));
        rules::lawful(&standing, &item.author, event)?;
        if let Body::Received(body) = &event.body {
            let form = body.application.as_ref().or(standing.application.as_deref());
            let terms = (self.terms)(item, &body.frozen);
            let same = form
                .zip(terms)
                .is_none_or(|(form, terms)| form.procedure_code == terms.procedure_code);
            if !same {
                return Err(Objection::Field);
            }
        }
        if let Body::ConflictResolved(body) = &event.body {
            let chosen = self.place_of(&body.choice).and_then(|chosen| self.kind(chosen));
            rules::may_choose(&standing, &item.author, chosen.ok_or(Objection::Role)?)?;
        }
        Ok(())
    }

    /// Keeps of what the author saw what later events are held against.
    fn note(&mut self, place: usize, before: &View, lawful: Result<(), Objection>) {
        self.lawful.push(lawful);
        self.barred_then.push(before.barred.clone());
        let Some((_, event)) = self.readable(place).filter(|_| lawful.is_ok()) else { return };
        if let Body::ConflictResolved(body) = &event.body
            && let Some(choice) = self.place_of(&body.choice)
        {
            let clashes = before.clashes.iter().filter(|clash| clash.sides.contains(&choice));
            let sides: Vec<usize> = clashes.flat_map(|clash| &clash.sides).copied().collect();
            self.votes.note(self.graph, place, choice, &sides);
        }
        if rules::moves(event.body.kind()) && self.graph.has_rivals(place) {
            self.seen.insert(place, Course::of(&before.standing, event));
        }
    }

    /// The view after these events, taken in the order.
    fn replay(&mut self, chosen: &Bits) -> View {
        let [outvoted, void] = self.votes.among(chosen, self.items.len());
        let now = [chosen.clone(), outvoted, void];
        let common = self.replayed.chosen.iter().zip(&now);
        let common = common.map(|(then, now)| then.words_in_common(now)).min().unwrap_or_default();
        self.replayed.views.truncate(common.saturating_add(1));
        let begun = self.replayed.views.len().saturating_sub(1);
        let mut view = match self.replayed.views.last() {
            Some(view) => view.clone(),
            None => View::none(self.items.len()),
        };
        let [_, outvoted, void] = &now;
        for word in begun..chosen.words() {
            for place in chosen.in_word(word) {
                if outvoted.contains(place) {
                    view.note(place, Effect::Outvoted, self.unit(place));
                } else if void.contains(place) {
                    view.note(place, Effect::Contested, self.unit(place));
                } else {
                    view = self.step(view, place);
                }
            }
            self.replayed.views.push(view.clone());
        }
        self.replayed.chosen = now;
        view
    }

    /// The view with one event more.
    fn step(&mut self, mut view: View, place: usize) -> View {
        let effect = self.judge(&mut view, place);
        if effect == Effect::Taken
            && let Some((item, event)) = self.readable(place)
        {
            effects::apply(Rc::make_mut(&mut view.standing), item, event, self.terms);
            if let Body::FieldCorrected(body) = &event.body {
                view.clashes.retain(|clash| clash.field != Some(body.field.as_str()));
            }
        }
        view.note(place, effect, self.unit(place));
        view
    }

    fn judge(&mut self, view: &mut View, place: usize) -> Effect {
        let Some((item, event)) = self.readable(place) else { return Effect::Unreadable };
        match self.lawful.get(place) {
            Some(Err(Objection::Repeated)) => return Effect::Repeated,
            Some(Err(objection)) => return Effect::Refused(*objection),
            Some(Ok(())) | None => {}
        }
        if self.votes.contains(place) {
            return Effect::Taken;
        }
        if let Some(effect) = self.register(view, place) {
            return effect;
        }
        let Err(objection) = rules::permitted(&view.standing, &item.author, event) else {
            return Effect::Taken;
        };
        if objection == Objection::Repeated || is_done(&view.standing, item, event) {
            return Effect::Repeated;
        }
        if self.rests_on_barred(view, place) {
            return Effect::Resting;
        }
        if !rules::moves(event.body.kind()) {
            return Effect::Refused(objection);
        }
        match self.opponent(view, place) {
            Some(opponent) => {
                view.contest(opponent, place, None);
                Effect::Contested
            }
            None => Effect::Refused(objection),
        }
    }

    /// What may be written once at a time: whether somebody wrote it whom the author had not seen.
    fn register(&self, view: &mut View, place: usize) -> Option<Effect> {
        let (_, event) = self.readable(place)?;
        let key = effects::register(&event.body)?;
        let writer = self.place_of(view.standing.registers.get(&key)?)?;
        let seen = |other: usize| self.graph.is_ancestor(other, place);
        let all_seen = view
            .clash_of(writer)
            .map_or_else(|| seen(writer), |clash| clash.sides.iter().all(|side| seen(*side)));
        if all_seen {
            return None;
        }
        if let Body::FieldCorrected(body) = &event.body {
            let application = view.standing.application.as_ref()?;
            if fields::holds(application, &body.field, body.value.as_deref()) {
                return Some(Effect::Repeated);
            }
        }
        view.contest(writer, place, key.field());
        Some(Effect::Contested)
    }

    /// Whether the event rests on one that has no effect here, though it had as the author saw it.
    fn rests_on_barred(&self, view: &View, place: usize) -> bool {
        let (then, before) = (self.barred_then.get(place), self.graph.ancestors_of(place));
        then.zip(before).is_some_and(|(then, before)| view.barred.without(then).meets(before))
    }

    /// The first event unknown to the author after which theirs no longer fits.
    fn opponent(&mut self, view: &View, place: usize) -> Option<usize> {
        let (item, event) = self.readable(place)?;
        let unknown = view.taken.without(self.graph.ancestors_of(place)?);
        let mut course = self.seen.remove(&place)?;
        let opponent =
            course.opponent(unknown, (item, event), |other| self.readable(other), self.terms);
        self.seen.insert(place, course);
        opponent
    }

    fn readable(&self, place: usize) -> Option<(&'a Item, &'a Event)> {
        let item = self.items.get(place)?;
        item.event.as_ref().ok().map(|event| (*item, event))
    }

    fn kind(&self, place: usize) -> Option<EventKind> {
        self.readable(place).map(|(_, event)| event.body.kind())
    }

    fn unit(&self, place: usize) -> Option<UnitId> {
        self.items.get(place).map(|item| item.author.unit)
    }

    fn hash(&self, place: usize) -> Option<ChangeHash> {
        self.items.get(place).map(|item| item.hash)
    }

    fn place_of(&self, hash: &ChangeHash) -> Option<usize> {
        self.graph.places.get(hash).copied()
    }
}

/// Whether another node of the author's unit did the same.
fn is_done(standing: &Standing, item: &Item, event: &Event) -> bool {
    if matches!(event.body, Body::TakenOver(_)) {
        let holds = standing.holder.and_then(Office::unit) == Some(item.author.unit);
        return holds && standing.open_line().is_none();
    }
    let here = |result: &Outcome| result.towards.is_none() && result.unit == item.author.unit;
    matches!(event.body, Body::ResultArrived(_)) && standing.result.as_ref().is_some_and(here)
}
