//! Endpoints and frames over real QUIC on the loopback.

#![expect(clippy::unwrap_used, reason = "what the set-up of a test asks for is there")]

use std::net::{Ipv4Addr, SocketAddr};

use hoso_engine::{
    endpoint::{Endpoint, HandshakeError, Peer},
    frames::{FRAME_BYTES_MAX, FrameError, FrameReader, FrameWriter, StreamKind, WireBytes},
    tuning::Congestion,
};
use hoso_identity::SigningKey;
use tokio::sync::mpsc;

/// Bytes of a frame that no first flight of packets holds.
const LONG_BYTES: usize = 96 * 1024;

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A relay with key 1 and a node with key 2, joined by one connection.
async fn joined(congestion: Congestion) -> (Endpoint, Peer, Endpoint, Peer) {
    let relay = Endpoint::listen(loopback(), &key(1), congestion).unwrap();
    let node = Endpoint::dialler(&key(2), congestion).unwrap();
    let address = relay.local_address().unwrap();
    let pinned = [key(1).public()];
    let accepting = async { relay.accept().await.unwrap().open().await.unwrap() };
    let dialling = async { node.dial(address, &pinned).await.unwrap() };
    let (at_relay, at_node) = tokio::join!(accepting, dialling);
    (relay, at_relay, node, at_node)
}

#[tokio::test]
async fn each_side_proves_its_key_under_every_congestion_control() {
    for congestion in Congestion::ALL {
        let (_relay, at_relay, _node, at_node) = joined(congestion).await;
        assert_eq!(at_relay.key(), key(2).public());
        assert_eq!(at_node.key(), key(1).public());
    }
}

#[tokio::test]
async fn both_ends_of_one_connection_derive_the_same_join_value_and_another_connection_another() {
    let (_relay, at_relay, _node, at_node) = joined(Congestion::Bbr).await;
    assert_eq!(at_relay.join_exporter().unwrap(), at_node.join_exporter().unwrap());
    let (_other, elsewhere, _dialler, _peer) = joined(Congestion::Bbr).await;
    assert_ne!(at_relay.join_exporter().unwrap(), elsewhere.join_exporter().unwrap());
}

#[tokio::test]
async fn a_relay_with_another_key_than_the_pinned_one_is_refused_by_the_node() {
    let relay = Endpoint::listen(loopback(), &key(7), Congestion::Bbr).unwrap();
    let node = Endpoint::dialler(&key(2), Congestion::Bbr).unwrap();
    let address = relay.local_address().unwrap();
    let pinned = [key(1).public()];
    let accepting = async { relay.accept().await.unwrap().open().await };
    let (accepted, dialled) = tokio::join!(accepting, node.dial(address, &pinned));
    assert!(matches!(dialled, Err(HandshakeError::WrongKey)), "{dialled:?}");
    assert!(accepted.is_err());
}

#[tokio::test]
async fn frames_arrive_whole_in_order_and_are_counted() {
    let (_relay, at_relay, _node, at_node) = joined(Congestion::Bbr).await;
    let wire = WireBytes::default();
    let frames = [vec![], vec![1; 3], vec![2; FRAME_BYTES_MAX]];
    let sending = async {
        let mut writer =
            FrameWriter::open(&at_node, StreamKind::Entries, wire.clone()).await.unwrap();
        for frame in &frames {
            writer.write(frame).await.unwrap();
        }
        let too_long = writer.write(&vec![0; FRAME_BYTES_MAX + 1]).await;
        assert!(matches!(too_long, Err(FrameError::Length(_))));
        writer.finish().await.unwrap();
    };
    let receiving = async {
        let mut reader = FrameReader::accept(&at_relay, WireBytes::default()).await.unwrap();
        assert_eq!(reader.kind(), StreamKind::Entries);
        for frame in &frames {
            assert_eq!(reader.next().await.unwrap().as_ref(), Some(frame));
        }
        assert_eq!(reader.next().await.unwrap(), None);
    };
    tokio::join!(sending, receiving);
    let expected = u64::try_from(1 + 3 * 4 + 3 + FRAME_BYTES_MAX).unwrap();
    assert_eq!(wire.sent(StreamKind::Entries), expected);
    assert_eq!(wire.sent(StreamKind::Control), 0);
}

/// Notes the kind of a stream when its frame has come whole.
async fn note(mut reader: FrameReader, arrived: mpsc::UnboundedSender<StreamKind>) {
    reader.next().await.unwrap().unwrap();
    arrived.send(reader.kind()).unwrap();
}

#[tokio::test]
async fn what_is_urgent_arrives_first_however_much_was_written_before_it() {
    let (_relay, at_relay, _node, at_node) = joined(Congestion::NewReno).await;
    let (wire, frame) = (WireBytes::default(), vec![1; LONG_BYTES]);
    // Nothing is sent before all of them are written: the sockets have only this thread.
    let open = |kind| FrameWriter::open(&at_node, kind, wire.clone());
    let mut blobs = open(StreamKind::Blobs).await.unwrap();
    blobs.write(&frame).await.unwrap();
    let mut healing = open(StreamKind::Healing).await.unwrap();
    healing.write(&frame).await.unwrap();
    let mut entries = open(StreamKind::Entries).await.unwrap();
    entries.write(&frame).await.unwrap();
    let both = FrameWriter::open_both(&at_node, StreamKind::Control, wire.clone()).await;
    let (mut control, _answers) = both.unwrap();
    control.write(&frame).await.unwrap();

    let (arrived, mut order) = mpsc::unbounded_channel();
    let notes = arrived.clone();
    tokio::spawn(async move {
        let (_writer, reader) =
            FrameWriter::accept_both(&at_relay, StreamKind::Control, WireBytes::default())
                .await
                .unwrap();
        tokio::spawn(note(reader, notes));
        for _ in 0..3 {
            let stream = at_relay.connection().accept_uni().await.unwrap();
            let notes = arrived.clone();
            tokio::spawn(async move {
                let reader = FrameReader::open(stream, WireBytes::default()).await.unwrap();
                note(reader, notes).await;
            });
        }
        at_relay.connection().closed().await;
    });
    for kind in StreamKind::ALL {
        assert_eq!(order.recv().await, Some(kind));
    }
}
