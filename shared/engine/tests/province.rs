//! A relay and two nodes over real QUIC and real SQLite files: what one writes reaches the other,
//! and it learns so.

#![expect(clippy::unwrap_used, reason = "what the set-up of a test asks for is there")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hoso_engine::{
    acceptor::{Acceptor, News, Office},
    endpoint::Endpoint,
    frames::WireBytes,
    link::{Link, LinkStatus, Signals, State, Target},
    memory::Memory,
    tuning::Congestion,
};
use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Header, Incarnation, Kind, Nonce, PayloadHash, PublicKey,
    Realm, SigningKey, UnitId,
};
use hoso_registry::{
    EventKind, Role, Statement,
    statement::{AgeKey, Approval, FirstAdministrator, Grant, Province, RealmKind, Unit, UnitKind},
};
use hoso_store::{
    StoreError,
    database::Schema,
    journal, ledger,
    rules::{self, journal::Applicability},
    tables::{JournalTables, LedgerTables, Standing},
    writer::WriterThread,
};
use hoso_sync::wire::Farewell;
use tokio::sync::{Notify, watch};

const CO_TO: UnitId = UnitId(1);
const BAI_CHAY: UnitId = UnitId(2);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A number that no other entry of this process has.
fn nonce() -> Nonce {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Nonce(NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes())
}

/// Who signs, and by which grant.
#[derive(Clone)]
struct Who {
    key: SigningKey,
    grant: EntryId,
    realm: Realm,
}

impl Who {
    fn sign(&self, kind: Kind, document: DocumentId, units: &[UnitId], payload: &[u8]) -> Entry {
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

    fn say(&self, statement: &Statement) -> Entry {
        self.sign(statement.kind().kind(), DocumentId::ZERO, &[], &statement.encode())
    }

    /// The next signer: empowered by this entry.
    fn by(&self, seed: u8, entry: &Entry) -> Self {
        Self { key: key(seed), grant: entry.id(), realm: self.realm }
    }
}

fn grant(seed: u8, place: Option<(UnitId, EntryId)>, role: Role) -> Statement {
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

fn unit(id: UnitId, code: &str) -> Statement {
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
    })
}

fn approval(unit: UnitId, seed: u8) -> Statement {
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

/// The statements of a small province, and the clerk of each node.
fn statements() -> (Vec<Entry>, [Who; 2]) {
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
    let clerks = [(CO_TO, 20), (BAI_CHAY, 30)].map(|(unit, seed)| {
        let node = registrar.say(&approval(unit, seed));
        let administrator = root.by(seed + 2, &node);
        let named = administrator.say(&grant(seed + 3, Some((unit, node.id())), Role::Reception));
        let clerk = root.by(seed + 3, &named);
        all.extend([node, named]);
        clerk
    });
    (all, clerks)
}

/// An office that keeps no requests and counts nothing.
#[derive(Debug)]
struct NoOffice;

impl Office for NoOffice {
    async fn keep_join(&self, _: PublicKey, _: [u8; 32], _: Vec<u8>) -> bool {
        false
    }

    async fn is_pending(&self, _: PublicKey) -> bool {
        false
    }

    async fn heard(&self, _: News) {}
}

struct Relay {
    memory: Memory,
    thread: WriterThread,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// Starts on the directory; founds the province if it is new.
    async fn start(
        data: &Path,
        address: SocketAddr,
        realm: Realm,
        founding: Option<&[Entry]>,
    ) -> Self {
        let (memory, thread) = Memory::open(data, Schema::Relay, realm, |_| {}).unwrap();
        if let Some(entries) = founding {
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
        let endpoint = Endpoint::listen(address, &key(9), Congestion::default()).unwrap();
        let address = endpoint.local_address().unwrap();
        let acceptor = {
            let (office, grew) = (Arc::new(NoOffice), watch::Sender::new(0));
            Acceptor::new(memory.clone(), office, WireBytes::default(), grew)
        };
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(acceptor.run(endpoint, stopped));
        Self { memory, thread, address, stop, running }
    }

    /// Stops as at the end of a day; the address stays the same for the next start.
    async fn stop(self) -> SocketAddr {
        self.stop.send(true).unwrap();
        self.running.await.unwrap();
        drop(self.memory);
        tokio::task::spawn_blocking(move || self.thread.join()).await.unwrap().unwrap();
        self.address
    }
}

struct Node {
    memory: Memory,
    journal: watch::Sender<u64>,
    applied: watch::Sender<u64>,
    arrived: Arc<Notify>,
    status: watch::Receiver<LinkStatus>,
    _stop: watch::Sender<bool>,
    _wanted: watch::Sender<bool>,
}

impl Node {
    async fn start(data: &Path, seed: u8, realm: Realm, relay: SocketAddr) -> Self {
        let (memory, _thread) = Memory::open(data, Schema::Node, realm, |_| {}).unwrap();
        let begun: Result<(), StoreError> =
            memory.write(false, move |tx, _| journal::found(tx, Incarnation([seed; 16]))).await;
        begun.unwrap();
        let (journal, applied) = (watch::Sender::new(0), watch::Sender::new(0));
        let (stop, wanted) = (watch::Sender::new(false), watch::Sender::new(true));
        let arrived = Arc::new(Notify::new());
        let (status, shown) = watch::channel(LinkStatus::new());
        let signals = Signals {
            journal: journal.subscribe(),
            applied: applied.subscribe(),
            wanted: wanted.subscribe(),
            stop: stop.subscribe(),
            arrived: Arc::clone(&arrived),
            status,
        };
        let target = Target {
            addresses: vec![relay.to_string()],
            pinned: vec![key(9).public()],
            version: "test".to_owned(),
        };
        let endpoint = Endpoint::dialler(&key(seed), Congestion::default()).unwrap();
        let wire = WireBytes::default();
        tokio::spawn(Link::new(endpoint, target, memory.clone(), signals, wire).run());
        let (_stop, _wanted) = (stop, wanted);
        Self { memory, journal, applied, arrived, status: shown, _stop, _wanted }
    }

    async fn until(&mut self, state: State) {
        self.status.wait_for(|status| status.state == state).await.unwrap();
    }

    /// Writes an own entry, durably.
    async fn append(&self, entry: &Entry) {
        let verified = Entry::decode(&entry.encode()).unwrap().verify().unwrap();
        let number: Result<u64, StoreError> = self
            .memory
            .write(false, move |tx, registrar| rules::journal::append(tx, registrar, &verified))
            .await;
        self.journal.send_replace(number.unwrap());
    }

    /// Waits for an entry from the relay and applies its dossier.
    async fn apply(&self, id: EntryId) {
        loop {
            let waiting = self.arrived.notified();
            let found: Result<Option<Standing>, StoreError> = self
                .memory
                .read(move |tx| Ok(JournalTables::entry(tx, &id)?.map(|entry| entry.standing)))
                .await;
            if let Some(standing) = found.unwrap() {
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
    async fn delivered(&mut self, id: EntryId, unit: UnitId) {
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

#[tokio::test(flavor = "multi_thread")]
async fn what_one_office_writes_in_the_dark_is_applied_at_the_other_and_it_learns_so() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["relay", "co-to", "bai-chay"].map(|name| directory.path().join(name));
    paths.iter().for_each(|path| std::fs::create_dir(path).unwrap());
    let [relay_data, co_to_data, bai_chay_data] = &paths;
    let (entries, [clerk, other_clerk]) = statements();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let relay = Relay::start(relay_data, any, clerk.realm, Some(&entries)).await;
    let mut co_to = Node::start(co_to_data, 20, clerk.realm, relay.address).await;
    let mut bai_chay = Node::start(bai_chay_data, 30, clerk.realm, relay.address).await;
    co_to.until(State::Up).await;
    bai_chay.until(State::Up).await;
    // The clerk's own grant comes from the province like every statement.
    let mut states = co_to.memory.states();
    let (grant, author) = (clerk.grant, clerk.key.public());
    states.wait_for(|state| state.grant(&grant, &author).is_some()).await.unwrap();

    let address = relay.stop().await;
    co_to.until(State::Down).await;
    let received = EventKind::Received.kind();
    let first = clerk.sign(received, DocumentId::ZERO, &[CO_TO, BAI_CHAY], b"one");
    co_to.append(&first).await;

    let relay = Relay::start(relay_data, address, clerk.realm, None).await;
    bai_chay.apply(first.id()).await;
    co_to.delivered(first.id(), BAI_CHAY).await;

    let taken = EventKind::TakenOver.kind();
    let answer = other_clerk.sign(taken, first.document(), &[], b"two");
    bai_chay.append(&answer).await;
    co_to.apply(answer.id()).await;
    bai_chay.delivered(answer.id(), CO_TO).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_told_that_nobody_knows_them_and_gets_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["relay", "stranger"].map(|name| directory.path().join(name));
    paths.iter().for_each(|path| std::fs::create_dir(path).unwrap());
    let (entries, [clerk, _]) = statements();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let relay = Relay::start(&paths[0], any, clerk.realm, Some(&entries)).await;
    let mut stranger = Node::start(&paths[1], 77, clerk.realm, relay.address).await;
    let refused = |status: &LinkStatus| status.farewell == Some(Farewell::Unknown);
    stranger.status.wait_for(refused).await.unwrap();
    assert!(stranger.memory.state().province().is_none());
    assert_ne!(stranger.status.borrow().state, State::Up);
    let head = relay.memory.read(|tx| LedgerTables::head(tx)).await.unwrap();
    assert_eq!(usize::try_from(head.number).unwrap(), entries.len());
    relay.stop().await;
}
