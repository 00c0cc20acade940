//! One seed from the beginning to the verdict.

use std::collections::BTreeMap;

use super::{
    cast::NODES,
    dice::Dice,
    faults::{Fault, Planted},
    oracle::{differences, unrest},
    orders::any_order,
    world::{Event, World},
};

/// Milliseconds during which things go wrong.
pub const STORM_MS: u64 = 60_000;
/// Milliseconds after which everything must have calmed down.
const CALM_MS: u64 = 600_000;
/// Percent of the seeds in which a kind of fault is at work.
const FAULT_PERCENT: u64 = 45;

/// What a seed showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub broken: Vec<String>,
    /// How often each fault struck somebody at work.
    pub fired: BTreeMap<Fault, u32>,
    /// Milliseconds of virtual time until everything agreed.
    pub calm_after: u64,
    /// Entries that were shown as saved.
    pub saved: usize,
}

/// Runs one seed.
#[must_use]
pub fn run(seed: u64, planted: Option<Planted>) -> Report {
    let mut world = World::new(seed, planted);
    for node in 0..NODES.len() {
        for _ in 0..world.dice.between(6, 12) {
            let at = world.dice.between(10, STORM_MS);
            world.at(at, Event::Work { node });
        }
    }
    for fault in Fault::ALL {
        let struck = world.dice.percent(FAULT_PERCENT);
        let times = if struck { world.dice.between(1, 3) } else { 0 };
        for _ in 0..times {
            let at = world.dice.between(3_000, STORM_MS);
            world.at(at, Event::Fault { fault, waited: 0 });
        }
    }
    let (node, at) = (world.dice.place(NODES.len()), world.dice.between(5_000, STORM_MS));
    world.at(at, Event::EndGrant(node));
    world.run_until(STORM_MS);
    world.calm_down();
    let end = STORM_MS + CALM_MS;
    while world.now < end && world.watch.broken.is_empty() && unrest(&world).is_some() {
        let next = world.now + 1_000;
        world.run_until(next);
    }
    let calm_after = world.now.saturating_sub(STORM_MS);
    let mut broken = std::mem::take(&mut world.watch.broken);
    if broken.is_empty() {
        broken.extend(unrest(&world).map(|unrest| format!("no rest: {unrest}")));
        broken.extend(differences(&world));
        broken.extend(any_order(&world, &mut Dice::new(!seed)));
    }
    let saved = world.watch.saved.len();
    Report { seed, broken, fired: world.fired, calm_after, saved }
}
