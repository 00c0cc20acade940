//! The node's side: offers the relay what dossiers here name, and wishes for what is not here, the
//! small and the recent first.

use std::time::Duration;

use hoso_identity::PayloadHash;
use hoso_store::{
    StoreError,
    attachments::{self, Errand, Purpose, room},
    blobs, meta,
    tables::JournalTables,
    writer::Tx,
};
use hoso_sync::scan::{Frame, GROUP_BYTES, Named, Refusal, Through, Why};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Depot, Exchange, ScanError, queue::Queue, rules::KEPT_MS};
use crate::{
    clock,
    endpoint::Peer,
    frames::{FrameWriter, StreamKind, WireBytes},
    link::LinkStatus,
};

/// The name of the epoch in which scans were brought to the relay.
const EPOCH: &str = "scans_epoch";
/// What the relay says that waits to be heard.
const TOLD_MAX: usize = 64;

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
    queue: Queue,
    status: watch::Sender<LinkStatus>,
}

/// Carries scans over this connection until it ends. `news` changes when dossiers have; for how
/// many the relay has no room is noted in `status`.
pub(crate) async fn carry(
    depot: Depot,
    peer: Peer,
    wire: WireBytes,
    mut news: [watch::Receiver<u64>; 2],
    status: watch::Sender<LinkStatus>,
) {
    if let Err(error) = depot.write(begin_epoch).await {
        return tracing::warn!(%error, "scans are not carried");
    }
    let (tell, mut told) = mpsc::channel(TOLD_MAX);
    let mut listening = JoinSet::new();
    listening.spawn(listen(peer.clone(), wire.clone(), tell));
    let (running, queue) = (JoinSet::new(), Queue::default());
    let mut carrier = Carrier { depot, peer, wire, running, queue, status };
    loop {
        carrier.begin().await;
        let wait = carrier.queue.wait(Instant::now());
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
        attachments::begin_anew(tx)?;
        meta::put_meta(tx, EPOCH, &now)?;
    }
    Ok(())
}

impl Carrier {
    /// Begins what there is to do and room for.
    async fn begin(&mut self) {
        if !self.queue.has_room() {
            return;
        }
        let limit = self.queue.limit();
        let errands = self.depot.memory.read(move |tx| attachments::errands(tx, limit)).await;
        let errands = errands.unwrap_or_else(|error: StoreError| {
            tracing::warn!(%error, "which scans are to be carried could not be read");
            Vec::new()
        });
        let roomless = self.queue.roomless(&errands);
        // It is read when somebody asks, and wakes nobody.
        self.status.send_if_modified(|status| {
            status.scans_without_room = roomless;
            false
        });
        for errand in self.queue.begin(Instant::now(), errands) {
            let (depot, peer, wire) = (self.depot.clone(), self.peer.clone(), self.wire.clone());
            self.running.spawn(async move {
                let result = run(&depot, &peer, wire, &errand).await;
                Ended { errand, result }
            });
        }
    }

    fn ended(&mut self, Ended { errand, result }: Ended) {
        let Err(error) = result else { return self.queue.done(&errand) };
        if matches!(error, ScanError::Damaged | ScanError::Refused(Why::Damaged)) {
            tracing::warn!(%error, blob = %errand.blob, "a scan was not taken: it is damaged");
        } else {
            tracing::debug!(%error, blob = %errand.blob, "a scan did not travel");
        }
        let age = Duration::from_millis(clock::now_ms().saturating_sub(errand.since_ms));
        let busy = matches!(error, ScanError::Refused(Why::Busy));
        self.queue.put_roomless(&errand, matches!(error, ScanError::Refused(Why::Room)));
        self.queue.failed(Instant::now(), &errand, age, busy);
    }

    /// Acts upon what the relay lacks or has.
    async fn told(&mut self, frame: Frame) {
        self.queue.told(&frame);
        let Frame::Lack(Named { document, blob, .. }) = frame else { return };
        let asked = self.depot.write(move |tx| {
            let held = blobs::look_up(tx, &blob)?.is_some_and(|blob| blob.is_held());
            if held { attachments::lack(tx, (&document, &blob)) } else { Ok(()) }
        });
        if let Err(error) = asked.await {
            tracing::warn!(%error, "a scan that the relay lacks is not brought to it");
        }
    }
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
        return Ok(depot.write(move |tx| attachments::place(tx, (&document, &blob))).await?);
    }
    talk.say(&Frame::Unname(Named { document, blob, bytes: 0 })).await?;
    let Frame::Took(_) = talk.hear().await? else { return Err(ScanError::OutOfPlace) };
    // A relay may be set back to a backup that is as old as one may be.
    let now_ms = clock::now_ms();
    let times = (now_ms, now_ms.saturating_sub(KEPT_MS));
    Ok(depot.write(move |tx| attachments::told(tx, (&document, &blob), times)).await?)
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
    if let Err(full) = depot.blobs.spare() {
        make_room(depot, blob).await?;
        return Err(full.into());
    }
    let mut talk = Exchange::open(peer, wire).await?;
    talk.say(&Frame::Wish(Named { document, blob, bytes: from })).await?;
    let at_ms = clock::now_ms();
    let placed = move |tx: &mut Tx<'_>| {
        attachments::place(tx, (&document, &blob))?;
        room::fetched(tx, &blob, at_ms)
    };
    depot.take(&mut talk, (blob, size, from), placed, None).await?;
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
