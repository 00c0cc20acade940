//! A second live copy with the real programs: two machines of one office keep what the other has
//! saved while the relay is away, and the province has each thing once when it is back.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use hoso_engine::{close::CloseCode, endpoint::Endpoint, keyfile, tuning::Congestion};
use hoso_identity::{PublicKey, SigningKey};
use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, procedures, reception},
    node::Node,
    ports, program,
    province::{BAI_CHAY, CO_TO, Province},
    relay::OPERATOR_PASSWORD,
    wait,
};
use serde_json::{Value, json};
use tokio::{
    runtime::Runtime,
    time::{interval, timeout},
};

const DEADLINE: Duration = Duration::from_secs(120);
/// Strangers that dial at once: several times the places that a machine has for all.
const STRANGERS: usize = 200;
/// Bytes of a datagram that asks a stranger for its address; what follows in a handshake is longer.
const ASKING_BYTES_MAX: usize = 300;

fn unit_procedure() -> Procedure {
    procedures().into_iter().find(|procedure| procedure.competent == "unit").expect("there is one")
}

/// Receives a dossier of the office's own; gives it.
fn receive(desk: &mut Desk, number: usize) -> Value {
    let body = reception(number, &unit_procedure(), &desk.unit.clone());
    desk.receive(&body, &format!("{}-{number}", desk.unit))
}

fn id(dossier: &Value) -> String {
    dossier["id"].as_str().expect("a dossier has an id").to_owned()
}

fn sync(desk: &Desk) -> Value {
    desk.session.get("/api/v1/sync").done()
}

fn state(desk: &Desk, id: &str) -> String {
    desk.read(id)["sync"]["state"].as_str().unwrap_or_default().to_owned()
}

/// Dossiers that this desk does not show in that state.
fn not_in(expected: &str, desk: &Desk, ids: &[String]) -> Vec<String> {
    let listed = desk.ids();
    let wrong = ids.iter().filter_map(|id| {
        let state = if listed.contains(id) { state(desk, id) } else { "not there".to_owned() };
        (state != expected).then(|| format!("{id}: {state}"))
    });
    wrong.collect()
}

fn await_state(expected: &str, desks: &[Desk], ids: &[String]) {
    wait::until_nothing_is_missing(&format!("all are {expected}"), DEADLINE, || {
        desks.iter().flat_map(|desk| not_in(expected, desk, ids)).collect()
    });
}

/// Dossiers that this desk does not have.
fn lacking(desk: &Desk, ids: &[String]) -> Vec<String> {
    let listed = desk.ids();
    ids.iter().filter(|id| !listed.contains(*id)).cloned().collect()
}

/// Starts these nodes anew with each other's addresses; gives them.
fn introduce(nodes: &mut [Node]) -> Vec<SocketAddr> {
    let places: Vec<_> = nodes.iter().map(|_| ports::free()).collect();
    for (number, node) in nodes.iter_mut().enumerate() {
        let others: Vec<String> = places
            .iter()
            .filter(|place| **place != places[number])
            .map(|place| format!("\"{place}\""))
            .collect();
        let lan =
            format!("[lan]\nlisten = \"{}\"\npeers = [{}]\n", places[number], others.join(", "));
        fs::write(node.data.with_extension("toml"), lan).expect("settings");
        node.stop();
        node.start();
    }
    places
}

/// Two machines of one office that know each other; everything from before is at the province.
fn office() -> (Province, Vec<Desk>) {
    let mut province = Province::with(&[("first", CO_TO), ("second", CO_TO)]);
    introduce(&mut province.nodes);
    let desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    for desk in &desks {
        wait::until("the other machine is connected", DEADLINE, || connected(desk).then_some(()));
        let pending = || sync(desk)["pending_entries"] == 0;
        wait::until("nothing is pending", DEADLINE, || pending().then_some(()));
    }
    (province, desks)
}

fn connected(desk: &Desk) -> bool {
    let said = sync(desk);
    let copies = said["copies"].as_array().expect("a list");
    !copies.is_empty() && copies.iter().all(|copy| copy["connected"] == true)
}

#[test]
fn while_the_relay_is_away_each_machine_of_an_office_has_what_the_other_saves() {
    let (mut province, mut desks) = office();
    province.relay.kill();
    let first = receive(&mut desks[0], 0);
    let second = receive(&mut desks[1], 1);
    let ids = [id(&first), id(&second)];
    await_state("copied", &desks, &ids);
    // Each goes on with what the other has received.
    let seen = desks[1].read(&ids[0]);
    desks[1].act(&seen, "noted", json!({ "text": "Đã gọi điện" }));
    let seen = desks[0].read(&ids[1]);
    desks[0].act(&seen, "noted", json!({ "text": "Bổ sung số nhà" }));
    wait::until_nothing_is_missing("both agree", DEADLINE, || agree::disagreements(&desks));
    await_state("copied", &desks, &ids);
    for desk in &desks {
        let dossiers = ids.iter().map(|id| desk.read(id));
        assert!(dossiers.into_iter().all(|one| one["events"].as_array().unwrap().len() == 2));
    }

    // Both bring the same up: each thing counts once.
    province.relay.start();
    await_state("delivered", &desks, &ids);
    for desk in &desks {
        let pending = || sync(desk)["pending_entries"] == 0;
        wait::until("nothing is pending", DEADLINE, || pending().then_some(()));
        assert_eq!(sync(desk)["refused"], 0);
        assert_eq!(sync(desk)["healed"], 0, "{}", sync(desk));
        let lacking = || sync(desk)["copies"][0]["pending_entries"] == 0;
        wait::until("nothing is still to be copied", DEADLINE, || lacking().then_some(()));
    }
    wait::until_nothing_is_missing("both agree", DEADLINE, || agree::disagreements(&desks));
    let entries = |desk: &Desk| desk.session.bytes(&format!("/api/v1/dossiers/{}/entries", ids[0]));
    assert_eq!(entries(&desks[0]), entries(&desks[1]), "entries and positions are the same");
}

#[test]
fn what_is_shown_as_copied_outlives_the_disk_of_the_machine_that_wrote_it() {
    let (mut province, mut desks) = office();
    province.relay.kill();
    let ids: Vec<String> = (0..12).map(|number| id(&receive(&mut desks[0], number))).collect();
    await_state("copied", &desks[..1], &ids);
    let mut lost = province.nodes.remove(0);
    lost.kill();
    fs::remove_dir_all(&lost.data).expect("the disk is gone");
    let desks = &desks[1..];
    wait::until_nothing_is_missing("the other machine has them", DEADLINE, || {
        lacking(&desks[0], &ids)
    });
    province.relay.start();
    await_state("delivered", desks, &ids);
    assert_eq!(sync(&desks[0])["refused"], 0);
}

#[test]
fn a_machine_that_is_killed_while_it_takes_the_other_ones_copies_loses_nothing_of_them() {
    let (mut province, mut desks) = office();
    province.relay.kill();
    let mut ids = Vec::new();
    for round in 0..4 {
        let first = id(&receive(&mut desks[0], round * 8));
        await_state("copied", &desks[..1], std::slice::from_ref(&first));
        ids.push(first);
        for number in 1..8 {
            ids.push(id(&receive(&mut desks[0], round * 8 + number)));
        }
        province.nodes[1].kill();
        // What the other has said that it has, it has.
        let shown: Vec<String> =
            ids.iter().filter(|id| state(&desks[0], id) == "copied").cloned().collect();
        assert!(shown.len() > round, "{shown:?}");
        province.nodes[1].start();
        desks[1].session = province.nodes[1].clerk();
        // It can save before it has applied all that it holds.
        wait::until_nothing_is_missing("what it said that it has is there", DEADLINE, || {
            lacking(&desks[1], &shown)
        });
    }
    await_state("copied", &desks, &ids);
}

#[test]
fn a_machine_that_was_restored_gets_back_from_the_other_one_what_its_backup_lacks() {
    let (mut province, mut desks) = office();
    let backup = province.directory().join("backup.hoso");
    let backup = backup.to_string_lossy().into_owned();
    let kept = id(&receive(&mut desks[0], 0));
    await_state("delivered", &desks, std::slice::from_ref(&kept));
    let made = province.nodes[0].command(&["backup", &backup], "");
    assert!(made.status.success(), "{made:?}");
    province.relay.kill();
    let ids: Vec<String> = (1..6).map(|number| id(&receive(&mut desks[0], number))).collect();
    await_state("copied", &desks, &ids);

    province.nodes[0].kill();
    fs::remove_dir_all(&province.nodes[0].data).expect("the disk is gone");
    let restored = province.nodes[0].command(&["restore", &backup], "");
    assert!(restored.status.success(), "{restored:?}");
    province.nodes[0].start();
    desks[0].session = province.nodes[0].clerk();
    await_state("copied", &desks, &ids);
    // It goes on beside the other one, and gives no code twice.
    let next = id(&receive(&mut desks[0], 6));
    await_state("copied", &desks, std::slice::from_ref(&next));
    assert_eq!(agree::repeated_codes(&desks), Vec::<String>::new());
    province.relay.start();
    let all: Vec<String> = ids.into_iter().chain([kept, next]).collect();
    await_state("delivered", &desks, &all);
    wait::until_nothing_is_missing("both agree", DEADLINE, || agree::disagreements(&desks));
}

fn key_of(data: &Path) -> SigningKey {
    keyfile::read(&data.join("transport.key")).expect("a key")
}

/// Dials a machine of an office with this key; gives the reason for which it closes. Nothing may
/// be said before.
async fn turned_away(place: SocketAddr, pinned: PublicKey, key: &SigningKey) -> Option<CloseCode> {
    let endpoint = Endpoint::beside(None, key, Congestion::default()).expect("a socket");
    // It may close before this side has seen the end of the handshake.
    let Ok(peer) = endpoint.dial(place, &[pinned]).await else { return None };
    let said = timeout(DEADLINE, peer.connection().accept_uni()).await.expect("it closes");
    assert!(said.is_err(), "a stranger is told nothing");
    CloseCode::of(&peer.close_reason()?)
}

#[test]
fn a_machine_of_another_office_or_realm_or_that_has_ended_is_turned_away_and_told_nothing() {
    let mut province = Province::with(&[("first", CO_TO), ("second", CO_TO), ("other", BAI_CHAY)]);
    let elsewhere = Province::with(&[("elsewhere", CO_TO)]);
    let keys: Vec<SigningKey> = province.nodes.iter().map(|node| key_of(&node.data)).collect();
    let foreign = key_of(&elsewhere.nodes[0].data);
    let places = introduce(&mut province.nodes[..1]);
    let desks = [Desk::of(&province.nodes[0])];
    let runtime = Runtime::new().expect("a runtime");
    let why = |key: &SigningKey| {
        wait::until("the machine closes with a reason", DEADLINE, || {
            runtime.block_on(turned_away(places[0], keys[0].public(), key))
        })
    };
    let unknown = SigningKey::from_seed(&[7; 32]);
    for stranger in [&unknown, &foreign, &keys[2], &keys[0]] {
        assert_eq!(why(stranger), CloseCode::Stranger);
    }
    let before = sync(&desks[0])["turned_away"].as_u64().expect("a number");
    assert!(before >= 4, "{before}");

    // The province ends the second machine, which was let in until then.
    let nodes = province.relay.command(&[Path::new("nodes")]).json();
    let items = nodes["items"].as_array().expect("nodes").iter();
    let own = desks[0].session.get("/api/v1/sync").done()["copies"][0]["node"].clone();
    let ended = items.filter(|node| node["node"] == own).count();
    assert_eq!(ended, 1, "the other machine of the office is known by its id");
    let (id, data) = (own.as_str().expect("an id"), province.relay.data.to_string_lossy());
    let revoked = program::run(
        "hoso-relay",
        ["revoke", id, "--as", "dieuhanh", "--data", &data],
        &format!("{OPERATOR_PASSWORD}\n"),
    );
    assert!(revoked.status.success(), "{revoked:?}");
    wait::until("the end has arrived", DEADLINE, || {
        let why = runtime.block_on(turned_away(places[0], keys[0].public(), &keys[1]));
        (why == Some(CloseCode::Ended)).then_some(())
    });
}

/// A way to a machine from another address than this one's, on which a stranger proves its address
/// and then never ends its handshake: what is long does not come down. Also counts the datagrams
/// that did not. It ends with the last hold of the count.
fn stalling_way(to: SocketAddr) -> (SocketAddr, Arc<AtomicU64>) {
    let look_every = Some(Duration::from_millis(50));
    let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    let back = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).expect("another address");
    back.connect(to).expect("an address of this machine");
    for socket in [&front, &back] {
        socket.set_read_timeout(look_every).expect("a read timeout");
    }
    let (address, lost) = (front.local_addr().expect("an address"), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&lost);
    thread::spawn(move || {
        let mut dialler = None;
        let mut bytes = [0; 2048];
        back.set_nonblocking(true).expect("a socket");
        while Arc::strong_count(&counted) > 1 {
            if let Ok((length, from)) = front.recv_from(&mut bytes) {
                dialler = Some(from);
                // Nobody hears it: one more lost datagram.
                drop(back.send(&bytes[..length]));
            }
            while let (Ok(length), Some(dialler)) = (back.recv(&mut bytes), dialler) {
                if length > ASKING_BYTES_MAX {
                    counted.fetch_add(1, Ordering::Relaxed);
                } else {
                    drop(front.send_to(&bytes[..length], dialler));
                }
            }
        }
    });
    (address, lost)
}

#[test]
fn a_flood_of_strangers_of_one_address_does_not_keep_the_second_machine_out() {
    let mut province = Province::with(&[("first", CO_TO), ("second", CO_TO)]);
    let place = ports::free();
    let [first, second] = &mut province.nodes[..] else { panic!("two machines") };
    second.stop();
    let settings = [format!("listen = \"{place}\""), format!("peers = [\"{place}\"]")];
    for (node, settings) in [&first.data, &second.data].into_iter().zip(settings) {
        fs::write(node.with_extension("toml"), format!("[lan]\n{settings}\n")).expect("settings");
    }
    first.stop();
    first.start();
    let (way, lost) = stalling_way(place);
    let (pinned, runtime) = ([key_of(&first.data).public()], Runtime::new().expect("a runtime"));
    let stranger = SigningKey::from_seed(&[7; 32]);
    let entered = runtime.enter();
    let endpoint = Endpoint::beside(None, &stranger, Congestion::default()).expect("a socket");
    for _ in 0..STRANGERS {
        let endpoint = endpoint.clone();
        runtime.spawn(async move {
            let mut again = interval(Duration::from_millis(200));
            loop {
                again.tick().await;
                // However it ends, the next one follows.
                drop(timeout(Duration::from_secs(5), endpoint.dial(way, &pinned)).await);
            }
        });
    }
    drop(entered);
    wait::until("strangers stand at the door", DEADLINE, || {
        (lost.load(Ordering::Relaxed) >= 4).then_some(())
    });
    second.start();
    let desk = Desk::of(second);
    wait::until("the second machine is let in", Duration::from_secs(30), || {
        connected(&desk).then_some(())
    });
    assert!(lost.load(Ordering::Relaxed) >= 4);
    runtime.shutdown_background();
}
