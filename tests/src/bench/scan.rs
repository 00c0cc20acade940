//! A scan over the line of an island, and what is edited meanwhile, under each congestion control.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use hoso_engine::tuning::Congestion;

use super::figures::{Figure, median, percentile};
use crate::e2e::{
    desk::{Desk, id_of, procedures, reception},
    node::Node,
    province::{BAI_CHAY, CO_TO, Province},
    proxy::{Carried, Weather},
    wait,
};

/// Bytes of a scan.
const SCAN_BYTES: usize = 1024 * 1024;
/// Scans, one after the other.
const SCANS: u64 = 4;
/// Bytes of a line of 2 Mbit/s in a second.
const LINE: u64 = 250_000;
/// How long a byte is on the way.
const DELAY: Duration = Duration::from_millis(150);
/// Of a hundred datagrams, so many are lost.
const LOST_PERCENT: u64 = 5;
/// How long one scan may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// Percent of the line that a scan is to have: `protocol.md`, *Targets*.
const SHARE_MIN: f64 = 60.0;

/// What one congestion control made of the line.
struct Measured {
    took: Vec<Duration>,
    edits: Vec<Duration>,
    up: Carried,
}

/// The scans of one office under each of these congestion controls, beside the line's own counters.
#[must_use]
pub fn measure(controls: &[Congestion]) -> Vec<Figure> {
    controls.iter().flat_map(|control| figures(*control, &carry(*control))).collect()
}

fn figures(congestion: Congestion, measured: &Measured) -> Vec<Figure> {
    let name = word(congestion);
    let each = median(measured.took.clone()).as_secs_f64();
    let share = SCAN_BYTES as f64 / each / LINE as f64 * 100.0;
    let trip = 2.0 * DELAY.as_secs_f64();
    let trips = |time: Duration| time.as_secs_f64() / trip;
    let (middle, late) = (median(measured.edits.clone()), percentile(measured.edits.clone(), 95));
    // Only what nodes have by default is asked for by a target.
    let key = |what: &str| {
        if congestion == Congestion::default() { what.to_owned() } else { format!("{what}_{name}") }
    };
    let Carried { datagrams, bytes, dropped, .. } = measured.up;
    vec![
        Figure::new(
            &format!("1 MiB over 2 Mbit/s, 300 ms, 5 % loss, {name}"),
            format!("{each:.1} s, {share:.0} % of the line"),
            format!("{SHARE_MIN:.0} % of the line"),
            format!("{:.2}", share / SHARE_MIN),
        )
        .with(&key("scan_percent"), share),
        Figure::new(
            &format!("an edit meanwhile until it is acknowledged, {name}"),
            format!("{:.1} round trips median, {:.1} p95", trips(middle), trips(late)),
            "3 and 6 round trips".to_owned(),
            format!("{} edits", measured.edits.len()),
        )
        .with(&key("edit_trips"), trips(middle))
        .with(&key("late_edit_trips"), trips(late)),
        Figure::new(
            &format!("the line upwards meanwhile, {name}"),
            format!("{bytes} B in {datagrams} datagrams, {dropped} of them lost"),
            format!("{} B of scans", SCAN_BYTES as u64 * SCANS),
            format!("{:.2}", bytes as f64 / (SCAN_BYTES as u64 * SCANS) as f64),
        ),
    ]
}

fn word(congestion: Congestion) -> String {
    format!("{congestion:?}").to_lowercase()
}

/// Brings scans under that congestion control, and edits one dossier after the other meanwhile.
fn carry(congestion: Congestion) -> Measured {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let settings = province.nodes[0].data.with_extension("toml");
    let text = format!("congestion = \"{}\"\n", word(congestion));
    fs::write(settings, text).expect("settings");
    province.nodes[0].stop();
    province.nodes[0].start();
    let node = &province.nodes[0];
    let mut desk = Desk::of(node);
    node.await_link(&desk.session, "up", DEADLINE);
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("one");
    let dossier = desk.receive(&reception(0, &own, BAI_CHAY), "scan");
    let weather = Weather {
        bytes_per_second: LINE,
        delay: DELAY,
        lost_percent: LOST_PERCENT,
        ..Weather::default()
    };
    province.relay.line.set(node.pid(), weather);
    let before = province.relay.line.carried(node.pid()).0;
    let mut measured = Measured { took: Vec::new(), edits: Vec::new(), up: before };
    let all_came = AtomicBool::new(false);
    let session = &node.clerk();
    thread::scope(|scope| {
        let editing = scope.spawn(|| {
            let mut edits = Vec::new();
            while !all_came.load(Ordering::Relaxed) {
                let key = format!("edit-{}", edits.len());
                edits.push(edit(node, &mut desk, &reception(1, &own, BAI_CHAY), &key));
            }
            edits
        });
        for number in 0..SCANS {
            let path = format!("/api/v1/dossiers/{}/attachments", id_of(&dossier));
            let (file, begun) = (scan(number), Instant::now());
            let answer = session.upload(&path, "Tờ khai.pdf", &file);
            assert_eq!(answer.status, 201, "{}", answer.body);
            wait::until("the scan has come", DEADLINE, || {
                (node.sync(session)["pending_blobs"] == 0).then_some(())
            });
            measured.took.push(begun.elapsed());
        }
        all_came.store(true, Ordering::Relaxed);
        measured.edits = editing.join().expect("the edits were made");
    });
    let after = province.relay.line.carried(node.pid()).0;
    measured.up = Carried {
        datagrams: after.datagrams - before.datagrams,
        bytes: after.bytes - before.bytes,
        dropped: after.dropped - before.dropped,
        handshake: after.handshake - before.handshake,
    };
    measured
}

/// One edit until the relay has acknowledged it.
fn edit(node: &Node, desk: &mut Desk, body: &serde_json::Value, key: &str) -> Duration {
    let begun = Instant::now();
    desk.receive(body, key);
    wait::until("the edit is acknowledged", DEADLINE, || {
        (node.sync(&desk.session)["pending_entries"] == 0).then_some(())
    });
    begun.elapsed()
}

/// A file of which no part repeats.
fn scan(seed: u64) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let begun = file.len();
    file.resize(SCAN_BYTES, 0);
    blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof().fill(&mut file[begun..]);
    file
}
