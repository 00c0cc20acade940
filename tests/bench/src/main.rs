//! Hoso beside other programs that sync many small documents: the same corpus, separate processes,
//! a counted line, convergence told by the heads of every dossier. `tests/bench/run` builds and
//! runs it.

mod corpus;
mod end;
mod line;
mod making;
mod negentropy;
mod ours;
mod peers;
mod rsync;
mod samod;
mod scenarios;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};

use crate::{
    end::Places,
    negentropy::Reconciler,
    peers::Peer,
    rsync::Rsync,
    samod::Samod,
    scenarios::{Case, Outcome, Row},
};

/// How often each case of ours is measured.
const OURS: usize = 5;
/// How often each case of a peer is measured.
const THEIRS: usize = 3;
/// Dossiers of the corpus after which all offices come back at once.
const STORM_BESIDE: usize = 1_000;
/// How long the whole table may take.
const TABLE_DEADLINE: Duration = Duration::from_secs(3_600);
/// Where the section begins that this program writes.
const HEADING: &str = "## Beside the peers";

/// Measures Hoso and its peers.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Measures everything and writes the table into a page.
    Table(Table),
    /// One end of a peer; reads what to do from its standard input.
    End {
        /// Which peer.
        peer: String,
        /// The sets of changes.
        corpus: PathBuf,
        /// Its own data.
        data: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Table {
    /// Up to 10,000 dossiers, and everything three times at most.
    #[arg(long)]
    quick: bool,
    /// Only with so many dossiers; a thousand at least.
    #[arg(long)]
    dossiers: Vec<usize>,
    /// Only these peers.
    #[arg(long)]
    peer: Vec<String>,
    /// The page whose section is written anew.
    #[arg(long)]
    page: PathBuf,
    /// What the machine and the programs are.
    #[arg(long, default_value = "")]
    machine: String,
}

fn main() {
    match Args::parse().command {
        What::Table(table) => table.measure(),
        What::End { peer, corpus, data } => {
            let places = Places::new(&corpus, &data);
            match peer.as_str() {
                "rsync" => end::obey(&mut Rsync::new(places)),
                "negentropy" => end::obey(&mut Reconciler::new(places)),
                "samod" => end::obey(&mut Samod::new(places)),
                other => panic!("no end of {other} in this program"),
            }
        }
    }
}

impl Table {
    fn measure(&self) {
        let begun = Instant::now();
        let sizes: &[usize] = if self.quick { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
        let sizes = if self.dossiers.is_empty() { sizes } else { &self.dossiers };
        let repeats = if self.quick { THEIRS } else { OURS };
        let directory = tempfile::tempdir().expect("a directory for data");
        let mut rows = Vec::new();
        for dossiers in sizes {
            let corpus = directory.path().join(format!("corpus-{dossiers}"));
            fs::create_dir(&corpus).expect("a directory for the corpus");
            rows.extend(ours::of(&corpus, *dossiers, repeats));
            self.write(&rows);
            if *dossiers == STORM_BESIDE {
                rows.push(ours::storm());
                let peers = Peer::ALL.into_iter().filter(|peer| self.wants(*peer));
                rows.extend(peers.map(|peer| scenarios::storm(peer, &corpus, directory.path())));
            }
            for peer in Peer::ALL.into_iter().filter(|peer| self.wants(*peer)) {
                if begun.elapsed() < TABLE_DEADLINE {
                    let clients = if self.quick { 2 } else { THEIRS };
                    let directory = directory.path();
                    rows.extend(scenarios::of(peer, &corpus, *dossiers, clients, directory));
                } else {
                    rows.extend(not_begun(peer, *dossiers));
                }
                self.write(&rows);
            }
            fs::remove_dir_all(corpus).expect("the corpus goes");
        }
    }

    fn wants(&self, peer: Peer) -> bool {
        self.peer.is_empty() || self.peer.iter().any(|name| name == peer.name())
    }

    /// Writes what is measured so far into its section of the page.
    fn write(&self, rows: &[Row]) {
        let page = fs::read_to_string(&self.page).expect("the page is there");
        let (before, rest) = page.split_once(HEADING).unwrap_or((&page, ""));
        let after = rest.find("\n## ").map_or("", |at| &rest[at..]);
        let command = if self.quick { "tests/bench/run --quick" } else { "tests/bench/run" };
        let text = format!(
            "{before}{HEADING}\n\nCommand: `{command}`, {}.\n\n{}{after}",
            self.machine,
            table::markdown(rows)
        );
        fs::write(&self.page, text).expect("the page can be written");
        let beside = self.page.parent().unwrap_or(Path::new("."));
        table::draw(rows, &beside.join("plots"));
    }
}

fn not_begun(peer: Peer, dossiers: usize) -> Vec<Row> {
    let outcome = Outcome::GivenUp("not begun: the hour was over".to_owned());
    let row = |case| Row { case, who: peer.name(), dossiers, outcome: outcome.clone() };
    Case::ALL.map(row).to_vec()
}
