//! An office with many dossiers: restart, search, memory, disk.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use hoso_store::readers::Readers;

use super::{
    desk::receive,
    figures::{Figure, median, ms, rate},
};
use crate::e2e::{
    desk::Desk,
    http::Client,
    node::Node,
    program,
    province::{CO_TO, Province},
    through::is_complete,
    wait,
};

/// Dossiers at which the restart is measured.
const RESTARTED_WITH: usize = 20_000;
/// Dossiers of one counter: a station gives 9,999 numbers a day.
const PER_STATION: usize = 9_000;
/// How long filling may take.
const DEADLINE: Duration = Duration::from_secs(3_600);
/// Writers at once.
const WRITERS: usize = 64;
/// Catch-ups of which the median is taken, with few dossiers held and with many.
const END: usize = 3;
/// Searches of each kind.
const SEARCHES: usize = 60;

/// A session in which the office got what one counter had received.
struct CatchUp {
    /// Dossiers that it got.
    dossiers: usize,
    /// Dossiers that it held then.
    held: usize,
    per_second: f64,
}

/// Measures with so many dossiers.
///
/// # Panics
///
/// When a program fails.
#[must_use]
pub fn measure(dossiers: usize) -> Vec<Figure> {
    let helpers = dossiers.div_ceil(PER_STATION);
    let names: Vec<String> = (0..helpers).map(|number| format!("counter-{number}")).collect();
    let places = names.iter().map(|name| (name.as_str(), CO_TO));
    let mut province = Province::with(&places.chain([("office", CO_TO)]).collect::<Vec<_>>());
    let mut office = province.nodes.pop().expect("the office joined last");
    province.nodes.iter().for_each(|node| node.link("off"));
    let first = RESTARTED_WITH.min(dossiers);
    let begun = Instant::now();
    let mut catch_ups = Vec::new();
    let mut received = fill(&mut province, &office, (0, first), &mut catch_ups);
    office.kill();
    let killed = Instant::now();
    office.start();
    let restart = killed.elapsed();
    received = fill(&mut province, &office, (received, dossiers), &mut catch_ups);
    let filling = begun.elapsed();
    assert_eq!(received, dossiers);
    let peak = program::peak_resident_kib(office.pid());
    let (node, session) = (&office, Desk::of(&office).session);
    let mut figures = vec![
        Figure::new(
            &format!("restart after kill -9 with {first} dossiers, until ready to save"),
            ms(restart),
            "aim < 2 s".to_owned(),
            format!("{:.2}", restart.as_secs_f64() / 2.0),
        ),
        over_size(&catch_ups),
    ];
    for (what, query) in [("a name", "hang 77"), ("an id number", "022185000123"), ("a page", "")] {
        figures.push(Figure::new(
            &format!("{what} among {dossiers} dossiers (median of {SEARCHES})"),
            ms(search(&session, query)),
            "one request".to_owned(),
            String::new(),
        ));
    }
    let resident = program::resident_kib(node.pid());
    for (what, name, resident) in [
        (format!("memory with {dossiers} dossiers"), "resident_mib", resident),
        (format!("memory at most, from {first} dossiers on"), "peak_mib", peak),
    ] {
        let kib = f64::from(u32::try_from(resident).unwrap_or(u32::MAX));
        let figure = Figure::new(
            &what,
            format!("{} MiB resident", resident / 1024),
            "target ≤ 128 MiB".to_owned(),
            format!("{:.2}", kib / 131_072.0),
        );
        figures.push(figure.with(name, kib / 1024.0));
    }
    let disk = disk_bytes(&node.data);
    let each = disk / u64::try_from(dossiers.max(1)).expect("a count");
    figures.push(Figure::new(
        &format!("disk with {dossiers} dossiers of one entry"),
        format!("{each} B per dossier"),
        format!("filled in {} s", filling.as_secs()),
        "target ≤ 8 KB for a whole dossier".to_owned(),
    ));
    figures
}

/// How fast the office caught up with all dossiers of a counter when it held few, and when it held
/// many: the median of the first three such catch-ups beside that of the last three, as one alone
/// strays by a quarter. A part of a counter's dossiers takes as long to begin, and is left out.
fn over_size(catch_ups: &[CatchUp]) -> Figure {
    let whole = catch_ups[0].dossiers;
    let mut all: Vec<&CatchUp> = catch_ups.iter().filter(|one| one.dossiers == whole).collect();
    let late = all.split_off(all.len() - END.min(all.len()));
    let early = if all.is_empty() { &late } else { &all[..END.min(all.len())] };
    let middle = |some: &[&CatchUp]| {
        let mut rates: Vec<f64> = some.iter().map(|one| one.per_second).collect();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let held = |some: &[&CatchUp]| some.last().expect("a catch-up").held;
    let (first, last) = (middle(early), middle(&late));
    Figure::new(
        &format!("first sync up to {} dossiers held, median of the last {END}", held(&late)),
        format!("{last:.0} dossiers/s"),
        format!("the first {END}, up to {} held {first:.0}/s", held(early)),
        format!("{:.2} (target ≥ 0.85)", last / first),
    )
    .with("early_per_second", first)
    .with("late_per_second", last)
}

/// Lets the counters receive dossiers within a range of numbers; after each counter the office
/// connects and gets them.
fn fill(
    province: &mut Province,
    office: &Node,
    (from, to): (usize, usize),
    catch_ups: &mut Vec<CatchUp>,
) -> usize {
    let session = Desk::of(office).session;
    let (held, ledger) = (Readers::of(&office.data), Readers::of(&province.relay.data));
    let mut received = from;
    while received < to {
        office.link("off");
        let counter = &mut province.nodes[received / PER_STATION];
        let full = (received / PER_STATION + 1) * PER_STATION;
        let count = full.min(to) - received;
        let own = Desk::of(counter).session;
        // Refused or slow, it is the measurement's fault and not its figure.
        let took = receive(&own, count, WRITERS, &format!("from-{received}"));
        assert!(took > Duration::ZERO);
        received += count;
        // Only upwards: what the others have is no concern of a counter.
        counter.link("on");
        wait::until("the relay has the counter's dossiers", DEADLINE, || {
            (counter.sync(&own)["pending_entries"] == 0).then_some(())
        });
        if received == full {
            counter.kill();
        } else {
            counter.link("off");
        }
        let begun = Instant::now();
        office.link("on");
        wait::until("the office has all dossiers", DEADLINE, || {
            is_complete(&held, &ledger).then_some(())
        });
        let per_second = rate(count, begun.elapsed());
        catch_ups.push(CatchUp { dossiers: count, held: received, per_second });
        let counts = session.get("/api/v1/dossiers?limit=1").done()["counts"].clone();
        let counts = counts.as_object().expect("counts").values();
        let sum: u64 = counts.filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(usize::try_from(sum).expect("a count"), received);
    }
    received
}

fn search(session: &Client, query: &str) -> Duration {
    let path = format!("/api/v1/dossiers?limit=50&q={}", query.replace(' ', "%20"));
    let times = (0..SEARCHES).map(|_| {
        let begun = Instant::now();
        assert_eq!(session.get(&path).status, 200);
        begun.elapsed()
    });
    median(times.collect())
}

/// The bytes of all files of a data directory.
///
/// # Panics
///
/// When it cannot be read.
#[must_use]
pub fn disk_bytes(data: &Path) -> u64 {
    let files = fs::read_dir(data).expect("a directory");
    files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum()
}
