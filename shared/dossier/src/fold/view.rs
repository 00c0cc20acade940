//! A dossier as some of its events make it, on the way to a standing.

use std::rc::Rc;

use hoso_identity::UnitId;

use super::{Effect, bits::Bits};
use crate::{
    standing::{Conflict, Standing},
    value::ChangeHash,
};

/// Events of which only one can hold, by place; the first has effect.
#[derive(Clone, Debug)]
pub(super) struct Clash {
    pub(super) sides: Vec<usize>,
    pub(super) field: Option<&'static str>,
}

/// A standing with what became of the events so far, by place in the order. Cheap to copy.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Without conflicts and last unit: they stand beside it.
    pub(super) standing: Rc<Standing>,
    pub(super) clashes: Vec<Clash>,
    pub(super) effects: Vec<Option<Effect>>,
    /// The events that have effect.
    pub(super) taken: Bits,
    /// Those that have none for what others have done.
    pub(super) barred: Bits,
    /// The unit of the author of the last of them, with or without effect.
    last_unit: Option<UnitId>,
}

impl View {
    /// Before the first of so many events.
    pub(super) fn none(places: usize) -> Self {
        Self {
            standing: Rc::default(),
            clashes: Vec::new(),
            effects: vec![None; places],
            taken: Bits::none(places),
            barred: Bits::none(places),
            last_unit: None,
        }
    }

    /// The standing with what stands beside it, as people see it.
    pub(super) fn shown(&self, hash: impl Fn(usize) -> Option<ChangeHash>) -> Rc<Standing> {
        if self.clashes.is_empty() && self.standing.last_unit == self.last_unit {
            return Rc::clone(&self.standing);
        }
        let conflicts = self.clashes.iter().map(|clash| Conflict {
            sides: clash.sides.iter().filter_map(|side| hash(*side)).collect(),
            field: clash.field.map(str::to_owned),
        });
        let (conflicts, last_unit) = (conflicts.collect(), self.last_unit);
        Rc::new(Standing { conflicts, last_unit, ..(*self.standing).clone() })
    }

    /// Notes what became of the event at this place, whose author is of this unit.
    pub(super) fn note(&mut self, place: usize, effect: Effect, unit: Option<UnitId>) {
        self.last_unit = unit;
        if let Some(slot) = self.effects.get_mut(place) {
            *slot = Some(effect);
        }
        match effect {
            Effect::Taken => self.taken.insert(place),
            Effect::Contested | Effect::Outvoted | Effect::Resting => self.barred.insert(place),
            Effect::Repeated | Effect::Refused(_) | Effect::Unreadable | Effect::Waiting => {}
        }
    }

    /// The open conflict in which this event, which has effect, is one of the sides.
    pub(super) fn clash_of(&self, held: usize) -> Option<&Clash> {
        self.clashes.iter().find(|clash| clash.sides.first() == Some(&held))
    }

    /// Notes that one event excludes another, with those that exclude the same one.
    pub(super) fn contest(&mut self, held: usize, other: usize, field: Option<&'static str>) {
        let mut known = self.clashes.iter_mut();
        match known.find(|clash| clash.sides.first() == Some(&held)) {
            Some(clash) => clash.sides.push(other),
            None => self.clashes.push(Clash { sides: vec![held, other], field }),
        }
    }
}
