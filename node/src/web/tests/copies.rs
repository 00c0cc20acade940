//! What the administrator's page says of the other machines of the unit.

use hoso_engine::{
    close::CloseCode,
    lan::{LanStatus, TurnedAway},
};
use hoso_identity::{Incarnation, NodeId, SigningKey};
use hoso_registry::{
    Statement,
    statement::{AgeKey, Approval, FirstAdministrator},
};
use hoso_store::{
    StoreError,
    tables::{Peer, PeerCopy, PeerTables, Place},
};
use serde_json::Value;

use super::scene::{ADMINISTRATOR, Scene};

/// The 21st of September 2026, 21:13 here.
const THEN_MS: u64 = 1_790_000_000_000;

/// An office with its administrator and a second machine that the province has approved; its id.
async fn two_machines() -> (Scene, NodeId) {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    let unit = scene.office.unit();
    let approval = Approval {
        unit,
        label: "Máy số hai".to_owned(),
        transport: SigningKey::from_seed(&[41; 32]).public(),
        signing: SigningKey::from_seed(&[42; 32]).public(),
        age: AgeKey([43; 32]),
        stations: vec![3, 4],
        administrator: FirstAdministrator {
            person: None,
            name: "Quản trị thử hai".to_owned(),
            key: SigningKey::from_seed(&[44; 32]).public(),
        },
    };
    scene.announce(&Statement::Approval(approval)).await;
    let state = scene.office.state();
    let second = state.nodes_of_unit(unit).find(|node| node.label == "Máy số hai").unwrap().id;
    scene.office.lan.send_modify(|status| status.is_wanted = true);
    (scene, second)
}

#[tokio::test]
async fn the_page_of_the_office_says_when_a_machine_last_confirmed_what_it_has() {
    let (scene, second) = two_machines().await;
    let never = scene.get("/office").await.text;
    assert!(never.contains("Máy số hai: chưa kết nối"), "{never}");
    assert!(!never.contains("xác nhận lần cuối"), "it has confirmed nothing yet: {never}");
    let peer = Peer {
        copy: PeerCopy { node: second, incarnation: Incarnation([9; 16]) },
        place: Place::default(),
        copied: 0,
        copied_ms: Some(THEN_MS),
    };
    let kept: Result<(), StoreError> =
        scene.office.memory.write(false, move |tx, _| tx.put_peer(&peer)).await;
    kept.unwrap();
    let page = scene.get("/office").await.text;
    assert!(page.contains("Máy đó xác nhận lần cuối lúc 21/09/2026 21:13."), "{page}");
    let said = scene.get("/api/v1/sync").await.json();
    assert_eq!(said["copies"][0]["last_ack_at"], "2026-09-21T21:13:20+07:00");
}

#[tokio::test]
async fn a_machine_that_was_turned_away_is_named_with_the_reason_and_the_time() {
    let (scene, _) = two_machines().await;
    let quiet = scene.get("/office").await.text;
    assert!(!quiet.contains("Đã từ chối"), "{quiet}");
    assert_eq!(scene.get("/api/v1/sync").await.json()["turned_away_last"], Value::Null);
    let turn_away = |why| {
        let last = Some(TurnedAway { why, at_ms: THEN_MS });
        let set =
            |status: &mut LanStatus| (status.turned_away, status.last_turned_away) = (2, last);
        scene.office.lan.send_modify(set);
    };
    turn_away(CloseCode::Stranger);
    let page = scene.get("/office").await.text;
    let said = "Đã từ chối máy lạ trong mạng nội bộ 2 lần, lần cuối lúc 21/09/2026 21:13";
    assert!(page.contains(said), "{page}");
    let last = scene.get("/api/v1/sync").await.json()["turned_away_last"].clone();
    assert_eq!(
        (&last["why"], &last["at"]),
        (&"stranger".into(), &"2026-09-21T21:13:20+07:00".into())
    );
    turn_away(CloseCode::Ended);
    let page = scene.get("/office").await.text;
    assert!(page.contains("tỉnh đã cho máy đó ngừng hoạt động"), "{page}");
}
