//! Length-prefixed frames on QUIC streams. A length is bounded before anything is allocated.
//!
//! The first byte of every stream says its kind. A frame is its length, most significant byte
//! first, and that many bytes. A length has four bytes, the first of them 0; towards a peer that
//! reads short ones, one byte up to 127 and two, the first from 128 to 191, up to 16,383.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use quinn::{ReadError, ReadExactError, RecvStream, SendStream, WriteError};
use thiserror::Error;

use crate::{endpoint::Peer, turns::TurnNews};

/// The priority of what is asked and answered about a scan: before entries, behind control.
const ASKS_PRIORITY: i32 = 25;
/// The priority of healing while a scan has its turn.
const HEALING_IN_TURN_PRIORITY: i32 = -15;
/// Bytes of the longest frame on any stream.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;
/// The longest frame whose length has one byte.
const ONE_BYTE_MAX: u8 = 0x7f;
/// The longest frame whose length has two bytes.
const TWO_BYTES_MAX: u16 = 0x3fff;
/// What tells a length of two bytes.
const TWO_BYTES: u16 = 0x8000;

/// What a stream carries, which also says how urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StreamKind {
    /// The one bidirectional stream for the life of the connection, opened by the node.
    Control,
    /// Entries in order, one unidirectional stream each way.
    Entries,
    /// Listings and lists of ids, on demand.
    Healing,
    /// One scan each, bidirectional, opened by the node.
    Blobs,
}

impl StreamKind {
    /// All kinds, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Control, Self::Entries, Self::Healing, Self::Blobs];

    /// The first byte of the stream.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Control => 1,
            Self::Entries => 2,
            Self::Healing => 3,
            Self::Blobs => 4,
        }
    }

    /// The kind of that first byte.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The word in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Entries => "entries",
            Self::Healing => "healing",
            Self::Blobs => "blobs",
        }
    }

    /// The priority towards quinn, which is strict: larger goes first.
    #[must_use]
    pub fn priority(self) -> i32 {
        match self {
            Self::Control => 30,
            Self::Entries => 20,
            Self::Healing => 5,
            Self::Blobs => -10,
        }
    }

    /// The priority with which a stream that leads both ways begins. What is asked and answered
    /// about a scan is short; only its bytes wait.
    fn first_priority(self) -> i32 {
        if self == Self::Blobs { ASKS_PRIORITY } else { self.priority() }
    }

    /// The priority while a scan has its turn. Entries share the line with it, since quinn takes
    /// streams of one priority by turns; what is behind entries stays behind them.
    fn priority_in_turn(self) -> i32 {
        match self {
            Self::Control | Self::Blobs => self.priority(),
            Self::Entries => Self::Blobs.priority(),
            Self::Healing => HEALING_IN_TURN_PRIORITY,
        }
    }

    /// What a stream of this kind hears of the scans of its connection.
    fn turn_news(self, peer: &Peer) -> TurnNews {
        match self {
            Self::Control | Self::Blobs => TurnNews::default(),
            Self::Entries | Self::Healing => peer.turns().news(),
        }
    }
}

/// Bytes of application data by kind of stream, as they went over the wire and as they were before
/// they were packed; shared and never reset.
#[derive(Clone, Debug, Default)]
pub struct WireBytes(Arc<[Counters; 4]>);

#[derive(Debug, Default)]
struct Counters {
    sent: Direction,
    received: Direction,
}

#[derive(Debug, Default)]
struct Direction {
    /// What went over the wire.
    wire: AtomicU64,
    /// The same frames as minor version 1 would write them.
    plain: AtomicU64,
    /// The signed entries in them.
    entries: AtomicU64,
}

/// One frame, ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether the other side reads short lengths.
    pub(crate) short: bool,
}

/// Why no further frame can be read or written.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The frame claims more than [`FRAME_BYTES_MAX`]; nothing was allocated for it.
    #[error("a frame of {0} bytes is out of bounds")]
    Length(u64),
    /// The stream ended inside a frame.
    #[error("the stream ended inside a frame")]
    CutShort,
    /// The stream's first byte names no kind that this program knows.
    #[error("a stream of the unknown kind {0}")]
    Kind(u8),
    /// The stream that had to come did not come in time.
    #[error("the stream did not come in time")]
    TooSlow,
    /// The other side has gone or stopped the stream.
    #[error("the stream is gone")]
    Gone(#[source] io::Error),
}

/// Reads the frames of one stream. Not cancel-safe: one task reads a stream to its end.
#[derive(Debug)]
pub struct FrameReader {
    stream: RecvStream,
    kind: StreamKind,
    wire: WireBytes,
}

/// Writes frames to one stream.
#[derive(Debug)]
pub struct FrameWriter {
    stream: SendStream,
    kind: StreamKind,
    wire: WireBytes,
    turns: TurnNews,
}

impl WireBytes {
    /// Bytes sent on streams of this kind.
    #[must_use]
    pub fn sent(&self, kind: StreamKind) -> u64 {
        self.of(kind).sent.wire.load(Ordering::Relaxed)
    }

    /// Bytes received on streams of this kind.
    #[must_use]
    pub fn received(&self, kind: StreamKind) -> u64 {
        self.of(kind).received.wire.load(Ordering::Relaxed)
    }

    /// What the frames of this kind had before they were packed: sent and received.
    #[must_use]
    pub fn plain(&self, kind: StreamKind) -> [u64; 2] {
        let of = self.of(kind);
        [&of.sent, &of.received].map(|direction| direction.plain.load(Ordering::Relaxed))
    }

    /// Bytes of the signed entries in the frames of this kind: sent and received.
    #[must_use]
    pub fn entries(&self, kind: StreamKind) -> [u64; 2] {
        let of = self.of(kind);
        [&of.sent, &of.received].map(|direction| direction.entries.load(Ordering::Relaxed))
    }

    /// Counts what a frame that is sent had before it was packed, and the entries in it.
    pub(crate) fn packed(&self, kind: StreamKind, plain: usize, entries: usize) {
        count(&self.of(kind).sent.plain, plain);
        count(&self.of(kind).sent.entries, entries);
    }

    /// The same for a frame that has come.
    pub(crate) fn unpacked(&self, kind: StreamKind, plain: usize, entries: usize) {
        count(&self.of(kind).received.plain, plain);
        count(&self.of(kind).received.entries, entries);
    }

    fn of(&self, kind: StreamKind) -> &Counters {
        let [control, entries, healing, blobs] = self.0.as_ref();
        match kind {
            StreamKind::Control => control,
            StreamKind::Entries => entries,
            StreamKind::Healing => healing,
            StreamKind::Blobs => blobs,
        }
    }
}

impl FrameReader {
    /// Reads the kind of a stream that the other side has opened.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the stream ends first or is of an unknown kind.
    pub async fn open(mut stream: RecvStream, wire: WireBytes) -> Result<Self, FrameError> {
        let mut first = [0];
        stream.read_exact(&mut first).await.map_err(gone_reading)?;
        let [number] = first;
        let kind = StreamKind::from_number(number).ok_or(FrameError::Kind(number))?;
        count(&wire.of(kind).received.wire, first.len());
        Ok(Self { stream, kind, wire })
    }

    /// Waits for the next unidirectional stream that the other side opens.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the connection ends or the stream is of an unknown kind.
    pub async fn accept(peer: &Peer, wire: WireBytes) -> Result<Self, FrameError> {
        let stream = peer.connection().accept_uni().await.map_err(io::Error::from);
        Self::open(stream.map_err(FrameError::Gone)?, wire).await
    }

    /// What the stream carries.
    #[must_use]
    pub fn kind(&self) -> StreamKind {
        self.kind
    }

    /// The next frame without its prefix, or `None` where the other side has finished.
    ///
    /// # Errors
    ///
    /// [`FrameError`]; after one, the stream gives nothing more.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let mut first = [0];
        match self.stream.read_exact(&mut first).await {
            Ok(()) => {}
            Err(ReadExactError::FinishedEarly(0)) => return Ok(None),
            Err(error) => return Err(gone_reading(error)),
        }
        let (length, prefix) = self.length(first).await?;
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame).await.map_err(gone_reading)?;
        count(&self.wire.of(self.kind).received.wire, length.saturating_add(prefix));
        Ok(Some(frame))
    }

    /// The length that begins with this byte, and how many bytes say it.
    async fn length(&mut self, [first]: [u8; 1]) -> Result<(usize, usize), FrameError> {
        match first {
            1..=0x7f => Ok((usize::from(first), 1)),
            0x80..=0xbf => {
                let mut second = [0];
                self.stream.read_exact(&mut second).await.map_err(gone_reading)?;
                let [second] = second;
                Ok((usize::from(u16::from_be_bytes([first, second]) & !TWO_BYTES), 2))
            }
            0 | 0xc0.. => {
                let mut rest = [0; 3];
                self.stream.read_exact(&mut rest).await.map_err(gone_reading)?;
                let [second, third, fourth] = rest;
                Ok((bounded([first, second, third, fourth])?, 4))
            }
        }
    }
}

impl FrameWriter {
    /// Waits for a bidirectional stream of this kind that the node opens; gives both halves.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the connection ends or the stream is of another kind.
    pub async fn accept_both(
        peer: &Peer,
        kind: StreamKind,
        wire: WireBytes,
    ) -> Result<(Self, FrameReader), FrameError> {
        let streams = peer.connection().accept_bi().await.map_err(io::Error::from);
        let (stream, receive) = streams.map_err(FrameError::Gone)?;
        prioritise(&stream, kind.first_priority());
        let reader = FrameReader::open(receive, wire.clone()).await?;
        if reader.kind() != kind {
            return Err(FrameError::Kind(reader.kind().number()));
        }
        Ok((Self { stream, kind, wire, turns: kind.turn_news(peer) }, reader))
    }

    /// Opens a unidirectional stream of this kind; waits while the other side allows no more.
    ///
    /// # Errors
    ///
    /// [`FrameError::Gone`] when the connection has ended.
    pub async fn open(peer: &Peer, kind: StreamKind, wire: WireBytes) -> Result<Self, FrameError> {
        let stream = peer.connection().open_uni().await.map_err(io::Error::from);
        let stream = stream.map_err(FrameError::Gone)?;
        prioritise(&stream, kind.priority());
        Self::begin(peer, stream, kind, wire).await
    }

    /// Opens the bidirectional stream of this kind and gives its reading half too.
    ///
    /// # Errors
    ///
    /// [`FrameError::Gone`] when the connection has ended.
    pub async fn open_both(
        peer: &Peer,
        kind: StreamKind,
        wire: WireBytes,
    ) -> Result<(Self, FrameReader), FrameError> {
        let streams = peer.connection().open_bi().await.map_err(io::Error::from);
        let (send, stream) = streams.map_err(FrameError::Gone)?;
        prioritise(&send, kind.first_priority());
        let writer = Self::begin(peer, send, kind, wire.clone()).await?;
        Ok((writer, FrameReader { stream, kind, wire }))
    }

    async fn begin(
        peer: &Peer,
        mut stream: SendStream,
        kind: StreamKind,
        wire: WireBytes,
    ) -> Result<Self, FrameError> {
        let first = [kind.number()];
        stream.write_all(&first).await.map_err(gone_writing)?;
        count(&wire.of(kind).sent.wire, first.len());
        Ok(Self { stream, kind, wire, turns: kind.turn_news(peer) })
    }

    /// Writes one frame for whoever may read no short lengths; returns when quinn has taken it all.
    ///
    /// # Errors
    ///
    /// [`FrameError`]; a frame above [`FRAME_BYTES_MAX`] is not begun.
    pub async fn write(&mut self, frame: &[u8]) -> Result<(), FrameError> {
        let prefix = long_prefix(frame.len())?;
        self.put(&prefix, frame).await
    }

    /// The same with the shortest length that the other side reads.
    pub(crate) async fn send(&mut self, frame: &Outgoing) -> Result<(), FrameError> {
        let length = frame.bytes.len();
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(length @ 1..=ONE_BYTE_MAX), _) if frame.short => {
                self.put(&[length], &frame.bytes).await
            }
            (_, Ok(length @ 1..=TWO_BYTES_MAX)) if frame.short => {
                self.put(&(length | TWO_BYTES).to_be_bytes(), &frame.bytes).await
            }
            _ => self.write(&frame.bytes).await,
        }
    }

    /// What follows is no question or answer about a scan, but the scan.
    pub(crate) fn begin_bulk(&self) {
        prioritise(&self.stream, self.kind.priority());
    }

    /// Waits until a scan has its turn, or none has it any longer, and gives way accordingly: much
    /// may wait in quinn while there is nothing to write. Cancel-safe.
    pub(crate) async fn give_way(&mut self) {
        let is_turn = self.turns.next().await;
        self.heed(is_turn);
    }

    fn heed(&self, is_turn: bool) {
        let kind = self.kind;
        let priority = if is_turn { kind.priority_in_turn() } else { kind.priority() };
        prioritise(&self.stream, priority);
    }

    async fn put(&mut self, prefix: &[u8], frame: &[u8]) -> Result<(), FrameError> {
        for mut rest in [prefix, frame] {
            while !rest.is_empty() {
                tokio::select! {
                    taken = self.stream.write(rest) => {
                        rest = rest.get(taken.map_err(gone_writing)?..).unwrap_or_default();
                    }
                    is_turn = self.turns.next() => self.heed(is_turn),
                }
            }
        }
        count(&self.wire.of(self.kind).sent.wire, frame.len().saturating_add(prefix.len()));
        Ok(())
    }

    /// Says that no further frame follows, and waits until the other side has everything.
    ///
    /// # Errors
    ///
    /// [`FrameError::Gone`] when the connection ended first.
    pub async fn finish(mut self) -> Result<(), FrameError> {
        // A stream that is already closed has nothing left to finish.
        self.stream.finish().unwrap_or_default();
        match self.stream.stopped().await {
            Ok(_) => Ok(()),
            Err(error) => Err(FrameError::Gone(io::Error::from(error))),
        }
    }
}

/// The four bytes of a length that is within bounds.
fn long_prefix(length: usize) -> Result<[u8; 4], FrameError> {
    let prefix = u32::try_from(length).map_err(|_| FrameError::Length(u64::MAX))?.to_be_bytes();
    bounded(prefix).map(|_| prefix)
}

/// The length that a prefix claims, when it is within bounds.
fn bounded(prefix: [u8; 4]) -> Result<usize, FrameError> {
    let claimed = u32::from_be_bytes(prefix);
    match usize::try_from(claimed) {
        Ok(length) if length <= FRAME_BYTES_MAX => Ok(length),
        _ => Err(FrameError::Length(u64::from(claimed))),
    }
}

/// A stream takes its priority, unless its connection has ended: that is noticed at the next write.
fn prioritise(stream: &SendStream, priority: i32) {
    if let Err(error) = stream.set_priority(priority) {
        tracing::debug!(%error, priority, "a stream took no priority");
    }
}

fn count(counter: &AtomicU64, bytes: usize) {
    counter.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
}

fn gone_reading(error: ReadExactError) -> FrameError {
    match error {
        ReadExactError::FinishedEarly(_) => FrameError::CutShort,
        ReadExactError::ReadError(error) => FrameError::Gone(ReadError::into(error)),
    }
}

fn gone_writing(error: WriteError) -> FrameError {
    FrameError::Gone(error.into())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use hoso_identity::SigningKey;

    use super::*;
    use crate::{endpoint::Endpoint, tuning::Congestion};

    #[tokio::test]
    async fn a_frame_that_claims_four_gigabytes_is_refused_before_anything_is_allocated() {
        let key = SigningKey::from_seed(&[1; 32]);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let relay = Endpoint::listen(address, &key, Congestion::default()).unwrap();
        let node = SigningKey::from_seed(&[2; 32]);
        let node = Endpoint::dialler(&node, Congestion::default()).unwrap();
        let address = relay.local_address().unwrap();
        let pinned = [key.public()];
        let accepting = async { relay.accept().await.unwrap().open().await.unwrap() };
        let (at_relay, at_node) =
            tokio::join!(accepting, async { node.dial(address, &pinned).await.unwrap() });
        let mut stream = at_node.connection().open_uni().await.unwrap();
        stream.write_all(&[StreamKind::Entries.number(), 0xff, 0xff, 0xff, 0xff]).await.unwrap();
        let mut reader = FrameReader::accept(&at_relay, WireBytes::default()).await.unwrap();
        let refused = reader.next().await;
        assert!(matches!(refused, Err(FrameError::Length(0xffff_ffff))), "{refused:?}");
    }
}
