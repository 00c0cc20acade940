//! What a hostile dialler cannot do. Beside the acceptor, since it must write bytes that no
//! [`crate::frames::FrameWriter`] would write.

use std::{net::Ipv4Addr, net::SocketAddr, sync::Arc};

use hoso_identity::{Epoch, PublicKey, Realm, SigningKey};
use hoso_store::{StoreError, database::Schema, ledger};
use hoso_sync::{
    frame::Frame,
    wire::{Farewell, Goodbye, Hello},
};
use quinn::ConnectionError;
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};

use super::{Acceptor, Figures, News, Office};
use crate::{
    close::CloseCode,
    endpoint::{Endpoint, Peer},
    frames::{FRAME_BYTES_MAX, FrameWriter, StreamKind, WireBytes},
    memory::Memory,
    tuning::Congestion,
};

struct Nobody;

impl Office for Nobody {
    async fn keep_join(&self, _: PublicKey, _: [u8; 32], _: Vec<u8>) -> bool {
        false
    }

    async fn is_pending(&self, _: PublicKey) -> bool {
        false
    }

    async fn heard(&self, _: News) {}
}

/// A relay over a directory of its own.
struct Scene {
    address: SocketAddr,
    wire: WireBytes,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    _data: TempDir,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

impl Scene {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (memory, _thread) =
            Memory::open(data.path(), Schema::Relay, |_| Ok(Realm([1; 16])), |_| {}).unwrap();
        let epoch = Epoch { generation: 1, random: [2; 8] };
        let begun: Result<(), StoreError> =
            memory.write(false, move |tx, _| ledger::found(tx, epoch)).await;
        begun.unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let endpoint = Endpoint::listen(any, &key(1), Congestion::default()).unwrap();
        let address = endpoint.local_address().unwrap();
        let (stop, stopped) = watch::channel(false);
        let (figures, grew) = (Figures::default(), watch::Sender::new(0));
        let wire = figures.wire.clone();
        let acceptor = Acceptor::new(Arc::new(memory), Arc::new(Nobody), figures, grew, None);
        let running = tokio::spawn(acceptor.run(endpoint, stopped));
        Self { address, wire, stop, running, _data: data }
    }

    async fn dial(&self) -> (Endpoint, Peer) {
        let endpoint = Endpoint::dialler(&key(2), Congestion::default()).unwrap();
        let peer = endpoint.dial(self.address, &[key(1).public()]).await.unwrap();
        (endpoint, peer)
    }

    /// Writes bytes to a new control stream; gives the code with which the relay closes.
    async fn closes(&self, bytes: &[u8]) -> Option<CloseCode> {
        let (_endpoint, peer) = self.dial().await;
        let (mut stream, _reading) = peer.connection().open_bi().await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let closed: ConnectionError = peer.connection().closed().await;
        CloseCode::of(&closed)
    }

    /// The relay answers an honest stranger, and then it ends orderly.
    async fn lives(self) {
        let (_endpoint, peer) = self.dial().await;
        let (mut writer, mut reader) =
            FrameWriter::open_both(&peer, StreamKind::Control, WireBytes::default()).await.unwrap();
        let hello = Frame::Hello(Hello {
            minor_max: 1,
            ..Hello::bare(Realm([1; 16]), hoso_identity::Incarnation([3; 16]))
        });
        writer.write(&hello.encode()).await.unwrap();
        let answer = reader.next().await.unwrap().unwrap();
        let goodbye = Frame::Goodbye(Goodbye { why: Farewell::Unknown });
        assert_eq!(Frame::decode(&answer).unwrap(), Some(goodbye));
        self.stop.send_replace(true);
        self.running.await.unwrap();
    }
}

/// A control stream that begins with a frame of this claimed length.
fn claiming(length: u32) -> Vec<u8> {
    let mut bytes = vec![StreamKind::Control.number()];
    bytes.extend(length.to_be_bytes());
    bytes
}

#[tokio::test]
async fn a_frame_that_claims_four_gigabytes_is_refused_by_its_length_and_the_relay_lives() {
    let relay = Scene::new().await;
    let just_above = u32::try_from(FRAME_BYTES_MAX).unwrap() + 1;
    for length in [u32::MAX, just_above] {
        assert_eq!(relay.closes(&claiming(length)).await, Some(CloseCode::FrameLength));
    }
    // The first byte of each stream, and nothing of a frame.
    assert_eq!(relay.wire.received(StreamKind::Control), 2);
    relay.lives().await;
}

#[tokio::test]
async fn a_stream_of_an_unknown_kind_closes_its_connection_only() {
    let relay = Scene::new().await;
    assert_eq!(relay.closes(&[99]).await, Some(CloseCode::Protocol));
    relay.lives().await;
}

#[tokio::test]
async fn bytes_that_are_no_frame_close_their_connection_only() {
    let relay = Scene::new().await;
    let mut noise = claiming(3);
    noise.extend([0x63, 0xff, 0x00]);
    assert!(relay.closes(&noise).await.is_some());
    relay.lives().await;
}
