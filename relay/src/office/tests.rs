//! The relay's office over a real store: approvals, alerts, sweeps, people.

use std::net::IpAddr;

use hoso_engine::{
    acceptor::{News, Office as Listener},
    command::{Progress, Secret},
    relay_host::Alarm,
};
use hoso_identity::{Incarnation, NodeId, PublicKey, UnitId};
use hoso_registry::{enrolment::JoinRequest, statement::AgeKey};
use hoso_store::{enrolment::Invitation, writer::WriterThread};
use hoso_sync::wire::Report;
use tempfile::TempDir;

use super::*;
use crate::{
    founding::tests::{self as founding, founded},
    overview::Standing,
    request::{Request, Signer as Named},
};

/// The password of all; these people exist in tests only.
const SECRET: &str = founding::SECRET;

/// An office of a trial province.
pub(crate) struct Scene {
    pub(crate) office: Arc<Office>,
    _thread: WriterThread,
    _directory: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (directory, plan) = founded().await;
        let (office, thread) = crate::program::open(&plan.data).await.unwrap();
        Self { office: Arc::new(office), _thread: thread, _directory: directory }
    }

    fn unit(&self) -> UnitId {
        self.office.state().unit_by_code("07192").unwrap().id
    }

    fn request(&self, seed: u8) -> JoinRequest {
        JoinRequest {
            realm: self.office.state().realm().unwrap(),
            unit: self.unit(),
            label: format!("máy thử {seed}"),
            transport: PublicKey([seed; 32]),
            signing: PublicKey([seed + 1; 32]),
            age: AgeKey([seed; 32]),
            administrator_name: "Quản trị thử".to_owned(),
            administrator_key: PublicKey([seed + 2; 32]),
            relay: self.office.transport,
            exporter: [0; 32],
        }
    }

    /// A node of the unit, approved.
    pub(crate) async fn node(&self, seed: u8) -> NodeId {
        let signer = self.office.signer(&registrar()).await.unwrap();
        let approved = self.office.approve_request(&signer, "dieuhanh", &self.request(seed)).await;
        approved.unwrap().node()
    }

    async fn alerts(&self) -> Vec<(String, Option<UnitId>, u64)> {
        let alerts = self.office.ledger.alerts(false).await.unwrap();
        alerts.into_iter().map(|alert| (alert.kind, alert.unit, alert.times)).collect()
    }

    async fn standing(&self) -> Standing {
        let (rows, _) = self.office.overview().await.unwrap();
        rows.iter().find(|row| row.code == "07192").unwrap().standing
    }
}

fn registrar() -> Named {
    Named { name: "dieuhanh".to_owned(), secret: Secret::new(SECRET.to_owned()) }
}

fn root() -> Named {
    Named { name: "root".to_owned(), secret: Secret::new(SECRET.to_owned()) }
}

#[tokio::test]
async fn approvals_at_one_time_in_one_unit_give_each_node_stations_of_its_own() {
    let scene = Scene::new().await;
    let signer = scene.office.signer(&registrar()).await.unwrap();
    let requests = [10, 20, 30, 40].map(|seed| scene.request(seed));
    let approve = |request| scene.office.approve_request(&signer, "dieuhanh", request);
    let [one, two, three, four] = &requests;
    let approved = tokio::join!(approve(one), approve(two), approve(three), approve(four));
    for approved in [approved.0, approved.1, approved.2, approved.3] {
        approved.unwrap();
    }
    let state = scene.office.state();
    let nodes = state.nodes_of_unit(scene.unit());
    let mut stations: Vec<u16> = nodes.flat_map(|node| node.stations.clone()).collect();
    stations.sort_unstable();
    assert_eq!(stations, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn a_second_use_of_an_invitation_is_refused_and_needs_someone_until_it_is_seen() {
    let scene = Scene::new().await;
    let invitation = Invitation {
        key: PublicKey([1; 32]),
        unit: scene.unit(),
        made_by: "uid 0".to_owned(),
        created_ms: 0,
        expires_ms: u64::MAX / 4,
        auto_approve: false,
        used_by: None,
    };
    let ledger = &scene.office.ledger;
    ledger.invite(invitation, "07192".to_owned()).await.unwrap();
    let ask = |by: u8| enrolment::JoinRequest {
        transport: PublicKey([by; 32]),
        invitation: PublicKey([1; 32]),
        unit: scene.unit(),
        request: vec![by],
        words: String::new(),
        at_ms: 7,
        state: enrolment::JoinState::Pending,
        node: None,
    };
    assert!(ledger.ask(ask(2)).await.unwrap().is_some());
    assert_eq!(scene.alerts().await, []);
    assert!(ledger.ask(ask(3)).await.unwrap().is_none());
    assert_eq!(scene.alerts().await, [("invitation".to_owned(), Some(scene.unit()), 1)]);
    assert_eq!(scene.standing().await, Standing::Attention);
    let id = ledger.alerts(false).await.unwrap()[0].id;
    assert!(ledger.acknowledge(id, "dieuhanh".to_owned(), 9).await.unwrap());
    assert!(!ledger.acknowledge(id, "dieuhanh".to_owned(), 9).await.unwrap());
    assert_eq!(scene.standing().await, Standing::Empty);
    let audit = ledger.audit(None).await.unwrap();
    let done: Vec<_> = audit.iter().map(|row| (row.who.as_str(), row.what.as_str())).collect();
    assert_eq!(done[..2], [("dieuhanh", "acknowledged"), ("uid 0", "invited")]);
}

#[tokio::test]
async fn a_suspected_copy_needs_someone_at_its_unit_though_the_node_is_in_contact() {
    let scene = Scene::new().await;
    let node = scene.node(10).await;
    scene.office.heard(News::Up(node, Incarnation([5; 16]))).await;
    assert_eq!(scene.standing().await, Standing::Connected);
    for _ in 0..2 {
        scene.office.heard(News::Alarm(PublicKey([10; 32]), Alarm::Copy)).await;
    }
    assert_eq!(scene.alerts().await, [("copy".to_owned(), Some(scene.unit()), 2)]);
    assert_eq!(scene.standing().await, Standing::Attention);
    let text = scene.office.metrics().await.unwrap();
    assert!(text.contains("hoso_link_up{unit=\"07192\"} 1"), "in contact all the same: {text}");
}

#[tokio::test]
async fn what_a_node_reports_is_shown_and_a_lost_one_was_seen_last_when_it_was_heard_last() {
    let scene = Scene::new().await;
    let node = scene.node(10).await;
    let now_ms = clock::now_ms();
    scene.office.heard(News::Up(node, Incarnation([5; 16]))).await;
    let report = Report {
        backlog_entries: 3,
        backlog_bytes: 900,
        oldest_ms: 60_000,
        clock_ms: now_ms + 600_000,
        version: "0.1.0".to_owned(),
        scans: Some(2),
    };
    scene.office.heard(News::Report(node, report)).await;
    scene.office.heard(News::Down(node, now_ms - 25_000)).await;
    let nodes = scene.office.nodes().await.unwrap();
    let shown = &nodes["items"][0];
    assert_eq!(shown["connected"], false);
    assert_eq!(shown["last_seen_ms"], now_ms - 25_000, "not when the silence was noticed");
    assert_eq!(shown["version"], "0.1.0");
    assert_eq!(shown["incarnation"], Incarnation([5; 16]).to_string());
    assert!(shown["clock_skew_ms"].as_i64() > Some(590_000), "{shown}");
    assert!(shown["oldest_pending_ms"].as_u64() >= Some(now_ms - 61_000), "{shown}");
    let (rows, _) = scene.office.overview().await.unwrap();
    let row = rows.iter().find(|row| row.code == "07192").unwrap();
    assert!((60..70).contains(&row.oldest_unsent_s) && row.clock_skew_ms > 590_000, "{row:?}");
}

#[tokio::test]
async fn people_of_the_province_are_named_by_the_root_act_and_are_ended_with_their_sessions() {
    let scene = Scene::new().await;
    let office = &scene.office;
    let add = |name: &str, role: &str, signer| Request::UserAdd {
        name: name.to_owned(),
        roles: vec![role.to_owned()],
        password: Secret::new(SECRET.to_owned()),
        signer,
    };
    let ask = |request| office.answer(request, Progress::unseen());
    for role in ["registrar", "operator", "auditor"] {
        let refused = ask(add("lan", role, registrar())).await.unwrap_err();
        assert!(refused.text.contains("--as"), "{refused:?}");
    }
    ask(add("lan", "registrar", root())).await.unwrap();
    ask(add("van", "auditor", root())).await.unwrap();
    let taken = ask(add("Lan", "operator", root())).await.unwrap_err();
    assert_eq!(taken.code, "name");
    let listed = ask(Request::UserList {}).await.unwrap();
    let names: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|item| item["username"].clone()).collect();
    assert_eq!(names, ["dieuhanh", "lan", "van"]);
    let lan = Named { name: "lan".to_owned(), ..registrar() };
    let log_in = || office.log_in("lan", lan.secret.clone(), IpAddr::from([127, 0, 0, 1]));
    let token = log_in().await.unwrap();
    let token = office.sessions.begin(token.unwrap(), clock::now_ms()).unwrap();
    ask(Request::UserDisable { name: "van".to_owned(), signer: lan.clone() }).await.unwrap();
    let ended = Request::UserDisable { name: "lan".to_owned(), signer: root() };
    ask(ended).await.unwrap();
    assert!(office.sessions.find(&token, clock::now_ms()).is_none(), "logged out at once");
    let after = log_in().await.unwrap();
    assert!(after.is_none(), "and cannot log in again");
    let refused = ask(add("hoa", "operator", lan.clone())).await;
    assert!(refused.is_err(), "nor sign anything");
}
