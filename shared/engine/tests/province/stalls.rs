//! Storage that works for longer than silence is borne: the link stays.
//!
//! Time stands still here and is moved by hand, so that nothing depends on how long anything takes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use hoso_engine::{
    acceptor::Storage,
    admission::ReadAhead,
    frames::{StreamKind, WireBytes},
    link::State as Link,
    memory::Memory,
    relay_host::{Answer, Caller, Done, Session},
};
use hoso_identity::{DocumentId, Realm, UnitId};
use hoso_registry::{EventKind, State};
use hoso_store::{StoreError, rules::greeting::Chance};
use hoso_sync::{
    liveness::{ASK_AFTER_MS, DEAD_AFTER_MS},
    relay::Output,
    wire::Hello,
};
use tokio::{
    sync::{Notify, watch},
    task::yield_now,
    time::advance,
};

use crate::{
    scene::{CO_TO, Founding, Node, Relay, founding, unit},
    sessions::{any, directories},
};

/// Milliseconds after which each side must have asked again, whatever a timer is late.
const STEP_MS: u64 = ASK_AFTER_MS + 100;
/// How long an answer over the loopback may take, by the wall clock, before the test has failed.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// A relay's storage that takes no entry before it is let.
#[derive(Debug)]
struct Stalling {
    memory: Memory,
    begun: Arc<Notify>,
    go: Arc<Notify>,
}

#[async_trait]
impl Storage for Stalling {
    fn realm(&self) -> Realm {
        self.memory.realm()
    }

    fn state(&self) -> Arc<State> {
        self.memory.state()
    }

    fn states(&self) -> watch::Receiver<Arc<State>> {
        self.memory.states()
    }

    fn is_dead(&self) -> bool {
        self.memory.is_dead()
    }

    async fn neighbours(&self, unit: UnitId) -> Result<Vec<UnitId>, StoreError> {
        Storage::neighbours(&self.memory, unit).await
    }

    async fn greet(
        &self,
        caller: Caller,
        hello: Hello,
        chance: (Chance, u64),
    ) -> Result<Answer, StoreError> {
        Storage::greet(&self.memory, caller, hello, chance).await
    }

    async fn work(
        &self,
        session: Session,
        output: Output,
        ahead: ReadAhead,
        now_ms: u64,
    ) -> Result<Done, StoreError> {
        if matches!(output, Output::Store(_)) {
            self.begun.notify_one();
            self.go.notified().await;
        }
        Storage::work(&self.memory, session, output, ahead, now_ms).await
    }
}

/// Lets more time go by than silence is borne; each time that one side asks, it is answered.
async fn outlast_silence(heard: &WireBytes) {
    tokio::time::pause();
    let mut passed_ms = 0;
    while passed_ms <= 2 * DEAD_AFTER_MS {
        let before = heard.received(StreamKind::Control);
        advance(Duration::from_millis(STEP_MS)).await;
        passed_ms += STEP_MS;
        let asked = std::time::Instant::now();
        while heard.received(StreamKind::Control) == before {
            assert!(asked.elapsed() < ANSWER_WAIT, "no answer after {passed_ms} ms");
            // Acknowledgements and pacing need a little time too.
            advance(Duration::from_millis(1)).await;
            yield_now().await;
        }
    }
    tokio::time::resume();
}

#[tokio::test]
async fn a_relay_that_stores_for_longer_than_silence_is_borne_keeps_its_link() {
    let (_root, [relay_data, co_to_data, _]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&go));
    let over = move |memory| Stalling { memory, begun: tell, go: wait };
    let relay = Relay::start_over(&relay_data, clerk.realm, &entries, over).await;
    let mut co_to = Node::start(&co_to_data, 20, clerk.realm, relay.address).await;
    co_to.until(Link::Up).await;
    co_to.knows(&clerk).await;
    let received = EventKind::Received.kind();
    let first = clerk.sign(received, DocumentId::ZERO, &[CO_TO], b"slowly");
    co_to.append(&first).await;
    begun.notified().await;
    let since_ms = co_to.status.borrow().since_ms;
    outlast_silence(&co_to.wire).await;
    go.notify_one();
    co_to.placed(first.id()).await;
    let status = co_to.status.borrow().clone();
    assert_eq!((status.state, status.since_ms), (Link::Up, since_ms));
    co_to.stop().await;
    relay.stop().await;
}

#[tokio::test]
async fn a_node_that_stores_for_longer_than_silence_is_borne_keeps_its_link() {
    let (_root, [relay_data, co_to_data, _]) = directories();
    let Founding { entries, registrar, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&relay_data, any(), clerk.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, clerk.realm, relay.address).await;
    co_to.until(Link::Up).await;
    co_to.knows(&clerk).await;
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let memory = co_to.memory.clone();
    let holding = tokio::spawn(async move {
        let held = memory.write(false, move |_, _| -> Result<(), StoreError> {
            gate.recv().unwrap();
            Ok(())
        });
        held.await.unwrap();
    });
    yield_now().await;
    let told = registrar.say(&unit(UnitId(3), "06685"));
    relay.say(&told).await;
    let since_ms = co_to.status.borrow().since_ms;
    outlast_silence(&relay.wire).await;
    go.send(()).unwrap();
    holding.await.unwrap();
    let mut states = co_to.memory.states();
    states.wait_for(|state| state.unit(UnitId(3)).is_some()).await.unwrap();
    let status = co_to.status.borrow().clone();
    assert_eq!((status.state, status.since_ms), (Link::Up, since_ms));
    co_to.stop().await;
    relay.stop().await;
}
