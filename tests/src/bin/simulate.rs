//! Many seeds of the simulation: `cargo run -p hoso-tests --bin simulate -- --seeds 10000`.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Parser;
use hoso_tests::sim::{faults::Fault, run::run};

/// Runs the simulated province seed by seed and prints what does not hold.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let (mut fired, mut broken): (BTreeMap<Fault, u64>, u64) = (BTreeMap::new(), 0);
    for seed in args.from..args.from.saturating_add(args.seeds) {
        let report = run(seed, None);
        for fault in report.fired.keys() {
            *fired.entry(*fault).or_default() += 1;
        }
        if !report.broken.is_empty() {
            broken += 1;
            println!("seed {seed}: {:?}", report.broken);
        }
    }
    println!("{} seeds, {broken} with something that does not hold", args.seeds);
    println!("seeds in which each fault fired while work was in flight: {fired:?}");
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
