//! The real relay as operators use it, with nodes that talk to it over real QUIC.

use std::{fs, path::Path, sync::Arc, time::Duration};

use hoso_engine::{
    endpoint::Endpoint,
    frames::WireBytes,
    join::{JoinError, Newcomer, join},
    link::{Link, LinkStatus, Signals, State, Target},
    memory::Memory,
    tuning::Congestion,
};
use hoso_identity::{Incarnation, SigningKey, UnitId};
use hoso_registry::{enrolment::Invitation, statement::AgeKey};
use hoso_store::{StoreError, database::Schema, journal, link};
use hoso_sync::wire::Farewell;
use hoso_tests::e2e::{
    program,
    province::CO_TO,
    relay::{OPERATOR, OPERATOR_PASSWORD, RELAY, Relay},
    wait,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// The longest time until a link stands as it should: the longest back-off and some.
const LINK_DEADLINE: Duration = Duration::from_secs(90);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn newcomer(seed: u8) -> Newcomer {
    Newcomer {
        label: format!("máy thử {seed}"),
        signing: key(seed + 1).public(),
        age: AgeKey([seed; 32]),
        administrator_name: "Quản trị thử".to_owned(),
        administrator_key: key(seed + 2).public(),
    }
}

fn running() -> (TempDir, Relay) {
    let directory = tempfile::tempdir().expect("a directory for a test");
    let mut relay = Relay::found(directory.path());
    relay.start();
    (directory, relay)
}

fn invitation(relay: &Relay, automatic: bool) -> Invitation {
    let all = ["invite", "--unit", CO_TO, "--auto-approve"].map(Path::new);
    let said = relay.command(if automatic { &all } else { &all[..3] }).json();
    Invitation::parse(said["code"].as_str().expect("a code")).expect("an invitation")
}

/// A node without a desk: its link and its memory.
struct Node {
    memory: Memory,
    status: watch::Receiver<LinkStatus>,
    _stop: watch::Sender<bool>,
    _applied: watch::Sender<u64>,
}

impl Node {
    async fn start(data: &Path, seed: u8, invitation: &Invitation) -> Self {
        fs::create_dir(data).expect("a directory in a test");
        let realm = invitation.realm();
        let opened = Memory::open(data, Schema::Node, move |_| Ok(realm), |_| {});
        let (memory, _thread) = opened.expect("a new database");
        let begun: Result<(), StoreError> =
            memory.write(false, move |tx, _| journal::found(tx, Incarnation([seed; 16]))).await;
        begun.expect("a first commit");
        let (applied, stop) = (watch::Sender::new(0), watch::Sender::new(false));
        let past = memory.read(link::past).await.expect("a new database");
        let (status, shown) = watch::channel(LinkStatus::since(&past));
        let signals = Signals {
            applied: applied.subscribe(),
            stop: stop.subscribe(),
            arrived: Arc::new(Notify::new()),
            status,
        };
        let target = Target {
            addresses: invitation.addresses.clone(),
            relay: invitation.relay,
            version: "test".to_owned(),
        };
        let endpoint = Endpoint::dialler(&key(seed), Congestion::default()).expect("a socket");
        let link = Link::new(endpoint, target, memory.clone(), signals, WireBytes::default());
        tokio::spawn(link.run());
        Self { memory, status: shown, _stop: stop, _applied: applied }
    }

    async fn until(&mut self, what: &str, is: impl Fn(&LinkStatus) -> bool) {
        let waiting = timeout(LINK_DEADLINE, self.status.wait_for(|status| is(status)));
        let seen = waiting.await.map(|seen| seen.map(|seen| seen.clone()));
        assert!(matches!(seen, Ok(Ok(_))), "never {what}: {:?}", self.status.borrow());
    }

    /// Waits until the whole catalogue has come.
    async fn until_it_knows_the_province(&self) {
        let mut states = self.memory.states();
        let all = states
            .wait_for(|state| state.units().count() == 54 && state.procedures().count() == 74);
        let all = timeout(LINK_DEADLINE, all).await;
        assert!(matches!(all, Ok(Ok(_))), "the catalogue never came");
    }
}

/// What the page for operators says of Cô Tô.
fn shown(relay: &Relay) -> Value {
    let units = relay.operator().get("/api/v1/units").done();
    let items = units["items"].as_array().expect("a list");
    items.iter().find(|unit| unit["code"] == CO_TO).expect("Cô Tô").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_node_is_up_reads_the_whole_catalogue_and_is_shown_to_operators() {
    let (directory, mut relay) = running();
    assert_eq!(shown(&relay)["state"], "empty");
    let invitation = invitation(&relay, true);
    join(&invitation, &key(20), &newcomer(20)).await.expect("the relay takes the request");
    let mut node = Node::start(&directory.path().join("node"), 20, &invitation).await;
    node.until("up", |status| status.state == State::Up).await;
    node.until_it_knows_the_province().await;
    wait::until("operators see the node", LINK_DEADLINE, || {
        (shown(&relay)["state"] == "connected").then_some(())
    });
    let took = relay.stop();
    hoso_tests::e2e::report(&format!("the relay stopped in {took:?}"));
    node.until("down", |status| status.state == State::Down).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_admits_one_node_once() {
    let (_directory, mut relay) = running();
    let invitation = invitation(&relay, true);
    join(&invitation, &key(20), &newcomer(20)).await.expect("the first is taken");
    let second = join(&invitation, &key(40), &newcomer(40)).await;
    assert!(matches!(second, Err(JoinError::Refused)), "{second:?}");
    let nodes = relay.command(&[Path::new("nodes")]).json();
    assert_eq!(nodes["items"].as_array().map(Vec::len), Some(1), "{nodes}");
    relay.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_another_unit_is_refused_and_the_invitation_is_still_good() {
    let (_directory, mut relay) = running();
    let invitation = invitation(&relay, true);
    let foreign = Invitation { unit: UnitId(invitation.unit.0 + 1), ..invitation.clone() };
    let refused = join(&foreign, &key(40), &newcomer(40)).await;
    assert!(matches!(refused, Err(JoinError::Refused)), "{refused:?}");
    join(&invitation, &key(20), &newcomer(20)).await.expect("the one whom it is for is taken");
    let nodes = relay.command(&[Path::new("nodes")]).json();
    assert_eq!(nodes["items"].as_array().map(Vec::len), Some(1), "{nodes}");
    relay.stop();
}

#[test]
fn in_an_official_realm_no_invitation_admits_a_node_without_a_person() {
    let directory = tempfile::tempdir().expect("a directory for a test");
    let mut relay = Relay::found_as(directory.path(), "official");
    relay.start();
    let invite = ["invite", "--unit", CO_TO, "--auto-approve"].map(Path::new);
    let refused = relay.command(&invite);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.err.contains("a person approves each node"), "{refused:?}");
    let offered = relay.command(&invite[..3]).json();
    assert!(Invitation::parse(offered["code"].as_str().expect("a code")).is_ok());
    relay.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_waits_until_a_person_has_compared_the_words_and_is_out_when_it_is_ended() {
    let (directory, mut relay) = running();
    let invitation = invitation(&relay, false);
    let words = join(&invitation, &key(20), &newcomer(20)).await.expect("stored").join(" ");
    let mut node = Node::start(&directory.path().join("node"), 20, &invitation).await;
    node.until("pending", |status| status.farewell == Some(Farewell::Pending)).await;
    let request = key(20).public().to_string();
    let approve = |words: &str| {
        let data = relay.data.to_string_lossy().into_owned();
        let args = ["approve", &request, "--data", &data, "--as", OPERATOR, "--words", words];
        program::run(RELAY, args, &format!("{OPERATOR_PASSWORD}\n"))
    };
    let wrong = approve("abandon ability able about above absent");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(node.memory.state().province().is_none());
    let right = approve(&words);
    assert!(right.status.success(), "{right:?}");
    node.until("up", |status| status.state == State::Up).await;
    node.until_it_knows_the_province().await;

    let nodes = relay.command(&[Path::new("nodes")]).json();
    let id = nodes["items"][0]["node"].as_str().expect("one node").to_owned();
    let data = relay.data.to_string_lossy().into_owned();
    let args = ["revoke", &id, "--data", &data, "--as", OPERATOR];
    let ended = program::run(RELAY, args, &format!("{OPERATOR_PASSWORD}\n"));
    assert!(ended.status.success(), "{ended:?}");
    node.until("ended", |status| status.farewell == Some(Farewell::Ended)).await;
    relay.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_restored_from_a_backup_begins_a_new_epoch_and_its_node_comes_back() {
    let (directory, mut relay) = running();
    let invitation = invitation(&relay, true);
    join(&invitation, &key(20), &newcomer(20)).await.expect("the relay takes the request");
    let mut node = Node::start(&directory.path().join("node"), 20, &invitation).await;
    node.until("up", |status| status.state == State::Up).await;
    node.until_it_knows_the_province().await;
    let before = node.memory.read(|tx| hoso_store::tables::JournalTables::facts(tx)).await;
    let backup = directory.path().join("relay.backup");
    relay.back_up(&backup);
    relay.kill();
    relay.restore(&backup);
    relay.start();
    node.until("down", |status| status.state == State::Down).await;
    node.until("healed", |status| status.state == State::Up && !status.healing).await;
    let after = node.memory.read(|tx| hoso_store::tables::JournalTables::facts(tx)).await;
    let epochs = [before, after].map(|facts| facts.expect("facts").epoch.expect("an epoch"));
    assert!(epochs[0] < epochs[1], "{epochs:?}");
    relay.stop();
}

#[test]
fn a_second_relay_on_one_directory_is_refused_and_told_whose_it_is() {
    let (_directory, mut relay) = running();
    let pid = relay.program().pid().to_string();
    let second = program::run(RELAY, relay.run_args(), "");
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert!(second.err.contains(&pid), "{second:?}");
    relay.stop();
}

#[test]
fn what_is_not_right_founds_nothing_and_says_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory for a test");
    let data = directory.path().join("none").to_string_lossy().into_owned();
    let listen = ["--listen-quic", "127.0.0.1:0", "--listen-http", "127.0.0.1:0"];
    for command in ["nodes", "run"] {
        let more = if command == "run" { &listen[..] } else { &[] };
        let args = [command, "--data", &data].into_iter().chain(more.iter().copied());
        let unfounded = program::run(RELAY, args, "");
        assert_eq!(unfounded.status.code(), Some(1), "{unfounded:?}");
        assert!(unfounded.err.contains("hoso-relay init"), "{unfounded:?}");
    }
    let unknown = program::run(RELAY, ["nodes", "--dta", &data], "");
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
    let open = ["run", "--data", &data, "--listen-http", "0.0.0.0:0"];
    let open = program::run(RELAY, open, "");
    assert!(open.err.contains("TLS"), "{open:?}");
}
