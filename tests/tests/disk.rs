//! A disk without room and a disk that fails to sync, under the real programs.

use std::{net::SocketAddr, path::Path, time::Duration};

use hoso_tests::{
    e2e::{
        agree,
        desk::{Desk, Procedure, id_of, procedures, reception},
        http::Client,
        node::{ADMINISTRATOR, NODE, Node, PASSWORD},
        program,
        province::{BAI_CHAY, CO_TO, Province},
        relay::{OPERATOR, OPERATOR_PASSWORD, RELAY, Relay},
        wait,
    },
    powercut::recorder::Recorder,
};
use serde_json::Value;

/// How long something may take to cross the province, or a program to end.
const SOON: Duration = Duration::from_secs(60);
/// Saves after which a file must have grown: a log is folded and used again before.
const SAVES_MAX: usize = 1000;

/// A province of which each program has a recorder that only makes faults.
fn province() -> Province {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    for node in &mut province.nodes {
        node.stop();
        node.recorder = Some(Recorder::of(&node.data));
        node.start();
    }
    province.relay.stop();
    province.relay.recorder = Some(Recorder::of(&province.relay.data));
    province.relay.start();
    province
}

fn fault(node: &Node, name: &str, begins: bool) {
    node.recorder.as_ref().expect("a recorder").fault(name, begins);
}

fn procedure() -> Procedure {
    let all = procedures();
    all.into_iter().find(|procedure| procedure.competent == "unit").expect("a unit's own procedure")
}

fn body(number: usize) -> Value {
    reception(number, &procedure(), BAI_CHAY)
}

/// Hands in dossiers until one is not answered with 201; gives its number and what was said.
fn until_refused(desk: &mut Desk, first: usize) -> (usize, Option<(u16, Value)>) {
    for number in first..first + SAVES_MAX {
        let path = "/api/v1/dossiers";
        match desk.session.try_post_once(path, &body(number), &format!("disk-{number}")) {
            Ok(answer) if answer.status == 201 => {
                let id = id_of(&answer.body).to_owned();
                desk.acknowledged.entry(id).or_default().push("received".to_owned());
            }
            Ok(answer) => return (number, Some((answer.status, answer.body))),
            Err(_) => return (number, None),
        }
    }
    panic!("the fault never showed");
}

/// Waits until everything that was acknowledged is at its destination, and all of it is there.
fn arrives(desk: &Desk) {
    wait::until_nothing_is_missing("everything is delivered", SOON, || {
        agree::undelivered(desk.acknowledged.keys().cloned(), desk)
    });
    assert_eq!(agree::missing_actions(&desk.acknowledged, desk), Vec::<String>::new());
}

#[test]
fn a_full_disk_refuses_saves_with_a_sentence_loses_nothing_and_goes_on_when_there_is_room() {
    let mut province = province();
    let mut desk = Desk::of(&province.nodes[0]);
    let mut there = Desk::of(&province.nodes[1]);
    desk.receive(&body(0), "disk-0");
    fault(&province.nodes[0], "enospc", true);
    let (refused, said) = until_refused(&mut desk, 1);
    let (status, problem) = said.expect("an answer");
    assert_eq!((status, &problem["type"]), (507, &"urn:hoso:problem:storage-full".into()));
    assert!(problem["title"].as_str().is_some_and(|text| text.contains("đầy")), "{problem}");
    // Reading goes on; what comes from elsewhere waits at the province.
    assert_eq!(desk.ids().len(), desk.acknowledged.len());
    assert!(province.nodes[0].program().runs());
    let sent = there.receive(&reception(5000, &procedure(), CO_TO), "from-there");
    let sent = there.hand_over(&sent, CO_TO);
    let ready = desk.session.try_get("/readyz").expect("an answer");
    assert_eq!(ready.status, 503, "{}", ready.body);
    fault(&province.nodes[0], "enospc", false);
    let again =
        desk.session.try_post_once("/api/v1/dossiers", &body(refused), &format!("disk-{refused}"));
    assert_eq!(again.expect("an answer").status, 201);
    wait::until("what waited has come", SOON, || {
        desk.ids().contains(&id_of(&sent).to_owned()).then_some(())
    });
    let expected = desk.acknowledged.len() + 2;
    assert_eq!(desk.ids().len(), expected, "the repeated one exists once");
    arrives(&desk);
    arrives(&there);
}

/// What is on the page of that address.
fn page(desk: &Desk, path: &str) -> String {
    String::from_utf8(desk.session.bytes(path)).expect("a page")
}

#[test]
fn a_disk_that_can_only_be_read_is_told_on_every_page_and_reading_searching_and_printing_go_on() {
    let mut province = province();
    let mut desk = Desk::of(&province.nodes[0]);
    let dossier = desk.receive(&body(0), "disk-0");
    let told = "hiện chỉ đọc được";
    assert!(!page(&desk, "/").contains(told));
    fault(&province.nodes[0], "erofs", true);
    let (refused, said) = until_refused(&mut desk, 1);
    let (status, problem) = said.expect("an answer");
    let kind = "urn:hoso:problem:storage-read-only";
    assert_eq!((status, &problem["type"]), (503, &kind.into()), "{problem}");
    assert!(problem["title"].as_str().is_some_and(|text| text.contains(told)), "{problem}");
    let (id, code) = (id_of(&dossier), dossier["code"].as_str().expect("a code"));
    let slip = format!("/api/v1/dossiers/{id}/slip?form=01&paper=a5");
    for address in ["/", "/?q=thu", "/return", "/health", &format!("/dossiers/{id}")] {
        assert!(page(&desk, address).contains(told), "{address}");
    }
    for address in [&slip, &format!("/dossiers/{id}"), &format!("/?q={code}&status=all")] {
        assert!(page(&desk, address).contains(code), "{address}");
    }
    assert_eq!(desk.ids().len(), desk.acknowledged.len());
    assert!(province.nodes[0].program().runs());
    fault(&province.nodes[0], "erofs", false);
    assert!(!page(&desk, "/").contains(told), "it comes back by itself");
    let key = format!("disk-{refused}");
    let again = desk.session.try_post_once("/api/v1/dossiers", &body(refused), &key);
    assert_eq!(again.expect("an answer").status, 201);
    arrives(&desk);
}

#[test]
fn room_for_an_orderly_end_is_kept_while_a_program_runs_and_given_back_at_its_end() {
    let mut province = province();
    let reserves = [&province.relay.data, &province.nodes[0].data];
    let reserves = reserves.map(|data| data.join("hoso.reserve"));
    for reserve in &reserves {
        assert!(reserve.metadata().expect("a reserve").len() >= 16 * 1024 * 1024);
    }
    province.nodes[0].stop();
    province.relay.stop();
    assert!(reserves.iter().all(|reserve| !reserve.exists()));
}

/// How a program answers whether it can save.
fn readiness(http: SocketAddr) -> u16 {
    Client::new(http).get("/readyz").status
}

#[test]
fn a_full_disk_at_the_province_is_told_acknowledges_nothing_and_takes_all_when_there_is_room() {
    let mut province = province();
    let mut desk = Desk::of(&province.nodes[0]);
    let recorder = province.relay.recorder.clone().expect("a recorder");
    desk.receive(&body(0), "disk-0");
    arrives(&desk);
    recorder.fault("enospc", true);
    // The relay's log has room from before; each dossier fills some of it.
    let mut number = 0;
    while readiness(province.relay.http) == 200 {
        number += 1;
        assert!(number < SAVES_MAX, "the fault never showed");
        desk.receive(&body(number), &format!("disk-{number}"));
    }
    // What comes now is too late for certain.
    let late = desk.receive(&body(number + 1), "late");
    wait::until("the relay has turned the node away", SOON, || {
        (desk.session.get("/api/v1/sync").body["link"] == "down").then_some(())
    });
    assert_eq!(readiness(province.relay.http), 503, "still full");
    let state = desk.read(id_of(&late))["sync"]["state"].clone();
    assert!(state == "saved" || state == "unknown", "{state}");
    assert!(province.relay.program().runs());
    recorder.fault("enospc", false);
    wait::until("the relay is ready", SOON, || {
        (readiness(province.relay.http) == 200).then_some(())
    });
    arrives(&desk);
}

#[test]
fn after_a_sync_that_failed_a_node_answers_nothing_more_and_has_all_that_it_answered() {
    let mut province = province();
    let mut desk = Desk::of(&province.nodes[0]);
    desk.receive(&body(0), "disk-0");
    fault(&province.nodes[0], "eio", true);
    let (refused, said) = until_refused(&mut desk, 1);
    assert!(said.is_none_or(|(status, _)| status == 503));
    wait::until("the node has ended itself", SOON, || {
        (!province.nodes[0].program().runs()).then_some(())
    });
    fault(&province.nodes[0], "eio", false);
    province.nodes[0].start();
    let mut desk = Desk { session: province.nodes[0].clerk(), ..desk };
    let there = desk.ids();
    assert!(desk.acknowledged.keys().all(|id| there.contains(id)));
    desk.receive(&body(refused), &format!("disk-{refused}"));
    arrives(&desk);
}

#[test]
fn after_a_sync_that_failed_the_relay_acknowledges_nothing_and_gets_everything_again() {
    let mut province = province();
    let mut desk = Desk::of(&province.nodes[0]);
    let recorder = province.relay.recorder.clone().expect("a recorder");
    recorder.fault("eio", true);
    let received = desk.receive(&body(0), "disk-0");
    let given = desk.hand_over(&received, BAI_CHAY);
    wait::until("the relay has ended itself", SOON, || {
        (!province.relay.program().runs()).then_some(())
    });
    let state = desk.read(id_of(&given))["sync"]["state"].clone();
    assert!(state == "saved" || state == "unknown", "{state}");
    recorder.fault("eio", false);
    province.relay.start();
    arrives(&desk);
}

/// The nodes at the relay: approved or pending.
fn states_of_nodes(relay: &Relay) -> Vec<Value> {
    let listed = relay.command(&[Path::new("nodes")]).json();
    let items = listed["items"].as_array().expect("a list");
    items.iter().map(|node| node["state"].clone()).collect()
}

#[test]
fn an_approval_for_which_there_was_no_room_admits_nobody_until_it_is_repeated() {
    let directory = tempfile::tempdir().expect("a directory for a test");
    let mut relay = Relay::found(directory.path());
    relay.recorder = Some(Recorder::of(&relay.data));
    let recorder = relay.recorder.clone().expect("a recorder");
    relay.start();
    let invite = ["invite", "--unit", CO_TO].map(Path::new);
    let code = relay.command(&invite).json()["code"].as_str().expect("a code").to_owned();
    let data = directory.path().join("node").to_string_lossy().into_owned();
    let join =
        ["join", &code, "--admin-user", ADMINISTRATOR, "--admin-password-stdin", "--data", &data];
    let joined = program::run(NODE, join.iter().chain(&["--json"]), &format!("{PASSWORD}\n"));
    let asked = joined.json();
    let [words, node] = ["words", "node"].map(|name| asked[name].as_str().expect("a text"));
    let place = relay.data.to_string_lossy().into_owned();
    let approve = || {
        let args = ["approve", node, "--data", &place, "--as", OPERATOR, "--words", words];
        program::run(RELAY, args, &format!("{OPERATOR_PASSWORD}\n"))
    };
    recorder.fault("enospc", true);
    let mut invited = (0..SAVES_MAX).map(|_| relay.command(&invite));
    assert!(invited.any(|said| said.err.contains("the disk is full")), "the fault never showed");
    let refused = approve();
    assert!(refused.err.contains("the disk is full"), "{refused:?}");
    recorder.fault("enospc", false);
    assert!(relay.command(&invite).status.success(), "the next commit has room");
    assert_eq!(states_of_nodes(&relay), ["pending"]);
    let approved = approve();
    assert!(approved.status.success(), "{approved:?}");
    assert_eq!(states_of_nodes(&relay), ["approved"]);
    relay.stop();
    relay.start();
    assert_eq!(states_of_nodes(&relay), ["approved"]);
}
