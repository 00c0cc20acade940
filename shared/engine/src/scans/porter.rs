//! The relay's side: takes what nodes offer and gives what they wish for, by the audiences of the
//! dossiers. It reads no dossier: a node that brings a scan says which dossier names it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hoso_identity::DocumentId;
use hoso_store::{StoreError, blobs::carried, writer::Tx};
use hoso_sync::scan::{Frame, Named, Refusal, SCAN_BYTES_MAX, STREAMS_MAX, Through, Why};
use tokio::{
    sync::{Semaphore, broadcast::error::RecvError},
    task::JoinSet,
};

use super::{
    Depot, Exchange, News, ScanError,
    rules::{self, Giver, Offered, ScanTables, Wished},
};
use crate::{
    acceptor::{self, Office},
    clock,
    endpoint::Peer,
    frames::{FrameWriter, StreamKind, WireBytes},
    relay_host::{Alarm, Session},
};

/// One session's scans.
#[derive(Debug)]
pub(crate) struct Porter<O> {
    pub(crate) depot: Depot,
    pub(crate) session: Session,
    pub(crate) peer: Peer,
    pub(crate) wire: WireBytes,
    pub(crate) office: Arc<O>,
    /// Whether the office was told in this session that the unit's share is full.
    pub(crate) is_full: Arc<AtomicBool>,
}

impl<O> Clone for Porter<O> {
    fn clone(&self) -> Self {
        Self {
            depot: self.depot.clone(),
            session: self.session.clone(),
            peer: self.peer.clone(),
            wire: self.wire.clone(),
            office: Arc::clone(&self.office),
            is_full: Arc::clone(&self.is_full),
        }
    }
}

impl<O: Office> Porter<O> {
    /// Serves the scans of one session until its connection ends.
    pub(crate) async fn serve(self) {
        tokio::join!(self.answer_all(), self.tell_all());
    }

    async fn answer_all(&self) {
        let places = Arc::new(Semaphore::new(STREAMS_MAX));
        let mut streams = JoinSet::new();
        loop {
            // A stream for which there is no place waits: it is the node's to open no more.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let wire = self.wire.clone();
            let opened = FrameWriter::accept_both(&self.peer, StreamKind::Blobs, wire).await;
            let (writer, reader) = match opened {
                Ok(halves) => halves,
                Err(error) => return tracing::debug!(%error, "no further scans"),
            };
            while streams.try_join_next().is_some() {}
            let porter = self.clone();
            streams.spawn(async move {
                let mut talk = Exchange { writer, reader };
                if let Err(error) = porter.answer(&mut talk).await {
                    tracing::debug!(%error, "a scan did not travel to its end");
                    refuse(&mut talk, &error).await;
                }
                drop(talk.writer.finish().await);
                drop(place);
            });
        }
    }

    /// Tells the node what the relay lacks and what has come, of scans in dossiers that it may
    /// read.
    async fn tell_all(&self) {
        let mut news = self.depot.news.subscribe();
        let mut stream = None;
        loop {
            let news = match news.recv().await {
                Ok(news) => news,
                // What was missed is asked for again by whoever wants it.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            let frame = match self.told(news).await {
                Ok(Some(frame)) => frame,
                Ok(None) => continue,
                Err(error) => return tracing::warn!(%error, "nodes are not told of scans"),
            };
            let open = match stream.take() {
                Some(open) => Ok(open),
                None => Exchange::open(&self.peer, self.wire.clone()).await,
            };
            let Ok(mut open) = open else { return };
            if open.say(&frame).await.is_err() {
                return;
            }
            stream = Some(open);
        }
    }

    async fn answer(&self, talk: &mut Exchange) -> Result<(), ScanError> {
        match talk.hear().await? {
            Frame::Offer(named) => self.take(talk, named).await,
            Frame::Wish(named) => self.give(talk, named).await,
            Frame::Unname(named) => self.unname(talk, named).await,
            Frame::Take(_)
            | Frame::Outline(_)
            | Frame::Group(_)
            | Frame::Took(_)
            | Frame::Refuse(_)
            | Frame::Lack(_)
            | Frame::Here(_) => Err(ScanError::OutOfPlace),
        }
    }

    async fn take(&self, talk: &mut Exchange, named: Named) -> Result<(), ScanError> {
        let Named { document, blob, bytes: size } = named;
        if size > SCAN_BYTES_MAX {
            return no(talk, Why::Size).await;
        }
        let Some(_place) = self.depot.reserve(blob) else { return no(talk, Why::Busy).await };
        let (giver, at_ms) = (self.giver(), clock::now_ms());
        let begin = self
            .depot
            .memory
            .write(false, move |tx, _| rules::offered(tx, &giver, (document, blob, size), at_ms));
        let (from, of_all) = match begin.await? {
            Offered::From(from) => (from, true),
            Offered::Here => (size, false),
            Offered::Prove => (0, false),
            Offered::Audience => return no(talk, Why::Audience).await,
            Offered::Room => {
                self.alarm_once().await;
                return no(talk, Why::Room).await;
            }
        };
        let news = News { named, is_here: true, of_all };
        if from == size {
            self.depot.tell(news);
        }
        talk.say(&Frame::Take(Through { bytes: from })).await?;
        if from < size {
            let link = move |tx: &mut Tx<'_>| carried::link(tx, &document, &blob);
            let taken = self.depot.take(talk, (blob, size, from), link, Some(news)).await;
            if matches!(taken, Err(ScanError::Damaged)) {
                let alarm = acceptor::News::Alarm(self.peer.key(), Alarm::ScanDamaged);
                self.office.heard(alarm).await;
            }
            taken?;
        }
        Ok(())
    }

    /// Who offers. Where the disk is almost full nothing that has not begun has room.
    fn giver(&self) -> Giver {
        let Session { unit, scopes, .. } = &self.session;
        let bytes_max = self.depot.blobs.spare().map_or(0, |()| self.depot.bytes_max);
        Giver { unit: *unit, scopes: scopes.clone(), bytes_max }
    }

    /// Tells the operators that the unit's share or the disk is full: once a session, however much
    /// waits.
    async fn alarm_once(&self) {
        if !self.is_full.swap(true, Ordering::Relaxed) {
            self.office.heard(acceptor::News::Alarm(self.peer.key(), Alarm::ScanRoom)).await;
        }
    }

    async fn give(&self, talk: &mut Exchange, named: Named) -> Result<(), ScanError> {
        let Named { document, blob, bytes: from } = named;
        let scopes = self.session.scopes.clone();
        let wished = self
            .depot
            .memory
            .write(false, move |tx, _| rules::wished(tx, &scopes, (&document, &blob)));
        match wished.await? {
            Wished::Give => {}
            Wished::Missing => return self.miss(talk, named, true).await,
            Wished::Unnamed => return self.miss(talk, named, false).await,
            Wished::Audience => return no(talk, Why::Audience).await,
        }
        self.depot.write(move |tx| carried::link(tx, &document, &blob)).await?;
        match self.depot.give(talk, &self.peer, (blob, from)).await {
            Err(ScanError::Lost) => {
                self.office.heard(acceptor::News::ScanLost(blob)).await;
                self.miss(talk, named, true).await
            }
            given => given,
        }
    }

    /// Says that it is not here, and asks who else reads the dossier for it, and where it `is_lost`
    /// to others too, whoever reads one of those.
    async fn miss(
        &self,
        talk: &mut Exchange,
        named: Named,
        is_lost: bool,
    ) -> Result<(), ScanError> {
        // What comes may come as one of another dossier, and be no news of this one.
        if !(is_lost && self.depot.is_coming(&named.blob)) {
            self.depot.tell(News { named, is_here: false, of_all: is_lost });
        }
        no(talk, Why::Missing).await
    }

    async fn unname(&self, talk: &mut Exchange, named: Named) -> Result<(), ScanError> {
        let Named { document, blob, .. } = named;
        if self.may_read(document).await? {
            let at_ms = clock::now_ms();
            self.depot.write(move |tx| carried::unname(tx, &document, &blob, at_ms)).await?;
        }
        talk.say(&Frame::Took(Through { bytes: 0 })).await
    }

    /// The news as this node is told them.
    async fn told(
        &self,
        News { named, is_here, of_all }: News,
    ) -> Result<Option<Frame>, StoreError> {
        let scopes = self.session.scopes.clone();
        let of =
            move |tx: &mut Tx<'_>| rules::told(tx, &scopes, (&named.document, &named.blob), of_all);
        let document = self.depot.memory.read(of).await?;
        // What is so of one dossier only has no size.
        let bytes = if is_here && of_all { named.bytes } else { 0 };
        let told = document.map(|document| Named { document, bytes, ..named });
        Ok(told.map(if is_here { Frame::Here } else { Frame::Lack }))
    }

    async fn may_read(&self, document: DocumentId) -> Result<bool, StoreError> {
        let scopes = self.session.scopes.clone();
        self.depot.memory.read(move |tx| tx.may_read(&scopes, &document)).await
    }
}

/// Tells the node why, where it can do something with it.
async fn refuse(talk: &mut Exchange, error: &ScanError) {
    let why = match error {
        ScanError::Damaged => Why::Damaged,
        ScanError::Store(_) | ScanError::File(_) => Why::Room,
        ScanError::Line(_)
        | ScanError::Frame(_)
        | ScanError::Ended
        | ScanError::Silence
        | ScanError::OutOfPlace
        | ScanError::Lost
        | ScanError::Refused(_) => return,
    };
    drop(no(talk, why).await);
}

async fn no(talk: &mut Exchange, why: Why) -> Result<(), ScanError> {
    talk.say(&Frame::Refuse(Refusal { why })).await
}
