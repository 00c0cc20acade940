//! How sessions begin, give way and end.

use std::{net::SocketAddr, path::PathBuf};

use hoso_engine::{
    acceptor::Storage,
    admission::ReadAhead,
    endpoint::{Endpoint, Peer},
    frames::{FrameReader, FrameWriter, StreamKind, WireBytes},
    link::State,
    relay_host::{self, Session},
    tuning::Congestion,
};
use hoso_identity::{DocumentId, Incarnation, Realm, Reason, SessionToken};
use hoso_registry::{
    EventKind, Statement,
    statement::{self as registry, AgeKey, End, Part},
};
use hoso_store::{journal::Backlog, rules::greeting::Chance, tables::Standing};
use hoso_sync::{
    codec::Codec,
    frame::{Frame, Stream},
    relay::{Input, Output},
    wire::{Beat, Farewell, Goodbye, Hello, Pushed, PushedBatch, Welcome},
};
use tempfile::TempDir;

use crate::scene::{BAI_CHAY, CO_TO, Founding, Node, Relay, founding, key};

/// A directory for each of a relay and two nodes.
pub(crate) fn directories() -> (TempDir, [PathBuf; 3]) {
    let root = tempfile::tempdir().unwrap();
    let paths = ["relay", "co-to", "bai-chay"].map(|name| root.path().join(name));
    paths.iter().for_each(|path| std::fs::create_dir(path).unwrap());
    (root, paths)
}

pub(crate) fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The greeting of a node that has nothing yet.
fn hello(realm: Realm, minor_max: u16) -> Hello {
    Hello { minor_max, ..Hello::bare(realm, Incarnation([1; 16])) }
}

/// A connection that is spoken by hand.
pub(crate) struct Caller {
    _endpoint: Endpoint,
    pub(crate) peer: Peer,
    writer: FrameWriter,
    reader: FrameReader,
    codec: Codec,
}

impl Caller {
    pub(crate) async fn dial(seed: u8, relay: &Relay) -> Self {
        let endpoint = Endpoint::dialler(&key(seed), Congestion::default()).unwrap();
        let peer = endpoint.dial(relay.address, &[key(9).public()]).await.unwrap();
        let wire = WireBytes::default();
        let control = FrameWriter::open_both(&peer, StreamKind::Control, wire).await.unwrap();
        Self::over(endpoint, peer, control)
    }

    /// The relay's side of the next connection.
    pub(crate) async fn accept(endpoint: Endpoint) -> Self {
        let peer = endpoint.accept().await.unwrap().open().await.unwrap();
        let wire = WireBytes::default();
        let control = FrameWriter::accept_both(&peer, StreamKind::Control, wire).await.unwrap();
        Self::over(endpoint, peer, control)
    }

    fn over(endpoint: Endpoint, peer: Peer, (writer, reader): (FrameWriter, FrameReader)) -> Self {
        Self { _endpoint: endpoint, peer, writer, reader, codec: Codec::default() }
    }

    pub(crate) async fn say(&mut self, frame: &Frame) {
        let bytes = self.codec.encode(frame).bytes;
        self.writer.write(&bytes).await.unwrap();
    }

    async fn hello(&mut self, realm: Realm) {
        self.hello_in(realm, 1).await;
    }

    /// Greets as one that speaks minor versions up to this one.
    pub(crate) async fn hello_in(&mut self, realm: Realm, minor_max: u16) {
        self.say(&Frame::Hello(hello(realm, minor_max))).await;
    }

    pub(crate) async fn heard(&mut self) -> Option<Frame> {
        let bytes = self.reader.next().await.unwrap()?;
        Some(self.codec.decode(Stream::Control, &bytes).unwrap().unwrap())
    }

    /// Asks whether somebody is there, and waits for the answer, whatever else is said.
    pub(crate) async fn beat(&mut self, count: u64) {
        self.say(&Frame::Ping(Beat { count })).await;
        let pong = Frame::Pong(Beat { count });
        loop {
            let heard = self.heard().await.unwrap();
            assert!(!matches!(heard, Frame::Goodbye(_)), "{heard:?}");
            if heard == pong {
                return;
            }
        }
    }

    pub(crate) async fn welcomed(&mut self) -> Welcome {
        let welcome = match self.heard().await {
            Some(Frame::Welcome(welcome)) => Some(welcome),
            Some(_) | None => None,
        };
        welcome.unwrap()
    }

    /// The farewell, after whatever else was said.
    async fn farewell(&mut self) -> Option<Farewell> {
        loop {
            match self.heard().await {
                Some(Frame::Goodbye(Goodbye { why })) => return Some(why),
                Some(_) => {}
                None => return None,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_session_of_a_node_takes_the_place_of_the_older_one() {
    let (_root, [data, ..]) = directories();
    let Founding { entries, registrar, .. } = founding();
    let relay = Relay::start(&data, any(), registrar.realm, Some(&entries)).await;
    let mut older = Caller::dial(20, &relay).await;
    older.hello(registrar.realm).await;
    older.welcomed().await;
    // The first token was never confirmed, so that showing none again is no copy.
    let mut newer = Caller::dial(20, &relay).await;
    newer.hello(registrar.realm).await;
    newer.welcomed().await;
    assert_eq!(older.farewell().await, Some(Farewell::Replaced));
    newer.beat(7).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_session_pushes_after_a_later_greeting_is_not_taken() {
    let (_root, [data, ..]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&data, any(), clerk.realm, Some(&entries)).await;
    let greet = async |token: Option<SessionToken>, number: u8| {
        let hello = Hello { token, ..hello(clerk.realm, 1) };
        let caller = relay_host::Caller { key: key(20).public(), pending: false };
        let chance = Chance { token: SessionToken([number; 16]), epoch: [number; 8] };
        let answer = Storage::greet(&relay.memory, caller, hello, (chance, 5)).await.unwrap();
        answer.session.unwrap()
    };
    let received = EventKind::Received.kind();
    let entry = clerk.sign(received, DocumentId::ZERO, &[CO_TO], b"late");
    let pushes = async |session: Session| {
        let entries = vec![Pushed { number: 1, bytes: entry.encode() }];
        let output = Output::Store(PushedBatch { entries });
        Storage::work(&relay.memory, session, output, ReadAhead::default(), 6).await.unwrap().input
    };
    let older = greet(None, 1).await;
    let newer = greet(Some(older.token), 2).await;
    assert_eq!(pushes(older).await, Some(Input::End(Farewell::Replaced)));
    let taken = pushes(newer).await;
    assert!(matches!(taken, Some(Input::Stored { through: 1, .. })), "{taken:?}");
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pushes_before_greeting_is_sent_away_and_nothing_is_kept() {
    let (_root, [data, ..]) = directories();
    let Founding { entries, registrar, .. } = founding();
    let relay = Relay::start(&data, any(), registrar.realm, Some(&entries)).await;
    let mut hasty = Caller::dial(20, &relay).await;
    hasty.say(&Frame::Push(PushedBatch { entries: Vec::new() })).await;
    assert_eq!(hasty.farewell().await, Some(Farewell::Protocol));
    let mut foreign = Caller::dial(20, &relay).await;
    foreign.hello(Realm([5; 16])).await;
    assert_eq!(foreign.farewell().await, Some(Farewell::Realm));
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_switched_off_says_so_and_on_again_brings_what_was_written() {
    let (_root, [relay_data, co_to_data, bai_chay_data]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&relay_data, any(), clerk.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, clerk.realm, relay.address).await;
    let mut bai_chay = Node::start(&bai_chay_data, 30, clerk.realm, relay.address).await;
    co_to.until(State::Up).await;
    bai_chay.until(State::Up).await;
    co_to.want(false).await;
    co_to.until(State::Off).await;
    let received = EventKind::Received.kind();
    let first = clerk.sign(received, DocumentId::ZERO, &[CO_TO, BAI_CHAY], b"in the dark");
    co_to.append(&first).await;
    assert!(co_to.backlog().await.since_ms.is_some());
    assert_eq!(co_to.status.borrow().state, State::Off);
    co_to.want(true).await;
    bai_chay.apply(first.id()).await;
    co_to.delivered(first.id(), BAI_CHAY).await;
    assert_eq!(co_to.backlog().await, Backlog::default());
    assert_eq!(co_to.status.borrow().error, None);
    co_to.stop().await;
    bai_chay.stop().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_follows_its_relay_to_the_address_and_key_that_the_registry_names() {
    let (_root, [relay_data, co_to_data, _]) = directories();
    let Founding { entries, root, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&relay_data, any(), root.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, root.realm, relay.address).await;
    co_to.knows(&clerk).await;
    let place = std::net::UdpSocket::bind(any()).unwrap();
    let elsewhere = place.local_addr().unwrap();
    let addresses = vec![elsewhere.to_string()];
    let named = registry::Relay { transport: key(8).public(), age: AgeKey([8; 32]), addresses };
    relay.say(&root.say(&Statement::Relay(named))).await;
    let mut states = co_to.memory.states();
    states.wait_for(|state| state.relay_keys().is_some()).await.unwrap();
    relay.stop().await;
    co_to.until(State::Down).await;
    drop(place);
    let moved = Relay::start_with(&key(8), &relay_data, elsewhere, root.realm, None).await;
    co_to.until(State::Up).await;
    co_to.stop().await;
    moved.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_dark_forgets_nothing_of_the_outage() {
    let (_root, [relay_data, co_to_data, _]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&relay_data, any(), clerk.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, clerk.realm, relay.address).await;
    co_to.knows(&clerk).await;
    let received = EventKind::Received.kind();
    let first = clerk.sign(received, DocumentId::ZERO, &[CO_TO], b"before");
    co_to.append(&first).await;
    co_to.status.wait_for(|status| status.acknowledged_ms.is_some()).await.unwrap();
    let address = relay.stop().await;
    co_to.until(State::Down).await;
    co_to.append(&clerk.sign(received, DocumentId::ZERO, &[CO_TO], b"in the dark")).await;
    let seen = |node: &Node| {
        let status = node.status.borrow();
        (status.state, status.since_ms, status.acknowledged_ms)
    };
    let (before, waiting) = (seen(&co_to), co_to.backlog().await);
    assert!(waiting.since_ms.is_some());
    co_to.stop().await;
    for _ in 0..2 {
        let co_to = Node::again(&co_to_data, 20, clerk.realm, address).await;
        assert_eq!((seen(&co_to), co_to.backlog().await), (before, waiting));
        co_to.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_has_saved_is_sent_though_whoever_asked_for_it_went_away() {
    let (_root, [relay_data, co_to_data, bai_chay_data]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&relay_data, any(), clerk.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, clerk.realm, relay.address).await;
    let bai_chay = Node::start(&bai_chay_data, 30, clerk.realm, relay.address).await;
    co_to.until(State::Up).await;
    co_to.knows(&clerk).await;
    let received = EventKind::Received.kind();
    let first = clerk.sign(received, DocumentId::ZERO, &[CO_TO, BAI_CHAY], b"gone");
    tokio::select! {
        biased;
        () = co_to.append(&first) => {}
        () = std::future::ready(()) => {}
    }
    bai_chay.apply(first.id()).await;

    tokio::select! {
        biased;
        () = co_to.want(false) => {}
        () = std::future::ready(()) => {}
    }
    co_to.until(State::Off).await;
    co_to.stop().await;
    bai_chay.stop().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_reaches_the_nodes_though_whoever_asked_for_it_went_away() {
    let (_root, [relay_data, co_to_data, _]) = directories();
    let Founding { entries, registrar, approvals, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&relay_data, any(), registrar.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, registrar.realm, relay.address).await;
    co_to.until(State::Up).await;
    let mut states = co_to.memory.states();
    let (grant, author) = (clerk.grant, clerk.key.public());
    states.wait_for(|state| state.grant(&grant, &author).is_some()).await.unwrap();

    let end = Statement::End(End { grant: approvals[1], what: Part::Person });
    let end = registrar.say(&end);
    tokio::select! {
        biased;
        () = relay.say(&end) => {}
        () = std::future::ready(()) => {}
    }
    let ended = approvals[1];
    let gone = key(32).public();
    states
        .wait_for(|state| state.grant(&ended, &gone).is_some_and(|grant| grant.ended.is_some()))
        .await
        .unwrap();
    co_to.stop().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ends_is_sent_away_learns_why_and_what_it_brings_later_does_not_count() {
    let (_root, [relay_data, co_to_data, _]) = directories();
    let Founding { entries, registrar, approvals, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&relay_data, any(), registrar.realm, Some(&entries)).await;
    let mut co_to = Node::start(&co_to_data, 20, registrar.realm, relay.address).await;
    co_to.until(State::Up).await;
    let mut states = co_to.memory.states();
    let (grant, author) = (clerk.grant, clerk.key.public());
    states.wait_for(|state| state.grant(&grant, &author).is_some()).await.unwrap();

    let end = Statement::End(End { grant: approvals[0], what: Part::Node });
    relay.say(&registrar.say(&end)).await;
    let node = approvals[0].node();
    states
        .wait_for(|state| state.node(node).is_some_and(|node| node.ended.is_some()))
        .await
        .unwrap();
    let late = clerk.sign(EventKind::Received.kind(), DocumentId::ZERO, &[CO_TO], b"late");
    loop {
        let arrived = co_to.arrived.notified();
        if co_to.standing(late.id()).await.is_none() {
            co_to.append(&late).await;
        }
        match co_to.standing(late.id()).await {
            Some(Standing::Refused(reason)) => break assert_eq!(reason, Reason::NodeEnded),
            Some(_) | None => arrived.await,
        }
    }
    co_to.stop().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_stops_in_time_although_its_relay_never_answers() {
    let (_root, [_, co_to_data, _]) = directories();
    let silent = std::net::UdpSocket::bind(any()).unwrap();
    let realm = founding().registrar.realm;
    let address = silent.local_addr().unwrap();
    let mut co_to = Node::start(&co_to_data, 20, realm, address).await;
    co_to.until(State::Down).await;
    co_to.stop().await;
}
