//! The node's side: offers the relay what dossiers here name, and wishes for what is not here, the
//! small and the recent first.

use std::{collections::BTreeMap, time::Duration};

use hoso_identity::{DocumentId, PayloadHash};
use hoso_store::{
    StoreError,
    attachments::{self, Errand, Purpose, room},
    blobs, meta,
    tables::JournalTables,
    writer::Tx,
};
use hoso_sync::scan::{Frame, GROUP_BYTES, Named, Refusal, STREAMS_MAX, Through, Why};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Depot, Exchange, ScanError};
use crate::{
    clock,
    endpoint::Peer,
    frames::{FrameWriter, StreamKind, WireBytes},
};

/// The name of the epoch in which scans were brought to the relay.
const EPOCH: &str = "scans_epoch";
/// Errands that are looked at at once, beside those that rest.
const ERRANDS: usize = 64;
/// How long to wait for something to do, when nothing says that there is.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long an errand rests at least when it failed.
const REST_MIN: Duration = Duration::from_secs(1);
/// How long it rests at most.
const REST_MAX: Duration = Duration::from_secs(6 * 3600);
/// How long it rests while the same scan is coming to the relay from elsewhere.
const REST_BUSY: Duration = Duration::from_secs(5);
/// Age from which on a scan that nobody has is asked for once a session: 30 days.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);
/// What the relay says that waits to be heard.
const TOLD_MAX: usize = 64;

/// An errand with whom it is about, by which it rests.
type Key = (DocumentId, PayloadHash, Purpose);

/// What an errand came to.
struct Ended {
    errand: Errand,
    result: Result<(), ScanError>,
}

/// The scans of one session.
struct Carrier {
    depot: Depot,
    peer: Peer,
    wire: WireBytes,
    running: JoinSet<Ended>,
    under_way: Vec<Key>,
    /// Until when errands rest that failed; none: until the session ends or the relay has news.
    resting: BTreeMap<Key, Option<Instant>>,
}

/// Carries scans over this connection until it ends. `news` changes when dossiers have.
pub(crate) async fn carry(
    depot: Depot,
    peer: Peer,
    wire: WireBytes,
    mut news: [watch::Receiver<u64>; 2],
) {
    if let Err(error) = depot.write(begin_epoch).await {
        return tracing::warn!(%error, "scans are not carried");
    }
    let (tell, mut told) = mpsc::channel(TOLD_MAX);
    let mut listening = JoinSet::new();
    listening.spawn(listen(peer.clone(), wire.clone(), tell));
    let (running, resting) = (JoinSet::new(), BTreeMap::new());
    let mut carrier = Carrier { depot, peer, wire, running, under_way: Vec::new(), resting };
    loop {
        carrier.begin().await;
        let wait = carrier.wait();
        let [journal, applied] = &mut news;
        tokio::select! {
            Some(Ok(ended)) = carrier.running.join_next(), if !carrier.running.is_empty() => {
                carrier.ended(ended);
            }
            Some(frame) = told.recv() => carrier.told(frame).await,
            () = sleep(wait) => {}
            Ok(()) = journal.changed() => {}
            Ok(()) = applied.changed() => {}
        }
    }
}

/// Hears what the relay lacks and what has come to it.
async fn listen(peer: Peer, wire: WireBytes, tell: mpsc::Sender<Frame>) {
    let opened = FrameWriter::accept_both(&peer, StreamKind::Blobs, wire).await;
    let Ok((writer, reader)) = opened else { return };
    let mut talk = Exchange { writer, reader };
    while let Ok(Some(bytes)) = talk.reader.next().await {
        let Ok(frame) = Frame::decode(&bytes) else { return };
        if tell.send(frame).await.is_err() {
            return;
        }
    }
}

/// Forgets what was brought to a relay that has begun a new life since: it may have lost it.
fn begin_epoch(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let epoch = JournalTables::facts(tx)?.epoch;
    let now = epoch.map(|epoch| epoch.random.to_vec()).unwrap_or_default();
    if meta::meta(tx, EPOCH)?.as_deref() != Some(now.as_slice()) {
        attachments::unplace_all(tx)?;
        meta::put_meta(tx, EPOCH, &now)?;
    }
    Ok(())
}

impl Carrier {
    /// Begins what there is to do and room for: what goes up and what comes down share the room.
    async fn begin(&mut self) {
        if self.running.len() >= STREAMS_MAX {
            return;
        }
        let limit = u32::try_from(self.resting.len().saturating_add(ERRANDS)).unwrap_or(u32::MAX);
        let errands = self.depot.memory.read(move |tx| attachments::errands(tx, limit)).await;
        let mut errands = errands.unwrap_or_else(|error: StoreError| {
            tracing::warn!(%error, "which scans are to be carried could not be read");
            Vec::new()
        });
        let now = Instant::now();
        errands.retain(|errand| {
            let rests = self.resting.get(&key(errand));
            let is_rested = rests.is_none_or(|until| until.is_some_and(|until| until <= now));
            let same = |under_way: &Key| under_way.1 == errand.blob;
            is_rested && !self.under_way.iter().any(same)
        });
        while self.running.len() < STREAMS_MAX {
            let alike = |errand: &Errand| {
                self.under_way.iter().any(|under_way| under_way.2 == errand.purpose)
            };
            let Some(errand) = errands.iter().min_by_key(|errand| alike(errand)).copied() else {
                return;
            };
            errands.retain(|other| other.blob != errand.blob);
            self.under_way.push(key(&errand));
            let (depot, peer, wire) = (self.depot.clone(), self.peer.clone(), self.wire.clone());
            self.running.spawn(async move {
                let result = run(&depot, &peer, wire, &errand).await;
                Ended { errand, result }
            });
        }
    }

    /// How long there is nothing to do.
    fn wait(&self) -> Duration {
        let now = Instant::now();
        let soonest = self.resting.values().flatten().filter(|until| **until > now).min();
        let wait = soonest.map_or(LOOK_EVERY, |until| until.saturating_duration_since(now));
        wait.min(LOOK_EVERY)
    }

    fn ended(&mut self, Ended { errand, result }: Ended) {
        let key = key(&errand);
        self.under_way.retain(|under_way| *under_way != key);
        let Err(error) = result else {
            self.resting.remove(&key);
            return;
        };
        if matches!(error, ScanError::Damaged | ScanError::Refused(Why::Damaged)) {
            tracing::warn!(%error, blob = %errand.blob, "a scan was not taken: it is damaged");
        } else {
            tracing::debug!(%error, blob = %errand.blob, "a scan did not travel");
        }
        let age = Duration::from_millis(clock::now_ms().saturating_sub(errand.since_ms));
        let rest = match (error, errand.purpose) {
            (ScanError::Refused(Why::Busy), _) => Some(REST_BUSY),
            (_, Purpose::Wish) => rest(age),
            (_, Purpose::Offer | Purpose::Unname) => Some(rest(age).unwrap_or(REST_MAX)),
        };
        self.resting.insert(key, rest.map(|rest| Instant::now() + rest));
    }

    /// Acts upon what the relay lacks or has.
    async fn told(&mut self, frame: Frame) {
        match frame {
            Frame::Here(Named { blob, .. }) => {
                self.resting.retain(|key, _| (key.1, key.2) != (blob, Purpose::Wish));
            }
            Frame::Lack(Named { document, blob, .. }) => {
                let asked = self.depot.write(move |tx| {
                    let held = blobs::look_up(tx, &blob)?.is_some_and(|blob| blob.is_held());
                    if held { attachments::place(tx, (&document, &blob), false) } else { Ok(()) }
                });
                if let Err(error) = asked.await {
                    tracing::warn!(%error, "a scan that the relay lacks is not brought to it");
                }
                self.resting.remove(&(document, blob, Purpose::Offer));
            }
            Frame::Offer(_)
            | Frame::Wish(_)
            | Frame::Take(_)
            | Frame::Outline(_)
            | Frame::Group(_)
            | Frame::Took(_)
            | Frame::Refuse(_)
            | Frame::Unname(_) => {}
        }
    }
}

fn key(errand: &Errand) -> Key {
    (errand.document, errand.blob, errand.purpose)
}

/// How long a wish of that age rests when it was not granted: an eighth of its age, so that what is
/// asked for often is what has just been attached. None for one that is old.
fn rest(age: Duration) -> Option<Duration> {
    (age < OLD).then(|| (age / 8).clamp(REST_MIN, REST_MAX))
}

async fn run(
    depot: &Depot,
    peer: &Peer,
    wire: WireBytes,
    errand: &Errand,
) -> Result<(), ScanError> {
    let (document, blob) = (errand.document, errand.blob);
    if errand.purpose == Purpose::Wish {
        return wish(depot, peer, wire, errand).await;
    }
    let mut talk = Exchange::open(peer, wire).await?;
    if errand.purpose == Purpose::Offer {
        offer(depot, peer, &mut talk, errand).await?;
        return Ok(depot.write(move |tx| attachments::place(tx, (&document, &blob), true)).await?);
    }
    talk.say(&Frame::Unname(Named { document, blob, bytes: 0 })).await?;
    let Frame::Took(_) = talk.hear().await? else { return Err(ScanError::OutOfPlace) };
    Ok(depot.write(move |tx| attachments::settle(tx, &document, &blob)).await?)
}

async fn offer(
    depot: &Depot,
    peer: &Peer,
    talk: &mut Exchange,
    errand: &Errand,
) -> Result<(), ScanError> {
    let (document, blob, size) = (errand.document, errand.blob, errand.size);
    talk.say(&Frame::Offer(Named { document, blob, bytes: size })).await?;
    match talk.hear().await? {
        Frame::Take(Through { bytes }) if bytes < size => {
            depot.give(talk, peer, (blob, bytes)).await
        }
        Frame::Take(_) => Ok(()),
        Frame::Refuse(Refusal { why }) => Err(ScanError::Refused(why)),
        Frame::Offer(_)
        | Frame::Wish(_)
        | Frame::Outline(_)
        | Frame::Group(_)
        | Frame::Took(_)
        | Frame::Unname(_)
        | Frame::Lack(_)
        | Frame::Here(_) => Err(ScanError::OutOfPlace),
    }
}

async fn wish(
    depot: &Depot,
    peer: &Peer,
    wire: WireBytes,
    errand: &Errand,
) -> Result<(), ScanError> {
    let (document, blob, size) = (errand.document, errand.blob, errand.size);
    let from = errand.held.saturating_sub(errand.held % GROUP_BYTES);
    let Some(_place) = depot.reserve(blob) else { return Err(ScanError::Refused(Why::Busy)) };
    let mut talk = Exchange::open(peer, wire).await?;
    talk.say(&Frame::Wish(Named { document, blob, bytes: from })).await?;
    let at_ms = clock::now_ms();
    let placed = move |tx: &mut Tx<'_>| {
        attachments::place(tx, (&document, &blob), true)?;
        room::fetched(tx, &blob, at_ms)
    };
    depot.take(&mut talk, (blob, size, from), placed).await?;
    Ok(make_room(depot, blob).await?)
}

/// Gives up what the relay has too where all that is here has become too much.
async fn make_room(depot: &Depot, but: PayloadHash) -> Result<(), StoreError> {
    let bytes_max = depot.bytes_max;
    let make = depot.memory.write(false, move |tx, _| room::make(tx, bytes_max, &but));
    for hash in make.await? {
        depot.blobs.remove(&hash)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_that_nobody_has_is_asked_for_ever_more_rarely_and_in_the_end_not_at_all() {
        let (mut age, mut asked, mut first_minute) = (Duration::ZERO, 0, 0);
        while let Some(rest) = rest(age) {
            age += rest;
            asked += 1;
            first_minute += u32::from(age < Duration::from_secs(60));
        }
        assert!(age >= OLD && first_minute > 15, "{first_minute} times in the first minute");
        assert!((100..250).contains(&asked), "asked {asked} times");
    }
}
