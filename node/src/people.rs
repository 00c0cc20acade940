//! Who may act at this node: log-ins, sessions, grants.
//!
//! A person's roles follow from the registry by their key, never from the account. Keys are open
//! in memory only, so after a restart every session is locked.

mod staff;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use data_encoding::BASE64URL_NOPAD;
use hoso_dossier::standing::Author;
use hoso_engine::{
    clock,
    command::{Problem, Secret},
    passwords::{PasswordError, Passwords},
    secret,
};
use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Kind, Nonce, PayloadHash, PersonId, Realm, SigningKey,
    UnitId, VerifiedEntry,
};
use hoso_registry::{Role, State};
use hoso_store::{
    accounts::{self, Account},
    one_off,
    sessions::{self, Session},
};

use crate::{
    office::{Office, storage},
    times,
};

pub(crate) use staff::{Known, NewPerson, one_off_password};

/// Milliseconds after which a session ends whatever happens: 12 hours.
const SESSION_MS: u64 = 12 * 3600 * 1000;
/// Milliseconds without a request after which a session is locked: 30 minutes.
const IDLE_MS: u64 = 30 * 60 * 1000;

/// Somebody who is logged in, as the registry has them now.
pub(crate) struct Actor {
    /// The log-in name.
    pub(crate) username: String,
    /// The name that others see.
    pub(crate) name: String,
    /// The person.
    pub(crate) person: PersonId,
    /// The statements that empower the key now, each with its roles.
    grants: Vec<(EntryId, Vec<Role>)>,
    /// The same person as the rules of dossiers see them, with the roles of all these grants.
    pub(crate) author: Author,
    key: SigningKey,
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Actor({})", self.person)
    }
}

/// What an entry's header says besides its author.
pub(crate) struct Heading {
    /// The realm.
    pub(crate) realm: Realm,
    /// The dossier; zero for statements and first entries.
    pub(crate) document: DocumentId,
    /// The kind.
    pub(crate) kind: Kind,
    /// Chance; a payload's actor depends on it.
    pub(crate) nonce: Nonce,
    /// Units that join the audience.
    pub(crate) units_added: Vec<UnitId>,
}

impl Actor {
    /// Whether they read dossiers: whoever acts in them, and viewers.
    pub(crate) fn reads(&self) -> bool {
        let has = |role: &Role| self.author.has(*role);
        has(&Role::Viewer) || Role::DESK.iter().any(has)
    }

    /// Whether a role of theirs allows entries of this kind.
    pub(crate) fn writes(&self, kind: Kind) -> bool {
        let roles = hoso_registry::roles_for(kind).unwrap_or_default();
        roles.iter().any(|role| self.author.has(*role))
    }

    /// The actor under whose name a payload with this nonce stands.
    pub(crate) fn actor_id(&self, nonce: &Nonce) -> hoso_identity::ActorId {
        hoso_identity::ActorId::of(&self.key.public(), nonce)
    }

    /// The grant that an entry of this kind rests on: entries count by the roles of the one grant
    /// that they name.
    fn grant_for(&self, kind: Kind) -> EntryId {
        let wanted = hoso_registry::roles_for(kind).unwrap_or_default();
        let allows = |roles: &[Role]| roles.iter().any(|role| wanted.contains(role));
        let best = self.grants.iter().max_by_key(|(_, roles)| (allows(roles), roles.len()));
        best.map_or(EntryId::ZERO, |(statement, _)| *statement)
    }

    /// Signs an entry.
    pub(crate) fn sign(
        &self,
        heading: Heading,
        payload: Vec<u8>,
    ) -> Result<VerifiedEntry, Problem> {
        let header = Header {
            realm: heading.realm,
            document: heading.document,
            kind: heading.kind,
            author: self.key.public(),
            grant: self.grant_for(heading.kind),
            nonce: heading.nonce,
            units_added: heading.units_added,
            payload: PayloadHash::ZERO,
        };
        Entry::sign(header, payload, &self.key)
            .map_err(|error| Problem::new("entry", error.to_string()))
    }
}

/// A session that was begun.
pub(crate) struct LoggedIn {
    /// 256 bits in base64url.
    pub(crate) token: String,
    /// When it ends at the latest, Unix milliseconds.
    pub(crate) expires_ms: u64,
    /// Whose it is.
    pub(crate) actor: Arc<Actor>,
    /// Whether they must choose another password before anything else.
    pub(crate) one_off: bool,
}

/// An open key with the session that it belongs to.
struct Open {
    username: String,
    key: SigningKey,
    expires_ms: u64,
    seen_ms: u64,
    one_off: bool,
}

/// The sessions with open keys, by the hash of their token.
#[derive(Default)]
pub(crate) struct People {
    open: Mutex<BTreeMap<[u8; 32], Open>>,
    passwords: Passwords,
}

impl std::fmt::Debug for People {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "People({} open)", self.locked().len())
    }
}

impl People {
    /// The data behind the lock; a panic elsewhere cannot have left it half written.
    fn locked(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// They have chosen a password of their own.
    fn has_chosen(&self, username: &str) {
        let mut open = self.locked();
        let theirs = open.values_mut().filter(|open| open.username == username);
        theirs.for_each(|open| open.one_off = false);
    }

    fn end_all(&self, username: &str) {
        self.locked().retain(|_, open| open.username != username);
    }
}

impl Office {
    /// Checks a password and begins a session.
    pub(crate) async fn log_in(
        &self,
        username: &str,
        password: Secret,
        from: IpAddr,
    ) -> Result<LoggedIn, Problem> {
        let account = self.account(username).await?;
        let stored = account.as_ref().map(|account| account.wrapped_key.clone());
        let opened = self.people.passwords.log_in((username, from), stored, password).await;
        let Some((account, key)) = account.zip(opened.map_err(unopened)?) else {
            return Err(Problem::new("log-in-wrong", "the name or the password is not right"));
        };
        let now_ms = clock::now_ms();
        let actor = Arc::new(actor(&self.state(), self.unit(), &account.username, &key)?);
        let chance = |error: std::io::Error| Problem::new("chance", error.to_string());
        let token = BASE64URL_NOPAD.encode(&secret::chance::<32>().map_err(chance)?);
        let expires_ms = now_ms.saturating_add(SESSION_MS);
        let session = Session {
            username: account.username.clone(),
            created_ms: now_ms,
            expires_ms,
            last_used_ms: now_ms,
            locked: false,
        };
        let (stored, name) = (token.clone(), account.username.clone());
        let begun = self.memory.write(false, move |tx, _| {
            sessions::sweep(tx, now_ms)?;
            sessions::begin(tx, stored.as_bytes(), &session)?;
            one_off::is(tx, &name)
        });
        let one_off = begun.await.map_err(|error: hoso_store::StoreError| storage(&error))?;
        let open = Open { username: account.username, key, expires_ms, seen_ms: now_ms, one_off };
        self.people.locked().insert(hash(&token), open);
        Ok(LoggedIn { token, expires_ms, actor, one_off })
    }

    /// Who holds this token and may do more than choose a password.
    pub(crate) async fn actor(&self, token: &str) -> Result<Arc<Actor>, Problem> {
        match self.whoever(token).await? {
            (actor, false) => Ok(actor),
            (_, true) => {
                let text = "this password was given on paper: change it first";
                Err(Problem::new("password-one-off", text))
            }
        }
    }

    /// Who holds this token, and whether their password is a one-off.
    pub(crate) async fn whoever(&self, token: &str) -> Result<(Arc<Actor>, bool), Problem> {
        let now_ms = clock::now_ms();
        let found = {
            let mut open = self.people.locked();
            open.retain(|_, open| {
                open.expires_ms > now_ms && now_ms.saturating_sub(open.seen_ms) < IDLE_MS
            });
            open.get_mut(&hash(token)).map(|open| {
                open.seen_ms = now_ms;
                (open.username.clone(), open.key.clone(), open.one_off)
            })
        };
        if let Some((username, key, one_off)) = found {
            let actor = actor(&self.state(), self.unit(), &username, &key)?;
            return Ok((Arc::new(actor), one_off));
        }
        let stored = token.to_owned();
        let session = self.memory.read(move |tx| sessions::find(tx, stored.as_bytes())).await;
        let session = session.map_err(|error: hoso_store::StoreError| storage(&error))?;
        Err(match session.filter(|session| session.expires_ms > now_ms) {
            Some(_) => Problem::new("session-locked", "give the password again"),
            None => Problem::new("session-unknown", "log in first"),
        })
    }

    /// Whoever has this key, by the grants of today.
    pub(crate) fn actor_with(&self, username: &str, key: &SigningKey) -> Result<Actor, Problem> {
        actor(&self.state(), self.unit(), username, key)
    }

    /// Ends a session.
    pub(crate) async fn log_out(&self, token: &str) -> Result<(), Problem> {
        self.people.locked().remove(&hash(token));
        let stored = token.to_owned();
        let ended = self.memory.write(false, move |tx, _| sessions::end(tx, stored.as_bytes()));
        ended.await.map_err(|error: hoso_store::StoreError| storage(&error))
    }

    /// The account of that name, if anybody may log in with it.
    async fn account(&self, username: &str) -> Result<Option<Account>, Problem> {
        let username = username.to_owned();
        let account = self.memory.read(move |tx| accounts::get(tx, &username)).await;
        Ok(account.map_err(|error| storage(&error))?.filter(|account| !account.disabled))
    }
}

/// Why a password was not looked at.
fn unopened(error: PasswordError) -> Problem {
    let code = match error {
        PasswordError::Later(_) => "log-in-later",
        PasswordError::Unavailable => "password",
    };
    Problem::new(code, error.to_string())
}

/// The actor whose key this is, by the grants of today.
fn actor(state: &State, unit: UnitId, username: &str, key: &SigningKey) -> Result<Actor, Problem> {
    let public = key.public();
    let today = hoso_dossier::deadline::local_date(times::now_ms());
    let grants = state.grants_of_unit(unit).filter(|grant| {
        grant.key == public
            && grant.ended.is_none()
            && !grant.roles.is_empty()
            && today.is_some_and(|today| grant.covers(today))
    });
    let grants: Vec<_> = grants.collect();
    let newest = grants.last().ok_or_else(|| {
        let text = "this log-in has no rights now: the province has not approved it yet, or its \
                    grant has ended";
        Problem::new("no-grant", text)
    })?;
    let unknown = || Problem::new("no-grant", "no province is known here yet");
    let author = Author::of(newest, state, None).ok_or_else(unknown)?;
    // All of them hold today, and whatever rests on one of them names it.
    let roles: BTreeSet<Role> = grants.iter().flat_map(|grant| grant.roles.clone()).collect();
    Ok(Actor {
        username: username.to_owned(),
        name: newest.name.clone(),
        person: newest.person.unwrap_or(PersonId::ZERO),
        grants: grants.iter().map(|grant| (grant.statement, grant.roles.clone())).collect(),
        author: Author { roles: roles.into_iter().collect(), from: None, until: None, ..author },
        key: key.clone(),
    })
}

fn hash(token: &str) -> [u8; 32] {
    // The token is 256 random bits: any hash of it is as good as secret.
    hoso_identity::PayloadHash::of(token.as_bytes()).0
}
