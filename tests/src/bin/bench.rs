//! Figures beside their limits: `cargo run --release -p hoso-tests --bin bench`, after
//! `cargo build --release --bins`. Nothing else should run on the machine meanwhile.

use clap::Parser;
use hoso_tests::bench::{desk, figures, large, trip};

/// Measures the real programs and prints a table of Markdown.
#[derive(Debug, Parser)]
struct Args {
    /// Dossiers of the large office.
    #[arg(long, default_value_t = 100_000)]
    dossiers: usize,
    /// Dossiers that travel from one office to another; a station gives 9,999 numbers a day.
    #[arg(long, default_value_t = 9_000)]
    travelling: usize,
}

fn main() {
    let args = Args::parse();
    let mut all = desk::measure();
    all.extend(trip::measure(args.travelling));
    all.extend(large::measure(args.dossiers));
    print!("{}", figures::table(&all));
}
