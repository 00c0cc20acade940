//! Bad lines between a real node and a real relay: lossy, one-way, flapping, narrow, with addresses
//! that change or datagrams that do not pass. Everything arrives when it can, and no badge says
//! more than is known.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, procedures, reception},
    province::{BAI_CHAY, CO_TO, Province},
    proxy::Weather,
    report, wait,
};

/// Dossiers that go over each bad line.
const DOSSIERS: usize = 40;
/// Dossiers that are on their way at once over a line that comes and goes.
const IN_FLIGHT: usize = 5;
/// Bytes that each of them cannot take less than, however they are packed: a signature, a nonce,
/// and what was said of the applicant.
const LEAST_BYTES: u64 = 150;
/// Bytes of a scan that is long on its way.
const SCAN_BYTES: usize = 2_000_000;
const DEADLINE: Duration = Duration::from_secs(180);
const NOTHING: [String; 0] = [];

fn two_offices() -> (Province, Vec<Desk>) {
    let province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    for (node, desk) in province.nodes.iter().zip(&desks) {
        node.await_link(&desk.session, "up", DEADLINE);
    }
    (province, desks)
}

fn set(province: &Province, weather: Weather) {
    for node in &province.nodes {
        province.relay.line.set(node.pid(), weather);
    }
}

/// What the dossiers of a test cannot take less than.
fn least_bytes() -> u64 {
    LEAST_BYTES * u64::try_from(DOSSIERS).expect("a small number")
}

/// What the first office has sent up to now.
fn carried_up(province: &Province) -> u64 {
    province.relay.line.carried(province.nodes[0].pid()).0.bytes
}

fn receive_for_bai_chay(desk: &mut Desk, numbers: Range<usize>) {
    let own: Vec<Procedure> =
        procedures().into_iter().filter(|procedure| procedure.competent == "unit").collect();
    for number in numbers {
        let body = reception(number, &own[number % own.len()], BAI_CHAY);
        desk.receive(&body, &format!("weather-{number}"));
    }
}

fn await_delivery(desks: &[Desk]) {
    wait::until_nothing_is_missing("every badge says delivered", DEADLINE, || {
        agree::undelivered(desks[0].acknowledged.keys().cloned(), &desks[0])
    });
    wait::until_nothing_is_missing("all agree", DEADLINE, || agree::disagreements(desks));
    assert_eq!(desks[1].ids().len(), desks[0].acknowledged.len());
}

#[test]
fn a_line_that_loses_doubles_and_reorders_delivers_everything() {
    let (province, mut desks) = two_offices();
    let jitter = Duration::from_millis(60);
    set(
        &province,
        Weather {
            lost_percent: 20,
            doubled_percent: 10,
            delay: jitter,
            jitter,
            ..Weather::default()
        },
    );
    receive_for_bai_chay(&mut desks[0], 0..DOSSIERS);
    await_delivery(&desks);
    let (carried, dropped) = province.relay.line.counts();
    report(&format!("lossy line: {carried} datagrams carried, {dropped} lost"));
    assert!(dropped > 20, "the line lost only {dropped}");
}

#[test]
fn a_line_that_loses_nine_of_ten_only_delays_and_one_that_is_late_by_two_seconds_delivers() {
    let (province, mut desks) = two_offices();
    set(&province, Weather { lost_percent: 90, ..Weather::default() });
    receive_for_bai_chay(&mut desks[0], 0..DOSSIERS);
    let (_, before) = province.relay.line.counts();
    wait::until("the line has lost a hundred more", DEADLINE, || {
        (province.relay.line.counts().1 > before + 100).then_some(())
    });
    set(
        &province,
        Weather { jitter: Duration::from_secs(2), doubled_percent: 10, ..Weather::default() },
    );
    await_delivery(&desks);
}

/// While the line is dead half of the time, dossiers are handed in one after the other, so that
/// some are on their way whenever it dies; what has arrived at the province stays there.
#[test]
fn a_line_that_flaps_every_three_seconds_delivers_everything_and_takes_nothing_back() {
    let (province, mut desks) = two_offices();
    set(&province, Weather { flap: Duration::from_secs(3), ..Weather::default() });
    let own: Vec<Procedure> =
        procedures().into_iter().filter(|procedure| procedure.competent == "unit").collect();
    let (mut arrived, mut number, mut deaths) = (BTreeSet::new(), 0, 0);
    let (mut alive, mut before) = (true, province.relay.line.counts());
    wait::until("the line has died five times under work", DEADLINE, || {
        let on_the_way: Vec<String> =
            desks[0].acknowledged.keys().filter(|id| !arrived.contains(*id)).cloned().collect();
        if on_the_way.len() < IN_FLIGHT {
            let body = reception(number, &own[number % own.len()], BAI_CHAY);
            desks[0].receive(&body, &format!("weather-{number}"));
            number += 1;
        }
        let waits = agree::undelivered(on_the_way.iter().cloned(), &desks[0]);
        let waits = |id: &String| waits.iter().any(|line| line.starts_with(id.as_str()));
        arrived.extend(on_the_way.into_iter().filter(|id| !waits(id)));
        let now = province.relay.line.counts();
        let dies = alive && now.0 == before.0 && now.1 > before.1;
        if dies && arrived.len() < number {
            deaths += 1;
            assert_eq!(agree::undelivered(arrived.iter().cloned(), &desks[0]), NOTHING);
        }
        alive = now.0 > before.0 || (alive && !dies);
        before = now;
        (deaths >= 5).then_some(())
    });
    report(&format!("flapping line: {} of {number} arrived meanwhile", arrived.len()));
    assert!(!arrived.is_empty(), "nothing arrives between two deaths of the line");
    wait::until_nothing_is_missing("every badge says delivered", DEADLINE, || {
        agree::undelivered(desks[0].acknowledged.keys().cloned(), &desks[0])
    });
    wait::until_nothing_is_missing("all agree", DEADLINE, || agree::disagreements(&desks));
    assert_eq!(desks[1].ids().len(), number);
}

#[test]
fn a_line_that_only_leads_up_lets_badges_say_that_nobody_knows_and_never_more() {
    let (province, mut desks) = two_offices();
    set(&province, Weather { cut_down: true, ..Weather::default() });
    receive_for_bai_chay(&mut desks[0], 0..DOSSIERS);
    let node = &province.nodes[0];
    node.await_link(&desks[0].session, "down", Duration::from_secs(30));
    let ids = desks[0].acknowledged.keys();
    let states: Vec<_> = ids.map(|id| desks[0].read(id)["sync"]["state"].clone()).collect();
    assert!(states.iter().all(|state| state == "saved" || state == "unknown"), "{states:?}");
    assert!(
        states.iter().any(|state| state == "unknown"),
        "what was sent is said to be saved only"
    );
    set(&province, Weather::default());
    await_delivery(&desks);
}

#[test]
fn a_node_whose_address_changes_goes_on_with_what_it_was_sending() {
    let (province, mut desks) = two_offices();
    for first in [0, 10, 20] {
        receive_for_bai_chay(&mut desks[0], first..first + 5);
        province.relay.line.change_addresses();
        receive_for_bai_chay(&mut desks[0], first + 5..first + 10);
        await_delivery(&desks);
    }
    assert_eq!(desks[1].ids().len(), 30);
}

#[test]
fn a_line_on_which_no_datagram_above_1200_bytes_passes_delivers_everything() {
    let (province, mut desks) = two_offices();
    set(&province, Weather { datagram_bytes_max: 1200, ..Weather::default() });
    let before = carried_up(&province);
    receive_for_bai_chay(&mut desks[0], 0..DOSSIERS);
    await_delivery(&desks);
    let (up, _) = province.relay.line.carried(province.nodes[0].pid());
    report(&format!("short datagrams: {} carried, {} lost", up.datagrams, up.dropped));
    assert!(up.bytes - before > least_bytes(), "the dossiers went another way: {up:?}");
}

/// 64 kbit/s with a satellite's delay.
#[test]
fn a_narrow_and_late_line_delivers_everything() {
    let (province, mut desks) = two_offices();
    let delay = Duration::from_millis(300);
    set(&province, Weather { bytes_per_second: 8_000, delay, ..Weather::default() });
    let before = carried_up(&province);
    receive_for_bai_chay(&mut desks[0], 0..DOSSIERS);
    await_delivery(&desks);
    let (up, down) = province.relay.line.carried(province.nodes[0].pid());
    report(&format!("narrow line: {up:?} up, {down:?} down"));
    assert!(up.bytes - before > least_bytes(), "the dossiers went another way: {up:?}");
}

/// Bytes of a scan, of which no part says anything of another.
fn scan() -> Vec<u8> {
    let mut hash = blake3::Hasher::new();
    hash.update(b"a scan that is long on its way");
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.resize(SCAN_BYTES, 0);
    hash.finalize_xof().fill(&mut bytes[9..]);
    bytes
}

#[test]
fn a_backlog_on_a_narrow_line_says_how_long_it_will_take_and_nothing_when_it_is_done() {
    let (province, mut desks) = two_offices();
    let node = &province.nodes[0];
    set(&province, Weather { bytes_per_second: 16_000, ..Weather::default() });
    receive_for_bai_chay(&mut desks[0], 0..1);
    let id = desks[0].ids()[0].clone();
    let brought =
        desks[0].session.upload(&format!("/api/v1/dossiers/{id}/attachments"), "quet.pdf", &scan());
    assert_eq!(brought.status, 201, "{}", brought.body);
    let said = wait::until("it is said how long the scan takes", DEADLINE, || {
        node.sync(&desks[0].session)["blob_seconds_up"].as_u64()
    });
    let sync = node.sync(&desks[0].session);
    assert_eq!(sync["blob_bytes_up"], SCAN_BYTES, "{sync}");
    // The line takes 125 s for all of it.
    assert!((60..1_200).contains(&said), "{said} s");
    let office = node.administrator().get("/office").body;
    let office = office.as_str().unwrap_or_default();
    assert!(office.contains("Tệp quét chờ gửi lên tỉnh: 2,0 MB. Còn khoảng"), "{office}");
    set(&province, Weather::default());
    wait::until("the scan is at the province", DEADLINE, || {
        let sync = node.sync(&desks[0].session);
        (sync["blob_bytes_up"] == 0 && sync["blob_seconds_up"].is_null()).then_some(())
    });
    let office = node.administrator().get("/office").body;
    assert!(!office.as_str().unwrap_or_default().contains("Tệp quét chờ"), "{office}");
}

/// The part of every page that says how the link stands.
fn bar(desk: &Desk) -> String {
    desk.session.get("/link").body.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_network_that_blocks_udp_is_named_within_a_minute_and_the_desk_offers_the_stick() {
    let (mut province, mut desks) = two_offices();
    receive_for_bai_chay(&mut desks[0], 0..1);
    await_delivery(&desks);
    let node = &province.nodes[0];
    province.relay.line.set(node.pid(), Weather::CUT);
    wait::until("it is named", Duration::from_secs(60), || {
        (node.sync(&desks[0].session)["unanswered"] == true).then_some(())
    });
    assert!(bar(&desks[0]).contains("UDP") && bar(&desks[0]).contains("USB"), "{}", bar(&desks[0]));
    receive_for_bai_chay(&mut desks[0], 1..2);
    let stick = province.directory().join("blocked.hoso");
    let carried = province.nodes[0].command(&["export", &stick.to_string_lossy()], "");
    assert_eq!(carried.code(), Some(0), "{carried:?}");
    // Likewise after a start, when there never was a link.
    province.nodes[0].stop();
    province.nodes[0].start();
    let desk = Desk::of(&province.nodes[0]);
    province.relay.line.set(province.nodes[0].pid(), Weather::CUT);
    wait::until("it is named again", Duration::from_secs(60), || {
        (province.nodes[0].sync(&desk.session)["unanswered"] == true).then_some(())
    });
    province.relay.line.set(province.nodes[0].pid(), Weather::default());
    province.nodes[0].await_link(&desk.session, "up", DEADLINE);
    assert_eq!(province.nodes[0].sync(&desk.session)["unanswered"], false);
    assert!(!bar(&desk).contains("UDP"), "{}", bar(&desk));
}
