//! Many seeds of the simulation: `cargo run -p hoso-tests --bin simulate -- --seeds 20000`.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use clap::Parser;
use hoso_tests::sim::{
    faults::Fault,
    run::{STORM_MS, run},
};

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

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

/// What some seeds showed together.
#[derive(Debug, Default)]
struct Sum {
    /// Seeds in which each fault struck somebody at work, and how often in all.
    fired: BTreeMap<Fault, (u64, u64)>,
    broken: u64,
    simulated_ms: u64,
    saved: u64,
}

impl Sum {
    /// Runs seeds until there is none left.
    fn of(next: &AtomicU64, end: u64) -> Self {
        let mut sum = Self::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return sum;
            }
            let report = run(seed, None);
            for (fault, times) in &report.fired {
                sum.strike(*fault, (1, u64::from(*times)));
            }
            sum.simulated_ms += STORM_MS + report.calm_after;
            sum.saved += u64::try_from(report.saved).unwrap_or(0);
            if !report.broken.is_empty() {
                sum.broken += 1;
                println!("seed {seed}: {:?}", report.broken);
            }
        }
    }

    fn strike(&mut self, fault: Fault, (seeds, times): (u64, u64)) {
        let counts = self.fired.entry(fault).or_default();
        counts.0 += seeds;
        counts.1 += times;
    }

    fn add(&mut self, other: &Self) {
        for (fault, counts) in &other.fired {
            self.strike(*fault, *counts);
        }
        self.broken += other.broken;
        self.simulated_ms += other.simulated_ms;
        self.saved += other.saved;
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let begun = Instant::now();
    let (next, end) = (AtomicU64::new(args.from), args.from.saturating_add(args.seeds));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut sum = Sum::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| Sum::of(&next, end))).collect();
        for worker in workers {
            sum.add(&worker.join().expect("a seed never panics"));
        }
    });
    let hours = sum.simulated_ms / HOUR_MS;
    println!(
        "{} seeds, {hours} simulated hours, {} entries saved, in {} s: {} with something that does \
         not hold",
        args.seeds,
        sum.saved,
        begun.elapsed().as_secs(),
        sum.broken
    );
    for (fault, (seeds, times)) in &sum.fired {
        println!("{fault:?}: struck at work {times} times, in {seeds} seeds");
    }
    if sum.broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
