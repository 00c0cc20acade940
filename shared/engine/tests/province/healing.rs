//! Databases that come back from an earlier day.

use std::path::Path;

use hoso_engine::link::State;
use hoso_identity::DocumentId;
use hoso_registry::EventKind;
use hoso_store::tables::Standing;

use crate::{
    scene::{BAI_CHAY, CO_TO, Founding, Node, Relay, founding},
    sessions::{any, directories},
};

/// Copies a data directory of which the program is stopped.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_forgot_a_day_is_given_it_back_by_its_nodes() {
    let (root, [relay_data, co_to_data, bai_chay_data]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let received = EventKind::Received.kind();
    let sign = |what: &[u8]| clerk.sign(received, DocumentId::ZERO, &[CO_TO, BAI_CHAY], what);
    let relay = Relay::start(&relay_data, any(), clerk.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, clerk.realm, relay.address).await;
    let bai_chay = Node::start(&bai_chay_data, 30, clerk.realm, relay.address).await;
    let before = sign(b"before");
    co_to.knows(&clerk).await;
    co_to.append(&before).await;
    bai_chay.apply(before.id()).await;
    co_to.delivered(before.id(), BAI_CHAY).await;
    bai_chay.stop().await;

    let address = relay.stop().await;
    let backup = root.path().join("backup");
    copy(&relay_data, &backup);
    let relay = Relay::start(&relay_data, address, clerk.realm, None).await;
    let forgotten = sign(b"forgotten");
    co_to.append(&forgotten).await;
    co_to.placed(forgotten.id()).await;
    relay.stop().await;

    let relay = Relay::start(&backup, address, clerk.realm, None).await;
    let bai_chay = Node::again(&bai_chay_data, 30, clerk.realm, relay.address).await;
    bai_chay.apply(forgotten.id()).await;
    co_to.delivered(forgotten.id(), BAI_CHAY).await;
    let healed = co_to.status.borrow().healed;
    assert!(healed > 0);
    co_to.stop().await;
    let co_to = Node::again(&co_to_data, 20, clerk.realm, relay.address).await;
    assert!(co_to.status.borrow().healed >= healed, "a restart forgot what was healed");
    co_to.stop().await;
    bai_chay.stop().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_from_an_earlier_day_gets_what_it_had_and_writes_on() {
    let (root, [relay_data, co_to_data, _]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let received = EventKind::Received.kind();
    let sign = |what: &[u8]| clerk.sign(received, DocumentId::ZERO, &[CO_TO], what);
    let relay = Relay::start(&relay_data, any(), clerk.realm, Some(&entries)).await;
    let co_to = Node::start(&co_to_data, 20, clerk.realm, relay.address).await;
    co_to.knows(&clerk).await;
    let address = relay.address;
    co_to.stop().await;
    let backup = root.path().join("backup");
    copy(&co_to_data, &backup);

    let mut co_to = Node::again(&co_to_data, 20, clerk.realm, address).await;
    co_to.until(State::Up).await;
    let lost = sign(b"lost with the disk");
    co_to.append(&lost).await;
    co_to.placed(lost.id()).await;
    co_to.stop().await;

    let mut restored = Node::again(&backup, 20, clerk.realm, address).await;
    restored.apply(lost.id()).await;
    restored.until(State::Up).await;
    let next = sign(b"written after");
    restored.append(&next).await;
    restored.placed(next.id()).await;
    assert_eq!(restored.standing(lost.id()).await, Some(Standing::Counts));
    restored.stop().await;
    relay.stop().await;
}
