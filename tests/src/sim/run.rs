//! One seed from the beginning to the verdict: a storm in which what must always hold is watched,
//! then two phases in which what must come in the end has to come in time.

use std::collections::BTreeMap;

use super::{
    cast::NODES,
    dice::Dice,
    faults::{Fault, Planted},
    node::COMMIT_MAX_MS,
    options::Options,
    oracle::{differences, unrest},
    orders::any_order,
    world::{Event, World},
};

/// Milliseconds during which things go wrong.
pub const STORM_MS: u64 = 60_000;
/// Milliseconds until every link of those who are well again is up for good: a dead line is noticed
/// after 20 s, the longest wait before a dial has 30 s, and a healing may ask a node to begin anew.
pub const LINKS_MAX_MS: u64 = 120_000;
/// Round trips from then on until all of them show the same; counted anew from each piece of work
/// at one of them, since people who were cut off at the end of the storm work on.
pub const ROUND_TRIPS_MAX: u64 = 12;

/// When those who were well again had come to rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Milliseconds until their last link was up.
    pub links_ms: u64,
    /// Round trips from then on, or from the last piece of work: a frame there and one back, on the
    /// slowest line, and a commit at either end.
    pub round_trips: u64,
}

/// What a seed showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the seed decided before.
    pub options: Options,
    /// What did not hold.
    pub broken: Vec<String>,
    /// How often each fault struck somebody at work.
    pub fired: BTreeMap<Fault, u32>,
    /// Milliseconds of virtual time until everything agreed.
    pub simulated_ms: u64,
    /// How the core came to rest, and all.
    pub rests: [Rest; 2],
    /// Entries that were shown as saved.
    pub saved: usize,
}

/// Runs one seed.
#[must_use]
pub fn run(seed: u64, planted: Option<Planted>) -> Report {
    let mut world = World::new(Options::of(seed), planted);
    let options = world.options.clone();
    for (node, pieces) in options.work.into_iter().enumerate() {
        for _ in 0..pieces {
            let at = world.dice.between(10, STORM_MS);
            world.at(at, Event::Work { node });
        }
    }
    for (fault, times) in &options.faults {
        for _ in 0..*times {
            let at = world.dice.between(3_000, STORM_MS);
            world.at(at, Event::Fault { fault: *fault, waited: 0 });
        }
    }
    let (node, at) = options.ends;
    world.at(at, Event::EndGrant(node));
    world.run_until(STORM_MS);
    world.heal_core();
    let core = rest(&mut world, &options.core);
    world.calm_down();
    let all: Vec<usize> = (0..NODES.len()).collect();
    let all = rest(&mut world, &all);
    let mut broken = std::mem::take(&mut world.watch.broken);
    if broken.is_empty() {
        broken.extend(differences(&world));
        broken.extend(any_order(&world, &mut Dice::new(!seed)));
    }
    Report {
        options,
        broken,
        fired: world.fired,
        simulated_ms: world.now,
        rests: [core, all],
        saved: world.watch.saved.len(),
    }
}

/// Lets these nodes come to rest; the world is told if they do not, or not in time.
fn rest(world: &mut World, among: &[usize]) -> Rest {
    let round_trip_ms = 2 * (world.options.latency_ms + COMMIT_MAX_MS);
    let began = world.now;
    let mut linked = began;
    loop {
        if !among.iter().all(|node| world.is_linked(*node)) {
            linked = world.now;
        }
        let links_ms = linked - began;
        let worked = among.iter().map(|node| world.nodes[*node].worked).max().unwrap_or(0);
        let since = world.now - linked.max(worked);
        let rest = Rest { links_ms, round_trips: since / round_trip_ms };
        if !world.watch.broken.is_empty() {
            return rest;
        }
        let Some(unrest) = unrest(world, among) else { return rest };
        if links_ms > LINKS_MAX_MS || rest.round_trips > ROUND_TRIPS_MAX {
            world.watch.fail(format!("no rest of {among:?} in time, {rest:?}: {unrest}"));
            return rest;
        }
        let next = world.now + round_trip_ms;
        world.run_until(next);
    }
}
