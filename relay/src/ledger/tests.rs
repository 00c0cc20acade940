//! What the embedded ledger keeps beside the entries.

use hoso_engine::{clock, relay_host::Alarm};
use hoso_identity::{Incarnation, Realm, WaitingFor};
use hoso_store::{
    database::Schema,
    tables::{Origin, WaitingEntry},
};

use super::*;
use crate::founding::tests::founded;

const DAY_MS: u64 = 24 * 3600 * 1000;

#[tokio::test]
async fn what_has_waited_for_30_days_is_handed_to_an_operator_once_and_alerts() {
    let (_directory, plan) = founded().await;
    let opened = Memory::open(&plan.data, Schema::Relay, |_| Ok(Realm::ZERO), |_| {});
    let (memory, _thread) = opened.unwrap();
    let now_ms = clock::now_ms();
    let origin = Origin { node: NodeId([1; 16]), incarnation: Incarnation([2; 16]), number: 1 };
    let waits = |seed: u8, days: u64| WaitingEntry {
        id: EntryId([seed; 32]),
        bytes: vec![seed],
        what: WaitingFor::Grant(EntryId([9; 32])),
        origin: Some(origin),
        since_ms: now_ms - days * DAY_MS,
    };
    let all = [waits(1, 31), waits(2, 29), waits(3, 400)];
    let put = memory.write(false, move |tx, _| {
        all.iter().try_for_each(|entry| LedgerTables::put_waiting(tx, entry))
    });
    put.await.unwrap();
    assert_eq!(memory.hand_over(now_ms).await.unwrap(), 2);
    assert_eq!(memory.hand_over(now_ms).await.unwrap(), 0, "once");
    let watch = memory.watch().await.unwrap();
    assert_eq!((watch.waiting, watch.for_operator), (3, 2));
    let alerts = memory.alerts(false).await.unwrap();
    let shown: Vec<_> = alerts.iter().map(|alert| (alert.kind.as_str(), alert.times)).collect();
    assert_eq!(shown, [(WAITING, 2)]);
    assert_eq!(memory.hand_over(now_ms + 2 * DAY_MS).await.unwrap(), 1, "the rest in its time");
}

#[tokio::test]
async fn an_alert_that_was_acknowledged_is_kept_with_who_did_it() {
    let (_directory, plan) = founded().await;
    let opened = Memory::open(&plan.data, Schema::Relay, |_| Ok(Realm::ZERO), |_| {});
    let (memory, _thread) = opened.unwrap();
    memory.note(News::Alarm(PublicKey([7; 32]), Alarm::Fuse), 5).await.unwrap();
    let id = memory.alerts(false).await.unwrap()[0].id;
    assert!(memory.acknowledge(id, "dieuhanh".to_owned(), 9).await.unwrap());
    assert_eq!(memory.alerts(false).await.unwrap(), []);
    let all = memory.alerts(true).await.unwrap();
    assert_eq!(all[0].acknowledged, Some(("dieuhanh".to_owned(), 9)));
    assert_eq!(memory.audited().await.unwrap(), (2, None), "the founding and the acknowledgement");
}
