//! The streams of one session: tasks that read and write them, bounded queues towards the driver.
//!
//! Reading tasks stop reading when their queue is full, so that quinn's windows hold the other
//! side back. Control has its own queue and never waits behind entries.

use std::{sync::Arc, time::Duration};

use hoso_sync::frame::Stream;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};

use crate::{
    close::CloseCode,
    endpoint::Peer,
    frames::{FrameError, FrameReader, FrameWriter, Outgoing, StreamKind, WireBytes},
};

/// Control frames that wait for the driver or for quinn.
const CONTROL_QUEUE_FRAMES: usize = 64;
/// Frames of entries or healing that wait for the driver or for quinn.
const BULK_QUEUE_FRAMES: usize = 4;
/// How long the node may take to open the control stream.
const CONTROL_WAIT: Duration = Duration::from_secs(10);
/// How long the last control frames may take to arrive before the connection is closed.
const FAREWELL_WAIT: Duration = Duration::from_secs(2);

/// The running streams of one connection.
#[derive(Debug)]
pub(crate) struct Streams {
    peer: Peer,
    /// Frames from the other side.
    pub(crate) arrivals: Receivers<Vec<u8>>,
    /// Frames to the other side.
    pub(crate) departures: Senders<Outgoing>,
    writers: JoinSet<()>,
    readers: JoinSet<()>,
}

/// Where frames are put.
type Senders<T> = Queues<mpsc::Sender<T>>;
/// Where frames are taken.
type Receivers<T> = Queues<mpsc::Receiver<T>>;

/// One queue per kind of stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues<Q> {
    pub(crate) control: Q,
    pub(crate) entries: Q,
    pub(crate) healing: Q,
}

impl<Q> Queues<Q> {
    /// The queue of that stream.
    pub(crate) fn of(&self, stream: Stream) -> &Q {
        match stream {
            Stream::Control => &self.control,
            Stream::Entries => &self.entries,
            Stream::Healing => &self.healing,
        }
    }

    /// The queue of that stream, to be changed.
    pub(crate) fn of_mut(&mut self, stream: Stream) -> &mut Q {
        match stream {
            Stream::Control => &mut self.control,
            Stream::Entries => &mut self.entries,
            Stream::Healing => &mut self.healing,
        }
    }
}

impl Streams {
    /// The node's side: opens the control stream.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the connection ends first.
    pub(crate) async fn open(peer: Peer, wire: WireBytes) -> Result<Self, FrameError> {
        let control = FrameWriter::open_both(&peer, StreamKind::Control, wire.clone()).await?;
        Ok(Self::start(peer, control, wire))
    }

    /// The relay's side: waits for the control stream, not for ever.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the connection ends first or the first stream is not control; the
    /// connection is closed then.
    pub(crate) async fn accept(peer: Peer, wire: WireBytes) -> Result<Self, FrameError> {
        match timeout(
            CONTROL_WAIT,
            FrameWriter::accept_both(&peer, StreamKind::Control, wire.clone()),
        )
        .await
        {
            Ok(Ok(control)) => Ok(Self::start(peer, control, wire)),
            Ok(Err(error)) => {
                close_for(&peer, &error);
                Err(error)
            }
            Err(_) => {
                peer.close(CloseCode::TooSlow);
                Err(FrameError::TooSlow)
            }
        }
    }

    fn start(peer: Peer, control: (FrameWriter, FrameReader), wire: WireBytes) -> Self {
        let (to_driver, arrivals) = queues();
        let (departures, from_driver) = queues();
        let (writer, reader) = control;
        let mut writers = JoinSet::new();
        writers.spawn(write_all(peer.clone(), writer, from_driver.control));
        for (kind, queue) in
            [(StreamKind::Entries, from_driver.entries), (StreamKind::Healing, from_driver.healing)]
        {
            writers.spawn(write_on_demand(peer.clone(), kind, queue, wire.clone()));
        }
        let mut readers = JoinSet::new();
        readers.spawn(read_all(peer.clone(), reader, to_driver.control.clone()));
        readers.spawn(accept_all(peer.clone(), to_driver, wire));
        Self { peer, arrivals, departures, writers, readers }
    }

    /// The connection under the streams.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Lets what was queued arrive, but not for ever, closes the connection and joins all tasks.
    pub(crate) async fn finish(self, code: CloseCode) {
        let Self { peer, arrivals, departures, mut writers, mut readers } = self;
        drop(departures);
        let farewell = async { while writers.join_next().await.is_some() {} };
        if timeout(FAREWELL_WAIT, farewell).await.is_err() {
            tracing::debug!("the last frames were not taken in time");
        }
        peer.close(code);
        drop(arrivals);
        writers.shutdown().await;
        readers.shutdown().await;
    }
}

/// Bounded queues, one per kind.
fn queues<T>() -> (Senders<T>, Receivers<T>) {
    let (control, control_end) = mpsc::channel(CONTROL_QUEUE_FRAMES);
    let (entries, entries_end) = mpsc::channel(BULK_QUEUE_FRAMES);
    let (healing, healing_end) = mpsc::channel(BULK_QUEUE_FRAMES);
    (
        Queues { control, entries, healing },
        Queues { control: control_end, entries: entries_end, healing: healing_end },
    )
}

/// Writes what is queued until the queue closes, then tells the other side that it was all. A
/// stream that cannot be written ends the connection: nobody would notice what is missing.
async fn write_all(peer: Peer, mut writer: FrameWriter, mut queue: mpsc::Receiver<Outgoing>) {
    loop {
        let next = tokio::select! {
            next = queue.recv() => next,
            () = writer.give_way() => continue,
        };
        let Some(frame) = next else { break };
        if let Err(error) = writer.send(&frame).await {
            return give_up(&peer, &error);
        }
    }
    if let Err(error) = writer.finish().await {
        tracing::debug!(%error, "a stream ended before all of it had arrived");
    }
}

/// Opens a stream when its first frame is there.
async fn write_on_demand(
    peer: Peer,
    kind: StreamKind,
    mut queue: mpsc::Receiver<Outgoing>,
    wire: WireBytes,
) {
    let Some(first) = queue.recv().await else { return };
    match FrameWriter::open(&peer, kind, wire).await {
        Ok(mut writer) => match writer.send(&first).await {
            Ok(()) => write_all(peer, writer, queue).await,
            Err(error) => give_up(&peer, &error),
        },
        Err(error) => give_up(&peer, &error),
    }
}

/// Ends a connection of which a stream cannot be written.
fn give_up(peer: &Peer, error: &FrameError) {
    tracing::debug!(%error, "a stream cannot be written");
    peer.close(CloseCode::Protocol);
}

/// Reads one stream into its queue.
async fn read_all(peer: Peer, mut reader: FrameReader, queue: mpsc::Sender<Vec<u8>>) {
    loop {
        match reader.next().await {
            Ok(Some(frame)) => {
                if queue.send(frame).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => return close_for(&peer, &error),
        }
    }
}

/// Takes the streams that the other side opens: one of each kind.
async fn accept_all(peer: Peer, queues: Senders<Vec<u8>>, wire: WireBytes) {
    let once = Queues {
        control: Arc::new(Semaphore::new(0)),
        entries: Arc::new(Semaphore::new(1)),
        healing: Arc::new(Semaphore::new(1)),
    };
    let mut readers = JoinSet::new();
    loop {
        match FrameReader::accept(&peer, wire.clone()).await {
            Ok(reader) => {
                let stream = match reader.kind() {
                    StreamKind::Control => Stream::Control,
                    StreamKind::Entries => Stream::Entries,
                    StreamKind::Healing => Stream::Healing,
                    // Scans travel on streams that lead both ways.
                    StreamKind::Blobs => return peer.close(CloseCode::Protocol),
                };
                let Ok(place) = Arc::clone(once.of(stream)).try_acquire_owned() else {
                    return peer.close(CloseCode::Protocol);
                };
                let reading = read_all(peer.clone(), reader, queues.of(stream).clone());
                readers.spawn(async move {
                    reading.await;
                    drop(place);
                });
            }
            Err(error) => return close_for(&peer, &error),
        }
    }
}

/// Closes the connection with the code of what the other side did wrong, if it did.
fn close_for(peer: &Peer, error: &FrameError) {
    match error {
        FrameError::Length(_) => peer.close(CloseCode::FrameLength),
        FrameError::Kind(_) | FrameError::CutShort => peer.close(CloseCode::Protocol),
        FrameError::TooSlow => peer.close(CloseCode::TooSlow),
        FrameError::Gone(_) => {}
    }
    tracing::debug!(%error, "a stream cannot be read");
}
