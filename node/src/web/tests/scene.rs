//! An office on a new directory, and requests to it as a browser or another system makes them.

use std::{fs::Permissions, net::SocketAddr, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use hoso_engine::{keyfile, memory::Memory, web::Hosts};
use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Incarnation, Nonce, PayloadHash, PersonId, PublicKey,
    Realm, SigningKey, UnitId, VerifiedEntry, x25519_public,
};
use hoso_registry::{
    Role, Statement,
    catalogue::Catalogue,
    statement::{AgeKey, Approval, FirstAdministrator, Grant, Province, RealmKind, Relay},
};
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    database::Schema,
    journal,
    meta::{DATABASE, put_meta},
    rules, sessions,
    writer::WriterThread,
};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::super::{Site, router};
use crate::{
    facts::{Facts, put_words},
    keys,
    office::Office,
    practise, program,
};

/// Who holds every dossier role.
pub(super) const CLERK: &str = "canbo";
/// Who administers the unit.
pub(super) const ADMINISTRATOR: &str = "quantri";
/// These people exist in tests only.
pub(super) const PASSWORD: &str = "mat khau thu nghiem 1";
/// What an operator compares.
pub(super) const WORDS: &str = "sáu từ để đối chiếu nhau";
/// By this name the pages are addressed.
const HOST: &str = "localhost:8081";

/// A data directory into which nobody else can look.
fn own_directory() -> TempDir {
    let mode = Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().unwrap()
}

/// The office and its pages.
pub(crate) struct Scene {
    pub(crate) office: Arc<Office>,
    router: Router,
    /// What makes the requests of a session its own.
    pub(super) cookie: String,
    directory: TempDir,
    thread: WriterThread,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON, or null.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// One header.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value of the first input of that name on the page.
    pub(super) fn input(&self, name: &str) -> String {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

/// Who signs, and by which grant.
struct Who {
    key: SigningKey,
    grant: EntryId,
    realm: Realm,
}

impl Who {
    fn say(&self, number: u64, statement: &Statement) -> VerifiedEntry {
        let header = Header {
            realm: self.realm,
            document: DocumentId::ZERO,
            kind: statement.kind().kind(),
            author: self.key.public(),
            grant: self.grant,
            nonce: Nonce(number.to_le_bytes()),
            units_added: Vec::new(),
            payload: PayloadHash::ZERO,
        };
        Entry::sign(header, statement.encode(), &self.key).unwrap()
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// The relay's key.
pub(super) fn relays_key() -> SigningKey {
    key(9)
}

/// The clerk's public key.
pub(super) fn clerks_key() -> PublicKey {
    key(7).public()
}

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/data").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The statements of a province with one node, in the order in which each is lawful.
fn province([transport, signing, age]: [&SigningKey; 3]) -> (Vec<VerifiedEntry>, UnitId) {
    let root = Who { key: key(1), grant: EntryId::ZERO, realm: Realm::ZERO };
    let founding = root.say(
        0,
        &Statement::Province(Province {
            name: "Tỉnh thử".to_owned(),
            realm_kind: RealmKind::Trial,
            roots: [key(1).public(), key(2).public()],
        }),
    );
    let realm = founding.id().realm();
    let root = Who { grant: founding.id(), realm, ..root };
    let grant = |seed: u8, place: Option<(UnitId, EntryId)>, roles: Vec<Role>| {
        Statement::Grant(Grant {
            person: None,
            name: format!("Người thử {seed}"),
            key: key(seed).public(),
            unit: place.map(|(unit, _)| unit),
            node: place.map(|(_, approval)| approval.node()),
            roles,
            from: None,
            until: None,
        })
    };
    let named = root.say(1, &grant(3, None, vec![Role::Registrar]));
    let registrar = Who { key: key(3), grant: named.id(), realm };
    let files = ["units.csv", "procedures.csv", "holidays.toml"].map(data);
    let catalogue = Catalogue::parse(&files[0], &files[1], &files[2]).unwrap();
    let unit = catalogue.units.iter().find(|unit| unit.code == "07192").unwrap().id;
    let relay = root.say(
        4,
        &Statement::Relay(Relay {
            transport: relays_key().public(),
            age: AgeKey([5; 32]),
            addresses: Vec::new(),
        }),
    );
    let mut all = vec![founding, named, relay];
    for (number, statement) in (10..).zip(catalogue.statements()) {
        all.push(registrar.say(number, &statement));
    }
    let approval = registrar.say(
        2,
        &Statement::Approval(Approval {
            unit,
            label: "Máy thử".to_owned(),
            transport: transport.public(),
            signing: signing.public(),
            age: AgeKey(x25519_public(&age.seed())),
            stations: vec![1, 2],
            administrator: FirstAdministrator {
                person: None,
                name: "Quản trị thử".to_owned(),
                key: key(6).public(),
            },
        }),
    );
    let administrator = Who { key: key(6), grant: approval.id(), realm };
    let place = Some((unit, approval.id()));
    let clerk = administrator.say(3, &grant(7, place, Role::DESK.to_vec()));
    all.extend([approval, clerk]);
    (all, unit)
}

fn account(name: &str, seed: u8, grant: EntryId) -> Account {
    Account {
        username: name.to_owned(),
        person: PersonId::ZERO,
        grant,
        wrapped_key: keyfile::wrap(&key(seed), PASSWORD).unwrap().to_bytes(),
        display_name: name.to_owned(),
        roles: String::new(),
        disabled: false,
        created_ms: 0,
    }
}

async fn found(directory: &Path, approved: bool) {
    let made = [keys::transport, keys::signing, keys::age].map(|of| keys::keep(&of(directory)));
    let [transport, signing, age] = made.map(Result::unwrap);
    let (entries, unit) = province([&transport, &signing, &age]);
    let founding = entries[0].id();
    let (memory, thread) =
        Memory::open(directory, Schema::Node, move |_| Ok(founding.realm()), |_| {}).unwrap();
    let facts = Facts {
        unit,
        founding,
        relay: relays_key().public(),
        addresses: vec!["localhost:1".to_owned()],
    };
    let accounts =
        [account(ADMINISTRATOR, 6, EntryId::ZERO), account(CLERK, 7, entries.last().unwrap().id())];
    let founded: Result<(), StoreError> = memory
        .write(false, move |tx, registrar| {
            put_meta(tx, DATABASE, &[1; 16])?;
            journal::found(tx, Incarnation([1; 16]))?;
            facts.put(tx)?;
            put_words(tx, WORDS)?;
            for entry in entries.iter().filter(|_| approved) {
                rules::journal::append(tx, registrar, entry)?;
            }
            for account in &accounts {
                accounts::add(tx, account)?;
            }
            Ok(())
        })
        .await;
    founded.unwrap();
    drop(memory);
    tokio::task::spawn_blocking(move || thread.join()).await.unwrap().unwrap();
}

impl Scene {
    /// A new office that nobody is logged in to.
    pub(super) async fn new() -> Self {
        let directory = own_directory();
        found(directory.path(), true).await;
        Self::on(directory, String::new()).await
    }

    /// A training realm that nobody is logged in to.
    pub(super) async fn practising() -> Self {
        let directory = own_directory();
        practise::prepare(directory.path(), false).await.unwrap();
        Self::on(directory, String::new()).await
    }

    /// An office that the province has not approved.
    pub(super) async fn pending() -> Self {
        let directory = own_directory();
        found(directory.path(), false).await;
        Self::on(directory, String::new()).await
    }

    /// The office of that directory.
    pub(super) async fn on(directory: TempDir, cookie: String) -> Self {
        let (office, thread) = program::open(directory.path()).await.unwrap();
        let locked: Result<(), StoreError> =
            office.memory.write(false, |tx, _| sessions::lock_all(tx)).await;
        locked.unwrap();
        let site = Arc::new(Site::new(Arc::clone(&office)));
        let router = router(site, Hosts::new(8081, &[]));
        Self { office, router, cookie, directory, thread }
    }

    /// The same office whose every sentence stands in brackets, in either language.
    pub(super) fn in_brackets(self) -> Self {
        let sentences = include_str!("../../../locales/vi.ftl").lines().map(|line| {
            let (key, sentence) = line.split_once(" = ").unwrap();
            format!("{key} = ⟦{sentence}⟧\n")
        });
        let sentences: String = sentences.collect();
        let site = Site::speaking(Arc::clone(&self.office), &sentences, &sentences);
        Self { router: router(Arc::new(site), Hosts::new(8081, &[])), ..self }
    }

    /// The same office after its program was started again.
    pub(super) async fn restarted(self) -> Self {
        let (directory, cookie) = self.closed().await;
        Self::on(directory, cookie).await
    }

    /// Ends the program in order; leaves what a browser and the disk keep.
    pub(crate) async fn closed(self) -> (TempDir, String) {
        let Self { office, router, cookie, directory, thread } = self;
        drop((office, router));
        tokio::task::spawn_blocking(move || thread.join()).await.unwrap().unwrap();
        (directory, cookie)
    }

    /// The office of that directory, with the clerk at the desk again.
    pub(crate) async fn opened((directory, _): (TempDir, String)) -> Self {
        let mut scene = Self::on(directory, String::new()).await;
        scene.log_in(CLERK).await;
        scene
    }

    /// Where the office keeps its things.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The same, after this file of its directory was lost.
    pub(super) async fn restarted_without(self, file: &str) -> Self {
        let (directory, cookie) = self.closed().await;
        std::fs::remove_file(directory.path().join(file)).unwrap();
        Self::on(directory, cookie).await
    }

    /// A new office with the clerk at the desk.
    pub(crate) async fn with_clerk() -> Self {
        let mut scene = Self::new().await;
        scene.log_in(CLERK).await;
        scene
    }

    /// The registrar says something, as it would come from the province.
    pub(super) async fn announce(&self, statement: &Statement) {
        let state = self.office.state();
        let mut grants = state.provincial_grants();
        let grant = grants.find(|grant| grant.key == key(3).public()).unwrap().statement;
        let registrar = Who { key: key(3), grant, realm: self.office.memory.realm() };
        let said = registrar.say(99, statement);
        let kept: Result<_, StoreError> = self
            .office
            .memory
            .write(false, move |tx, admission| rules::journal::append(tx, admission, &said))
            .await;
        kept.unwrap();
    }

    /// Says how many restores there were: the stations of an approval last for some.
    pub(super) async fn set_copies(&self, copies: u8) {
        let set: Result<(), StoreError> =
            self.office.memory.write(false, move |tx, _| put_meta(tx, "copies", &[copies])).await;
        set.unwrap();
    }

    /// Logs in through the page.
    pub(super) async fn log_in(&mut self, name: &str) {
        self.log_in_with(name, PASSWORD).await;
    }

    /// Logs in with that password.
    pub(super) async fn log_in_with(&mut self, name: &str, password: &str) {
        let form = [("username", name), ("password", password)];
        let answer = self.post("/log-in", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.clone_into(&mut self.cookie);
    }

    /// Sends a request as it is.
    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let (status, headers, bytes) = self.sent(request).await;
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// Fetches what is no text.
    pub(super) async fn bytes(&self, path: &str) -> Bytes {
        let (status, _, bytes) = self.sent(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        bytes
    }

    async fn sent(&self, mut request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
        let from = SocketAddr::from(([127, 0, 0, 1], 50_000));
        request.extensions_mut().insert(ConnectInfo(from));
        let headers = request.headers_mut();
        headers.entry(header::HOST).or_insert(HOST.parse().unwrap());
        if !self.cookie.is_empty() {
            headers.entry(header::COOKIE).or_insert(self.cookie.parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes: Bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        (status, headers, bytes)
    }

    /// Fetches.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form.
    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let encoded = form.iter().map(|(name, value)| format!("{}={}", typed(name), typed(value)));
        let body = encoded.collect::<Vec<_>>().join("&");
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into())
            .unwrap();
        self.send(request).await
    }

    /// Sends JSON with a key.
    pub(crate) async fn call(&self, method: &str, path: &str, key: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(body.to_owned().into())
            .unwrap();
        self.send(request).await
    }

    /// The clerk's id.
    pub(super) fn person(&self) -> String {
        let state = self.office.state();
        let mut grants = state.grants_of_unit(self.office.unit());
        let clerk = grants.find(|grant| grant.has(Role::Processing)).unwrap();
        clerk.person.unwrap().to_string()
    }

    /// How many dossiers there are.
    pub(super) async fn dossiers(&self) -> usize {
        let listed = self.get("/api/v1/dossiers?limit=200").await.json();
        listed["items"].as_array().map_or(0, Vec::len)
    }
}

fn typed(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
