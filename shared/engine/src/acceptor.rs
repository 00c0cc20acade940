//! The relay's side of all links: one session per node, each with its own conversation.

#[cfg(test)]
mod hostile;
mod storage;

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hoso_identity::{Incarnation, NodeId, PayloadHash, PublicKey, SessionToken, UnitId};
use hoso_store::{StoreError, rules::greeting::Chance};
use hoso_sync::{
    frame::{MINOR_SCANS, Stream},
    relay::{Conversation, Greeted, Input, Output},
    wire::{Farewell, Hello, Report},
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

pub use storage::Storage;

use crate::{
    admission::Ahead,
    clock::{self, steady_ms},
    close::CloseCode,
    endpoint::{Endpoint, Knock, Peer},
    frames::WireBytes,
    line::Line,
    metrics::{Counter, Histogram},
    relay_host::{self, Alarm, Caller, Session},
    scans::{Depot, Porter},
    secret,
    talk::Talk,
    tasks::becomes,
};

/// Sessions at once: more than the country has communes. More wait at the door, and dial again
/// when they have waited too long.
const SESSIONS_MAX: usize = 4_096;
/// How long a handshake may take.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// How long a connection may live before its key has proved to be a node's.
const GREETING_WAIT: Duration = Duration::from_secs(10);
/// News of units that applied more, kept for a session that is busy; one that missed some asks.
const REACHED_KEPT: usize = 1024;
/// How long a session sleeps when nothing woke it earlier.
const SLEEP_MAX: Duration = Duration::from_secs(10);

/// How long the sessions may take to say their farewells.
const FAREWELLS_WAIT: Duration = Duration::from_secs(2);
/// How long the nodes may then take to be told.
const CLOSE_WAIT: Duration = Duration::from_millis(500);

/// What the relay's program does with what is not the protocol's.
pub trait Office: Send + Sync + 'static {
    /// Keeps a request to join that came over a connection with this key and exporter; `false`
    /// when it is refused.
    fn keep_join(
        &self,
        key: PublicKey,
        exporter: [u8; 32],
        request: Vec<u8>,
    ) -> impl Future<Output = bool> + Send;
    /// Whether a request to join with this key waits for its approval.
    fn is_pending(&self, key: PublicKey) -> impl Future<Output = bool> + Send;
    /// A node was heard.
    fn heard(&self, news: News) -> impl Future<Output = ()> + Send;
}

/// What a session tells the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The session is up, with this copy of the node's database.
    Up(NodeId, Incarnation),
    /// The node says how it stands.
    Report(NodeId, Report),
    /// The session has ended; when the node was last heard in it, Unix milliseconds.
    Down(NodeId, u64),
    /// The node of that key has shown something that an operator must look at.
    Alarm(PublicKey, Alarm),
    /// The relay's own file of a scan has changed on disk.
    ScanLost(PayloadHash),
}

/// What the sessions count and time. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Bytes on all lines.
    pub wire: WireBytes,
    /// Entries that nodes gave back by healing.
    pub healed: Counter,
    /// How long it takes to take a batch of entries into the ledger.
    pub applying: Histogram,
}

/// All sessions of a relay. Clones share them.
#[derive(Debug)]
pub struct Acceptor<O> {
    shared: Arc<Shared<O>>,
}

#[derive(Debug)]
struct Shared<O> {
    storage: Arc<dyn Storage>,
    office: Arc<O>,
    figures: Figures,
    /// The files of scans, if they are carried.
    scans: Option<Depot>,
    grew: watch::Sender<u64>,
    reached: broadcast::Sender<UnitId>,
    sessions: Mutex<BTreeMap<NodeId, Live>>,
    begun: Instant,
}

/// A session that is up.
#[derive(Debug)]
struct Live {
    number: u64,
    end: mpsc::Sender<Farewell>,
}

impl<O> Clone for Acceptor<O> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<O: Office> Acceptor<O> {
    /// An acceptor over this storage. `grew` is changed by whoever adds to the ledger; `scans` are
    /// carried if there is room for them.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        office: Arc<O>,
        figures: Figures,
        grew: watch::Sender<u64>,
        scans: Option<Depot>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                storage,
                office,
                figures,
                scans,
                grew,
                reached: broadcast::Sender::new(REACHED_KEPT),
                sessions: Mutex::default(),
                begun: Instant::now(),
            }),
        }
    }

    /// Accepts connections until `stop` turns true, then ends all sessions.
    pub async fn run(self, endpoint: Endpoint, mut stop: watch::Receiver<bool>) {
        let mut sessions = JoinSet::new();
        let mut number = 0_u64;
        let stopping = stop.clone();
        loop {
            tokio::select! {
                () = becomes(&mut stop, true) => break,
                Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
                knock = endpoint.accept(), if sessions.len() < SESSIONS_MAX => {
                    let Some(knock) = knock else { break };
                    number = number.wrapping_add(1);
                    let shared = Arc::clone(&self.shared);
                    sessions.spawn(shared.serve(knock, number, stopping.clone()));
                }
            }
        }
        // Each session says its farewell; what takes longer is cut off.
        let farewells = async { while sessions.join_next().await.is_some() {} };
        if timeout(FAREWELLS_WAIT, farewells).await.is_err() {
            sessions.shutdown().await;
        }
        endpoint.close(CloseCode::Stopping);
        // The nodes notice by themselves when they cannot be told in time.
        drop(timeout(CLOSE_WAIT, endpoint.closed()).await);
    }
}

impl<O: Office> Shared<O> {
    fn sessions(&self) -> MutexGuard<'_, BTreeMap<NodeId, Live>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One connection from its handshake to its end.
    async fn serve(self: Arc<Self>, knock: Knock, number: u64, stop: watch::Receiver<bool>) {
        let peer = match timeout(HANDSHAKE_WAIT, knock.open()).await {
            Ok(Ok(peer)) => peer,
            Ok(Err(error)) => return tracing::debug!(%error, "a handshake failed"),
            Err(_) => return tracing::debug!("a handshake took too long"),
        };
        let line = match Line::accept(peer.clone(), self.figures.wire.clone()).await {
            Ok(line) => line,
            Err(error) => return tracing::debug!(%error, "a connection did not begin"),
        };
        let conversation = Conversation::begin(steady_ms(self.begun));
        let talk = Talk::new(line, conversation, self.begun);
        let ahead = Ahead::default();
        let call = Call { shared: &self, number, peer, talk, session: None, minor: 0, ahead };
        if let Err(error) = call.run(stop).await {
            tracing::warn!(%error, "a session ended because of the storage");
        }
    }

    /// Makes this the node's one session: an older one ends.
    async fn take_over(&self, node: NodeId, number: u64, end: mpsc::Sender<Farewell>) {
        let older = self.sessions().insert(node, Live { number, end });
        if let Some(older) = older {
            dismiss(&older, Farewell::Replaced);
        }
    }

    /// Ends all sessions but this one: the ledger's life has changed.
    fn begin_anew(&self, but: u64) {
        for live in self.sessions().values().filter(|live| live.number != but) {
            dismiss(live, Farewell::Again);
        }
    }
}

/// Tells a session to end. One that is ending already needs to be told nothing.
fn dismiss(live: &Live, why: Farewell) {
    if live.end.try_send(why).is_err() {
        tracing::debug!("a session had ended before it was told to");
    }
}

/// One session.
struct Call<'a, O> {
    shared: &'a Shared<O>,
    number: u64,
    peer: Peer,
    talk: Talk<Conversation>,
    session: Option<Session>,
    /// The newest minor version that the node speaks.
    minor: u16,
    /// What comes while something is done.
    ahead: Ahead,
}

impl<O: Office> Call<'_, O> {
    async fn run(mut self, stop: watch::Receiver<bool>) -> Result<(), StoreError> {
        let (end, ends) = mpsc::channel(4);
        let result = self.listen(stop, end, ends).await;
        if let Some(session) = &self.session {
            let current = {
                let mut sessions = self.shared.sessions();
                let current =
                    sessions.get(&session.node).is_some_and(|live| live.number == self.number);
                if current {
                    sessions.remove(&session.node);
                }
                current
            };
            if current {
                self.shared.office.heard(News::Down(session.node, self.talk.heard_ms)).await;
            }
        }
        self.talk.line.finish(CloseCode::Done).await;
        result
    }

    async fn listen(
        &mut self,
        mut stop: watch::Receiver<bool>,
        end: mpsc::Sender<Farewell>,
        mut ends: mpsc::Receiver<Farewell>,
    ) -> Result<(), StoreError> {
        let mut grew = self.shared.grew.subscribe();
        let mut reached = self.shared.reached.subscribe();
        let mut states = self.shared.storage.states();
        let greeted_by = Instant::now() + GREETING_WAIT;
        loop {
            self.work_off(&end).await?;
            if self.talk.finished.is_some() || self.talk.lost {
                return Ok(());
            }
            let wake = self.talk.wake.unwrap_or_else(|| Instant::now() + SLEEP_MAX);
            let reads = self.talk.reads();
            let input = tokio::select! {
                event = self.talk.line.event(reads) => {
                    self.talk.happened(event);
                    continue;
                }
                () = sleep_until(wake) => {
                    // Who was busy for long must not take its own silence for the other's.
                    if self.talk.line.has_arrivals(reads) {
                        continue;
                    }
                    self.talk.wake = None;
                    Input::Tick
                }
                Ok(()) = grew.changed() => Input::LedgerGrew,
                news = reached.recv() => match self.concerns(news).await? {
                    true => Input::ReachedGrew,
                    false => continue,
                },
                Some(why) = ends.recv() => Input::End(why),
                // A statement is in the ledger too, whoever said it.
                Ok(()) = states.changed() => self.outdated().map_or(Input::LedgerGrew, Input::End),
                () = sleep_until(greeted_by), if self.session.is_none() => {
                    Input::End(Farewell::Silence)
                }
                () = becomes(&mut stop, true) => Input::End(Farewell::Leaving),
            };
            self.talk.tell(input);
        }
    }

    /// Why the session must end, if the registry has moved on since it began.
    fn outdated(&self) -> Option<Farewell> {
        let session = self.session.as_ref().filter(|session| !session.ended)?;
        let state = self.shared.storage.state();
        if state.node(session.node).is_none_or(|node| node.ended.is_some()) {
            return Some(Farewell::Ended);
        }
        (state.scopes_of(session.unit) != session.scopes).then_some(Farewell::Again)
    }

    /// Whether this unit shares dossiers with the session's. One that missed news is concerned.
    async fn concerns(
        &self,
        news: Result<UnitId, broadcast::error::RecvError>,
    ) -> Result<bool, StoreError> {
        let (Some(session), Ok(unit)) = (&self.session, news) else { return Ok(true) };
        Ok(self.shared.storage.neighbours(session.unit).await?.contains(&unit))
    }

    async fn work_off(&mut self, end: &mpsc::Sender<Farewell>) -> Result<(), StoreError> {
        while let Some(output) = self.talk.outputs.pop_front() {
            match output {
                Output::Send(frame) => self.talk.line.send(&frame),
                Output::Greet(hello) => self.greet(hello).await?,
                Output::KeepJoin(request) => {
                    let kept = self.keep_join(request).await;
                    self.talk.tell(Input::JoinKept(kept));
                }
                Output::KeepReport(report) => {
                    if let Some(session) = &self.session {
                        let news = News::Report(session.node, report);
                        self.shared.office.heard(news).await;
                    }
                }
                Output::Up => {
                    if let Some(session) = &self.session {
                        let (node, copy) = (session.node, session.incarnation);
                        self.shared.take_over(node, self.number, end.clone()).await;
                        self.shared.office.heard(News::Up(node, copy)).await;
                    }
                    self.carry_scans();
                }
                Output::WakeAt(at_ms) => self.talk.wake_at(at_ms),
                Output::Close(why) => self.talk.finished = Some(why),
                // Waits for room on the line; nothing else waits behind it.
                Output::ReadFeed(_) if self.talk.line.is_full(Stream::Entries) => {
                    self.talk.parked.push_back(output);
                }
                Output::ReadEntries(_) if self.talk.line.is_full(Stream::Healing) => {
                    self.talk.parked.push_back(output);
                }
                work @ (Output::Store(_)
                | Output::ReadFeed(_)
                | Output::StoreAck(_)
                | Output::ReadReached
                | Output::ReadListing(_)
                | Output::Compare { .. }
                | Output::ReadEntries(_)
                | Output::StoreClaims(_)
                | Output::StoreHealed) => self.work(work).await,
            }
        }
        Ok(())
    }

    /// Takes and gives scans beside the conversation, if the node knows of them. What it may have
    /// is decided for each.
    fn carry_scans(&mut self) {
        if self.minor < MINOR_SCANS || !self.talk.scans.is_empty() {
            return;
        }
        if let (Some(depot), Some(session)) = (self.shared.scans.clone(), self.session.clone()) {
            let (peer, wire) = (self.peer.clone(), self.shared.figures.wire.clone());
            let office = Arc::clone(&self.shared.office);
            let is_full = Arc::default();
            let porter = Porter { depot, session, peer, wire, office, is_full };
            self.talk.scans.spawn(porter.serve());
        }
    }

    async fn keep_join(&self, request: Vec<u8>) -> bool {
        let Ok(exporter) = self.peer.join_exporter() else { return false };
        self.shared.office.keep_join(self.peer.key(), exporter, request).await
    }

    async fn greet(&mut self, hello: Hello) -> Result<(), StoreError> {
        self.minor = hello.minor_max;
        let key = self.peer.key();
        if self.is_late(key) {
            self.talk.tell(Input::Greeted(Greeted::Refuse(Farewell::Replaced)));
            return Ok(());
        }
        let pending = self.shared.office.is_pending(key).await;
        let caller = Caller { key, pending };
        let (Ok(token), Ok(epoch)) = (secret::chance(), secret::chance()) else {
            self.talk.tell(Input::StorageFailed);
            return Ok(());
        };
        let chance = (Chance { token: SessionToken(token), epoch }, clock::now_ms());
        let answer = self.shared.storage.greet(caller, hello, chance).await?;
        if answer.minted {
            self.shared.begin_anew(self.number);
        }
        if let Some(alarm) = answer.alarm {
            self.shared.office.heard(News::Alarm(key, alarm)).await;
        }
        self.session = answer.session;
        self.talk.tell(Input::Greeted(answer.greeted));
        Ok(())
    }

    /// Whether a newer connection of the same node is up: a `Hello` that was long on its way must
    /// not look like a copy's.
    fn is_late(&self, key: PublicKey) -> bool {
        let state = self.shared.storage.state();
        let Some(node) = state.node_by_transport(&key) else { return false };
        self.shared.sessions().get(&node.id).is_some_and(|live| live.number > self.number)
    }

    /// Does one piece of work in one transaction, and tells its result when that is durable.
    async fn work(&mut self, output: Output) {
        let Some(session) = self.session.clone() else {
            return self.talk.tell(Input::End(Farewell::Protocol));
        };
        let unit = session.unit;
        let taking = matches!(output, Output::Store(_)).then(Instant::now);
        let claims = if let Output::StoreClaims(claims) = &output { claims.len() } else { 0 };
        let (shared, ahead) = (self.shared, &mut self.ahead);
        let realm = shared.storage.realm();
        let taking_ahead = ahead.take(realm, relay_host::brought(&output));
        let read = self.talk.while_reading(taking_ahead).await;
        let working = shared.storage.work(session, output, read, clock::now_ms());
        let heard = |conversation: &mut Conversation| {
            let came = conversation.waiting().map(|pushed| pushed.bytes.clone());
            ahead.begin(realm, came.collect());
        };
        match self.talk.while_heard(working, heard).await {
            Ok(done) => {
                if let Some(begun) = taking {
                    self.shared.figures.applying.observe(begun.elapsed());
                }
                self.shared.figures.healed.add(u64::try_from(claims).unwrap_or(0));
                if done.ledger_grew {
                    self.shared.grew.send_modify(|count| *count = count.wrapping_add(1));
                }
                if done.reached_grew && self.shared.reached.send(unit).is_err() {
                    tracing::trace!("no session listens");
                }
                done.input.into_iter().for_each(|input| self.talk.tell(input));
            }
            Err(error) => {
                tracing::error!(%error, "the ledger could not be written");
                self.talk.tell(Input::StorageFailed);
            }
        }
    }
}
