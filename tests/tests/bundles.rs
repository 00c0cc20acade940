//! What is carried on a stick while the link is off, with the real programs: the relay takes it
//! and gives a receipt, another office takes it before the relay has, nothing comes twice.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, procedures, reception},
    node::{NODE, Node},
    program::{self, Ended},
    province::{BAI_CHAY, CO_TO, HONG_GAI, Province},
    relay::OPERATOR_PASSWORD,
    wait,
};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(120);

fn unit_procedure() -> Procedure {
    procedures().into_iter().find(|procedure| procedure.competent == "unit").expect("there is one")
}

/// Receives a dossier for that unit; gives its id.
fn receive(desk: &mut Desk, number: usize, competent: &str) -> String {
    let body = reception(number, &unit_procedure(), competent);
    let dossier = desk.receive(&body, &format!("{}-{number}", desk.unit));
    dossier["id"].as_str().expect("a dossier has an id").to_owned()
}

/// Runs a command of a node on a file.
fn carry(node: &Node, what: &str, file: &Path) -> Ended {
    node.command(&[what, &file.to_string_lossy()], "")
}

fn import_at_relay(province: &Province, file: &Path) -> Ended {
    province.relay.command(&[Path::new("import"), file])
}

fn receipt_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.ack", file.display()))
}

/// The one line with which a command fails.
fn refusal(ended: &Ended) -> &str {
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    ended.err.trim()
}

fn pending(desk: &Desk) -> u64 {
    desk.session.get("/api/v1/sync").done()["pending_entries"].as_u64().expect("a number")
}

fn await_agreement(desks: &[Desk]) {
    wait::until_nothing_is_missing("all agree", DEADLINE, || agree::disagreements(desks));
}

/// Two offices without link, and the relay.
fn dark_province() -> (Province, Vec<Desk>) {
    let province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    for (node, desk) in province.nodes.iter().zip(&desks) {
        wait::until("nothing is pending", DEADLINE, || (pending(desk) == 0).then_some(()));
        node.link("off");
    }
    (province, desks)
}

#[test]
fn what_is_carried_to_the_relay_is_acknowledged_there_and_not_sent_again_by_the_link() {
    let (province, mut desks) = dark_province();
    let stick = province.directory().join("co-to.hoso");
    let said = carry(&province.nodes[0], "export", &stick);
    assert!(refusal(&said).contains("nothing is pending"), "{said:?}");
    assert!(!stick.exists());

    let ids: Vec<String> = (0..3).map(|number| receive(&mut desks[0], number, BAI_CHAY)).collect();
    let made = carry(&province.nodes[0], "export", &stick).json();
    assert_eq!((made["entries"].as_u64(), made["dossiers"].as_u64()), (Some(3), Some(3)));
    assert_eq!(made["bytes"].as_u64(), Some(fs::metadata(&stick).unwrap().len()));
    let again = carry(&province.nodes[0], "export", &stick);
    assert!(refusal(&again).contains("choose another name"), "{again:?}");
    assert_eq!(pending(&desks[0]), 3, "only a receipt moves the cursor");

    let taken = import_at_relay(&province, &stick).json();
    assert_eq!((taken["entries"].as_u64(), taken["refused"].as_u64()), (Some(3), Some(0)));
    let repeated = import_at_relay(&province, &stick).json();
    assert_eq!(repeated["through"], taken["through"]);

    // What is written meanwhile is not covered by the receipt.
    let late = receive(&mut desks[0], 3, BAI_CHAY);
    for _ in 0..2 {
        let said = carry(&province.nodes[0], "import", &receipt_of(&stick)).json();
        assert_eq!(said["pending_entries"].as_u64(), Some(1), "{said}");
    }
    assert_eq!(pending(&desks[0]), 1);
    let states = |id: &String| desks[0].read(id)["sync"]["state"].clone();
    assert!(ids.iter().all(|id| states(id) == "at_province"), "as the receipt says");
    assert_eq!(states(&late), "saved");

    // The other office gets it from the relay by its link, and the first one its positions.
    for node in &province.nodes {
        node.link("on");
    }
    wait::until_nothing_is_missing("every badge says delivered", DEADLINE, || {
        agree::undelivered(ids.iter().chain([&late]).cloned(), &desks[0])
    });
    assert_eq!(desks[1].ids().len(), 4);
    await_agreement(&desks);
}

#[test]
fn what_is_carried_from_office_to_office_is_seen_there_at_once_and_comes_from_the_relay_only_once()
{
    let (mut province, mut desks) = dark_province();
    let stick = province.directory().join("co-to.hoso");
    let ids: Vec<String> = (0..3).map(|number| receive(&mut desks[0], number, BAI_CHAY)).collect();
    let own = receive(&mut desks[0], 3, CO_TO);
    let made = carry(&province.nodes[0], "export", &stick).json();
    assert_eq!(made["entries"].as_u64(), Some(4));

    let said = carry(&province.nodes[1], "import", &stick).json();
    let said = &said["bundle"];
    // What does not concern this office is sealed to others.
    assert_eq!((said["for_this_unit"].as_u64(), said["new"].as_u64()), (Some(3), Some(3)));
    for id in &ids {
        wait::until("the dossier is seen", DEADLINE, || desks[1].ids().contains(id).then_some(()));
    }
    assert!(!desks[1].ids().contains(&own));
    let again = carry(&province.nodes[1], "import", &stick).json();
    assert_eq!(again["bundle"]["new"].as_u64(), Some(0));

    // The office goes on with it, before the relay has heard of any of this, and a death of
    // the program takes nothing back.
    province.nodes[1].kill();
    province.nodes[1].start();
    desks[1].session = province.nodes[1].clerk();
    let dossier = desks[1].read(&ids[0]);
    assert_eq!(dossier["status"], "accepted");
    for node in &province.nodes {
        node.link("on");
    }
    wait::until_nothing_is_missing("every badge says delivered", DEADLINE, || {
        desks.iter().flat_map(|desk| agree::undelivered(ids.iter().cloned(), desk)).collect()
    });
    for (desk, id) in desks.iter().flat_map(|desk| ids.iter().map(move |id| (desk, id))) {
        let dossier = desk.read(id);
        let events = dossier["events"].as_array().expect("events").iter();
        assert_eq!(events.filter(|event| event["kind"] == "received").count(), 1, "{dossier}");
    }
    wait::until("nothing is pending", DEADLINE, || (pending(&desks[1]) == 0).then_some(()));
    await_agreement(&desks);
}

#[test]
fn a_file_is_taken_whole_or_not_at_all_and_says_why() {
    let province =
        Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY), ("hong-gai", HONG_GAI)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    wait::until("nothing is pending", DEADLINE, || (pending(&desks[0]) == 0).then_some(()));
    province.nodes[0].link("off");
    receive(&mut desks[0], 0, BAI_CHAY);
    let at = |name: &str| province.directory().join(name);
    let whole = at("whole.hoso");
    assert!(carry(&province.nodes[0], "export", &whole).status.success());
    let bytes = fs::read(&whole).expect("the file is there");

    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let mut newer = bytes.clone();
    newer[9] = 9;
    let mut older = bytes.clone();
    older[9] = 0;
    let cases: [(&str, &[u8], &str); 5] = [
        ("damaged", &damaged, "damaged or cut short"),
        ("cut", &bytes[..middle], "damaged or cut short"),
        ("newer", &newer, "newer than this program"),
        ("older", &older, "too old"),
        ("foreign", b"%PDF-1.7 something else", "no file of this system"),
    ];
    for (name, bytes, says) in cases {
        fs::write(at(name), bytes).expect("a file in a test");
        for said in [import_at_relay(&province, &at(name)), {
            carry(&province.nodes[1], "import", &at(name))
        }] {
            assert!(refusal(&said).contains(says), "{name}: {said:?}");
        }
        assert!(!receipt_of(&at(name)).exists());
    }
    // Whole, and for others.
    let said = carry(&province.nodes[2], "import", &whole);
    assert!(refusal(&said).contains("not for this machine"), "{said:?}");
    // Of another province.
    let elsewhere = Province::with(&[("elsewhere", BAI_CHAY)]);
    for said in [import_at_relay(&elsewhere, &whole), carry(&elsewhere.nodes[0], "import", &whole)]
    {
        assert!(refusal(&said).contains("another realm"), "{said:?}");
    }
    // A receipt is for the machine whose bundle was brought.
    assert!(import_at_relay(&province, &whole).status.success());
    let said = carry(&province.nodes[1], "import", &receipt_of(&whole));
    assert!(refusal(&said).contains("another machine"), "{said:?}");
    let said = import_at_relay(&province, &receipt_of(&whole));
    assert!(refusal(&said).contains("this is a receipt"), "{said:?}");
    assert!(carry(&province.nodes[0], "import", &receipt_of(&whole)).status.success());
    assert_eq!(pending(&desks[0]), 0);
}

#[test]
fn what_an_ended_node_has_exported_goes_to_quarantine_and_to_no_other_office() {
    let (province, mut desks) = dark_province();
    receive(&mut desks[0], 0, BAI_CHAY);
    let stick = province.directory().join("co-to.hoso");
    assert!(carry(&province.nodes[0], "export", &stick).status.success());
    let nodes = province.relay.command(&[Path::new("nodes")]).json();
    let items = nodes["items"].as_array().expect("nodes");
    let ended = items.iter().find(|node| node["unit"] == CO_TO).expect("the node is known");
    let id = ended["node"].as_str().expect("an id");
    let data = province.relay.data.to_string_lossy();
    let revoked = program::run(
        "hoso-relay",
        ["revoke", id, "--as", "dieuhanh", "--data", &data],
        &format!("{OPERATOR_PASSWORD}\n"),
    );
    assert!(revoked.status.success(), "{revoked:?}");

    let taken = import_at_relay(&province, &stick).json();
    assert_eq!((taken["entries"].as_u64(), taken["refused"].as_u64()), (Some(1), Some(1)));
    province.nodes[1].link("on");
    wait::until("the end has arrived", DEADLINE, || {
        let said = carry(&province.nodes[1], "import", &stick);
        (!said.status.success() && said.err.contains("has ended")).then_some(())
    });
    let told = carry(&province.nodes[0], "import", &receipt_of(&stick)).json();
    assert_eq!(told["receipt"]["not_accepted"].as_u64(), Some(1));
    let refused: Value = desks[0].session.get("/api/v1/sync").done();
    assert_eq!(refused["refused"].as_u64(), Some(1), "{refused}");
}

#[test]
fn an_import_that_was_killed_is_done_again_and_counts_once() {
    let (mut province, mut desks) = dark_province();
    let ids: Vec<String> = (0..40).map(|number| receive(&mut desks[0], number, BAI_CHAY)).collect();
    let stick = province.directory().join("co-to.hoso");
    assert!(carry(&province.nodes[0], "export", &stick).status.success());

    // At whatever moment the program dies, the next import finds all of it or nothing.
    for is_done in [false, false, false, true] {
        let mut command = Command::new(program::path_of("hoso-relay"));
        command.args(["import".as_ref(), stick.as_os_str(), "--data".as_ref()]);
        let mut child = command.arg(&province.relay.data).spawn().expect("the relay's command");
        if is_done {
            wait::until("the receipt is written", DEADLINE, || {
                receipt_of(&stick).exists().then_some(())
            });
        }
        province.relay.kill();
        child.wait().expect("the command ends");
        province.relay.start();
    }
    let taken = import_at_relay(&province, &stick).json();
    assert_eq!((taken["entries"].as_u64(), taken["refused"].as_u64()), (Some(40), Some(0)));
    assert!(carry(&province.nodes[0], "import", &receipt_of(&stick)).status.success());
    assert_eq!(pending(&desks[0]), 0);
    for node in &province.nodes {
        node.link("on");
    }
    wait::until("all have arrived", DEADLINE, || (desks[1].ids().len() == ids.len()).then_some(()));
    await_agreement(&desks);
}

#[test]
fn a_node_that_is_killed_while_it_takes_a_file_in_has_all_of_it_or_nothing() {
    let (mut province, mut desks) = dark_province();
    let ids: Vec<String> = (0..40).map(|number| receive(&mut desks[0], number, BAI_CHAY)).collect();
    let stick = province.directory().join("co-to.hoso");
    assert!(carry(&province.nodes[0], "export", &stick).status.success());

    // Each time the program goes on for a little longer before it dies.
    for questions in [0, 4, 16, 64] {
        let mut command = Command::new(program::path_of(NODE));
        command.args(["import".as_ref(), stick.as_os_str(), "--data".as_ref()]);
        let mut child = command.arg(&province.nodes[1].data).spawn().expect("the command");
        for _ in 0..questions {
            pending(&desks[1]);
        }
        province.nodes[1].kill();
        child.wait().expect("the command ends");
        province.nodes[1].start();
        desks[1].session = province.nodes[1].clerk();
        let held = pending(&desks[1]);
        assert!([0, 40].contains(&held), "{held} of 40 entries after {questions} questions");
    }
    let said = carry(&province.nodes[1], "import", &stick).json();
    assert_eq!(said["bundle"]["for_this_unit"].as_u64(), Some(40), "{said}");
    wait::until("all are seen", DEADLINE, || (desks[1].ids().len() == ids.len()).then_some(()));
    for node in &province.nodes {
        node.link("on");
    }
    await_agreement(&desks);
}

#[test]
fn administrators_carry_by_their_pages_what_no_clerk_may_and_bring_the_receipt_back() {
    let (province, mut desks) = dark_province();
    let ids: Vec<String> = (0..3).map(|number| receive(&mut desks[0], number, BAI_CHAY)).collect();
    assert_eq!(desks[0].session.get("/api/v1/bundle").status, 403);
    let [from, to] = [0, 1].map(|place: usize| province.nodes[place].administrator());
    let file = from.bytes("/api/v1/bundle");
    for new in [3, 0] {
        let said = to.upload("/api/v1/bundle", "co-to.hoso", &file).done();
        assert_eq!(said["bundle"]["new"].as_u64(), Some(new), "{said}");
        assert_eq!(said["bundle"]["unit"], CO_TO, "{said}");
    }
    for id in &ids {
        wait::until("the dossier is seen", DEADLINE, || desks[1].ids().contains(id).then_some(()));
    }
    let stick = province.directory().join("co-to.hoso");
    fs::write(&stick, &file).expect("a file in a test");
    assert!(import_at_relay(&province, &stick).status.success());
    let receipt = fs::read(receipt_of(&stick)).expect("the receipt is there");
    let other = to.upload("/api/v1/bundle", "co-to.hoso.ack", &receipt);
    assert_eq!((other.status, other.text("type")), (422, "urn:hoso:problem:receipt-other"));
    assert_eq!(pending(&desks[0]), 3);
    let said = from.upload("/api/v1/bundle", "co-to.hoso.ack", &receipt).done();
    assert_eq!(said["pending_entries"].as_u64(), Some(0), "{said}");
    assert_eq!(from.get("/api/v1/bundle").text("type"), "urn:hoso:problem:bundle-nothing");
}
