//! Hostile entries with right signatures, through the real relay to real nodes:
//! `cargo build --workspace --bins && cargo run -p hoso-tests --bin hostile -- --entries 100000`.

use std::process::ExitCode;

use clap::Parser;
use hoso_tests::hostile::{campaign::Plan, siege::Siege, verdicts::judged};

/// Plants hostile entries in an insider's journal, and holds everybody against what must be true
/// afterwards.
#[derive(Debug, Parser)]
struct Args {
    /// How many entries.
    #[arg(long, default_value_t = 100_000)]
    entries: usize,
    /// How many of them are one dossier's history.
    #[arg(long, default_value_t = 4_400)]
    long: usize,
    /// Decides what is done to them.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Args { entries, long, seed } = Args::parse();
    let mut siege = Siege::of(Plan { entries, long, seed });
    println!("{} entries were through in {:?}", siege.planted.len(), siege.took);
    let (wrong, tally) = judged(&siege);
    tally.lines().iter().for_each(|line| println!("  {line}"));
    println!(
        "  Automerge read the same {} events in {} dossiers",
        tally.events_read, tally.dossiers_read
    );
    wrong.iter().take(40).for_each(|wrong| println!("wrong: {wrong}"));
    for (name, kib) in siege.goes_on() {
        println!("  {name}: {} MiB resident", kib / 1024);
    }
    let all_run = siege.running() == siege.pids;
    println!("{} are wrong, all programs run: {all_run}", wrong.len());
    if wrong.is_empty() && all_run { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
