//! Cuts the power at every write of a recorded day.
//!
//! `cargo run --release -p hoso-tests --bin powercut -- --dossiers 10 --images 8`

use std::process::ExitCode;

use clap::Parser;
use hoso_tests::powercut::{
    images::{Thoroughness, judge_all},
    use_case,
};

/// Records the programs through a day, then rebuilds and opens every state in which a power cut
/// could have left their files.
#[derive(Parser)]
struct Args {
    /// Dossiers before the backup, and after it.
    #[arg(long, default_value_t = 10)]
    dossiers: usize,
    /// Images of each write.
    #[arg(long, default_value_t = 4)]
    images: usize,
    /// Decides what is torn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let how =
        Thoroughness { images_per_point: args.images, points_max: usize::MAX, seed: args.seed };
    let mut sound = true;
    for recording in use_case::recorded(args.dossiers) {
        let figures = judge_all(&recording, how);
        println!("{}", figures.line(&recording.name));
        figures.losses.iter().take(20).for_each(|lost| println!("  {lost}"));
        sound &= figures.losses.is_empty();
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
