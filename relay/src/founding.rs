//! A province begins: roots, relay, registrars and catalogue as signed statements, in one
//! transaction.

mod mark;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use hoso_engine::{
    admission::Registrar,
    clock,
    command::Secret,
    keyfile::{self, KeyError},
    secret,
};
use hoso_identity::{Entry, EntryId, Epoch, SigningKey, WrapError, WrappedKey, x25519_public};
use hoso_registry::{
    Catalogue, Role, Statement,
    statement::{AgeKey, Grant, Province, RealmKind, Relay},
};
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    audit,
    database::{Database, Schema},
    rules::ledger::{Outcome, accept_own},
    tables::{LedgerHead, LedgerTables},
    writer::{Tx, Writer},
};
use thiserror::Error;

use self::mark::Mark;
use crate::{
    cli::RealmName,
    keys,
    sign::{SignError, Signer},
};

/// The name of the registrar who approves at once, outside the official realm.
pub const AUTO: &str = "auto";

/// Why no province was founded.
#[derive(Debug, Error)]
pub enum FoundingError {
    /// There is a province already, or what is left of one.
    #[error(
        "{0} holds a province, or the keys or what else is left of one: choose another --data; \
         a lost database comes back with `hoso-relay restore`"
    )]
    Founded(PathBuf),
    /// Another founding is at work.
    #[error("another `hoso-relay init` is at work in {0}: let it end first")]
    Underway(PathBuf),
    /// A file is in the way of the sealed root.
    #[error("{0} exists already: choose another --sealed-root")]
    SealedRoot(PathBuf),
    /// A file cannot be used.
    #[error("{path} cannot be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The root passphrase does not fit.
    #[error("the root passphrase (--root-passphrase-file): {0}")]
    Passphrase(#[source] WrapError),
    /// The operator's password does not fit.
    #[error("the registrar's password (--operator-password-file): {0}")]
    Password(#[source] WrapError),
    /// A key cannot be made or kept.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A statement cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A statement has no effect, which is a fault of this program or of the names given.
    #[error("the statement {0} of the founding is not admitted: {1:?}")]
    Statement(&'static str, Outcome),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was founded.
pub struct Founded {
    /// The realm, in hexadecimal digits.
    pub realm: String,
    /// The registry's first entry: the root fingerprint.
    pub founding: EntryId,
    /// How many units it has.
    pub units: usize,
    /// How many procedures.
    pub procedures: usize,
    /// The first registrar.
    pub registrar: FirstRegistrar,
}

/// The account of the first registrar.
#[derive(Clone)]
pub struct FirstRegistrar {
    /// The log-in name.
    pub name: String,
    /// The grant.
    pub grant: EntryId,
    /// The key under the password.
    pub key: WrappedKey,
}

impl FirstRegistrar {
    fn account(&self, created_ms: u64) -> Account {
        Account {
            username: self.name.clone(),
            person: self.grant.person(),
            grant: self.grant,
            wrapped_key: self.key.to_bytes(),
            display_name: self.name.clone(),
            roles: Role::Registrar.code().to_owned(),
            disabled: false,
            created_ms,
        }
    }
}

/// What shall be founded.
pub struct Plan {
    /// The data directory.
    pub data: PathBuf,
    /// The kind of world.
    pub realm: RealmName,
    /// The province's name, as it is printed.
    pub province_name: String,
    /// Units, procedures and calendars.
    pub catalogue: Catalogue,
    /// The passphrase of both roots.
    pub passphrase: Secret,
    /// Where the second root goes.
    pub sealed_root: PathBuf,
    /// Log-in name of the first registrar.
    pub operator: String,
    /// Their password.
    pub password: Secret,
}

/// Founds a province in a data directory that holds none. What an earlier try has left, which
/// failed or was killed, gives way.
///
/// # Errors
///
/// [`FoundingError`]; then there is no province, and it can be tried again.
pub fn found(plan: &Plan) -> Result<Founded, FoundingError> {
    let operator = keyfile::fresh()?;
    let wrapped = wrap(&operator, &plan.password).map_err(FoundingError::Password)?;
    let roots = [keyfile::fresh()?, keyfile::fresh()?];
    let sealed = wrap(&roots[1], &plan.passphrase).map_err(FoundingError::Passphrase)?;
    secret::make_data_directory(&plan.data)
        .map_err(|source| FoundingError::File { path: plan.data.clone(), source })?;
    let mut mark = Mark::begin(&plan.data)?;
    if plan.sealed_root.exists() && !mark.made(&plan.sealed_root)? {
        mark.end()?;
        return Err(FoundingError::SealedRoot(plan.sealed_root.clone()));
    }
    let sealed = sealed.to_bytes();
    mark.will_seal(&sealed)?;
    let founded = found_with(plan, &operator, wrapped, (roots, &sealed));
    if founded.is_err() {
        mark.clear()?;
        remove(&plan.sealed_root)?;
    }
    mark.end()?;
    founded
}

/// Notes that the province of this directory is in use: nothing of it may be removed any more.
///
/// # Errors
///
/// [`FoundingError::File`].
pub fn settle(data: &Path) -> Result<(), FoundingError> {
    Mark::settle(data)
}

fn found_with(
    plan: &Plan,
    operator: &SigningKey,
    wrapped: WrappedKey,
    (roots, sealed): ([SigningKey; 2], &[u8]),
) -> Result<Founded, FoundingError> {
    secret::write(&plan.sealed_root, sealed)
        .map_err(|source| FoundingError::File { path: plan.sealed_root.clone(), source })?;
    let made = Keys::make(plan, roots)?;
    let statements = Statements::of(plan, &made, operator)?;
    let founded = Founded {
        realm: statements.founding.realm().to_string(),
        founding: statements.founding,
        units: plan.catalogue.units.len(),
        procedures: plan.catalogue.procedures.len(),
        registrar: FirstRegistrar {
            name: plan.operator.clone(),
            grant: statements.registrar,
            key: wrapped,
        },
    };
    keep(&plan.data, statements, founded.registrar.clone())?;
    Ok(founded)
}

/// The keys of a new province.
struct Keys {
    roots: [SigningKey; 2],
    transport: SigningKey,
    age: AgeKey,
    auto: Option<SigningKey>,
}

impl Keys {
    /// Makes the keys and keeps them in the data directory, but for the second root.
    fn make(plan: &Plan, roots: [SigningKey; 2]) -> Result<Self, FoundingError> {
        let data = &plan.data;
        keyfile::keep_wrapped(&keys::root(data), &roots[0], plan.passphrase.expose())?;
        let age = keyfile::make(&keys::age(data))?;
        let auto = match plan.realm {
            RealmName::Official => None,
            RealmName::Trial => Some(keyfile::make(&keys::auto(data))?),
        };
        Ok(Self {
            roots,
            transport: keyfile::make(&keys::transport(data))?,
            age: AgeKey(x25519_public(&age.seed())),
            auto,
        })
    }
}

/// The signed beginning of a registry.
struct Statements {
    founding: EntryId,
    registrar: EntryId,
    entries: Vec<(&'static str, Entry)>,
}

impl Statements {
    fn of(plan: &Plan, made: &Keys, operator: &SigningKey) -> Result<Self, FoundingError> {
        let [first, second] = &made.roots;
        let province = Statement::Province(Province {
            name: plan.province_name.clone(),
            realm_kind: match plan.realm {
                RealmName::Official => RealmKind::Official,
                RealmName::Trial => RealmKind::Trial,
            },
            roots: [first.public(), second.public()],
        });
        let nobody =
            Signer { realm: hoso_identity::Realm::ZERO, grant: EntryId::ZERO, key: first.clone() };
        let entry = nobody.sign(&province)?;
        let founding = entry.id();
        let root = Signer { realm: founding.realm(), grant: founding, key: first.clone() };
        let mut entries = vec![("province", entry)];
        let relay =
            Relay { transport: made.transport.public(), age: made.age, addresses: Vec::new() };
        entries.push(("relay", root.sign(&Statement::Relay(relay))?));
        let entry = root.sign(&registrar(&plan.operator, operator))?;
        let grant = entry.id();
        entries.push(("registrar", entry));
        if let Some(auto) = &made.auto {
            entries.push(("registrar auto", root.sign(&registrar(AUTO, auto))?));
        }
        let signer = Signer { realm: root.realm, grant, key: operator.clone() };
        for statement in plan.catalogue.statements() {
            entries.push((statement.kind().code(), signer.sign(&statement)?));
        }
        Ok(Self { founding, registrar: grant, entries })
    }
}

/// The grant of a registrar.
fn registrar(name: &str, key: &SigningKey) -> Statement {
    Statement::Grant(Grant {
        person: None,
        name: name.to_owned(),
        key: key.public(),
        unit: None,
        node: None,
        roles: vec![Role::Registrar],
        from: None,
        until: None,
    })
}

/// Keeps everything in one transaction of a new database.
fn keep(
    data: &Path,
    statements: Statements,
    registrar: FirstRegistrar,
) -> Result<(), FoundingError> {
    let random = secret::chance().map_err(KeyError::Chance)?;
    let database = Database::open(data, Schema::Relay)?;
    let (writer, thread) = Writer::start(database, |_| {})?;
    let kept = writer.write_blocking(move |tx| {
        tx.put_head(&LedgerHead { epoch: Epoch { generation: 1, random }, number: 0 })?;
        accept_all(tx, &statements)?;
        accounts::add(tx, &registrar.account(clock::now_ms()))?;
        audit::append(tx, clock::now_ms(), &registrar.name, "founded", "")?;
        Ok(())
    });
    drop(writer);
    thread.join()?;
    kept
}

fn accept_all(tx: &mut Tx<'_>, statements: &Statements) -> Result<(), FoundingError> {
    let mut admission = Registrar::new(Arc::default(), statements.founding.realm());
    for (what, entry) in &statements.entries {
        match accept_own(tx, &mut admission, &entry.encode(), clock::now_ms())? {
            Outcome::Accepted(_) => {}
            other @ (Outcome::Waiting(_) | Outcome::Refused(_)) => {
                return Err(FoundingError::Statement(what, other));
            }
        }
    }
    Ok(())
}

/// Removes a file that may not have been written yet.
fn remove(path: &Path) -> Result<(), FoundingError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FoundingError::File { path: path.to_owned(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn wrap(key: &SigningKey, password: &Secret) -> Result<WrappedKey, WrapError> {
    match keyfile::wrap(key, password.expose()) {
        Ok(wrapped) => Ok(wrapped),
        Err(KeyError::Wrap(error)) => Err(error),
        Err(KeyError::File { .. } | KeyError::Damaged(_) | KeyError::Chance(_)) => {
            Err(WrapError::Closed)
        }
    }
}
