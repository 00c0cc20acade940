//! What a seed decides before anything happens.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
};

use super::{cast::NODES, dice::Dice, faults::Fault, run::STORM_MS};

/// Percent of the seeds in which a kind of fault is at work.
const FAULT_PERCENT: u64 = 45;
/// Milliseconds that a frame takes on a good line, at most: an island by radio.
const LATENCY_MAX_MS: u64 = 120;

/// The options of one seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// Pieces of work at each node.
    pub work: [u64; NODES.len()],
    /// Milliseconds that a frame takes on a good line, at most.
    pub latency_ms: u64,
    /// The place whose program is a release older than the others.
    pub older: Option<usize>,
    /// How often each kind of fault strikes.
    pub faults: BTreeMap<Fault, u64>,
    /// The place where somebody's grant ends, and after how many milliseconds.
    pub ends: (usize, u64),
    /// The nodes whose faults are over first; the others have no line until these have come to
    /// rest.
    pub core: Vec<usize>,
}

impl Options {
    /// The options of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed.rotate_left(17));
        let work = NODES.map(|_| dice.between(6, 12));
        let latency_ms = dice.between(20, LATENCY_MAX_MS);
        let older = Some(dice.place(NODES.len() + 1)).filter(|place| *place < NODES.len());
        let struck = |dice: &mut Dice| {
            if dice.percent(FAULT_PERCENT) { dice.between(1, 3) } else { 0 }
        };
        let faults = Fault::ALL.map(|fault| (fault, struck(&mut dice)));
        let faults = faults.into_iter().filter(|(_, times)| *times > 0).collect();
        let ends = (dice.place(NODES.len()), dice.between(5_000, STORM_MS));
        let mut core: Vec<usize> = (0..NODES.len()).filter(|_| dice.percent(60)).collect();
        if core.is_empty() {
            core.push(dice.place(NODES.len()));
        }
        Self { seed, work, latency_ms, older, faults, ends, core }
    }
}

impl Display for Options {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { seed, work, latency_ms, older, ends: (ends, at), core, faults } = self;
        write!(out, "seed {seed}: work {work:?}, a frame takes up to {latency_ms} ms")?;
        match older {
            Some(place) => write!(out, ", node {place} is a release older")?,
            None => write!(out, ", all of one release")?,
        }
        write!(out, ", a grant of node {ends} ends at {at} ms, first at rest {core:?}")?;
        faults.iter().try_for_each(|(fault, times)| write!(out, ", {fault:?} {times}×"))
    }
}
