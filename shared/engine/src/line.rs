//! The frames of one connection: what comes, and what waits to be sent. Sending never blocks
//! receiving, so two peers that both have much to say cannot stop each other.

use std::{collections::VecDeque, time::Duration};

use hoso_sync::{
    codec::{self, Codec},
    frame::{Frame, Stream},
};
use tokio::time::timeout;

use crate::{
    close::CloseCode,
    endpoint::Peer,
    frames::{FrameError, Outgoing, StreamKind, WireBytes},
    streams::{Queues, Streams},
};

/// Frames of entries or healing that may wait here before the shell reads more from its memory.
const BULK_WAITING_MAX: usize = 2;
/// Bytes of a stream that may wait here before no more is read of that stream: who asks much and
/// reads nothing is not answered without bound. One answer may go beyond.
const ANSWERS_WAITING_BYTES_MAX: usize = 256 * 1024;
/// How long queueing the last control frames may take.
const FAREWELL_WAIT: Duration = Duration::from_secs(1);

/// What happened on the line.
#[derive(Debug)]
pub(crate) enum Event {
    /// A frame came.
    Frame(Frame),
    /// So much was sent that more may be read from the memory.
    Room,
    /// What came is no frame of this protocol.
    Broken,
    /// The connection has ended.
    Closed,
}

/// Of which streams more may be read now; of control always.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reads {
    pub(crate) entries: bool,
    pub(crate) healing: bool,
}

impl Reads {
    /// Of all.
    pub(crate) const ALL: Self = Self { entries: true, healing: true };
}

/// One connection with its streams.
#[derive(Debug)]
pub(crate) struct Line {
    streams: Streams,
    codec: Codec,
    wire: WireBytes,
    waiting: Queues<Waiting>,
}

/// Frames that wait to be sent on one stream.
#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Outgoing>,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, frame: Outgoing) {
        self.bytes = self.bytes.saturating_add(frame.bytes.len());
        self.frames.push_back(frame);
    }

    fn pop(&mut self) -> Option<Outgoing> {
        let frame = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(frame.bytes.len());
        Some(frame)
    }

    fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether more may be asked on this stream.
    fn has_room(&self) -> bool {
        self.bytes < ANSWERS_WAITING_BYTES_MAX
    }
}

impl Line {
    /// The node's side.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the connection ends first.
    pub(crate) async fn open(peer: Peer, wire: WireBytes) -> Result<Self, FrameError> {
        Ok(Self::over(Streams::open(peer, wire.clone()).await?, wire))
    }

    /// The relay's side.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the connection ends first or begins otherwise.
    pub(crate) async fn accept(peer: Peer, wire: WireBytes) -> Result<Self, FrameError> {
        Ok(Self::over(Streams::accept(peer, wire.clone()).await?, wire))
    }

    fn over(streams: Streams, wire: WireBytes) -> Self {
        Self { streams, codec: Codec::default(), wire, waiting: Queues::default() }
    }

    /// The connection under the streams.
    pub(crate) fn peer(&self) -> &Peer {
        self.streams.peer()
    }

    /// Queues a frame.
    pub(crate) fn send(&mut self, frame: &Frame) {
        let kind = kind(frame.stream());
        let codec::Encoded { bytes, short, plain } = self.codec.encode(frame);
        self.wire.packed(kind, plain, codec::entry_bytes(frame));
        self.waiting.of_mut(frame.stream()).push(Outgoing { bytes, short });
    }

    /// Whether so much of the stream waits to be sent that reading more would only fill memory.
    pub(crate) fn is_full(&self, stream: Stream) -> bool {
        self.waiting.of(stream).frames.len() >= BULK_WAITING_MAX
    }

    /// Whether a frame has come that may be read.
    pub(crate) fn has_arrivals(&self, reads: Reads) -> bool {
        let from = &self.streams.arrivals;
        let entries = reads.entries && !from.entries.is_empty();
        let healing = reads.healing && !from.healing.is_empty();
        entries || healing || !from.control.is_empty()
    }

    /// Sends what waits and gives what comes. Cancel-safe.
    pub(crate) async fn event(&mut self, reads: Reads) -> Event {
        let connection = self.streams.peer().connection().clone();
        let full = [Stream::Entries, Stream::Healing].map(|stream| self.is_full(stream));
        let Self { streams, codec, wire, waiting } = self;
        let (to, from) = (&streams.departures, &mut streams.arrivals);
        let [entries_full, healing_full] = full;
        loop {
            let (answers, heals) = (waiting.control.has_room(), waiting.healing.has_room());
            let (stream, bytes) = tokio::select! {
                Ok(place) = to.control.reserve(), if !waiting.control.is_empty() => {
                    if let Some(frame) = waiting.control.pop() { place.send(frame); }
                    continue;
                }
                Ok(place) = to.entries.reserve(), if !waiting.entries.is_empty() => {
                    if let Some(frame) = waiting.entries.pop() { place.send(frame); }
                    if entries_full {
                        return Event::Room;
                    }
                    continue;
                }
                Ok(place) = to.healing.reserve(), if !waiting.healing.is_empty() => {
                    if let Some(frame) = waiting.healing.pop() { place.send(frame); }
                    if healing_full {
                        return Event::Room;
                    }
                    continue;
                }
                Some(bytes) = from.control.recv(), if answers => (Stream::Control, bytes),
                Some(bytes) = from.entries.recv(), if answers && reads.entries => {
                    (Stream::Entries, bytes)
                }
                Some(bytes) = from.healing.recv(), if heals && reads.healing => {
                    (Stream::Healing, bytes)
                }
                // What had arrived before the end is still read: the last frame says why.
                _ = connection.closed() => match from.control.recv().await {
                    Some(bytes) => (Stream::Control, bytes),
                    None => return Event::Closed,
                },
            };
            match codec.decode(stream, &bytes) {
                Ok(None) => {}
                Ok(Some(frame)) => {
                    let plain = frame.encode().len();
                    wire.unpacked(kind(stream), plain, codec::entry_bytes(&frame));
                    return Event::Frame(frame);
                }
                Err(error) => {
                    tracing::warn!(%error, "the other side sent what is no frame");
                    return Event::Broken;
                }
            }
        }
    }

    /// Sends the rest of the control stream and closes.
    pub(crate) async fn finish(mut self, code: CloseCode) {
        let control = self.waiting.control.frames.drain(..);
        let to = &self.streams.departures.control;
        let farewell = async {
            for frame in control {
                if to.send(frame).await.is_err() {
                    break;
                }
            }
        };
        if timeout(FAREWELL_WAIT, farewell).await.is_err() {
            tracing::debug!("the other side does not read its control stream");
        }
        self.streams.finish(code).await;
    }
}

fn kind(stream: Stream) -> StreamKind {
    match stream {
        Stream::Control => StreamKind::Control,
        Stream::Entries => StreamKind::Entries,
        Stream::Healing => StreamKind::Healing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_nothing_is_answered_within_a_bound_of_bytes() {
        let mut waiting = Waiting::default();
        let large = ANSWERS_WAITING_BYTES_MAX / 2;
        let frame = |length| Outgoing { bytes: vec![0; length], short: true };
        waiting.push(frame(large));
        assert!(waiting.has_room());
        waiting.push(frame(large));
        assert!(!waiting.has_room(), "two large frames are as much as many small ones");
        assert_eq!(waiting.pop().map(|frame| frame.bytes.len()), Some(large));
        assert!(waiting.has_room() && !waiting.is_empty());
        for _ in 0..1000 {
            waiting.push(frame(10));
        }
        assert!(waiting.has_room(), "small answers are not held back early");
    }
}
