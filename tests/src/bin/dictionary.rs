//! Trains the dictionary with which packed batches begin, or that of entries at rest, from invented
//! dossiers: `cargo run -p hoso-tests --bin dictionary -- --of entries --out FILE`. The file that
//! is in use is never written again: another one gets another number and another name.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use hoso_store::packed;
use hoso_sync::pack;
use hoso_tests::bench::corpus::{Corpus, STEPS};

/// What a dictionary is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// Batches on the wire.
    Batches,
    /// Entries in the database.
    Entries,
}

/// Writes a dictionary.
#[derive(Debug, Parser)]
struct Args {
    /// What it is for.
    #[arg(long, value_enum, default_value_t = Of::Batches)]
    of: Of,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// Its bytes at most.
    #[arg(long, default_value_t = 8_192)]
    bytes: usize,
    /// Dossiers that it is trained from.
    #[arg(long, default_value_t = 3_000)]
    dossiers: usize,
    /// Which dossiers; other ones than those of the figures.
    #[arg(long, default_value_t = 77)]
    seed: u64,
}

fn main() {
    let args = Args::parse();
    let mut corpus = Corpus::new(args.seed);
    let texts = |entries: &[Vec<u8>]| match args.of {
        Of::Batches => pack::texts(entries),
        Of::Entries => entries.iter().filter_map(|entry| packed::plain(entry)).collect(),
    };
    let texts: Vec<Vec<u8>> =
        (0..args.dossiers).flat_map(|_| texts(&corpus.dossier(STEPS).entries)).collect();
    let dictionary = zstd::dict::from_samples(&texts, args.bytes).expect("enough samples");
    std::fs::write(&args.out, &dictionary).expect("the file is written");
    println!("{} bytes from {} texts: {}", dictionary.len(), texts.len(), args.out.display());
}
