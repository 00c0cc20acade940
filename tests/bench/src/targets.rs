//! The design's targets, each beside what this run measured: by `bench`, whose parts run as
//! programs of their own, and in our rows of the table beside the peers.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use hoso_tests::e2e::program;

use crate::{
    ours::{self, Trips},
    peers::Run,
    scenarios::{Case, Outcome, Row},
    table::grouped,
};

/// The parts of `bench` on which targets rest, with what they are told besides.
const PARTS: [(&str, &[&str]); 7] = [
    ("desk", &[]),
    ("wire", &[]),
    ("trip", &[]),
    ("heal", &[]),
    ("history", &["--whole", "1000"]),
    ("default-scan", &[]),
    ("large", &["--dossiers", "100000"]),
];
/// Seconds after which a part is stopped.
const PART_SECONDS_MAX: &str = "600";

/// What was measured, by name; and the parts' own tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    values: BTreeMap<String, f64>,
    /// Rows of Markdown.
    printed: String,
    /// The round trips of our reconnections.
    pub(crate) trips: Vec<Trips>,
}

impl Figures {
    /// Runs the parts with these names, or all where none is named.
    pub(crate) fn measure(names: &[String], directory: &Path) -> Self {
        let mut figures = Self::default();
        let wanted = |part: &str| names.is_empty() || names.iter().any(|name| name == part);
        for (part, more) in PARTS.into_iter().filter(|(part, _)| wanted(part)) {
            let file = directory.join(format!("figures-{part}"));
            let ran = Command::new("timeout")
                .arg(PART_SECONDS_MAX)
                .arg(program::path_of("bench"))
                .args(["--part", part, "--figures"])
                .arg(&file)
                .args(more)
                .output()
                .expect("a part can be run");
            if !ran.status.success() {
                eprintln!("{part}: {}", String::from_utf8_lossy(&ran.stderr));
            }
            let printed = String::from_utf8_lossy(&ran.stdout);
            figures.printed.extend(printed.lines().skip(2).map(|line| format!("{line}\n")));
            figures.add(&fs::read_to_string(&file).unwrap_or_default());
        }
        figures
    }

    /// Takes lines of a name, a tabulator and a number.
    fn add(&mut self, text: &str) {
        let pairs = text.lines().filter_map(|line| line.split_once('\t'));
        let values = pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
        self.values.extend(values);
    }

    /// The parts' own tables as one.
    pub(crate) fn markdown(&self) -> String {
        let head = "| what | measured | limit of the same run | ratio |\n|---|---|---|---|\n";
        format!("{head}{}", self.printed)
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// One figure as a multiple of another.
    fn ratio(&self, name: &str, of: &str) -> Option<f64> {
        Some(self.value(name)? / self.value(of)?)
    }
}

/// One thing that a target asks for: what was measured, and whether it is kept.
#[derive(Clone, Debug)]
struct Check(String, Option<bool>);

impl Check {
    /// At most so much.
    fn at_most(value: Option<f64>, most: f64, say: impl Fn(f64) -> String) -> Self {
        Self::of(value, |value| value <= most, say)
    }

    /// At least so much.
    fn at_least(value: Option<f64>, least: f64, say: impl Fn(f64) -> String) -> Self {
        Self::of(value, |value| value >= least, say)
    }

    fn of(value: Option<f64>, kept: impl Fn(f64) -> bool, say: impl Fn(f64) -> String) -> Self {
        let said = say(value.unwrap_or(f64::NAN)).replace("NaN", "?");
        Self(said, value.map(kept))
    }
}

/// The targets as a table, with what these figures and rows say of them.
pub(crate) fn markdown(figures: &Figures, rows: &[Row]) -> String {
    let mut text = "| case | target | measured | |\n|---|---|---|---|\n".to_owned();
    let all = [reconnections(figures, rows), bytes(figures, rows), speed(figures), rest(figures)];
    for (case, target, checks) in all.into_iter().flatten() {
        let said: Vec<String> = checks.iter().map(mark).collect();
        let verdict = match checks.iter().map(|check| check.1).collect::<Option<Vec<bool>>>() {
            Some(kept) if kept.iter().all(|kept| *kept) => "met",
            Some(kept) if kept.iter().all(|kept| !*kept) => "missed",
            Some(_) => "missed where bold",
            None => "not measured whole",
        };
        text += &format!("| {case} | {target} | {} | {verdict} |\n", said.join("; "));
    }
    text
}

/// What was measured, in bold where it is not what was asked for.
fn mark(Check(said, kept): &Check) -> String {
    if *kept == Some(false) { format!("**{said}**") } else { said.clone() }
}

type Target = (&'static str, &'static str, Vec<Check>);

/// The middle of a figure of our own rows of a case, by number of dossiers.
fn own(rows: &[Row], case: Case, of: fn(&Run) -> u64) -> Vec<(usize, f64)> {
    let own = rows.iter().filter(|row| row.who == ours::NAME && row.case == case);
    let measured = own.filter_map(|row| {
        let Outcome::Done(runs) = &row.outcome else { return None };
        let mut figures: Vec<u64> = runs.iter().map(of).collect();
        figures.sort_unstable();
        Some((row.dossiers, *figures.get(figures.len() / 2)? as f64))
    });
    measured.collect()
}

/// A check for each number of dossiers, or one that nothing was measured.
fn each(measured: &[(usize, f64)], most: f64, say: impl Fn(f64, String) -> String) -> Vec<Check> {
    if measured.is_empty() {
        return vec![Check(say(f64::NAN, "?".to_owned()).replace("NaN", "?"), None)];
    }
    let check = |(dossiers, value): &(usize, f64)| {
        let with = grouped(*dossiers as u64);
        Check::at_most(Some(*value), most, |value| say(value, with.clone()))
    };
    let mut measured = measured.to_vec();
    measured.sort_unstable_by_key(|(dossiers, _)| *dossiers);
    measured.iter().map(check).collect()
}

fn reconnections(figures: &Figures, rows: &[Row]) -> Vec<Target> {
    let frames = own(rows, Case::NothingNew, |run| run.application);
    let after = own(rows, Case::NothingNew, |run| run.bytes - run.handshake);
    let frames = each(&frames, 200.0, |bytes, with| format!("{bytes:.0} B of frames at {with}"));
    let after = each(&after, 3_000.0, |bytes, with| {
        format!("{bytes:.0} B on the line after the handshake at {with}")
    });
    vec![(
        "reconnection, nothing new, any number of dossiers",
        "≤ 200 B of frames, ≤ 3 KB on the line after the handshake, 1 round trip",
        [frames, after, round_trips(figures, |trips| Some(trips.nothing))].concat(),
    )]
}

/// One round trip, as whatever is measured by time is never one exactly.
fn round_trips(figures: &Figures, of: fn(&Trips) -> Option<f64>) -> Vec<Check> {
    let trips = figures.trips.iter().filter_map(|one| Some((one.dossiers, of(one)?)));
    let trips: Vec<_> = trips.collect();
    each(&trips, 1.5, |trips, with| format!("{trips:.1} round trips at {with}"))
}

fn bytes(figures: &Figures, rows: &[Row]) -> Vec<Target> {
    let of = |name| figures.value(name);
    let hundred = own(rows, Case::Changed(100), |run| run.application / 100);
    let mut changed = vec![
        Check::at_most(of("alone_bytes"), 230.0, |bytes| format!("{bytes:.0} B alone")),
        Check::at_most(of("first_batch_bytes"), 170.0, |bytes| {
            format!("{bytes:.0} B in a first batch")
        }),
        Check::at_most(of("later_batch_bytes"), 170.0, |bytes| {
            format!("{bytes:.0} B in a later one")
        }),
    ];
    changed.extend(each(&hundred, 170.0, |bytes, with| {
        format!("{bytes:.0} B between the programs, all frames of the session, at {with}")
    }));
    changed.extend(round_trips(figures, |trips| trips.hundred));
    let whole = |name, way: &'static str| {
        Check::at_most(of(name), 2_300.0, move |bytes| format!("{bytes:.0} B {way}"))
    };
    vec![
        (
            "reconnection, 100 changed, each",
            "≤ 230 B alone, ≤ 170 B in batches, 1 round trip",
            changed,
        ),
        (
            "a whole dossier of 14 changes",
            "≤ 2.3 KB",
            vec![whole("whole_bytes", "down"), whole("whole_upwards_bytes", "up")],
        ),
        (
            "healing, 100 changed of 100,000",
            "≤ 140 B each to find them, ≤ 3 round trips",
            vec![
                Check::at_most(of("found_bytes_each"), 140.0, |bytes| format!("{bytes:.0} B each")),
                Check::at_most(of("found_questions").map(|trips| trips + 2.0), 3.0, |trips| {
                    format!("{trips:.0} round trips with lists and entries")
                }),
            ],
        ),
    ]
}

fn speed(figures: &Figures) -> Vec<Target> {
    let rate = |name, least, what: &'static str| {
        Check::at_least(figures.value(name), least, move |rate| format!("{rate:.0} {what}/s"))
    };
    let parts = |name, of| {
        let best = figures.value(of).unwrap_or(f64::NAN);
        Check::at_least(figures.ratio(name, of), 0.5, move |ratio| {
            format!("{ratio:.2} of the parts' {best:.0}/s")
        })
    };
    let early = figures.value("early_per_second").unwrap_or(f64::NAN);
    vec![
        (
            "first sync at a node",
            "≥ 800 dossiers/s, ≥ half of the parts",
            vec![
                rate("first_per_second", 800.0, "dossiers"),
                parts("first_per_second", "first_parts_per_second"),
            ],
        ),
        (
            "single changes on cold documents",
            "≥ 1,500/s, ≥ half of the parts",
            vec![
                rate("singles_per_second", 1_500.0, "changes"),
                parts("singles_per_second", "singles_parts_per_second"),
            ],
        ),
        (
            "catch-up from 10^4 to 10^5 dossiers held",
            "within 15 %",
            vec![Check::at_least(
                figures.ratio("late_per_second", "early_per_second"),
                0.85,
                |ratio| format!("{ratio:.2} of the {early:.0}/s at first"),
            )],
        ),
        (
            "relay ingest",
            "≥ 10,000 entries/s, ≥ half of the parts",
            vec![
                rate("ingest_per_second", 10_000.0, "entries"),
                parts("ingest_per_second", "ingest_parts_per_second"),
            ],
        ),
    ]
}

fn rest(figures: &Figures) -> Vec<Target> {
    let of = |name| figures.value(name);
    let beyond = of("post_ms").and_then(|post| Some(post - of("commit_ms")?));
    let mib = |name, when: &'static str| {
        Check::at_most(of(name), 128.0, move |mib| format!("{mib:.0} MiB {when}"))
    };
    let trips = |name, most, what: &'static str| {
        Check::at_most(of(name), most, move |trips| format!("{trips:.1} round trips {what}"))
    };
    let sync = of("fdatasync_ms").unwrap_or(f64::NAN);
    let one = of("one_writer_per_second").unwrap_or(f64::NAN);
    vec![
        (
            "durable save: commit",
            "≤ 2.5 × `fdatasync`",
            vec![Check::at_most(figures.ratio("commit_ms", "fdatasync_ms"), 2.5, |times| {
                format!("{times:.1} × {sync:.2} ms")
            })],
        ),
        (
            "durable save: `POST` to 201",
            "≤ commit + 3 ms",
            vec![Check::at_most(beyond, 3.0, |ms| format!("+ {ms:.2} ms"))],
        ),
        (
            "durable save: 64 writers",
            "≥ 8 × one writer",
            vec![
                Check::at_least(
                    figures.ratio("many_writers_per_second", "one_writer_per_second"),
                    8.0,
                    |times| format!("{times:.1} × {one:.0}/s at the desk"),
                ),
                Check::at_least(
                    figures.ratio("many_committers_per_second", "one_committer_per_second"),
                    8.0,
                    |times| format!("{times:.1} × in the store alone"),
                ),
            ],
        ),
        (
            "memory with 10^5 dossiers",
            "≤ 128 MiB",
            vec![mib("resident_mib", "at rest"), mib("peak_mib", "at most, while it caught up")],
        ),
        (
            "disk, a dossier of 14 entries with everything",
            "≤ 8 KB",
            vec![
                Check::at_most(of("lasting_disk_bytes"), 8_000.0, |bytes| {
                    format!("{bytes:.0} B, answers to requests older than 30 days forgotten")
                }),
                Check::at_most(of("disk_bytes"), f64::MAX, |bytes| {
                    format!("{bytes:.0} B with all of them")
                }),
            ],
        ),
        (
            "1 MiB scan over 2 Mbit/s, 300 ms, 5 % loss",
            "≥ 60 % of the line; an edit meanwhile in ≤ 3 round trips, ≤ 6 at the 95th percentile",
            vec![
                Check::at_least(of("scan_percent"), 60.0, |share| format!("{share:.0} %")),
                trips("edit_trips", 3.0, "in the middle"),
                trips("late_edit_trips", 6.0, "at the 95th percentile"),
            ],
        ),
    ]
}
