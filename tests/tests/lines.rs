//! Lines as they are between a real node and a real relay: addresses that change, datagrams that
//! do not pass, little room.

use std::time::Duration;

use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, procedures, reception},
    province::{CO_TO, HONG_GAI, Province},
    proxy::Weather,
    report, wait,
};

/// Dossiers that go over each line.
const DOSSIERS: usize = 30;
/// What they cannot take less than, however they are packed: a signature, a nonce, and what was
/// said of each applicant.
const LEAST_BYTES: u64 = 30 * 150;
const DEADLINE: Duration = Duration::from_secs(180);

fn two_offices() -> (Province, Vec<Desk>) {
    let province = Province::with(&[("co-to", CO_TO), ("hong-gai", HONG_GAI)]);
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

/// What the first office has sent up to now.
fn carried_up(province: &Province) -> u64 {
    province.relay.line.carried(province.nodes[0].pid()).0.bytes
}

fn receive(desk: &mut Desk, numbers: std::ops::Range<usize>) {
    let own: Vec<Procedure> =
        procedures().into_iter().filter(|procedure| procedure.competent == "unit").collect();
    for number in numbers {
        let body = reception(number, &own[number % own.len()], HONG_GAI);
        desk.receive(&body, &format!("line-{number}"));
    }
}

fn await_delivery(desks: &[Desk]) {
    wait::until_nothing_is_missing("every badge says delivered", DEADLINE, || {
        agree::undelivered(desks[0].acknowledged.keys().cloned(), &desks[0])
    });
    wait::until_nothing_is_missing("all agree", DEADLINE, || agree::disagreements(desks));
}

#[test]
fn a_node_whose_address_changes_goes_on_with_what_it_was_sending() {
    let (province, mut desks) = two_offices();
    for turn in 0..3 {
        receive(&mut desks[0], turn * 5..turn * 5 + 5);
        province.relay.line.change_addresses();
        receive(&mut desks[0], 100 + turn * 5..100 + turn * 5 + 5);
        await_delivery(&desks);
    }
    assert_eq!(desks[1].ids().len(), DOSSIERS);
}

#[test]
fn a_line_on_which_no_datagram_above_1200_bytes_passes_delivers_everything() {
    let (province, mut desks) = two_offices();
    set(&province, Weather { datagram_bytes_max: 1200, ..Weather::default() });
    let before = carried_up(&province);
    receive(&mut desks[0], 0..DOSSIERS);
    await_delivery(&desks);
    let (up, _) = province.relay.line.carried(province.nodes[0].pid());
    report(&format!("short datagrams: {} carried, {} lost", up.datagrams, up.dropped));
    assert!(up.bytes - before > LEAST_BYTES, "the dossiers went another way: {up:?}");
}

/// 64 kbit/s with a satellite's delay.
#[test]
fn a_narrow_and_late_line_delivers_everything_and_the_link_stays_up() {
    let (province, mut desks) = two_offices();
    let delay = Duration::from_millis(300);
    set(&province, Weather { bytes_per_second: 8_000, delay, ..Weather::default() });
    let before = carried_up(&province);
    receive(&mut desks[0], 0..DOSSIERS);
    await_delivery(&desks);
    let (up, down) = province.relay.line.carried(province.nodes[0].pid());
    report(&format!("narrow line: {up:?} up, {down:?} down"));
    assert!(up.bytes - before > LEAST_BYTES, "the dossiers went another way: {up:?}");
}
