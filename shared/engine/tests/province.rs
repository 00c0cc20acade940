//! A relay and two nodes over real QUIC and real SQLite files: what one writes reaches the other,
//! and it learns so.

#![expect(clippy::unwrap_used, reason = "what the set-up of a test asks for is there")]

#[path = "province/healing.rs"]
mod healing;
#[path = "province/joining.rs"]
mod joining;
#[path = "province/minors.rs"]
mod minors;
#[path = "province/scene.rs"]
mod scene;
#[path = "province/sessions.rs"]
mod sessions;
#[path = "province/stalls.rs"]
mod stalls;

use std::net::{Ipv4Addr, SocketAddr};

use hoso_engine::link::{LinkStatus, State};
use hoso_identity::DocumentId;
use hoso_registry::EventKind;
use hoso_store::tables::LedgerTables;
use hoso_sync::wire::Farewell;

use crate::scene::{BAI_CHAY, CO_TO, Founding, Node, Relay, founding};

#[tokio::test(flavor = "multi_thread")]
async fn what_one_office_writes_in_the_dark_is_applied_at_the_other_and_it_learns_so() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["relay", "co-to", "bai-chay"].map(|name| directory.path().join(name));
    paths.iter().for_each(|path| std::fs::create_dir(path).unwrap());
    let [relay_data, co_to_data, bai_chay_data] = &paths;
    let Founding { entries, clerks: [clerk, other_clerk], .. } = founding();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let relay = Relay::start(relay_data, any, clerk.realm, Some(&entries)).await;
    let mut co_to = Node::start(co_to_data, 20, clerk.realm, relay.address).await;
    let mut bai_chay = Node::start(bai_chay_data, 30, clerk.realm, relay.address).await;
    co_to.until(State::Up).await;
    bai_chay.until(State::Up).await;
    // The clerk's own grant comes from the province like every statement.
    co_to.knows(&clerk).await;

    let address = relay.stop().await;
    co_to.until(State::Down).await;
    let received = EventKind::Received.kind();
    let first = clerk.sign(received, DocumentId::ZERO, &[CO_TO, BAI_CHAY], b"one");
    co_to.append(&first).await;

    let relay = Relay::start(relay_data, address, clerk.realm, None).await;
    bai_chay.apply(first.id()).await;
    co_to.delivered(first.id(), BAI_CHAY).await;

    let taken = EventKind::TakenOver.kind();
    let answer = other_clerk.sign(taken, first.document(), &[], b"two");
    bai_chay.append(&answer).await;
    co_to.apply(answer.id()).await;
    bai_chay.delivered(answer.id(), CO_TO).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_told_that_nobody_knows_them_and_gets_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["relay", "stranger"].map(|name| directory.path().join(name));
    paths.iter().for_each(|path| std::fs::create_dir(path).unwrap());
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let relay = Relay::start(&paths[0], any, clerk.realm, Some(&entries)).await;
    let mut stranger = Node::start(&paths[1], 77, clerk.realm, relay.address).await;
    let refused = |status: &LinkStatus| status.farewell == Some(Farewell::Unknown);
    stranger.status.wait_for(refused).await.unwrap();
    assert!(stranger.memory.state().province().is_none());
    assert_ne!(stranger.status.borrow().state, State::Up);
    let head = relay.memory.read(|tx| LedgerTables::head(tx)).await.unwrap();
    assert_eq!(usize::try_from(head.number).unwrap(), entries.len());
    relay.stop().await;
}
