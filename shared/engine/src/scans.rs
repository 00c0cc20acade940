//! Scans on their way: files and marks of one side, and how one scan is given and taken.
//!
//! The rules of what may travel are the relay's; how it travels is the same both ways. What has
//! come is written and synced before the mark says so, every mebibyte or five seconds, so that a
//! side that was killed goes on from its mark.

mod carrier;
mod giving;
pub mod pace;
mod porter;
pub mod queue;
pub mod rules;
mod sweep;
pub mod taking;

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hoso_identity::PayloadHash;
use hoso_store::{
    StoreError,
    blobs::{self, Blobs, Part},
    writer::Tx,
};
use hoso_sync::{
    frame::FrameError as NoFrame,
    scan::{Frame, Group, Named, Refusal, Through, Why},
};
use thiserror::Error;
use tokio::{
    sync::broadcast,
    time::{Instant, timeout},
};

use self::taking::{Step, Taking};
pub(crate) use self::{carrier::carry, porter::Porter};
use crate::{
    clock,
    endpoint::Peer,
    frames::{FrameError, FrameReader, FrameWriter, StreamKind, WireBytes},
    memory::Memory,
};

/// What nodes are told that waits for a session; one that missed some asks again.
const NEWS_KEPT: usize = 256;
/// How long the other side may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(120);

/// The files of one side with what its database says of them. Clones share it.
#[derive(Clone, Debug)]
pub struct Depot {
    pub(crate) memory: Memory,
    pub(crate) blobs: Blobs,
    /// Bytes of all scans from which on a node gives some up; of those of one unit that a relay
    /// keeps.
    bytes_max: u64,
    /// What is coming in: a scan comes once at a time.
    busy: Arc<Mutex<BTreeSet<PayloadHash>>>,
    /// What the nodes are told: what the relay lacks, what has come to it.
    news: broadcast::Sender<News>,
}

/// What nodes are told of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News {
    /// Which, as one of which dossier.
    named: Named,
    /// Whether the relay has got it; else it lacks it.
    is_here: bool,
    /// Whether that is so for every dossier that names it: its bytes have come, or are gone.
    of_all: bool,
}

/// Why a scan did not travel to its end.
#[derive(Debug, Error)]
pub(crate) enum ScanError {
    #[error(transparent)]
    Line(#[from] FrameError),
    #[error(transparent)]
    Frame(#[from] NoFrame),
    #[error("the stream ended too early")]
    Ended,
    #[error("nothing came for too long")]
    Silence,
    #[error("a frame that does not belong here")]
    OutOfPlace,
    #[error("the other side refuses: {0:?}")]
    Refused(Why),
    #[error("what came is not what was named")]
    Damaged,
    #[error("the file here is no longer what was named")]
    Lost,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the file cannot be used: {0}")]
    File(#[from] io::Error),
}

/// A place in [`Depot::busy`], given back when it is dropped.
pub(crate) struct Place {
    hash: PayloadHash,
    busy: Arc<Mutex<BTreeSet<PayloadHash>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.hash);
    }
}

/// One stream with its two halves.
pub(crate) struct Exchange {
    pub(crate) writer: FrameWriter,
    pub(crate) reader: FrameReader,
}

impl Exchange {
    pub(crate) async fn open(peer: &Peer, wire: WireBytes) -> Result<Self, ScanError> {
        let (writer, reader) = FrameWriter::open_both(peer, StreamKind::Blobs, wire).await?;
        Ok(Self { writer, reader })
    }

    pub(crate) async fn say(&mut self, frame: &Frame) -> Result<(), ScanError> {
        Ok(self.writer.write(&frame.encode()).await?)
    }

    pub(crate) async fn hear(&mut self) -> Result<Frame, ScanError> {
        heard(&mut self.reader).await
    }
}

async fn heard(reader: &mut FrameReader) -> Result<Frame, ScanError> {
    let next = timeout(SILENCE_MAX, reader.next()).await.map_err(|_| ScanError::Silence)?;
    Ok(Frame::decode(&next?.ok_or(ScanError::Ended)?)?)
}

impl Depot {
    /// The scans of a data directory.
    #[must_use]
    pub fn new(memory: Memory, blobs: Blobs) -> Self {
        let news = broadcast::Sender::new(NEWS_KEPT);
        Self { memory, blobs, bytes_max: u64::MAX, busy: Arc::default(), news }
    }

    /// The same with a bound: a node gives up what the relay has too from so many bytes on, a relay
    /// takes no more than that from one unit.
    #[must_use]
    pub fn within(self, bytes_max: u64) -> Self {
        Self { bytes_max, ..self }
    }

    /// Takes the right to bring this scan; none while somebody else has it.
    pub(crate) fn reserve(&self, hash: PayloadHash) -> Option<Place> {
        let free = self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(hash);
        free.then(|| Place { hash, busy: Arc::clone(&self.busy) })
    }

    /// Whether it is coming in.
    pub(crate) fn is_coming(&self, hash: &PayloadHash) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    /// Tells all nodes that are there and may know.
    pub(crate) fn tell(&self, news: News) {
        // Nobody may be there: whoever comes asks.
        drop(self.news.send(news));
    }

    /// Forgets a file that is not what it was: it is asked for again.
    async fn lose(&self, hash: PayloadHash) -> Result<(), ScanError> {
        tracing::error!(%hash, "the file of a scan has changed on disk, or is gone");
        self.write(move |tx| blobs::put_held(tx, &hash, 0)).await?;
        Ok(self.blobs.remove(&hash)?)
    }

    /// Whether the scan of that proved size is said to be here. What a dossier claimed of the size
    /// before anything had come is forgotten.
    async fn known(&self, hash: PayloadHash, size: u64) -> Result<bool, StoreError> {
        let known = self.memory.read(move |tx| blobs::look_up(tx, &hash)).await?;
        let Some(known) = known else { return Ok(false) };
        if known.size != size {
            self.write(move |tx| blobs::put_size(tx, &hash, size)).await?;
        }
        Ok(known.held == size)
    }

    /// Writes in one transaction.
    pub(crate) async fn write(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.memory.write(false, move |tx, _| job(tx)).await
    }

    /// Takes the groups of a scan from there on, each proved before it is written. `done` is
    /// written with the last mark, and the `news` told then. A scan that is here already is proved
    /// and not written again.
    pub(crate) async fn take(
        &self,
        talk: &mut Exchange,
        (hash, size, from): (PayloadHash, u64, u64),
        done: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
        news: Option<News>,
    ) -> Result<(), ScanError> {
        let shown = match talk.hear().await? {
            Frame::Outline(shown) => shown,
            Frame::Refuse(Refusal { why }) => return Err(ScanError::Refused(why)),
            Frame::Offer(_)
            | Frame::Wish(_)
            | Frame::Take(_)
            | Frame::Group(_)
            | Frame::Took(_)
            | Frame::Unname(_)
            | Frame::Lack(_)
            | Frame::Here(_) => return Err(ScanError::OutOfPlace),
        };
        let taking = Taking::begin(Instant::now(), &shown, (&hash, size, from));
        let mut taking = taking.ok_or(ScanError::Damaged)?;
        let is_here = self.known(hash, size).await? && self.blobs.size(&hash) == Some(size);
        let mut coming = Coming::begin(self, hash, from, is_here).await?;
        while !taking.is_whole() {
            let Frame::Group(Group { bytes }) = talk.hear().await? else {
                return Err(ScanError::OutOfPlace);
            };
            for step in taking.group(Instant::now(), bytes).ok_or(ScanError::Damaged)? {
                match step {
                    Step::Say(bytes) => talk.say(&Frame::Took(Through { bytes })).await?,
                    Step::Write(_) | Step::Sync | Step::Mark(_) => coming.follow(step).await?,
                }
            }
        }
        coming.finish(size, done, news).await?;
        talk.say(&Frame::Took(Through { bytes: size })).await
    }
}

/// A scan that comes.
struct Coming<'a> {
    depot: &'a Depot,
    hash: PayloadHash,
    /// None for one that is here already.
    part: Option<Part>,
}

impl<'a> Coming<'a> {
    async fn begin(
        depot: &'a Depot,
        hash: PayloadHash,
        from: u64,
        is_here: bool,
    ) -> Result<Self, ScanError> {
        let blobs = depot.blobs.clone();
        let part = match is_here {
            true => None,
            false => match blocking(move || blobs.part(&hash, from)).await {
                Ok(part) => Some(part),
                Err(error) => {
                    // Less is there than the mark says: it is brought anew.
                    depot.write(move |tx| blobs::put_held(tx, &hash, 0)).await?;
                    return Err(error);
                }
            },
        };
        Ok(Self { depot, hash, part })
    }

    /// Does what is to be done with what has come; nothing where it is here already.
    async fn follow(&mut self, step: Step) -> Result<(), ScanError> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        let hash = self.hash;
        let following = match step {
            Step::Write(bytes) => blocking(move || part.write(&bytes).map(|()| part)).await,
            Step::Sync => blocking(move || part.sync().map(|()| part)).await,
            Step::Mark(held) => {
                self.depot.write(move |tx| blobs::put_held(tx, &hash, held)).await?;
                Ok(part)
            }
            Step::Say(_) => Ok(part),
        };
        self.part = Some(following?);
        Ok(())
    }

    async fn finish(
        self,
        size: u64,
        done: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
        news: Option<News>,
    ) -> Result<(), ScanError> {
        let (hash, at_ms) = (self.hash, clock::now_ms());
        if let Some(part) = self.part {
            let settled = blocking(move || part.settle()).await?;
            if !settled {
                self.depot.write(move |tx| blobs::put_held(tx, &hash, 0)).await?;
                return Err(ScanError::Damaged);
            }
        }
        let depot = self.depot.clone();
        // Whoever waits is told of what is kept, also where this session ends just then.
        let kept = tokio::spawn(async move {
            let kept = depot.write(move |tx| {
                blobs::keep(tx, &hash, size, at_ms)?;
                done(tx)
            });
            kept.await.inspect(|()| news.into_iter().for_each(|news| depot.tell(news)))
        });
        Ok(kept.await.unwrap_or(Err(StoreError::Dead))?)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ScanError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.unwrap_or_else(|_| Err(io::Error::other("the work was cut short")))?)
}
