//! The second copy: a node dials the other machines of its unit on the office's network, and lets
//! them in, with the relay or without it. One connection to each machine lives.

mod door;
mod session;
mod status;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hoso_identity::{NodeId, PublicKey, SigningKey, UnitId};
use hoso_registry::{State as Registry, state::NodeFacts};
use hoso_sync::{redial::Redial, wire::Farewell};
use tokio::{
    net::lookup_host,
    sync::{Notify, mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

pub use self::status::{LanStatus, Machine, TurnedAway};
use self::{
    door::{Door, Place},
    session::{Session, Went},
};
use crate::{
    clock::{self, steady_ms},
    close::CloseCode,
    endpoint::{Endpoint, Knock, Peer},
    frames::WireBytes,
    line::Line,
    memory::Memory,
    secret,
    tasks::becomes,
    tuning::Congestion,
};

/// How long a dial, or the handshake of who dials, may take.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(5);
/// Connections of others at once: a unit has a few machines. More wait at the door.
const CONNECTIONS_MAX: usize = 64;
/// How long the others may take to be told that the program stops.
const CLOSE_WAIT: Duration = Duration::from_millis(500);

/// Where the machines of the unit are.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Where this one lets others in, if it does.
    pub listen: Option<SocketAddr>,
    /// `host:port` of the others.
    pub peers: Vec<String>,
}

/// What the second copy shares with the rest of the node.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Turns true when the program stops.
    pub stop: watch::Receiver<bool>,
    /// Woken when entries have come that are to be applied.
    pub arrived: Arc<Notify>,
    /// Which machines are connected.
    pub status: watch::Sender<LanStatus>,
}

/// The machines of one unit, as one of them sees the others.
pub struct Lan {
    shared: Arc<Shared>,
    key: SigningKey,
    congestion: Congestion,
    places: Places,
}

#[derive(Debug)]
struct Shared {
    memory: Memory,
    /// The own transport key.
    own: PublicKey,
    signals: Signals,
    /// What went over the office's network, which is not what went to the relay.
    wire: WireBytes,
    sessions: Mutex<BTreeMap<NodeId, Live>>,
    /// How many sessions there have been: one that takes long to end must not be taken for the one
    /// that came after it.
    entered: AtomicU64,
    begun: Instant,
}

/// A session that lives.
#[derive(Debug)]
struct Live {
    number: u64,
    /// The node that dialled.
    dialler: NodeId,
    end: mpsc::Sender<Farewell>,
}

/// Another machine of the own unit, and the own node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    own: NodeId,
    other: NodeId,
}

impl Lan {
    /// The machines of the unit, seen by the one with this key.
    #[must_use]
    pub fn new(
        places: Places,
        (key, congestion): (SigningKey, Congestion),
        memory: Memory,
        signals: Signals,
    ) -> Self {
        let shared = Shared {
            memory,
            own: key.public(),
            signals,
            wire: WireBytes::default(),
            sessions: Mutex::default(),
            entered: AtomicU64::default(),
            begun: Instant::now(),
        };
        Self { shared: Arc::new(shared), key, congestion, places }
    }

    /// Runs until the program stops.
    pub async fn run(self) {
        let Self { shared, key, congestion, places } = self;
        let mut stop = shared.signals.stop.clone();
        let endpoint = tokio::select! {
            endpoint = shared.opened(places.listen, &key, congestion) => endpoint,
            () = becomes(&mut stop, true) => return,
        };
        let (mut dialling, mut serving) = (JoinSet::new(), JoinSet::new());
        for address in places.peers {
            dialling.spawn(Arc::clone(&shared).dial_for_ever(endpoint.clone(), address));
        }
        let (listens, door) = (places.listen.is_some(), Door::default());
        loop {
            tokio::select! {
                () = becomes(&mut stop, true) => break,
                Some(_) = serving.join_next(), if !serving.is_empty() => {}
                knock = endpoint.accept(), if listens && serving.len() < CONNECTIONS_MAX => {
                    let Some(knock) = knock else { break };
                    match door.enter(knock.remote_address()) {
                        Some(place) => {
                            serving.spawn(Arc::clone(&shared).serve(knock, place));
                        }
                        None => knock.refuse(),
                    }
                }
            }
        }
        let farewells = async {
            while serving.join_next().await.is_some() {}
            while dialling.join_next().await.is_some() {}
        };
        if timeout(CLOSE_WAIT, farewells).await.is_err() {
            serving.shutdown().await;
            dialling.shutdown().await;
        }
        endpoint.close(CloseCode::Stopping);
        // The others notice by themselves when they cannot be told in time.
        drop(timeout(CLOSE_WAIT, endpoint.closed()).await);
    }
}

impl Shared {
    fn sessions(&self) -> MutexGuard<'_, BTreeMap<NodeId, Live>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the socket, and tries again while its address is taken or not this machine's yet: the
    /// desk works without the other machines.
    async fn opened(
        &self,
        listen: Option<SocketAddr>,
        key: &SigningKey,
        congestion: Congestion,
    ) -> Endpoint {
        let (mut redial, status) = (Redial::default(), &self.signals.status);
        loop {
            let opened = Endpoint::beside(listen, key, congestion);
            let changes = status.send_if_modified(|status| status.set_closed(opened.is_err()));
            match opened {
                Ok(endpoint) => return endpoint,
                Err(error) if changes => tracing::warn!(%error, "no other machine is let in yet"),
                Err(error) => tracing::debug!(%error, "no other machine is let in yet"),
            }
            sleep(self.pause(&mut redial)).await;
        }
    }

    /// How long to wait after something failed.
    fn pause(&self, redial: &mut Redial) -> Duration {
        let chance = secret::chance().map_or(0, u64::from_le_bytes);
        Duration::from_millis(redial.down(steady_ms(self.begun), chance))
    }

    /// The own node and the other machine of its unit that has this key; else why not.
    fn pair(&self, key: &PublicKey) -> Result<Pair, CloseCode> {
        let state = self.memory.state();
        let own = state.node_by_transport(&self.own).filter(|own| own.ended.is_none());
        let (Some(own), Some(other)) = (own, state.node_by_transport(key)) else {
            return Err(CloseCode::Stranger);
        };
        if other.unit != own.unit || other.id == own.id {
            return Err(CloseCode::Stranger);
        }
        if other.ended.is_some() {
            return Err(CloseCode::Ended);
        }
        Ok(Pair { own: own.id, other: other.id })
    }

    /// Someone dials: only another machine of the unit is talked to.
    async fn serve(self: Arc<Self>, knock: Knock, place: Place) {
        let from = knock.remote_address();
        let peer = match timeout(HANDSHAKE_WAIT, knock.open()).await {
            Ok(Ok(peer)) => peer,
            Ok(Err(error)) => return tracing::debug!(%error, "a handshake failed"),
            Err(_) => return tracing::debug!("a handshake took too long"),
        };
        let pair = match self.pair(&peer.key()) {
            Ok(pair) => pair,
            Err(code) => {
                self.turn_away(code, from);
                return peer.close(code);
            }
        };
        drop(place);
        match Line::accept(peer, self.wire.clone()).await {
            Ok(line) => drop(self.talk(line, pair, pair.other).await),
            Err(error) => tracing::debug!(%error, "a connection did not begin"),
        }
    }

    /// Notes that a machine was not let in; what is no news does not fill the log.
    fn turn_away(&self, code: CloseCode, from: SocketAddr) {
        let (mut is_news, now_ms) = (false, clock::now_ms());
        self.signals.status.send_modify(|status| is_news = status.turn_away(code, now_ms));
        let why = code.words();
        if is_news {
            tracing::warn!(why, %from, "a machine on the office's network was turned away");
        } else {
            tracing::debug!(why, %from, "a machine on the office's network was turned away");
        }
    }

    /// Dials one address until the program stops.
    async fn dial_for_ever(self: Arc<Self>, endpoint: Endpoint, address: String) {
        let mut redial = Redial::default();
        let mut stop = self.signals.stop.clone();
        // Who answered there last: while it is connected the other way, nobody is dialled.
        let mut last = None;
        while !*stop.borrow() {
            tokio::select! {
                () = self.is_away(last) => {}
                () = becomes(&mut stop, true) => break,
            }
            let dialled = tokio::select! {
                dialled = self.dial(&endpoint, &address) => dialled,
                () = becomes(&mut stop, true) => break,
            };
            if let Some((line, pair)) = dialled {
                last = Some(pair.other);
                let begun_ms = steady_ms(self.begun);
                if let Some(Went::Up) = self.talk(line, pair, pair.own).await {
                    redial.up(begun_ms);
                }
            }
            tokio::select! {
                () = sleep(self.pause(&mut redial)) => {}
                () = becomes(&mut stop, true) => break,
            }
        }
    }

    /// Waits until that machine is not connected.
    async fn is_away(&self, machine: Option<NodeId>) {
        let Some(machine) = machine else { return };
        let mut status = self.signals.status.subscribe();
        // The status lives as long as this.
        drop(status.wait_for(|status| !status.is_connected(&machine)).await);
    }

    async fn dial(&self, endpoint: &Endpoint, address: &str) -> Option<(Line, Pair)> {
        let pinned = others(&self.memory.state(), &self.own);
        if pinned.is_empty() {
            return None;
        }
        let found = match timeout(HANDSHAKE_WAIT, lookup_host(address)).await {
            Ok(Ok(found)) => found.collect::<Vec<SocketAddr>>(),
            Ok(Err(error)) => {
                tracing::debug!(%error, address, "a machine of the unit is not found");
                return None;
            }
            Err(_) => return None,
        };
        for place in found {
            let peer: Peer = match timeout(HANDSHAKE_WAIT, endpoint.dial(place, &pinned)).await {
                Ok(Ok(peer)) => peer,
                Ok(Err(error)) => {
                    tracing::debug!(%error, address, "a machine of the unit does not let us in");
                    continue;
                }
                Err(_) => continue,
            };
            let Ok(pair) = self.pair(&peer.key()) else { continue };
            match Line::open(peer, self.wire.clone()).await {
                Ok(line) => return Some((line, pair)),
                Err(error) => tracing::debug!(%error, address, "a connection did not begin"),
            }
        }
        None
    }

    /// Talks until the connection ends, if this is the one that lives.
    async fn talk(&self, line: Line, pair: Pair, dialler: NodeId) -> Option<Went> {
        let (end, ends) = mpsc::channel(1);
        let Some(number) = self.enter(pair, dialler, end) else {
            line.finish(CloseCode::Replaced).await;
            return None;
        };
        let went = Session::new(self, pair).run(line, ends).await;
        self.leave(pair.other, number);
        Some(went)
    }

    /// Makes this the one session with that machine, unless another one is to live: that which the
    /// node with the lower id dialled, and of two that one node dialled the newer.
    fn enter(&self, pair: Pair, dialler: NodeId, end: mpsc::Sender<Farewell>) -> Option<u64> {
        let mut sessions = self.sessions();
        if let Some(older) = sessions.get(&pair.other) {
            if !takes_over(older.dialler, dialler) {
                return None;
            }
            if older.end.try_send(Farewell::Replaced).is_err() {
                tracing::debug!("a session had ended before it was told to");
            }
        }
        let number = self.entered.fetch_add(1, Ordering::Relaxed);
        sessions.insert(pair.other, Live { number, dialler, end });
        Some(number)
    }

    fn leave(&self, machine: NodeId, number: u64) {
        let mut sessions = self.sessions();
        if sessions.get(&machine).is_some_and(|live| live.number == number) {
            sessions.remove(&machine);
            let since_ms = clock::now_ms();
            self.signals.status.send_modify(|status| status.set(machine, false, since_ms));
        }
    }
}

/// Whether a newer connection of two nodes takes the place of an older one, by who dialled them.
/// Both sides decide alike, whichever connection they see first.
fn takes_over(older: NodeId, newer: NodeId) -> bool {
    newer <= older
}

/// The keys of the other machines of the unit that have not ended; none while this one is not
/// approved.
fn others(state: &Registry, own: &PublicKey) -> Vec<PublicKey> {
    let Some(own) = state.node_by_transport(own).filter(|own| own.ended.is_none()) else {
        return Vec::new();
    };
    let (id, unit): (NodeId, UnitId) = (own.id, own.unit);
    let is_other = |node: &&NodeFacts| node.ended.is_none() && node.id != id;
    state.nodes_of_unit(unit).filter(is_other).map(|node| node.transport).collect()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use hoso_identity::Realm;
    use hoso_store::database::Schema;

    use super::*;

    #[tokio::test]
    async fn a_port_that_another_program_has_is_taken_as_soon_as_that_one_gives_it_up() {
        let data = tempfile::tempdir().unwrap();
        let opened = Memory::open(data.path(), Schema::Node, |_| Ok(Realm([1; 16])), |_| {});
        let (memory, _thread) = opened.unwrap();
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (stop, stopping) = watch::channel(false);
        let status = watch::Sender::new(LanStatus::default());
        let signals = Signals { stop: stopping, arrived: Arc::default(), status: status.clone() };
        let places = Places { listen: taken.local_addr().ok(), peers: Vec::new() };
        let key = (SigningKey::from_seed(&[7; 32]), Congestion::default());
        let lan = Lan::new(places, key, memory, signals);
        let (running, mut status) = (tokio::spawn(lan.run()), status.subscribe());
        status.wait_for(|status| status.is_closed).await.unwrap();
        drop(taken);
        status.wait_for(|status| !status.is_closed).await.unwrap();
        stop.send(true).unwrap();
        running.await.unwrap();
    }

    #[test]
    fn of_two_machines_that_dial_each_other_at_once_both_keep_the_same_connection() {
        let [low, high] = [1, 2].map(|byte| NodeId([byte; 16]));
        // Whichever comes first at one side, what the lower one dialled is there in the end.
        assert!(takes_over(high, low) && !takes_over(low, high));
        // Who comes again has lost the connection before.
        assert!(takes_over(low, low) && takes_over(high, high));
    }
}
