//! A line of which every byte is paid for: a real node that is set to be silent on it stays up, is
//! reached, and finds out that the line is dead when it has something to send.

use std::{
    fs,
    time::{Duration, Instant},
};

use hoso_engine::tuning::IDLE_S;
use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, id_of, procedures, reception},
    province::{BAI_CHAY, CO_TO, Province},
    proxy::Weather,
    report, wait,
};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(120);
/// How soon an edit of another office is there, also on a busy machine.
const SOON: Duration = Duration::from_secs(15);
/// Datagrams on a silent line at most, both ways, in three idle limits of the ordinary kind.
const DATAGRAMS_MAX: u64 = 8;

/// An island whose line may be silent as these settings say, and an ordinary office; both are up
/// and have said everything.
fn two_offices(link: &str) -> (Province, Vec<Desk>) {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let island = &mut province.nodes[0];
    fs::write(island.data.with_extension("toml"), format!("[link]\n{link}\n")).expect("settings");
    island.stop();
    island.start();
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    for (node, desk) in province.nodes.iter().zip(&desks) {
        node.await_link(&desk.session, "up", DEADLINE);
    }
    let (island, others) = desks.split_at_mut(1);
    receive_for(CO_TO, &mut others[0], 0);
    receive_for(BAI_CHAY, &mut island[0], 1);
    await_delivery(&desks);
    (province, desks)
}

/// Receives a dossier that the other office decides.
fn receive_for(unit: &str, desk: &mut Desk, number: usize) -> String {
    let own: Vec<Procedure> =
        procedures().into_iter().filter(|procedure| procedure.competent == "unit").collect();
    let body = reception(number, &own[number % own.len()], unit);
    id_of(&desk.receive(&body, &format!("metered-{number}"))).to_owned()
}

fn await_delivery(desks: &[Desk]) {
    wait::until_nothing_is_missing("every badge says delivered", DEADLINE, || {
        let each = desks.iter();
        each.flat_map(|desk| agree::undelivered(desk.acknowledged.keys().cloned(), desk)).collect()
    });
}

/// Datagrams and bytes that a node's line has carried, both ways.
fn carried(province: &Province, node: usize) -> (u64, u64) {
    let (up, down) = province.relay.line.carried(province.nodes[node].pid());
    (up.datagrams + down.datagrams, up.bytes + down.bytes)
}

/// When the island's link came up.
fn up_since(desk: &Desk) -> Value {
    let said = desk.session.get("/api/v1/sync").done();
    assert_eq!(said["link"], "up", "{said}");
    said["since"].clone()
}

/// Whether the operators see that office connected.
fn is_connected(province: &Province, unit: &str) -> bool {
    let units = province.relay.operator().get("/api/v1/units").done();
    let rows = units["items"].as_array().expect("units");
    rows.iter().any(|row| row["code"] == unit && row["connected"] == true)
}

fn await_dossier(desk: &Desk, id: &str, deadline: Duration) {
    wait::until("the dossier is there", deadline, || {
        desk.ids().iter().any(|there| there == id).then_some(())
    });
}

#[test]
fn a_metered_line_is_silent_for_three_idle_limits_and_an_edit_still_comes_down() {
    let (province, mut desks) = two_offices("keep_alive_s = 600\nidle_s = 1800");
    let since = up_since(&desks[0]);
    // What both have just said is reported once more, and then there is nothing to say.
    let begun = Instant::now();
    let mut before = carried(&province, 0);
    wait::until("the report after it has gone", DEADLINE, || {
        let now = carried(&province, 0);
        let is_still = begun.elapsed().as_secs() > IDLE_S && now == before;
        before = now;
        is_still.then_some(())
    });
    let ordinary = carried(&province, 1);
    let (begun, limits) = (Instant::now(), Duration::from_secs(3 * IDLE_S));
    wait::until("three idle limits have passed", DEADLINE, || {
        (begun.elapsed() > limits).then_some(())
    });
    let an_hour = |(_, bytes): (u64, u64), (_, before): (u64, u64)| {
        (bytes - before) * 3600 / begun.elapsed().as_secs().max(1)
    };
    let (quiet, usual) = (carried(&province, 0), carried(&province, 1));
    report(&format!(
        "bytes of an idle hour: {} on the metered line and {} on an ordinary one",
        an_hour(quiet, before),
        an_hour(usual, ordinary)
    ));
    assert!(quiet.0 - before.0 <= DATAGRAMS_MAX, "{} datagrams", quiet.0 - before.0);
    assert!(usual.0 - ordinary.0 > 4 * DATAGRAMS_MAX, "the ordinary line is silent too");
    assert!(is_connected(&province, CO_TO), "the operators call it lost");
    let edit = receive_for(CO_TO, &mut desks[1], 2);
    await_dossier(&desks[0], &edit, SOON);
    await_delivery(&desks);
    assert_eq!(up_since(&desks[0]), since, "by the same link");
}

#[test]
fn an_edit_for_a_node_that_its_router_has_forgotten_comes_with_the_next_keep_alive() {
    let (province, mut desks) = two_offices("keep_alive_s = 10\nidle_s = 1800");
    let since = up_since(&desks[0]);
    let (begun, before) = (Instant::now(), carried(&province, 0));
    wait::until("three keep-alives have gone", DEADLINE, || {
        (begun.elapsed() > Duration::from_secs(30)).then_some(())
    });
    let now = carried(&province, 0);
    report(&format!("a keep-alive: {} bytes both ways", (now.1 - before.1) / 3));
    assert!((3..=12).contains(&(now.0 - before.0)), "{} datagrams", now.0 - before.0);
    province.relay.line.change_addresses();
    let edit = receive_for(CO_TO, &mut desks[1], 2);
    await_dossier(&desks[0], &edit, DEADLINE);
    await_delivery(&desks);
    assert_eq!(up_since(&desks[0]), since, "by the same link");
}

#[test]
fn a_node_that_its_router_has_forgotten_gets_what_waits_as_soon_as_it_saves() {
    let (province, mut desks) = two_offices("keep_alive_s = 0\nidle_s = 7200");
    province.relay.line.change_addresses();
    let edit = receive_for(CO_TO, &mut desks[1], 2);
    wait::until("the province has it", DEADLINE, || {
        (province.nodes[1].sync(&desks[1].session)["pending_entries"] == 0).then_some(())
    });
    assert!(is_connected(&province, CO_TO), "the operators call it lost");
    receive_for(BAI_CHAY, &mut desks[0], 3);
    await_dossier(&desks[0], &edit, DEADLINE);
    await_delivery(&desks);
}

#[test]
fn a_metered_line_that_is_dead_is_found_within_half_a_minute_of_a_save() {
    let (province, mut desks) = two_offices("keep_alive_s = 0\nidle_s = 7200");
    let island = &province.nodes[0];
    province.relay.line.set(island.pid(), Weather::CUT);
    receive_for(BAI_CHAY, &mut desks[0], 2);
    island.await_link(&desks[0].session, "down", Duration::from_secs(30));
    province.relay.line.set(island.pid(), Weather::default());
    island.await_link(&desks[0].session, "up", DEADLINE);
    await_delivery(&desks);
}
