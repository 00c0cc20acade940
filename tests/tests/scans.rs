//! Scans from one office to another, over the real programs and a real line.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use hoso_store::{
    StoreError,
    attachments::{self, Purpose},
    readers::Readers,
};
use hoso_tests::{
    e2e::{
        desk::{Desk, Procedure, id_of, procedures, reception},
        province::{BAI_CHAY, CO_TO, HONG_GAI, Province},
        proxy::Weather,
        report, wait,
    },
    powercut::recorder::Recorder,
};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(180);
/// Bytes of a line of 2 Mbit/s in a second.
const LINE: u64 = 250_000;

/// Bytes in a second of a line that entries fill for minutes.
const NARROW: u64 = 8_000;
/// Entries of such a backlog, and the letters of each.
const ENTRIES: usize = 190;
const ENTRY_LETTERS: u64 = 2_000;

/// 34 and 36 days: a relay keeps for 35 what no dossier names any more.
const DAYS: [&str; 2] = ["+2937600", "+3110400"];

/// Dossiers of a backlog, each with a scan of so many bytes: 24 s of that line in all.
const BACKLOG: usize = 20;
const BACKLOG_SCAN: usize = 300_000;

/// A file that a scanner could have made, of which no part repeats.
fn scan(bytes: usize, seed: u64) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut state = seed;
    while file.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        file.extend_from_slice(&state.to_be_bytes());
    }
    file.truncate(bytes);
    file
}

fn procedure() -> Procedure {
    let all = procedures();
    all.into_iter().find(|procedure| procedure.competent == "unit").expect("a unit's own procedure")
}

/// A dossier of Cô Tô that Bãi Cháy decides.
fn dossier(desk: &mut Desk, number: usize) -> Value {
    desk.receive(&reception(number, &procedure(), BAI_CHAY), &format!("scan-{number}"))
}

/// Attaches a file; gives its hash.
fn attach(desk: &Desk, dossier: &Value, file: &[u8]) -> String {
    let path = format!("/api/v1/dossiers/{}/attachments", id_of(dossier));
    let answer = desk.session.upload(&path, "Tờ khai.pdf", file);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let scans = answer.body["attachments"].as_array().expect("scans").clone();
    scans.last().expect("a scan")["blake3"].as_str().expect("a hash").to_owned()
}

/// How much of a scan is at a desk, in percent; none before the dossier names it there.
fn percent(desk: &Desk, dossier: &Value, hash: &str) -> Option<u64> {
    let answer = desk.session.get(&format!("/api/v1/dossiers/{}", id_of(dossier)));
    let scans = answer.body["attachments"].as_array().cloned().unwrap_or_default();
    scans.iter().find(|scan| scan["blake3"] == hash)?["percent"].as_u64()
}

fn await_scan(desk: &Desk, dossier: &Value, hash: &str, file: &[u8]) {
    wait::until("the scan has come", DEADLINE, || {
        (percent(desk, dossier, hash) == Some(100)).then_some(())
    });
    assert!(desk.session.bytes(&format!("/api/v1/attachments/{hash}")) == file);
}

/// Where the file of that hash stands in a data directory.
fn file_of(data: &Path, hash: &str) -> PathBuf {
    data.join("blobs").join(&hash[..2]).join(hash)
}

/// Waits until nothing of a desk's scans is on its way.
fn await_none_pending(desk: &Desk) {
    wait::until("no scan is on its way", DEADLINE, || {
        (desk.session.get("/api/v1/sync").done()["pending_blobs"] == 0).then_some(())
    });
}

fn slow() -> Weather {
    Weather { bytes_per_second: LINE, delay: Duration::from_millis(20), ..Weather::default() }
}

#[test]
fn a_scan_arrives_at_the_other_office_whole_and_is_read_by_nobody_else() {
    let offices = [("co-to", CO_TO), ("bai-chay", BAI_CHAY), ("hong-gai", HONG_GAI)];
    let province = Province::with(&offices);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    let dossier = dossier(&mut desks[0], 1);
    let (small, large) = (scan(7, 1), scan(3_000_001, 2));
    for file in [&small, &large] {
        let hash = attach(&desks[0], &dossier, file);
        await_scan(&desks[1], &dossier, &hash, file);
        assert!(!desks[2].session.finds(&format!("/api/v1/attachments/{hash}")));
    }
    let sync = desks[1].session.get("/api/v1/sync").done();
    assert_eq!(sync["pending_blobs"], 0);
}

#[test]
fn a_scan_goes_on_where_it_was_when_node_or_relay_are_killed() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    for node in &province.nodes {
        province.relay.line.set(node.pid(), slow());
    }
    let size = 6_000_000;
    let file = scan(size, 3);
    let dossier = dossier(&mut desks[0], 2);
    let hash = attach(&desks[0], &dossier, &file);
    let carried = |province: &Province, node: usize| {
        let (up, down) = province.relay.line.carried(province.nodes[node].pid());
        up.bytes + down.bytes
    };
    wait::until("half of it is on its way", DEADLINE, || {
        (carried(&province, 0) > 3_000_000).then_some(())
    });
    province.relay.kill();
    province.relay.start();
    wait::until("more of it has come down", DEADLINE, || {
        percent(&desks[1], &dossier, &hash).filter(|percent| *percent > 30)
    });
    let before = carried(&province, 1);
    province.nodes[1].kill();
    province.nodes[1].start();
    province.relay.line.set(province.nodes[1].pid(), slow());
    desks[1] = Desk::of(&province.nodes[1]);
    await_scan(&desks[1], &dossier, &hash, &file);
    let up = carried(&province, 0);
    let down = before + carried(&province, 1);
    report(&format!("a scan of {size} bytes, killed twice: {up} bytes up, {down} down"));
    for bytes in [up, down] {
        let bytes = usize::try_from(bytes).expect("few bytes");
        assert!(bytes < size + size / 2, "{bytes} bytes for {size}: it began again");
    }
}

#[test]
fn an_edit_that_is_made_while_a_scan_is_on_its_way_arrives_long_before_it() {
    let province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    for node in &province.nodes {
        province.relay.line.set(node.pid(), slow());
    }
    let file = scan(5_000_000, 4);
    let with_scan = dossier(&mut desks[0], 3);
    let hash = attach(&desks[0], &with_scan, &file);
    wait::until("the scan is on its way", DEADLINE, || {
        let (up, _) = province.relay.line.carried(province.nodes[0].pid());
        (up.bytes > 500_000).then_some(())
    });
    let began = Instant::now();
    let edit = dossier(&mut desks[0], 4);
    wait::until("the edit has come", DEADLINE, || {
        desks[1].ids().contains(&id_of(&edit).to_owned()).then_some(())
    });
    let took = began.elapsed();
    report(&format!("an edit behind 5 MB at 2 Mbit/s came after {} ms", took.as_millis()));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_ne!(percent(&desks[1], &with_scan, &hash), Some(100), "the scan was not on its way");
    await_scan(&desks[1], &with_scan, &hash, &file);
}

#[test]
fn after_days_in_the_dark_all_entries_go_up_before_the_scans_and_no_other_office_waits() {
    let offices = [("co-to", CO_TO), ("bai-chay", BAI_CHAY), ("hong-gai", HONG_GAI)];
    let province = Province::with(&offices);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    province.nodes[0].link("off");
    let backlog: Vec<(Value, String, Vec<u8>)> = (0..BACKLOG)
        .map(|number| {
            let dossier = dossier(&mut desks[0], 20 + number);
            let file = scan(BACKLOG_SCAN, 20 + number as u64);
            let hash = attach(&desks[0], &dossier, &file);
            (dossier, hash, file)
        })
        .collect();
    province.relay.line.set(province.nodes[0].pid(), slow());
    province.nodes[0].link("on");
    let here = |desk: &Desk, dossier: &Value| desk.ids().contains(&id_of(dossier).to_owned());
    wait::until("every dossier has come", DEADLINE, || {
        backlog.iter().all(|(dossier, ..)| here(&desks[1], dossier)).then_some(())
    });
    let pending = |desk: &Desk| desk.session.get("/api/v1/sync").done()["pending_blobs"].as_u64();
    let left = pending(&desks[0]).expect("a number");
    report(&format!("{BACKLOG} dossiers were there while {left} of their scans were to be sent"));
    // A scan may have gone by the connection's first window.
    assert!(left + 2 >= BACKLOG as u64, "{left} of {BACKLOG} scans were still to be sent");
    let (other, own) = (dossier(&mut desks[2], 90), dossier(&mut desks[0], 91));
    wait::until("what is new has come from both offices", DEADLINE, || {
        (here(&desks[1], &other) && here(&desks[1], &own)).then_some(())
    });
    assert!(pending(&desks[0]) > Some(0), "the scans were over before");
    for (dossier, hash, file) in &backlog {
        await_scan(&desks[1], dossier, hash, file);
    }
}

#[test]
fn a_scan_that_was_damaged_at_the_relay_is_given_to_nobody_asked_for_again_and_flagged() {
    let province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    province.nodes[1].link("off");
    let dossier = dossier(&mut desks[0], 5);
    let file = scan(400_000, 5);
    let hash = attach(&desks[0], &dossier, &file);
    await_none_pending(&desks[0]);
    let stored = file_of(&province.relay.data, &hash);
    let mut damaged = fs::read(&stored).expect("the relay's file");
    damaged[300_000] ^= 1;
    fs::write(&stored, damaged).expect("a damaged file");
    province.nodes[1].link("on");
    await_scan(&desks[1], &dossier, &hash, &file);
    assert!(fs::read(&stored).expect("the relay's file") == file, "the relay has it whole again");
    let alerts = province.relay.operator().get("/api/v1/alerts").done();
    let kinds = alerts["items"].as_array().expect("alerts").iter().map(|alert| &alert["kind"]);
    assert!(kinds.eq(["scan-lost"].iter()), "{alerts}");
}

#[test]
fn a_scan_that_its_source_has_lost_is_said_with_its_age_and_comes_when_it_is_attached_again() {
    let province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    let dossier = dossier(&mut desks[0], 6);
    province.nodes[0].link("off");
    let file = scan(400_000, 6);
    let hash = attach(&desks[0], &dossier, &file);
    let source = file_of(&province.nodes[0].data, &hash);
    let mut damaged = fs::read(&source).expect("the source's file");
    damaged[300_000] ^= 1;
    fs::write(&source, damaged).expect("a damaged file");
    province.nodes[0].link("on");
    for desk in &desks {
        wait::until("it is said that the scan is not here", DEADLINE, || {
            (percent(desk, &dossier, &hash) == Some(0)).then_some(())
        });
        let shown = desk.session.get(&format!("/api/v1/dossiers/{}", id_of(&dossier))).body;
        let shown = &shown["attachments"][0];
        assert_eq!((&shown["state"], &shown["from"]), (&"wanted".into(), &CO_TO.into()));
        assert!(shown["at"].is_string(), "{shown}");
        assert_eq!(desk.session.get("/api/v1/sync").done()["pending_blobs"], 1);
    }
    assert!(!source.exists(), "what was damaged is not kept");
    assert_eq!(attach(&desks[0], &dossier, &file), hash);
    await_scan(&desks[1], &dossier, &hash, &file);
}

#[test]
fn a_node_with_little_room_gives_up_what_was_read_longest_ago_and_fetches_it_when_opened() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let settings = province.nodes[1].data.with_extension("toml");
    fs::write(settings, "scan_bytes_max = 1000000\n").expect("settings");
    province.nodes[1].stop();
    province.nodes[1].start();
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    let brought: Vec<(Value, String, Vec<u8>)> = (0..3)
        .map(|number| {
            let dossier = dossier(&mut desks[0], 10 + number);
            let file = scan(400_000, 10 + number as u64);
            let hash = attach(&desks[0], &dossier, &file);
            await_scan(&desks[1], &dossier, &hash, &file);
            (dossier, hash, file)
        })
        .collect();
    let is_here = |hash: &str| file_of(&province.nodes[1].data, hash).exists();
    let (oldest, hash, file) = &brought[0];
    wait::until("the oldest has gone", DEADLINE, || (!is_here(hash)).then_some(()));
    assert!(is_here(&brought[1].1) && is_here(&brought[2].1), "no more than needs be has gone");
    assert_eq!(desks[1].session.get("/api/v1/sync").done()["pending_blobs"], 0);
    await_scan(&desks[1], oldest, hash, file);
    wait::until("the next has gone", DEADLINE, || (!is_here(&brought[1].1)).then_some(()));
    for (_, hash, file) in &brought {
        let source = fs::read(file_of(&province.nodes[0].data, hash)).expect("the source's file");
        assert!(source == *file, "what was brought here at the desk stays");
    }
}

/// A text that hardly gets shorter by packing: of its 2,000 letters each may be any of 20,000.
fn text(seed: u64) -> String {
    let mut state = seed;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        u32::try_from(state >> 33).ok().and_then(|chance| char::from_u32(0x4e00 + chance % 20_000))
    };
    (0..ENTRY_LETTERS).filter_map(letter).collect()
}

#[test]
fn a_scan_reaches_the_relay_while_entries_fill_the_line_for_minutes() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    province.nodes[0].link("off");
    let with_scan = desk.receive(&reception(30, &procedure(), CO_TO), "with-scan");
    let hash = attach(&desk, &with_scan, &scan(16_000, 30));
    let noted = desk.receive(&reception(31, &procedure(), CO_TO), "noted");
    (0..ENTRIES).fold(noted, |dossier, number| {
        desk.act(&dossier, "noted", json!({ "text": text(number as u64) }))
    });
    let weather = Weather { bytes_per_second: NARROW, ..slow() };
    province.relay.line.set(province.nodes[0].pid(), weather);
    province.nodes[0].link("on");
    let stored = file_of(&province.relay.data, &hash);
    let pending = || desk.session.get("/api/v1/sync").done()["pending_entries"].as_u64();
    let left = wait::until("the scan has come to the relay", DEADLINE, || {
        stored.exists().then(|| pending().expect("a number"))
    });
    report(&format!("a scan had come while {left} of {ENTRIES} entries were to be sent"));
    assert!(left > 0, "the scan waited until the entries were over");
}

/// Starts the relay anew with so many bytes of scans for each unit.
fn give_each_unit(province: &mut Province, bytes: usize) {
    let settings = province.relay.data.with_extension("toml");
    fs::write(settings, format!("unit_scan_bytes_max = {bytes}\n")).expect("settings");
    province.relay.stop();
    province.relay.start();
}

#[test]
fn an_office_whose_share_at_the_relay_is_full_keeps_its_scans_and_its_dossiers_go_on() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    give_each_unit(&mut province, 500_000);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    let file = |seed| scan(400_000, seed);
    let first = dossier(&mut desks[0], 50);
    let hash = attach(&desks[0], &first, &file(50));
    await_scan(&desks[1], &first, &hash, &file(50));

    let second = dossier(&mut desks[0], 51);
    let waiting = attach(&desks[0], &second, &file(51));
    let without_room = |desk: &Desk| {
        desk.session.get("/api/v1/sync").done()["blobs_without_room"].as_u64().expect("a number")
    };
    wait::until("the office is told that there is no room", DEADLINE, || {
        (without_room(&desks[0]) == 1).then_some(())
    });
    let page = province.nodes[0].administrator().get("/office").body;
    assert!(page.as_str().is_some_and(|page| page.contains("không còn chỗ")), "{page}");
    let alerts = province.relay.operator().get("/api/v1/alerts").done();
    let [alert] = alerts["items"].as_array().expect("alerts").as_slice() else {
        panic!("one alert: {alerts}")
    };
    assert_eq!((&alert["kind"], &alert["unit"]), (&"scan-room".into(), &CO_TO.into()));
    let figures = province.relay.operator().bytes("/metrics");
    let figures = String::from_utf8(figures).expect("text");
    for (unit, kept) in [(CO_TO, 400_000), (BAI_CHAY, 0)] {
        let line = format!("hoso_blob_bytes{{unit=\"{unit}\"}} {kept}\n");
        assert!(figures.contains(&line), "{line}{figures}");
    }

    let third = dossier(&mut desks[0], 52);
    wait::until("an edit behind it has come", DEADLINE, || {
        desks[1].ids().contains(&id_of(&third).to_owned()).then_some(())
    });
    let other = attach(&desks[1], &third, &file(52));
    await_scan(&desks[0], &third, &other, &file(52));
    assert_eq!(without_room(&desks[1]), 0, "another office has a share of its own");
    assert_eq!(percent(&desks[1], &second, &waiting), Some(0));
    assert!(!file_of(&province.relay.data, &waiting).with_extension("part").exists(), "no half");

    give_each_unit(&mut province, 1_000_000);
    await_scan(&desks[1], &second, &waiting, &file(51));
    await_none_pending(&desks[0]);
    assert_eq!(without_room(&desks[0]), 0);
}

/// Whether a node has told the relay of everything that its dossiers name no more.
fn has_told(data: &Path) -> bool {
    let errands: Result<_, StoreError> = Readers::of(data).read(|tx| attachments::errands(tx, 10));
    errands.expect("errands").iter().all(|errand| errand.purpose != Purpose::Unname)
}

/// Sets the relay back, and waits until the office has told it again.
fn set_back(province: &mut Province, backup: &Path, desk: &Desk, dossier: &Value) {
    province.relay.kill();
    province.relay.restore(backup);
    province.relay.start();
    // What is brought now goes behind what was noted when the new life was seen.
    attach(desk, dossier, &scan(50_000, 42));
    await_none_pending(desk);
    wait::until("the relay knows of it again", DEADLINE, || {
        has_told(&province.nodes[0].data).then_some(())
    });
}

#[test]
fn a_relay_keeps_a_detached_scan_for_35_days_and_no_longer_though_it_was_set_back_since() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    province.relay.stop();
    let recorder = province.relay.recorder.insert(Recorder::of(&province.relay.data)).clone();
    province.relay.start();
    let mut desk = Desk::of(&province.nodes[0]);
    let dossier = desk.receive(&reception(40, &procedure(), CO_TO), "detached");
    let [kept, detached] = [40, 41].map(|seed| attach(&desk, &dossier, &scan(50_000, seed)));
    await_none_pending(&desk);
    let backup = province.directory().join("relay.backup");
    province.relay.back_up(&backup);
    let seen = desk.read(id_of(&dossier));
    let scans = seen["attachments"].as_array().expect("scans").clone();
    let gone = scans.iter().find(|scan| scan["blake3"] == detached).expect("the scan");
    desk.act(&seen, "detached", json!({ "attachment": gone["id"], "reason": "Quét nhầm" }));
    wait::until("the relay knows of it", DEADLINE, || {
        has_told(&province.nodes[0].data).then_some(())
    });
    set_back(&mut province, &backup, &desk, &dossier);
    let stored = [kept, detached].map(|hash| file_of(&province.relay.data, &hash));
    for (days, is_kept) in DAYS.into_iter().zip([true, false]) {
        province.relay.stop();
        recorder.clock(Some(days));
        province.relay.start();
        // With another day than the province's nothing is received, but work goes on.
        desk.act(&desk.read(id_of(&dossier)), "noted", json!({ "text": days }));
        wait::until("what is new has come", DEADLINE, || {
            (province.nodes[0].sync(&desk.session)["pending_entries"] == 0).then_some(())
        });
        if !is_kept {
            wait::until("it is gone", DEADLINE, || (!stored[1].exists()).then_some(()));
        }
        assert_eq!(stored.each_ref().map(|file| file.exists()), [true, is_kept], "{days} s");
    }
}
