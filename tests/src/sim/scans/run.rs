//! One seed of scans from the beginning to the verdict.

use std::collections::BTreeMap;

use hoso_engine::scans::rules::KEPT_MS;
use hoso_identity::PayloadHash;

use super::{
    faults::{Fault, Planted},
    world::{Event, OFFICES, Of, World},
};

/// Milliseconds during which things go wrong.
const STORM_MS: u64 = 60_000;
/// Milliseconds from then on until every scan is where it belongs: the longest rest of a wish is an
/// eighth of its age.
const REST_MAX_MS: u64 = 240_000;
/// Milliseconds for which is counted how often what nobody has is asked for.
const LOST_MS: u64 = 600_000;
/// How often it may be: every eighth of its age, from some seconds on.
const ASKED_MAX: u32 = 60;
/// Percent of the seeds in which a kind of fault is at work.
const FAULT_PERCENT: u64 = 45;

/// What a seed showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub broken: Vec<String>,
    /// How often each fault struck.
    pub fired: BTreeMap<Fault, u32>,
    /// Scans that were brought.
    pub scans: usize,
    /// Milliseconds until every scan was where it belongs.
    pub rest_ms: u64,
}

/// Runs one seed.
#[must_use]
pub fn run(seed: u64, planted: Option<Planted>) -> Report {
    let mut world = World::new(seed, planted);
    plan(&mut world);
    world.run_until(STORM_MS);
    world.calm_down();
    let rest_ms = rest(&mut world);
    if world.broken.is_empty() {
        world.asked.clear();
        world.run_until(world.now + LOST_MS);
        world.asked_too_often();
    }
    if world.broken.is_empty() {
        world.collect();
    }
    let World { broken, fired, truth, .. } = world;
    Report { seed, broken, fired, scans: truth.len(), rest_ms }
}

/// What a seed decides before anything happens.
fn plan(world: &mut World) {
    let at = |world: &mut World, from| world.dice.between(from, STORM_MS);
    for node in 0..OFFICES {
        for _ in 0..world.dice.between(2, 6) {
            let after = at(world, 100);
            world.at(after, Event::Attach { node });
        }
        for _ in 0..60 {
            let after = at(world, 100);
            world.at(after, Event::Edit { node });
        }
    }
    let after = at(world, 5_000);
    world.at(after, Event::Backup);
    for fault in Fault::ALL {
        if world.dice.percent(FAULT_PERCENT) {
            for _ in 0..world.dice.between(1, 4) {
                let after = at(world, 2_000);
                world.at(after, Event::Fault(fault));
            }
        }
    }
}

/// Lets everything come to rest; the world is told if it does not in time.
fn rest(world: &mut World) -> u64 {
    let began = world.now;
    loop {
        let unrest = world.unrest();
        let (Some(unrest), true) = (unrest, world.broken.is_empty()) else {
            return world.now - began;
        };
        if world.now - began > REST_MAX_MS {
            world.broken.push(format!("no rest in time: {unrest}"));
            return world.now - began;
        }
        world.run_until(world.now + 500);
    }
}

impl World {
    /// Whether somebody who is there can give that scan as one of that dossier.
    fn is_available(&self, of: &Of) -> bool {
        let truth = self.truth.get(&of.1).map(Vec::as_slice);
        let at_relay = self.relay.tables.has(of) && self.relay.shelf.whole(&of.1) == truth;
        let mut offices = (0..self.offices.len())
            .filter(|node| self.offices[*node].tables.named.contains_key(of));
        at_relay || offices.any(|node| self.is_sound(node, &of.1))
    }

    fn is_right_size(&self, hash: &PayloadHash, size: u64) -> bool {
        self.truth.get(hash).is_some_and(|bytes| bytes.len() as u64 == size)
    }

    /// What is not as it must be in the end, as far as it can.
    fn unrest(&mut self) -> Option<String> {
        for (node, office) in self.offices.iter().enumerate() {
            for (of, named) in &office.tables.named {
                let Some(known) = office.tables.blobs.get(&of.1) else { continue };
                let is_wanted = self.is_right_size(&of.1, named.size) && !known.given_up;
                if !is_wanted || !self.is_available(of) {
                    continue;
                }
                if !office.tables.is_held(&of.1) {
                    return Some(format!("office {node} waits for {}", of.1));
                }
                if self.is_sound(node, &of.1) && !self.relay.tables.has(of) {
                    return Some(format!("the relay lacks {}", of.1));
                }
            }
        }
        for (node, office) in self.offices.iter().enumerate() {
            for hash in office.tables.blobs.keys().filter(|hash| office.tables.is_held(hash)) {
                if !self.is_sound(node, hash) && !self.spoiled.contains(&(node, *hash)) {
                    let what = format!("office {node} holds other bytes than those of {hash}");
                    self.broken.push(what);
                    return None;
                }
            }
        }
        None
    }

    /// What was marked is on disk, of those who have just died.
    pub(super) fn look_at_marks(&mut self, place: usize) {
        let (marks, shelf): (Vec<(PayloadHash, u64)>, _) = match self.offices.get(place) {
            Some(office) => {
                let blobs = office.tables.blobs.iter();
                (blobs.map(|(hash, known)| (*hash, known.held)).collect(), &office.shelf)
            }
            None => {
                let blobs = self.relay.tables.blobs.values();
                (blobs.map(|blob| (blob.hash, blob.held)).collect(), &self.relay.shelf)
            }
        };
        for (hash, held) in marks {
            let held = usize::try_from(held).unwrap_or(usize::MAX);
            let Some(truth) = self.truth.get(&hash).and_then(|bytes| bytes.get(..held)) else {
                continue;
            };
            let is_there = shelf.whole(&hash).is_some() || shelf.durable(&hash).starts_with(truth);
            if !is_there && !self.spoiled.contains(&(place, hash)) {
                self.broken.push(format!("{held} bytes of {hash} are marked and not on disk"));
            }
        }
    }

    /// What nobody has is asked for ever more rarely.
    fn asked_too_often(&mut self) {
        let asked = self.asked.iter().find(|(_, times)| **times > ASKED_MAX);
        if let Some(((node, of), times)) = asked {
            let what = format!("office {node} asked {times} times for {}", of.1);
            self.broken.push(what);
        }
    }

    /// The relay forgets what nobody names; nothing else is gone.
    fn collect(&mut self) {
        let named: Vec<Of> =
            self.offices.iter().flat_map(|office| office.tables.named.keys().copied()).collect();
        let had: Vec<Of> = named.into_iter().filter(|of| self.relay.tables.has(of)).collect();
        self.relay.collect(self.now + KEPT_MS + 1);
        let gone = had.iter().find(|of| !self.relay.tables.has(of));
        if let Some(of) = gone {
            self.broken.push(format!("{} is named and was collected", of.1));
        }
        let is_named = |hash: &PayloadHash| {
            let mut named = self.offices.iter().flat_map(|office| office.tables.named.keys());
            named.any(|of| of.1 == *hash)
        };
        let left = self.relay.tables.blobs.keys().find(|hash| !is_named(hash));
        if let Some(hash) = left {
            self.broken.push(format!("{hash} is named by nobody and was not collected"));
        }
    }
}
