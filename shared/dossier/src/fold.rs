//! From the events to the standing: pure, the same on every machine, whatever came first.
//!
//! Events are taken in the order (depth in the graph of dependencies, entry id). An event counts
//! if it was lawful as its author saw the dossier, and if it still fits where it comes in the
//! order. If it was lawful and no longer fits, something happened that its author could not know:
//! the two are a [`Conflict`], both stay visible, and the first in the order has effect until a
//! person who has seen both chooses.

mod effects;
mod graph;

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::EntryId;
use hoso_registry::EventKind;

use crate::{
    event::{Body, Event, Frozen, Office, Unreadable},
    fold::graph::{Bits, Graph},
    rules::{self, Objection},
    standing::{Author, Conflict, Outcome, Standing, Terms},
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
    /// What it says.
    pub event: Result<Event, Unreadable>,
}

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

/// Folds the items, whatever their order in the list; of two with one hash the lower entry id
/// counts. `terms` gives what the catalogue said, if this node has it.
#[must_use]
pub fn fold(items: &[Item], terms: &dyn Fn(&Frozen) -> Option<Terms>) -> Folded {
    let graph = Graph::of(items);
    let mut fold = Fold::new(items, &graph, terms);
    let view = fold.run();
    let placed = graph.order.iter().zip(&view.effects);
    let mut history: Vec<_> =
        placed.map(|(place, effect)| (*place, effect.unwrap_or(Effect::Waiting))).collect();
    let here: BTreeSet<usize> = graph.order.iter().copied().collect();
    let waiting = (0..items.len()).filter(|place| !here.contains(place));
    history.extend(waiting.map(|place| (place, Effect::Waiting)));
    Folded { standing: view.standing, history }
}

/// A standing with what became of the events so far, by place in the order.
#[derive(Clone, Debug)]
struct View {
    standing: Standing,
    effects: Vec<Option<Effect>>,
}

/// One run over a dossier. All places are places in the order.
struct Fold<'a> {
    items: Vec<&'a Item>,
    graph: &'a Graph,
    terms: &'a dyn Fn(&Frozen) -> Option<Terms>,
    /// Whether each event was lawful as its author saw the dossier.
    lawful: Vec<Result<(), Objection>>,
    /// What had no effect as each author saw the dossier.
    barred_then: Vec<Bits>,
    /// For each lawful resolution what it chose and what it put aside.
    resolutions: BTreeMap<usize, Resolution>,
}

#[derive(Clone, Debug)]
struct Resolution {
    choice: usize,
    losers: BTreeSet<usize>,
}

impl Resolution {
    fn touches(&self, other: &Self) -> bool {
        let sides = |of: &Self| -> BTreeSet<usize> {
            of.losers.iter().copied().chain([of.choice]).collect()
        };
        !sides(self).is_disjoint(&sides(other))
    }
}

impl<'a> Fold<'a> {
    fn new(
        items: &'a [Item],
        graph: &'a Graph,
        terms: &'a dyn Fn(&Frozen) -> Option<Terms>,
    ) -> Self {
        let items = graph.order.iter().filter_map(|place| items.get(*place)).collect();
        Self {
            items,
            graph,
            terms,
            lawful: Vec::new(),
            barred_then: Vec::new(),
            resolutions: BTreeMap::new(),
        }
    }

    /// The view after everything.
    fn run(&mut self) -> View {
        let mut after: BTreeMap<usize, View> = BTreeMap::new();
        let mut children = self.graph.children.clone();
        for place in 0..self.items.len() {
            let before = self.before(place, &mut after, &mut children);
            let lawful = self.lawfulness(place, &before);
            self.note_resolution(place, &before, lawful);
            self.lawful.push(lawful);
            self.barred_then.push(barred(&before.effects));
            if children.get(place).is_some_and(|count| *count > 0) || place + 1 == self.items.len()
            {
                let view = if self.resolutions.contains_key(&place) {
                    let mut all = self.graph.ancestors_of(place);
                    all.insert(place);
                    self.replay(&all)
                } else {
                    self.step(before, place)
                };
                after.insert(place, view);
            }
        }
        match (self.graph.heads.as_slice(), self.items.len().checked_sub(1)) {
            ([head], Some(last)) if *head == last => after.remove(&last),
            _ => None,
        }
        .unwrap_or_else(|| self.replay(&Bits::all(self.items.len())))
    }

    /// What the author of the event saw.
    fn before(
        &self,
        place: usize,
        after: &mut BTreeMap<usize, View>,
        children: &mut [usize],
    ) -> View {
        let parents = self.graph.parents.get(place).map(Vec::as_slice).unwrap_or_default();
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
        self.replay(&self.graph.ancestors_of(place))
    }

    fn lawfulness(&self, place: usize, before: &View) -> Result<(), Objection> {
        let Some((item, event)) = self.readable(place) else { return Ok(()) };
        rules::lawful(&before.standing, &item.author, event)?;
        if let Body::Received(body) = &event.body {
            let form = body.application.as_ref().or(before.standing.application.as_ref());
            let terms = (self.terms)(&body.frozen);
            let same = form
                .zip(terms)
                .is_none_or(|(form, terms)| form.procedure_code == terms.procedure_code);
            if !same {
                return Err(Objection::Field);
            }
        }
        if let Body::ConflictResolved(body) = &event.body {
            let chosen = self.place_of(&body.choice).and_then(|chosen| self.kind(chosen));
            let chosen = chosen.ok_or(Objection::Role)?;
            rules::may_choose(&before.standing, &item.author, chosen)?;
        }
        Ok(())
    }

    fn note_resolution(&mut self, place: usize, before: &View, lawful: Result<(), Objection>) {
        let Some((_, event)) = self.readable(place) else { return };
        let Body::ConflictResolved(body) = &event.body else { return };
        if lawful.is_err() {
            return;
        }
        let conflicts = before.standing.conflicts.iter();
        let sides = conflicts.filter(|conflict| conflict.sides.contains(&body.choice));
        let sides: BTreeSet<usize> = sides
            .flat_map(|conflict| &conflict.sides)
            .filter_map(|side| self.place_of(side))
            .collect();
        if let Some(choice) = self.place_of(&body.choice) {
            let losers = sides.into_iter().filter(|side| *side != choice).collect();
            self.resolutions.insert(place, Resolution { choice, losers });
        }
    }

    /// The view after these events, taken in the order.
    fn replay(&self, chosen: &Bits) -> View {
        let mut view =
            View { standing: Standing::default(), effects: vec![None; self.items.len()] };
        let (outvoted, void) = self.votes(chosen);
        for place in chosen.iter() {
            if outvoted.contains(&place) {
                self.note(&mut view, place, Effect::Outvoted);
            } else if void.contains(&place) {
                self.note(&mut view, place, Effect::Contested);
            } else {
                view = self.step(view, place);
            }
        }
        view
    }

    /// What resolutions among these events have put aside, older resolutions with it; and the
    /// resolutions that contradict each other, which have no effect.
    fn votes(&self, chosen: &Bits) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let here: Vec<(usize, &Resolution)> = self
            .resolutions
            .iter()
            .filter(|(place, _)| chosen.contains(**place))
            .map(|(place, resolution)| (*place, resolution))
            .collect();
        let later = |place: usize, resolution: &Resolution| {
            here.iter().any(|(other, theirs)| {
                self.graph.is_ancestor(place, *other) && theirs.touches(resolution)
            })
        };
        let (old, latest): (Vec<_>, Vec<_>) =
            here.iter().copied().partition(|(place, resolution)| later(*place, resolution));
        let mut outvoted: BTreeSet<usize> = old.into_iter().map(|(place, _)| place).collect();
        let mut void = BTreeSet::new();
        for (place, resolution) in &latest {
            let against = latest
                .iter()
                .any(|(_, other)| other.touches(resolution) && other.choice != resolution.choice);
            if against {
                void.insert(*place);
            } else {
                outvoted.extend(&resolution.losers);
            }
        }
        (outvoted, void)
    }

    /// The view with one event more.
    fn step(&self, mut view: View, place: usize) -> View {
        let effect = self.judge(&mut view, place);
        if effect == Effect::Taken
            && let Some((item, event)) = self.readable(place)
        {
            effects::apply(&mut view.standing, item, event, self.terms);
        }
        self.note(&mut view, place, effect);
        view
    }

    fn note(&self, view: &mut View, place: usize, effect: Effect) {
        if let Some(slot) = view.effects.get_mut(place) {
            *slot = Some(effect);
        }
        if let Some(item) = self.items.get(place) {
            view.standing.last_unit = Some(item.author.unit);
        }
    }

    fn judge(&self, view: &mut View, place: usize) -> Effect {
        let Some((item, event)) = self.readable(place) else { return Effect::Unreadable };
        match self.lawful.get(place) {
            Some(Err(Objection::Repeated)) => return Effect::Repeated,
            Some(Err(objection)) => return Effect::Refused(*objection),
            // The event whose lawfulness is being found out was asked for by nobody yet.
            Some(Ok(())) | None => {}
        }
        if self.resolutions.contains_key(&place) {
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
                contest(&mut view.standing, opponent, item.hash, None);
                Effect::Contested
            }
            None => Effect::Refused(objection),
        }
    }

    /// What may be written once at a time: whether somebody wrote it whom the author had not seen.
    fn register(&self, view: &mut View, place: usize) -> Option<Effect> {
        let (item, event) = self.readable(place)?;
        let key = effects::register(&event.body)?;
        let seen = |hash: &ChangeHash| {
            self.place_of(hash).is_some_and(|other| self.graph.is_ancestor(other, place))
        };
        let writer = *view.standing.registers.get(&key)?;
        let open = view.standing.conflicts.iter().find(|conflict| conflict.sides.contains(&writer));
        let all_seen =
            open.map_or_else(|| seen(&writer), |conflict| conflict.sides.iter().all(seen));
        if all_seen {
            return None;
        }
        let mut field = None;
        if let Body::FieldCorrected(body) = &event.body {
            let application = view.standing.application.as_ref()?;
            let now = crate::fields::corrected(application, &body.field, body.value.as_deref());
            if now.as_ref() == Some(application) {
                return Some(Effect::Repeated);
            }
            field = Some(body.field.clone());
        }
        contest(&mut view.standing, writer, item.hash, field);
        Some(Effect::Contested)
    }

    /// Whether the event rests on one that has no effect here, though it had as the author saw it.
    fn rests_on_barred(&self, view: &View, place: usize) -> bool {
        let then = self.barred_then.get(place);
        let now = barred(&view.effects);
        now.iter().any(|other| {
            self.graph.is_ancestor(other, place) && then.is_none_or(|then| !then.contains(other))
        })
    }

    /// The first event unknown to the author after which theirs no longer fits.
    fn opponent(&self, view: &View, place: usize) -> Option<ChangeHash> {
        let (item, event) = self.readable(place)?;
        let mut standing = self.replay(&self.graph.ancestors_of(place)).standing;
        let mut last = None;
        for (other, effect) in view.effects.iter().enumerate() {
            let unknown = *effect == Some(Effect::Taken) && !self.graph.is_ancestor(other, place);
            let Some((theirs, said)) = self.readable(other).filter(|_| unknown) else { continue };
            effects::apply(&mut standing, theirs, said, self.terms);
            if rules::moves(said.body.kind()) {
                last = Some(theirs.hash);
            }
            if last.is_some() && rules::permitted(&standing, &item.author, event).is_err() {
                return last;
            }
        }
        last
    }

    fn readable(&self, place: usize) -> Option<(&'a Item, &'a Event)> {
        let item = self.items.get(place)?;
        item.event.as_ref().ok().map(|event| (*item, event))
    }

    fn kind(&self, place: usize) -> Option<EventKind> {
        self.readable(place).map(|(_, event)| event.body.kind())
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

/// Notes that one event excludes another, with those that exclude the same one.
fn contest(standing: &mut Standing, held: ChangeHash, other: ChangeHash, field: Option<String>) {
    let known = standing.conflicts.iter_mut().find(|conflict| conflict.sides.contains(&held));
    match known {
        Some(conflict) => conflict.sides.push(other),
        None => standing.conflicts.push(Conflict { sides: vec![held, other], field }),
    }
}

/// The events without effect.
fn barred(effects: &[Option<Effect>]) -> Bits {
    let without =
        |effect: &Effect| matches!(effect, Effect::Contested | Effect::Outvoted | Effect::Resting);
    let mut bits = Bits::none(effects.len());
    let places = effects.iter().enumerate();
    for (place, _) in places.filter(|(_, effect)| effect.as_ref().is_some_and(without)) {
        bits.insert(place);
    }
    bits
}
