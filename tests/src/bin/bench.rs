//! Figures beside their limits: `cargo run --release -p hoso-tests --bin bench`, after
//! `cargo build --release --bins`. Nothing else should run on the machine meanwhile.

use std::{fs, path::PathBuf};

use clap::{Parser, ValueEnum};
use hoso_engine::tuning::Congestion;
use hoso_tests::bench::{
    desk, figures, heal, herd, history, large, scan, search, storm, trip, wire,
};

/// Measures the real programs and prints a table of Markdown.
#[derive(Debug, Parser)]
struct Args {
    /// Dossiers of the large office.
    #[arg(long, default_value_t = 100_000)]
    dossiers: usize,
    /// Dossiers that travel from one office to another; a station gives 9,999 numbers a day.
    #[arg(long, default_value_t = 9_000)]
    travelling: usize,
    /// Dossiers that go their whole way.
    #[arg(long, default_value_t = 2_000)]
    whole: usize,
    /// Nodes that dial at once: as many as the country has communes.
    #[arg(long, default_value_t = 3_300)]
    nodes: usize,
    /// Only these parts.
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// Where the named numbers are written.
    #[arg(long)]
    figures: Option<PathBuf>,
}

/// The offices of the province.
const OFFICES: usize = 54;

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Saves at one desk.
    Desk,
    /// Bytes of changes on the wire, without programs.
    Wire,
    /// From one desk over the relay to another.
    Trip,
    /// Dossiers with their whole history.
    History,
    /// An office with many dossiers.
    Large,
    /// Search among many dossiers.
    Search,
    /// To find out which documents differ.
    Heal,
    /// A scan over a bad line, and edits meanwhile.
    Scan,
    /// The same under the default congestion control alone.
    DefaultScan,
    /// All offices come back at once.
    Storm,
    /// Thousands of nodes dial at once.
    Herd,
}

fn main() {
    let args = Args::parse();
    let wanted = |part| args.part.is_empty() || args.part.contains(&part);
    let mut all = Vec::new();
    if wanted(Part::Desk) {
        all.extend(desk::measure());
    }
    if wanted(Part::Wire) {
        all.extend(wire::measure());
    }
    if wanted(Part::Trip) {
        all.extend(trip::measure(args.travelling));
    }
    if wanted(Part::History) {
        all.extend(history::measure(args.whole));
    }
    if wanted(Part::Large) {
        all.extend(large::measure(args.dossiers));
    }
    if wanted(Part::Search) {
        all.extend(search::measure(args.dossiers));
    }
    if wanted(Part::Scan) {
        all.extend(scan::measure(&Congestion::ALL));
    }
    if args.part.contains(&Part::DefaultScan) {
        all.extend(scan::measure(&[Congestion::default()]));
    }
    if wanted(Part::Storm) {
        all.extend(storm::measure(OFFICES));
    }
    if wanted(Part::Herd) {
        all.extend(herd::measure(args.nodes));
    }
    if wanted(Part::Heal) {
        all.extend(heal::measure());
    }
    print!("{}", figures::table(&all));
    if let Some(path) = args.figures {
        fs::write(path, figures::values(&all)).expect("the figures can be written");
    }
}
