//! Clocks that are wrong, stand still or are set while the real programs run.

use std::time::Duration;

use hoso_tests::{
    e2e::{
        agree,
        desk::{Desk, Procedure, id_of, procedures, reception},
        node::Node,
        province::{BAI_CHAY, CO_TO, Province},
        wait,
    },
    powercut::recorder::Recorder,
};
use serde_json::{Value, json};

/// How long something may take to cross the province.
const SOON: Duration = Duration::from_secs(60);
/// Ten years, ahead and behind.
const TEN_YEARS: [&str; 2] = ["+315360000", "-315360000"];
/// A battery that is empty: the clock begins in 1970 and goes nowhere.
const NEVER_SET: &str = "=1000";

/// What stands beside a time that nobody has confirmed.
const UNVERIFIED: &str = "giờ chưa xác minh";

/// A province in which the island's clock can be set.
fn province() -> Province {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let island = &mut province.nodes[0];
    island.stop();
    island.recorder = Some(Recorder::of(&island.data));
    island.start();
    province
}

fn set(node: &Node, says: Option<&str>) {
    node.recorder.as_ref().expect("a recorder").clock(says);
}

fn body(number: usize) -> Value {
    let unit = |procedure: &Procedure| procedure.competent == "unit";
    let procedure = procedures().into_iter().find(unit).expect("a unit's own procedure");
    reception(number, &procedure, BAI_CHAY)
}

/// The desk after somebody logged in anew: a session that is too old by a clock has ended.
fn again(node: &Node, desk: Desk) -> Desk {
    Desk { session: node.clerk(), ..desk }
}

/// What is on the page of that address.
fn page(desk: &Desk, path: &str) -> String {
    String::from_utf8(desk.session.bytes(path)).expect("a page")
}

/// Waits until everything that was acknowledged is at its destination, and all of it is there.
fn arrives(desk: &Desk) {
    wait::until_nothing_is_missing("everything is delivered", SOON, || {
        agree::undelivered(desk.acknowledged.keys().cloned(), desk)
    });
    assert_eq!(agree::missing_actions(&desk.acknowledged, desk), Vec::<String>::new());
}

/// With a clock that is wrong by years the desk goes on with what is there, receives nothing, and
/// says so; the times are unverified until the province has them.
fn works_with_a_wrong_clock(province: &mut Province, desk: Desk, dossier: &Value) -> Desk {
    let mut desk = again(&province.nodes[0], desk);
    wait::until("the bar tells of the clock", SOON, || {
        page(&desk, "/").contains("sai ngày").then_some(())
    });
    let refused = desk.session.try_post_once("/api/v1/dossiers", &body(77), "wrong");
    let refused = refused.expect("an answer");
    assert_eq!((refused.status, &refused.body["type"]), (409, &"urn:hoso:problem:clock".into()));
    province.nodes[0].link("off");
    let path = format!("/dossiers/{}", id_of(dossier));
    let seen = desk.read(id_of(dossier));
    desk.act(&seen, "noted", json!({ "text": "Ghi lúc đồng hồ sai" }));
    assert!(page(&desk, &path).contains(UNVERIFIED));
    province.nodes[0].link("on");
    arrives(&desk);
    wait::until("the province's time stands beside it", SOON, || {
        (!page(&desk, &path).contains(UNVERIFIED)).then_some(())
    });
    desk
}

#[test]
fn a_clock_that_jumps_ten_years_while_a_node_runs_and_before_it_starts_stops_only_reception() {
    let mut province = province();
    let mut desk = Desk::of(&province.nodes[0]);
    let dossier = desk.receive(&body(0), "first");
    arrives(&desk);
    for says in TEN_YEARS {
        set(&province.nodes[0], Some(says));
        desk = works_with_a_wrong_clock(&mut province, desk, &dossier);
        province.nodes[0].stop();
        province.nodes[0].start();
        desk = works_with_a_wrong_clock(&mut province, desk, &dossier);
        set(&province.nodes[0], None);
        province.nodes[0].stop();
        province.nodes[0].start();
    }
    desk = again(&province.nodes[0], desk);
    wait::until("the bar is gone", SOON, || {
        (!page(&desk, "/").contains("Đồng hồ máy này")).then_some(())
    });
    desk.receive(&body(1), "second");
    arrives(&desk);
}

#[test]
fn a_clock_that_stands_still_in_1970_stops_only_reception_and_orders_nothing_wrongly() {
    let mut province = province();
    let mut desk = Desk::of(&province.nodes[0]);
    let dossier = desk.receive(&body(0), "first");
    arrives(&desk);
    province.nodes[0].stop();
    set(&province.nodes[0], Some(NEVER_SET));
    province.nodes[0].start();
    desk = works_with_a_wrong_clock(&mut province, desk, &dossier);
    // What came last stands last, whatever its time says.
    let there = Desk::of(&province.nodes[1]);
    for desk in [&desk, &there] {
        let seen = desk.read(id_of(&dossier));
        let kinds: Vec<&str> = seen["events"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|event| event["kind"].as_str())
            .filter(|kind| ["received", "noted"].contains(kind))
            .collect();
        assert_eq!(kinds, ["received", "noted"]);
        assert_eq!(seen["status"], "accepted");
    }
    set(&province.nodes[0], None);
    province.nodes[0].stop();
    province.nodes[0].start();
    desk = again(&province.nodes[0], desk);
    let received = desk.receive(&body(1), "second");
    assert!(!received["code"].as_str().expect("a code").contains("1970"), "{received}");
    arrives(&desk);
}
