//! What the relay keeps for its operators.

use hoso_identity::{EntryId, Incarnation, NodeId, PersonId, PublicKey, UnitId};
use hoso_store::{
    accounts::{self, Account},
    audit,
    enrolment::{self, Invitation, JoinRequest, JoinState, Spent},
    watch::{self, NodeStatus},
};

use crate::scene::Scene;

const CODE: PublicKey = PublicKey([1; 32]);
const NODE: PublicKey = PublicKey([2; 32]);
const OTHER: PublicKey = PublicKey([3; 32]);

fn invited() -> Scene {
    let scene = Scene::relay();
    scene.write(|tx| enrolment::invite(tx, &invitation()));
    scene
}

fn invitation() -> Invitation {
    Invitation {
        key: CODE,
        unit: UnitId(7),
        made_by: "van".to_owned(),
        created_ms: 10,
        expires_ms: 100,
        auto_approve: false,
        used_by: None,
    }
}

fn request() -> JoinRequest {
    JoinRequest {
        transport: NODE,
        invitation: CODE,
        unit: UnitId(7),
        request: vec![1, 2, 3],
        words: "abandon ability able about above absent".to_owned(),
        at_ms: 20,
        state: JoinState::Pending,
        node: None,
    }
}

#[test]
fn an_invitation_is_worth_one_node_and_nothing_after_its_time() {
    let scene = invited();
    let spend = |invitation, transport, at_ms| {
        let request = JoinRequest { invitation, transport, at_ms, ..request() };
        scene.write(move |tx| enrolment::spend(tx, &request))
    };
    assert_eq!(spend(OTHER, NODE, 20), Spent::Unknown);
    assert_eq!(spend(CODE, NODE, 100), Spent::Expired);
    let used = Invitation { used_by: Some(NODE), ..invitation() };
    assert_eq!(spend(CODE, NODE, 99), Spent::Yours(used.clone()));
    assert_eq!(spend(CODE, OTHER, 99), Spent::Used(used.clone()));
    assert_eq!(spend(CODE, NODE, 5000), Spent::Yours(used.clone()), "an answer may be lost");
    assert_eq!(scene.read(enrolment::invitations), [used]);
}

#[test]
fn a_request_for_another_unit_leaves_the_invitation_to_whom_it_is_for() {
    let scene = invited();
    let foreign = JoinRequest { unit: UnitId(8), transport: OTHER, ..request() };
    assert_eq!(scene.write(move |tx| enrolment::spend(tx, &foreign)), Spent::Unknown);
    assert_eq!(scene.read(enrolment::invitations), [invitation()]);
    let used = Invitation { used_by: Some(NODE), ..invitation() };
    assert_eq!(scene.write(|tx| enrolment::spend(tx, &request())), Spent::Yours(used.clone()));
    let foreign = JoinRequest { unit: UnitId(8), ..request() };
    assert_eq!(scene.write(move |tx| enrolment::spend(tx, &foreign)), Spent::Unknown);
    assert_eq!(scene.read(enrolment::invitations), [used]);
}

#[test]
fn a_request_is_decided_once_and_does_not_change_afterwards() {
    let scene = invited();
    assert!(scene.write(|tx| enrolment::ask(tx, &request())));
    let again = JoinRequest { words: "zoo".to_owned(), ..request() };
    assert!(scene.write(move |tx| enrolment::ask(tx, &again)));
    let node = NodeId([9; 16]);
    assert!(scene.write(move |tx| enrolment::approve(tx, &NODE, &node)));
    assert!(!scene.write(move |tx| enrolment::approve(tx, &NODE, &NodeId([8; 16]))));
    assert!(!scene.write(|tx| enrolment::ask(tx, &request())));
    let decided = JoinRequest {
        words: "zoo".to_owned(),
        state: JoinState::Approved,
        node: Some(node),
        ..request()
    };
    assert_eq!(scene.read(|tx| enrolment::request(tx, &NODE)), Some(decided.clone()));
    assert!(scene.write(|tx| enrolment::revoke(tx, &NODE)));
    assert!(!scene.write(|tx| enrolment::revoke(tx, &OTHER)));
    let revoked = JoinRequest { state: JoinState::Revoked, ..decided };
    assert_eq!(scene.read(enrolment::requests), [revoked]);
}

#[test]
fn operators_are_accounts_of_the_relay() {
    let scene = Scene::relay();
    let operator = Account {
        username: "van".to_owned(),
        person: PersonId([1; 16]),
        grant: EntryId([2; 32]),
        wrapped_key: vec![3],
        display_name: "Vân".to_owned(),
        roles: "operator,registrar".to_owned(),
        disabled: false,
        created_ms: 4,
    };
    let given = operator.clone();
    assert!(scene.write(move |tx| accounts::add(tx, &given)));
    assert_eq!(scene.read(accounts::list), [operator]);
}

#[test]
fn a_nodes_status_is_the_last_one_and_nobody_is_connected_after_a_start() {
    let scene = Scene::relay();
    let status = NodeStatus {
        node: NodeId([1; 16]),
        connected: true,
        last_seen_ms: 1,
        incarnation: Some(Incarnation([2; 16])),
        backlog_entries: 3,
        backlog_bytes: 4,
        oldest_pending_ms: Some(5),
        waiting: 6,
        refused: 7,
        clock_skew_ms: -8,
        version: "0.1.0".to_owned(),
        scans: 4,
    };
    let first = status.clone();
    scene.write(move |tx| watch::put_status(tx, &first));
    let second = NodeStatus { last_seen_ms: 100, oldest_pending_ms: None, ..status };
    let last = second.clone();
    scene.write(move |tx| watch::put_status(tx, &last));
    assert_eq!(scene.read(|tx| watch::status(tx, &second.node)), Some(second.clone()));
    scene.write(watch::disconnect_all);
    assert_eq!(scene.read(watch::statuses), [NodeStatus { connected: false, ..second }]);
}

#[test]
fn the_same_trouble_is_one_alert_until_it_is_acknowledged() {
    let scene = Scene::relay();
    let raise = |unit: Option<UnitId>, at_ms| {
        scene.write(move |tx| watch::raise(tx, "node-copied", unit, "x", at_ms))
    };
    let first = raise(Some(UnitId(1)), 10);
    assert_eq!(raise(Some(UnitId(1)), 20), first);
    assert_ne!(raise(None, 21), first);
    let alerts = scene.read(|tx| watch::alerts(tx, false, 10));
    let counted = alerts.iter().find(|alert| alert.id == first).unwrap();
    assert_eq!((counted.first_ms, counted.last_ms, counted.times), (10, 20, 2));
    assert!(scene.write(move |tx| watch::acknowledge(tx, first, "van", 30)));
    assert!(!scene.write(move |tx| watch::acknowledge(tx, first, "van", 31)));
    assert_ne!(raise(Some(UnitId(1)), 40), first, "after that it is a new one");
    assert_eq!(scene.read(|tx| watch::alerts(tx, false, 10)).len(), 2);
    let all = scene.read(|tx| watch::alerts(tx, true, 10));
    assert_eq!(all.last().unwrap().acknowledged, Some(("van".to_owned(), 30)));
}

#[test]
fn the_audit_keeps_its_rows_and_notices_a_changed_one() {
    let mut scene = Scene::relay();
    for number in 0..5 {
        scene.write(move |tx| audit::append(tx, number, "van", "invite", "07192"));
    }
    let page = scene.read(|tx| audit::newest(tx, Some(4), 2));
    assert_eq!(page.iter().map(|row| row.seq).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(scene.read(audit::broken_at), None);
    scene.close();
    let file = rusqlite::Connection::open(scene.path().join("hoso.db")).unwrap();
    let change = "UPDATE audit SET who = 'khoa' WHERE seq = 3";
    assert!(file.execute(change, []).is_err(), "the table itself refuses");
    assert!(file.execute("DELETE FROM audit WHERE seq = 3", []).is_err());
    file.execute_batch("DROP TRIGGER audit_is_not_changed").unwrap();
    file.execute(change, []).unwrap();
    drop(file);
    scene.reopen();
    assert_eq!(scene.read(audit::broken_at), Some(3));
}
