//! What the fold means, without anything that makes it fast: each author's view is made anew from
//! the first event on. A test holds the two against each other.

use std::collections::{BTreeMap, BTreeSet};

use hoso_registry::EventKind;

use super::{Catalogue, Effect, Folded, Item, effects, graph::Graph, is_done};
use crate::{
    event::{Body, Event},
    fields,
    rules::{self, Objection},
    standing::{Conflict, Standing},
    value::ChangeHash,
};

/// The fold of these items, slowly.
pub(super) fn fold(items: &[Item], terms: &Catalogue<'_>) -> Folded {
    let graph = Graph::of(items);
    let mut fold = Fold::new(items, &graph, terms);
    let all: BTreeSet<usize> = (0..fold.items.len()).collect();
    for place in all.iter().copied() {
        let before = fold.replay(&fold.ancestors_of(place));
        let lawful = fold.lawfulness(place, &before);
        fold.note_resolution(place, &before, lawful);
        fold.lawful.push(lawful);
        fold.barred_then.push(barred(&before.effects));
    }
    let mut view = fold.replay(&all);
    let mut code = None;
    for (place, effect) in view.effects.iter().enumerate() {
        if let Some((_, event)) = fold.readable(place).filter(|_| *effect == Some(Effect::Taken)) {
            effects::show(&mut view.standing, &mut code, event);
        }
    }
    let placed = graph.order.iter().zip(&view.effects);
    let mut history: Vec<_> =
        placed.map(|(place, effect)| (*place, effect.unwrap_or(Effect::Waiting))).collect();
    let waiting = (0..items.len()).filter(|place| !graph.order.contains(place));
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
    terms: &'a Catalogue<'a>,
    /// Whether each event was lawful as its author saw the dossier.
    lawful: Vec<Result<(), Objection>>,
    /// What had no effect as each author saw the dossier.
    barred_then: Vec<BTreeSet<usize>>,
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
    fn new(items: &'a [Item], graph: &'a Graph, terms: &'a Catalogue<'a>) -> Self {
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

    fn ancestors_of(&self, place: usize) -> BTreeSet<usize> {
        (0..place).filter(|other| self.graph.is_ancestor(*other, place)).collect()
    }

    fn lawfulness(&self, place: usize, before: &View) -> Result<(), Objection> {
        let Some((item, event)) = self.readable(place) else { return Ok(()) };
        rules::lawful(&before.standing, &item.author, event)?;
        if let Body::Received(body) = &event.body {
            let form = body.application.as_ref().or(before.standing.application.as_deref());
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
    fn replay(&self, chosen: &BTreeSet<usize>) -> View {
        let mut view =
            View { standing: Standing::default(), effects: vec![None; self.items.len()] };
        let (outvoted, void) = self.votes(chosen);
        for place in chosen.iter().copied() {
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
    fn votes(&self, chosen: &BTreeSet<usize>) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let here: Vec<(usize, &Resolution)> = self
            .resolutions
            .iter()
            .filter(|(place, _)| chosen.contains(place))
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
            self.apply(&mut view.standing, item, event);
        }
        self.note(&mut view, place, effect);
        view
    }

    fn apply(&self, standing: &mut Standing, item: &Item, event: &Event) {
        effects::apply(standing, item, event, self.terms);
        if let Body::FieldCorrected(body) = &event.body {
            standing.conflicts.retain(|conflict| conflict.field.as_ref() != Some(&body.field));
        }
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
            let now = fields::corrected(application, &body.field, body.value.as_deref());
            if now.as_ref() == Some(&**application) {
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
            self.graph.is_ancestor(*other, place) && then.is_none_or(|then| !then.contains(other))
        })
    }

    /// The first event unknown to the author after which theirs no longer fits.
    fn opponent(&self, view: &View, place: usize) -> Option<ChangeHash> {
        let (item, event) = self.readable(place)?;
        let mut standing = self.replay(&self.ancestors_of(place)).standing;
        let mut last = None;
        for (other, effect) in view.effects.iter().enumerate() {
            let unknown = *effect == Some(Effect::Taken) && !self.graph.is_ancestor(other, place);
            let Some((theirs, said)) = self.readable(other).filter(|_| unknown) else { continue };
            self.apply(&mut standing, theirs, said);
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

/// Notes that one event excludes another, with those that exclude the same one.
fn contest(standing: &mut Standing, held: ChangeHash, other: ChangeHash, field: Option<String>) {
    let known = standing.conflicts.iter_mut().find(|conflict| conflict.sides.contains(&held));
    match known {
        Some(conflict) => conflict.sides.push(other),
        None => standing.conflicts.push(Conflict { sides: vec![held, other], field }),
    }
}

/// The events without effect.
fn barred(effects: &[Option<Effect>]) -> BTreeSet<usize> {
    let without =
        |effect: &Effect| matches!(effect, Effect::Contested | Effect::Outvoted | Effect::Resting);
    let places = effects.iter().enumerate();
    let barred = places.filter(|(_, effect)| effect.as_ref().is_some_and(without));
    barred.map(|(place, _)| place).collect()
}
