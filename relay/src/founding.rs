//! `init`: a province begins. Roots, relay, registrars and catalogue as signed statements, in one
//! transaction.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use hoso_engine::{
    admission::Registrar,
    clock,
    keyfile::{self, KeyError},
    secret,
};
use hoso_identity::{Entry, EntryId, Epoch, SigningKey, WrapError, WrappedKey, x25519_public};
use hoso_registry::{
    Catalogue, Role, Statement,
    catalogue::CatalogueError,
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
use zeroize::Zeroizing;

use crate::{
    cli::{Init, RealmName},
    keys,
    sign::{SignError, Signer},
};

/// The name of the registrar who approves at once, outside the official realm.
pub const AUTO: &str = "auto";

/// Why no province was founded.
#[derive(Debug, Error)]
pub enum FoundingError {
    /// There is a province already.
    #[error("{0} holds a province already: choose another --data")]
    Founded(PathBuf),
    /// A file is in the way of the sealed root.
    #[error("{0} exists already: choose another --sealed-root")]
    SealedRoot(PathBuf),
    /// A file cannot be read.
    #[error("{path} cannot be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The catalogue is not right.
    #[error("{0}{cause}", cause = cause(.0))]
    Catalogue(#[from] CatalogueError),
    /// The root passphrase does not fit.
    #[error("--root-passphrase-file: {0}")]
    Passphrase(#[source] WrapError),
    /// The operator's password does not fit.
    #[error("--operator-password-file: {0}")]
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

/// Founds a province in a new data directory.
///
/// # Errors
///
/// [`FoundingError`]; then there is no database, and `init` can be run again.
pub fn found(args: &Init) -> Result<Founded, FoundingError> {
    let data = &args.common.data;
    if Database::exists(data) {
        return Err(FoundingError::Founded(data.clone()));
    }
    if args.sealed_root.exists() {
        return Err(FoundingError::SealedRoot(args.sealed_root.clone()));
    }
    let catalogue =
        Catalogue::parse(&text(&args.units)?, &text(&args.procedures)?, &text(&args.calendar)?)?;
    let passphrase = line(&args.root_passphrase_file)?;
    let password = line(&args.operator_password_file)?;
    let operator = keyfile::fresh()?;
    let wrapped = wrap(&operator, &password).map_err(FoundingError::Password)?;
    let roots = [keyfile::fresh()?, keyfile::fresh()?];
    wrap(&roots[0], &passphrase).map_err(FoundingError::Passphrase)?;
    secret::make_data_directory(data)
        .map_err(|source| FoundingError::File { path: data.clone(), source })?;
    let made = Keys::make(args, roots, &passphrase)?;
    let statements = Statements::of(args, &made, &operator, &catalogue)?;
    let founded = Founded {
        realm: statements.founding.realm().to_string(),
        founding: statements.founding,
        units: catalogue.units.len(),
        procedures: catalogue.procedures.len(),
        registrar: FirstRegistrar {
            name: args.operator.clone(),
            grant: statements.registrar,
            key: wrapped,
        },
    };
    keep(data, statements, founded.registrar.clone())?;
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
    /// Makes the keys and keeps them in the data directory; the second root leaves it.
    fn make(args: &Init, roots: [SigningKey; 2], passphrase: &str) -> Result<Self, FoundingError> {
        let data = &args.common.data;
        keyfile::keep_wrapped(&keys::root(data), &roots[0], passphrase)?;
        keyfile::keep_wrapped(&args.sealed_root, &roots[1], passphrase)?;
        let age = keyfile::make(&keys::age(data))?;
        let auto = match args.realm {
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
    fn of(
        args: &Init,
        made: &Keys,
        operator: &SigningKey,
        catalogue: &Catalogue,
    ) -> Result<Self, FoundingError> {
        let [first, second] = &made.roots;
        let province = Statement::Province(Province {
            name: args.province_name.clone(),
            realm_kind: match args.realm {
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
        let entry = root.sign(&registrar(&args.operator, operator))?;
        let grant = entry.id();
        entries.push(("registrar", entry));
        if let Some(auto) = &made.auto {
            entries.push(("registrar auto", root.sign(&registrar(AUTO, auto))?));
        }
        let signer = Signer { realm: root.realm, grant, key: operator.clone() };
        for statement in catalogue.statements() {
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
    if kept.is_err() {
        remove_database(data)?;
    }
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

/// Removes a database that holds no province, so that `init` can be run again.
fn remove_database(data: &Path) -> Result<(), FoundingError> {
    let path = data.join(hoso_store::database::DATABASE_NAME);
    fs::remove_file(&path).map_err(|source| FoundingError::File { path, source })
}

fn wrap(key: &SigningKey, password: &str) -> Result<WrappedKey, WrapError> {
    match keyfile::wrap(key, password) {
        Ok(wrapped) => Ok(wrapped),
        Err(KeyError::Wrap(error)) => Err(error),
        Err(KeyError::File { .. } | KeyError::Damaged(_) | KeyError::Chance(_)) => {
            Err(WrapError::Closed)
        }
    }
}

fn text(path: &Path) -> Result<String, FoundingError> {
    fs::read_to_string(path).map_err(|source| FoundingError::File { path: path.to_owned(), source })
}

/// The first line of a secret file.
fn line(path: &Path) -> Result<Zeroizing<String>, FoundingError> {
    let text = Zeroizing::new(text(path)?);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// What the reader of a table says below the sentence.
fn cause(error: &CatalogueError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(String::new, |source| format!(": {source}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use hoso_store::readers::Readers;

    use super::*;
    use crate::cli::{Cli, Command};

    fn init(directory: &Path, realm: &str) -> Init {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/data");
        let secret = directory.join("secret.txt");
        fs::write(&secret, "mot cau du dai\n").unwrap();
        let (secret, sealed) = (secret.to_str().unwrap(), directory.join("sealed.root"));
        let relay = directory.join("relay");
        let cli = Cli::try_parse_from([
            "hoso-relay",
            "init",
            "--data",
            relay.to_str().unwrap(),
            "--realm",
            realm,
            "--province-name",
            "Quảng Ninh",
            "--units",
            &format!("{data}/units.csv"),
            "--procedures",
            &format!("{data}/procedures.csv"),
            "--calendar",
            &format!("{data}/holidays.toml"),
            "--root-passphrase-file",
            secret,
            "--sealed-root",
            sealed.to_str().unwrap(),
            "--operator",
            "dieuhanh",
            "--operator-password-file",
            secret,
        ]);
        let Command::Init(init) = cli.unwrap().command else { panic!("not init") };
        init
    }

    #[test]
    fn a_trial_province_has_two_roots_a_registrar_auto_and_the_whole_catalogue() {
        let directory = tempfile::tempdir().unwrap();
        let args = init(directory.path(), "trial");
        let founded = found(&args).unwrap();
        assert_eq!((founded.units, founded.procedures), (54, 74));
        let data = &args.common.data;
        let first = keyfile::open(&keys::root(data), "mot cau du dai").unwrap();
        let sealed = keyfile::open(&args.sealed_root, "mot cau du dai").unwrap();
        assert_ne!(first.public(), sealed.public());
        assert!(keys::read_auto(data).unwrap().is_some());
        let database = Database::open(data, Schema::Relay).unwrap();
        let head = Readers::of(data).read(|tx| tx.head()).unwrap();
        assert_eq!((head.number, head.epoch.generation), (4 + 54 + 1 + 74 + 4, 1));
        drop(database);
    }

    #[test]
    fn an_official_province_has_no_unwrapped_registrar() {
        let directory = tempfile::tempdir().unwrap();
        let args = init(directory.path(), "official");
        found(&args).unwrap();
        assert!(!keys::auto(&args.common.data).exists());
        assert!(matches!(found(&args), Err(FoundingError::Founded(_))));
    }

    #[test]
    fn a_broken_catalogue_or_a_short_password_founds_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut args = init(directory.path(), "trial");
        let broken = directory.path().join("broken.csv");
        fs::write(&broken, "code,name\n1,2\n").unwrap();
        let units = std::mem::replace(&mut args.units, broken);
        assert!(matches!(found(&args), Err(FoundingError::Catalogue(_))));
        args.units = units;
        let short = directory.path().join("short.txt");
        fs::write(&short, "ngan\n").unwrap();
        args.operator_password_file = short;
        assert!(matches!(found(&args), Err(FoundingError::Password(_))));
        assert!(!args.common.data.exists());
    }
}
