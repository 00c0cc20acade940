//! Hoso beside other programs that sync many small documents: the same corpus, separate processes,
//! a counted line, convergence told by the heads of every dossier. `tests/bench/run` builds and
//! runs it.

mod archive;
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
mod storm;
mod table;
mod targets;

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};

use crate::{
    end::Places,
    negentropy::Reconciler,
    peers::{Clock, Peer},
    rsync::Rsync,
    samod::Samod,
    scenarios::Row,
    targets::Figures,
};

/// How often each case of ours is measured.
const OURS: usize = 5;
/// How often each case of a peer is measured.
const THEIRS: usize = 3;
/// Dossiers of the corpus after which all offices come back at once.
const STORM_BESIDE: usize = 1_000;
/// How long the whole table may take.
const TABLE_DEADLINE: Duration = Duration::from_secs(3_600);
/// How long one peer may take where more dossiers follow.
const PEER_DEADLINE: Duration = Duration::from_secs(720);
/// What is kept of that for the most dossiers.
const KEPT_FOR_MOST: Duration = Duration::from_secs(1_080);
/// Where the sections begin that this program writes.
const TARGETS: &str = "## Targets";
const BESIDE: &str = "## Beside the peers";
const PARTS: &str = "## At the desk and on the way";

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
    /// Up to 10,000 dossiers.
    #[arg(long)]
    quick: bool,
    /// Only with so many dossiers; a thousand at least.
    #[arg(long)]
    dossiers: Vec<usize>,
    /// Only these peers.
    #[arg(long)]
    peer: Vec<String>,
    /// Only these parts of the targets; `none` for none.
    #[arg(long)]
    part: Vec<String>,
    /// Entries of the archive with which a reconnection is measured; none with 0.
    #[arg(long, default_value_t = 1_000_000)]
    archive: usize,
    /// The page whose sections are written anew.
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
        let directory = tempfile::tempdir().expect("a directory for data");
        let directory = directory.path();
        let mut figures = Figures::measure(&self.part, directory);
        let mut rows = Vec::new();
        let reconnect = || archive::reconnect(self.archive, OURS);
        let wanted = self.archive > 0 && !self.quick;
        if let Some((row, trips)) = wanted.then(|| unharmed(reconnect)).flatten() {
            rows.push(row);
            figures.trips.extend(trips);
        }
        self.write(&figures, &rows);
        let begun = Instant::now();
        let sizes: &[usize] = if self.quick { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
        let sizes = if self.dossiers.is_empty() { sizes } else { &self.dossiers };
        for (place, dossiers) in sizes.iter().enumerate() {
            let corpus = directory.join(format!("corpus-{dossiers}"));
            fs::create_dir(&corpus).expect("a directory for the corpus");
            if let Some((own, trips)) = unharmed(|| ours::of(&corpus, *dossiers, OURS)) {
                rows.extend(own);
                figures.trips.extend(trips);
            }
            self.write(&figures, &rows);
            if *dossiers == STORM_BESIDE {
                rows.extend(unharmed(ours::storm));
                let storm = |peer| unharmed(|| storm::of(peer, &corpus, directory));
                rows.extend(self.peers().filter_map(storm));
            }
            for (before, peer) in self.peers().enumerate() {
                let left = TABLE_DEADLINE.saturating_sub(begun.elapsed());
                let time = if place + 1 == sizes.len() {
                    // What one peer does not need the next ones may have.
                    left / u32::try_from(self.peers().count() - before).expect("few peers")
                } else {
                    PEER_DEADLINE.min(left.saturating_sub(KEPT_FOR_MOST))
                };
                let clock = Clock::of(time);
                let through =
                    || scenarios::of((peer, THEIRS), &corpus, *dossiers, &clock, directory);
                rows.extend(unharmed(through).into_iter().flatten());
                self.write(&figures, &rows);
            }
            fs::remove_dir_all(corpus).expect("the corpus goes");
        }
    }

    fn peers(&self) -> impl Iterator<Item = Peer> {
        Peer::ALL.into_iter().filter(|peer| self.wants(*peer))
    }

    fn wants(&self, peer: Peer) -> bool {
        self.peer.is_empty() || self.peer.iter().any(|name| name == peer.name())
    }

    /// Writes what is measured so far into its sections of the page.
    fn write(&self, figures: &Figures, rows: &[Row]) {
        let mut page = fs::read_to_string(&self.page).expect("the page is there");
        let command = if self.quick { "tests/bench/run --quick" } else { "tests/bench/run" };
        let by = format!("Command: `{command}`, {}.", self.machine);
        for (heading, text) in [
            (TARGETS, targets::markdown(figures, rows)),
            (BESIDE, table::markdown(rows)),
            (PARTS, figures.markdown()),
        ] {
            page = with_section(&page, heading, &format!("{by}\n\n{text}"));
        }
        fs::write(&self.page, page).expect("the page can be written");
        let beside = self.page.parent().unwrap_or(Path::new("."));
        table::draw(rows, &beside.join("plots"));
    }
}

/// What this gives, or nothing where it fails: what comes after it is measured all the same, and
/// the rows that are missing are seen.
fn unharmed<T: Send>(measure: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| scope.spawn(measure).join().ok())
}

/// The page with another text under a heading, which comes last where it was not there.
fn with_section(page: &str, heading: &str, text: &str) -> String {
    let (before, rest) = page.split_once(heading).unwrap_or((page, ""));
    let after = rest.find("\n## ").map_or("", |at| &rest[at..]);
    format!("{before}{heading}\n\n{text}{after}")
}
