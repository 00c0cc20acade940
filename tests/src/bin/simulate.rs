//! Many seeds of the simulation: `simulate --seeds 20000`, `--nightly` for as many as a night has
//! room for, `--seed 7` for one and its options, `--scans` for those of scans.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use clap::Parser;
use hoso_tests::sim::{
    faults::Fault,
    run::{LINKS_MAX_MS, ROUND_TRIPS_MAX, Report, Rest, run},
    scans,
};

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;
/// Seeds of a night.
const NIGHT: u64 = 100_000;
/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// Runs the simulated province seed by seed and prints what does not hold.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// 100,000 seeds, other ones every day.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    nightly: bool,
    /// This seed alone, with its options and what it shows.
    #[arg(long, conflicts_with_all = ["seeds", "from", "nightly"])]
    seed: Option<u64>,
    /// The seeds of scans instead.
    #[arg(long)]
    scans: bool,
}

/// What some seeds showed together.
#[derive(Debug, Default)]
struct Sum {
    /// Seeds in which each fault struck somebody at work, and how often in all.
    fired: BTreeMap<Fault, (u64, u64)>,
    broken: u64,
    simulated_ms: u64,
    saved: u64,
    /// How the core came to rest, and all, in every seed.
    rests: [Vec<Rest>; 2],
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
            sum.take(&run(seed, None));
        }
    }

    fn take(&mut self, report: &Report) {
        for (fault, times) in &report.fired {
            self.strike(*fault, (1, u64::from(*times)));
        }
        self.simulated_ms += report.simulated_ms;
        self.saved += u64::try_from(report.saved).unwrap_or(0);
        self.rests.iter_mut().zip(report.rests).for_each(|(all, rest)| all.push(rest));
        if !report.broken.is_empty() {
            self.broken += 1;
            println!("{}: {:?}", report.options, report.broken);
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
        self.rests.iter_mut().zip(&other.rests).for_each(|(all, more)| all.extend(more));
    }

    fn print(mut self, (from, seeds): (u64, u64), took: Duration) {
        let (hours, seconds) = (self.simulated_ms / HOUR_MS, took.as_secs().max(1));
        println!(
            "{seeds} seeds from {from}, {hours} simulated hours, {} entries saved, in {seconds} s, \
             {:.2} simulated hours per second: {} with something that does not hold",
            self.saved,
            self.simulated_ms as f64 / HOUR_MS as f64 / took.as_secs_f64(),
            self.broken
        );
        for (who, rests) in ["the core", "all"].into_iter().zip(&mut self.rests) {
            let [links, trips] = [|rest: &Rest| rest.links_ms, |rest: &Rest| rest.round_trips]
                .map(|of: fn(&Rest) -> u64| quantiles(rests.iter().map(of).collect()));
            println!(
                "{who} at rest, median, 99th percentile, most: links up after {links:?} ms (bound \
                 {LINKS_MAX_MS}), then {trips:?} round trips (bound {ROUND_TRIPS_MAX})"
            );
        }
        for (fault, (seeds, times)) in &self.fired {
            println!("{fault:?}: struck at work {times} times, in {seeds} seeds");
        }
    }
}

/// The median, the 99th percentile and the largest.
fn quantiles(mut values: Vec<u64>) -> [u64; 3] {
    values.sort_unstable();
    [50, 99, 100].map(|percent| {
        let at = (values.len() * percent / 100).min(values.len().saturating_sub(1));
        values.get(at).copied().unwrap_or(0)
    })
}

/// The first seed and how many.
fn which(args: &Args) -> (u64, u64) {
    if !args.nightly {
        return (args.from, args.seeds);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (now.as_secs() / DAY_S * NIGHT, NIGHT)
}

/// Runs seeds of scans; gives how many show something that does not hold.
fn run_scans(seeds: impl Iterator<Item = u64>) -> u64 {
    let (mut broken, mut all, mut rest_ms) = (0, 0, 0);
    let begun = Instant::now();
    for seed in seeds {
        let report = scans::run::run(seed, None);
        (all, rest_ms) = (all + 1, report.rest_ms.max(rest_ms));
        if !report.broken.is_empty() {
            broken += 1;
            println!("{report:?}");
        }
    }
    println!(
        "{all} seeds of scans in {} s, at rest after {rest_ms} ms at most: {broken} with something \
         that does not hold",
        begun.elapsed().as_secs()
    );
    broken
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.scans {
        let (from, seeds) = args.seed.map_or_else(|| which(&args), |seed| (seed, 1));
        let broken = run_scans(from..from.saturating_add(seeds));
        return if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Some(seed) = args.seed {
        let report = run(seed, None);
        println!("{}\n{report:#?}", report.options);
        return if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let begun = Instant::now();
    let (from, seeds) = which(&args);
    let (next, end) = (AtomicU64::new(from), from.saturating_add(seeds));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut sum = Sum::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| Sum::of(&next, end))).collect();
        for worker in workers {
            sum.add(&worker.join().expect("a seed never panics"));
        }
    });
    let broken = sum.broken;
    sum.print((from, seeds), begun.elapsed());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
