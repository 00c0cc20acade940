//! A small province for tests: its statements, a relay and nodes as the programs run them.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hoso_engine::{
    acceptor::{Acceptor, Figures, News, Office, Storage},
    endpoint::Endpoint,
    frames::WireBytes,
    link::{Link, LinkStatus, Signals, State, Target},
    memory::Memory,
    scans::Depot,
    tuning::Congestion,
};
use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Header, Incarnation, Kind, Nonce, PayloadHash, PublicKey,
    Realm, SigningKey, UnitId,
};
use hoso_registry::{
    Role, Statement,
    statement::{AgeKey, Approval, FirstAdministrator, Grant, Province, RealmKind, Unit, UnitKind},
};
use hoso_store::{
    StoreError,
    blobs::Blobs,
    database::Schema,
    journal, ledger, link as store_link,
    rules::{self, journal::Applicability, ledger::Outcome},
    tables::{JournalTables, Standing},
    writer::WriterThread,
};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// What both programs promise: a clean end takes less.
const STOP_WAIT: Duration = Duration::from_secs(5);

pub(crate) const CO_TO: UnitId = UnitId(1);
pub(crate) const BAI_CHAY: UnitId = UnitId(2);

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A number that no other entry of this process has.
pub(crate) fn nonce() -> Nonce {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Nonce(NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes())
}

/// Who signs, and by which grant.
#[derive(Clone)]
pub(crate) struct Who {
    pub(crate) key: SigningKey,
    pub(crate) grant: EntryId,
    pub(crate) realm: Realm,
}

impl Who {
    pub(crate) fn sign(
        &self,
        kind: Kind,
        document: DocumentId,
        units: &[UnitId],
        payload: &[u8],
    ) -> Entry {
        let header = Header {
            realm: self.realm,
            document,
            kind,
            author: self.key.public(),
            grant: self.grant,
            nonce: nonce(),
            units_added: units.to_vec(),
            payload: PayloadHash::ZERO,
        };
        (*Entry::sign(header, payload.to_vec(), &self.key).unwrap()).clone()
    }

    pub(crate) fn say(&self, statement: &Statement) -> Entry {
        self.sign(statement.kind().kind(), DocumentId::ZERO, &[], &statement.encode())
    }

    /// The next signer: empowered by this entry.
    pub(crate) fn by(&self, seed: u8, entry: &Entry) -> Self {
        Self { key: key(seed), grant: entry.id(), realm: self.realm }
    }
}

pub(crate) fn grant(seed: u8, place: Option<(UnitId, EntryId)>, role: Role) -> Statement {
    Statement::Grant(Grant {
        person: None,
        name: format!("Người thử {seed}"),
        key: key(seed).public(),
        unit: place.map(|(unit, _)| unit),
        node: place.map(|(_, approval)| approval.node()),
        roles: vec![role],
        from: None,
        until: None,
    })
}

pub(crate) fn unit(id: UnitId, code: &str) -> Statement {
    Statement::Unit(Unit {
        id,
        code: code.to_owned(),
        kind: UnitKind::Ward,
        name: code.to_owned(),
        org_code: format!("H49.{}", id.0),
        org_code_is_placeholder: true,
        island: false,
        desk_name: "Trung tâm".to_owned(),
        authority_name: "Ủy ban".to_owned(),
        former_district: None,
        former_units: Vec::new(),
        accounts: Vec::new(),
        closing_minute: 17 * 60,
        valid_from: None,
        valid_until: None,
        desk_superior: None,
    })
}

pub(crate) fn approval(unit: UnitId, seed: u8) -> Statement {
    Statement::Approval(Approval {
        unit,
        label: format!("Máy {seed}"),
        transport: key(seed).public(),
        signing: key(seed + 1).public(),
        age: AgeKey([seed; 32]),
        stations: vec![1, 2],
        administrator: FirstAdministrator {
            person: None,
            name: "Quản trị thử".to_owned(),
            key: key(seed + 2).public(),
        },
    })
}

/// A small province.
pub(crate) struct Founding {
    pub(crate) entries: Vec<Entry>,
    pub(crate) root: Who,
    pub(crate) registrar: Who,
    /// The approvals of the two nodes.
    pub(crate) approvals: [EntryId; 2],
    /// The clerk of each node.
    pub(crate) clerks: [Who; 2],
}

/// Founds a province with a node in each of two units.
pub(crate) fn founding() -> Founding {
    let root = Who { key: key(1), grant: EntryId::ZERO, realm: Realm::ZERO };
    let founding = root.say(&Statement::Province(Province {
        name: "Tỉnh thử".to_owned(),
        realm_kind: RealmKind::Trial,
        roots: [key(1).public(), key(2).public()],
    }));
    let root = Who { grant: founding.id(), realm: founding.id().realm(), ..root };
    let named = root.say(&grant(3, None, Role::Registrar));
    let registrar = root.by(3, &named);
    let units = [unit(CO_TO, "07192"), unit(BAI_CHAY, "06673")];
    let mut all = vec![founding, named];
    all.extend(units.iter().map(|unit| registrar.say(unit)));
    let places = [(CO_TO, 20), (BAI_CHAY, 30)].map(|(unit, seed)| {
        let node = registrar.say(&approval(unit, seed));
        let administrator = root.by(seed + 2, &node);
        let named = administrator.say(&grant(seed + 3, Some((unit, node.id())), Role::Reception));
        let clerk = root.by(seed + 3, &named);
        let approval = node.id();
        all.extend([node, named]);
        (approval, clerk)
    });
    let approvals = [places[0].0, places[1].0];
    let clerks = places.map(|(_, clerk)| clerk);
    Founding { entries: all, root, registrar, approvals, clerks }
}

/// An office that keeps the last request to join.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) request: Mutex<Option<([u8; 32], Vec<u8>)>>,
}

impl Office for Desk {
    async fn keep_join(&self, _: PublicKey, exporter: [u8; 32], request: Vec<u8>) -> bool {
        *self.request.lock().unwrap() = Some((exporter, request));
        true
    }

    async fn is_pending(&self, _: PublicKey) -> bool {
        self.request.lock().unwrap().is_some()
    }

    async fn heard(&self, _: News) {}
}

pub(crate) struct Relay {
    pub(crate) memory: Memory,
    pub(crate) desk: Arc<Desk>,
    pub(crate) wire: WireBytes,
    pub(crate) thread: WriterThread,
    pub(crate) address: SocketAddr,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) running: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// Starts on the directory; founds the province if it is new.
    pub(crate) async fn start(
        data: &Path,
        address: SocketAddr,
        realm: Realm,
        founding: Option<&[Entry]>,
    ) -> Self {
        Self::start_with(&key(9), data, address, realm, founding).await
    }

    /// The same with this transport key.
    pub(crate) async fn start_with(
        key: &SigningKey,
        data: &Path,
        address: SocketAddr,
        realm: Realm,
        founding: Option<&[Entry]>,
    ) -> Self {
        let opened = Memory::open(data, Schema::Relay, |_| Ok(realm), |_| {}).unwrap();
        if let Some(entries) = founding {
            found(&opened.0, entries).await;
        }
        let storage = Arc::new(opened.0.clone());
        Self::serve((key, data), address, opened, storage)
    }

    /// Founds the province on a new directory, and serves it from this storage over its memory.
    pub(crate) async fn start_over<S: Storage>(
        data: &Path,
        realm: Realm,
        founding: &[Entry],
        over: impl FnOnce(Memory) -> S,
    ) -> Self {
        let opened = Memory::open(data, Schema::Relay, |_| Ok(realm), |_| {}).unwrap();
        found(&opened.0, founding).await;
        let storage = Arc::new(over(opened.0.clone()));
        Self::serve((&key(9), data), SocketAddr::from(([127, 0, 0, 1], 0)), opened, storage)
    }

    fn serve(
        (key, data): (&SigningKey, &Path),
        address: SocketAddr,
        (memory, thread): (Memory, WriterThread),
        storage: Arc<dyn Storage>,
    ) -> Self {
        let endpoint = Endpoint::listen(address, key, Congestion::default()).unwrap();
        let address = endpoint.local_address().unwrap();
        let desk = Arc::new(Desk::default());
        let (figures, grew) = (Figures::default(), watch::Sender::new(0));
        let wire = figures.wire.clone();
        let scans = Depot::new(memory.clone(), Blobs::of(data));
        let acceptor = Acceptor::new(storage, Arc::clone(&desk), figures, grew, Some(scans));
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(acceptor.run(endpoint, stopped));
        Self { memory, desk, wire, thread, address, stop, running }
    }

    /// Adds a statement as an operator does.
    pub(crate) async fn say(&self, entry: &Entry) {
        let bytes = entry.encode();
        let said: Result<Outcome, StoreError> = self
            .memory
            .write(false, move |tx, registrar| rules::ledger::accept_own(tx, registrar, &bytes, 0))
            .await;
        assert!(matches!(said.unwrap(), Outcome::Accepted(_)));
    }

    /// Stops as at the end of a day; the address stays the same for the next start.
    pub(crate) async fn stop(self) -> SocketAddr {
        self.stop.send(true).unwrap();
        timeout(STOP_WAIT, self.running).await.unwrap().unwrap();
        drop(self.memory);
        tokio::task::spawn_blocking(move || self.thread.join()).await.unwrap().unwrap();
        self.address
    }
}

/// Founds a province in an empty ledger.
async fn found(memory: &Memory, entries: &[Entry]) {
    let entries: Vec<Vec<u8>> = entries.iter().map(Entry::encode).collect();
    let accepted: Result<(), StoreError> = memory
        .write(false, move |tx, registrar| {
            ledger::found(tx, Epoch { generation: 1, random: [7; 8] })?;
            for entry in &entries {
                rules::ledger::accept_own(tx, registrar, entry, 0)?;
            }
            Ok(())
        })
        .await;
    accepted.unwrap();
}

pub(crate) struct Node {
    pub(crate) memory: Memory,
    pub(crate) wire: WireBytes,
    pub(crate) applied: watch::Sender<u64>,
    pub(crate) arrived: Arc<Notify>,
    pub(crate) status: watch::Receiver<LinkStatus>,
    pub(crate) stop: watch::Sender<bool>,
    thread: WriterThread,
    running: tokio::task::JoinHandle<()>,
}

impl Node {
    /// Starts on a directory that is new.
    pub(crate) async fn start(data: &Path, seed: u8, realm: Realm, relay: SocketAddr) -> Self {
        let (memory, thread) = Memory::open(data, Schema::Node, |_| Ok(realm), |_| {}).unwrap();
        let begun: Result<(), StoreError> =
            memory.write(false, move |tx, _| journal::found(tx, Incarnation([seed; 16]))).await;
        begun.unwrap();
        Self::over((memory, thread), data, seed, relay).await
    }

    /// Starts on a directory that was used before.
    pub(crate) async fn again(data: &Path, seed: u8, realm: Realm, relay: SocketAddr) -> Self {
        let opened = Memory::open(data, Schema::Node, |_| Ok(realm), |_| {}).unwrap();
        Self::over(opened, data, seed, relay).await
    }

    async fn over(
        (memory, thread): (Memory, WriterThread),
        data: &Path,
        seed: u8,
        relay: SocketAddr,
    ) -> Self {
        let (applied, stop) = (watch::Sender::new(0), watch::Sender::new(false));
        let arrived = Arc::new(Notify::new());
        let past = memory.read(store_link::past).await.unwrap();
        let (status, shown) = watch::channel(LinkStatus::since(&past));
        let signals = Signals {
            applied: applied.subscribe(),
            stop: stop.subscribe(),
            arrived: Arc::clone(&arrived),
            status,
        };
        let target = Target {
            addresses: vec![relay.to_string()],
            relay: key(9).public(),
            version: "test".to_owned(),
        };
        let endpoint = Endpoint::dialler(&key(seed), Congestion::default()).unwrap();
        let wire = WireBytes::default();
        let link = Link::new(endpoint, target, memory.clone(), signals, wire.clone());
        let scans = Depot::new(memory.clone(), Blobs::of(data));
        let running = tokio::spawn(link.with_scans(scans).run());
        let status = shown;
        Self { memory, wire, applied, arrived, status, stop, thread, running }
    }

    /// Stops as when the machine is shut down.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        timeout(STOP_WAIT, self.running).await.unwrap().unwrap();
        drop(self.memory);
        tokio::task::spawn_blocking(move || self.thread.join()).await.unwrap().unwrap();
    }

    /// Waits until the clerk's grant has come.
    pub(crate) async fn knows(&self, clerk: &Who) {
        let (grant, author) = (clerk.grant, clerk.key.public());
        let mut states = self.memory.states();
        states.wait_for(|state| state.grant(&grant, &author).is_some()).await.unwrap();
    }

    /// Waits until the relay has given an own entry its place.
    pub(crate) async fn placed(&self, id: EntryId) {
        loop {
            let arrived = self.arrived.notified();
            let found: Result<bool, StoreError> = self
                .memory
                .read(move |tx| {
                    Ok(JournalTables::entry(tx, &id)?.is_some_and(|entry| entry.position.is_some()))
                })
                .await;
            if found.unwrap() {
                return;
            }
            arrived.await;
        }
    }

    /// Where an own or a received entry stands.
    pub(crate) async fn standing(&self, id: EntryId) -> Option<Standing> {
        let found: Result<Option<Standing>, StoreError> = self
            .memory
            .read(move |tx| Ok(JournalTables::entry(tx, &id)?.map(|entry| entry.standing)))
            .await;
        found.unwrap()
    }

    pub(crate) async fn until(&mut self, state: State) {
        self.status.wait_for(|status| status.state == state).await.unwrap();
    }

    /// Writes an own entry, durably.
    pub(crate) async fn append(&self, entry: &Entry) {
        let verified = Entry::decode(&entry.encode()).unwrap().verify().unwrap();
        let number: Result<u64, StoreError> = self
            .memory
            .write(false, move |tx, registrar| rules::journal::append(tx, registrar, &verified))
            .await;
        number.unwrap();
    }

    /// Switches the link.
    pub(crate) async fn want(&self, wanted: bool) {
        self.memory.write(false, move |tx, _| store_link::want(tx, wanted)).await.unwrap();
    }

    /// What the relay has not acknowledged.
    pub(crate) async fn backlog(&self) -> journal::Backlog {
        self.memory.read(journal::backlog).await.unwrap()
    }

    /// Waits for an entry from the relay and applies its dossier.
    pub(crate) async fn apply(&self, id: EntryId) {
        loop {
            let waiting = self.arrived.notified();
            if let Some(standing) = self.standing(id).await {
                assert_eq!(standing, Standing::Counts);
                break;
            }
            waiting.await;
        }
        let done: Result<(), StoreError> = self
            .memory
            .write(false, move |tx, _| {
                let entry = JournalTables::entry(tx, &id)?.unwrap();
                let found = Applicability { id, standing: entry.standing };
                rules::journal::applied(tx, &entry.document, &[found])
            })
            .await;
        done.unwrap();
        self.applied.send_modify(|count| *count += 1);
    }

    /// Waits until the entry is known to be applied at the unit.
    pub(crate) async fn delivered(&mut self, id: EntryId, unit: UnitId) {
        loop {
            let known: Result<bool, StoreError> = self
                .memory
                .read(move |tx| {
                    let row = JournalTables::entry(tx, &id)?.and_then(|entry| entry.row);
                    let known = journal::all_delivered(tx)?;
                    Ok(row.is_some_and(|row| rules::badge::delivered(&known, unit, row, &id)))
                })
                .await;
            if known.unwrap() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}
