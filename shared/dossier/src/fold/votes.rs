//! What people have chosen between events that exclude each other.

use std::collections::BTreeMap;

use super::{bits::Bits, graph::Graph};

/// One lawful choice.
#[derive(Clone, Debug)]
struct Resolution {
    choice: usize,
    /// What it chose and what it put aside.
    sides: Bits,
    losers: Bits,
    /// The choices between some of the same events whose authors had seen this one.
    later: Bits,
    /// The choices between some of the same events that chose another one.
    rivals: Bits,
}

/// The lawful choices by place.
#[derive(Debug, Default)]
pub(super) struct Votes(BTreeMap<usize, Resolution>);

impl Votes {
    pub(super) fn contains(&self, place: usize) -> bool {
        self.0.contains_key(&place)
    }

    /// Notes what the event at this place chose of these sides; places come in ascending order.
    pub(super) fn note(&mut self, graph: &Graph, place: usize, choice: usize, sides: &[usize]) {
        let none = Bits::none(graph.order.len());
        let mut own = Resolution {
            choice,
            sides: none.clone(),
            losers: none.clone(),
            later: none.clone(),
            rivals: none,
        };
        own.sides.insert(choice);
        for side in sides {
            own.sides.insert(*side);
            if *side != choice {
                own.losers.insert(*side);
            }
        }
        for (other, theirs) in &mut self.0 {
            if !theirs.sides.meets(&own.sides) {
                continue;
            }
            if graph.is_ancestor(*other, place) {
                theirs.later.insert(place);
            }
            if theirs.choice != choice {
                theirs.rivals.insert(place);
                own.rivals.insert(*other);
            }
        }
        self.0.insert(place, own);
    }

    /// What the choices among these events have put aside, older choices between the same ones with
    /// it; and the choices that contradict each other, which have no effect.
    pub(super) fn among(&self, chosen: &Bits, places: usize) -> [Bits; 2] {
        let [mut outvoted, mut void, mut latest] = [(); 3].map(|()| Bits::none(places));
        for (place, resolution) in self.0.iter().filter(|(place, _)| chosen.contains(**place)) {
            if resolution.later.meets(chosen) {
                outvoted.insert(*place);
            } else {
                latest.insert(*place);
            }
        }
        for (place, resolution) in self.0.iter().filter(|(place, _)| latest.contains(**place)) {
            if resolution.rivals.meets(&latest) {
                void.insert(*place);
            } else {
                outvoted.unite(&resolution.losers);
            }
        }
        [outvoted, void]
    }
}
