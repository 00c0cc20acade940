//! `hoso-node practise`: a training realm on this machine alone, founded and thrown away at will.
//!
//! Its roots are forgotten as soon as they have signed. From then on it is the ordinary node with
//! the ordinary rules; the realm in every entry keeps what is practised out of every other realm.

mod dossiers;
mod exercises;
mod founding;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use hoso_engine::{
    command::Problem,
    keyfile,
    memory::Memory,
    secret,
    shell::closed,
    web::{Language, Speech},
};
use hoso_identity::{Incarnation, Realm, SigningKey, Verdict};
use hoso_registry::statement::RealmKind;
use hoso_store::{
    StoreError, accounts,
    database::{Database, Schema},
    journal, link,
    meta::{DATABASE, meta, put_meta},
    rules,
    serial::SERIALS_NAME,
    tables::Admission,
    writer::Tx,
};
use serde_json::{Value, json};

pub(crate) use self::exercises::{Exercise, Progress};
use self::founding::{Founding, PEOPLE};
use crate::{
    facts::Facts,
    keys,
    office::{Failed, Office, storage},
    people::Actor,
    program,
};

/// The password of everybody in a training realm. It is printed, so nothing real may be entered.
pub const PASSWORD: &str = "tap-huan";
/// Stands in the directory of a training realm. Without it nothing there is opened, still less
/// removed.
const MARK: &str = "practise.realm";
/// What the mark says while what is beside it is not whole, and afterwards.
const MARKS: [&str; 2] = ["a training realm, being founded\n", "a training realm\n"];
/// The directory's name where a user's programs keep their data.
const DIRECTORY: &str = "hoso-practise";
/// The directory of somebody who has no such place.
const HERE: &str = "./practise-data";
/// The name of the colleague's key in the database.
const COLLEAGUE: &str = "colleague";

/// What a directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// No node.
    Nothing,
    /// A training realm, or what a founding that was cut short has left of one.
    Training {
        /// Whether the founding has come to its end.
        whole: bool,
    },
}

/// Where a training realm is kept unless somebody says where.
#[must_use]
pub fn place() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    data.map_or_else(|| PathBuf::from(HERE), |data| data.join(DIRECTORY))
}

/// Founds a training realm in this directory, unless there is one; `anew`: in place of the one
/// that is there.
///
/// # Errors
///
/// That the directory holds something else, which stays as it is; that a program runs there; what
/// the system says.
pub async fn prepare(data: &Path, anew: bool) -> Result<(), Problem> {
    match held(data).await? {
        Held::Training { whole: true } if !anew => Ok(()),
        Held::Nothing | Held::Training { .. } => found(data).await,
    }
}

/// Everybody's log-in and name, as a training realm is founded with them.
pub(crate) fn log_ins() -> impl Iterator<Item = (&'static str, &'static str)> {
    let administrator = (founding::ADMINISTRATOR, founding::ADMINISTRATOR_NAME);
    std::iter::once(administrator).chain(PEOPLE.iter().map(|person| (person.log_in, person.name)))
}

/// What is said to whoever starts a training realm.
#[must_use]
pub fn told(data: &Path, pages: &str) -> Value {
    let names: Vec<&str> = log_ins().map(|(log_in, _)| log_in).collect();
    json!({
        "pages": format!("http://{pages}/"),
        "log_ins": names.join(" "),
        "password": PASSWORD,
        "data": data.display().to_string(),
    })
}

impl Office {
    /// Whether this is a training realm: one machine, no province to link to.
    pub(crate) fn is_training(&self) -> bool {
        self.state().realm_kind() == Some(RealmKind::Training)
    }

    /// Whether this training realm can be begun again: its directory is marked as one's. Where it
    /// was restored into another directory, it is not.
    pub(crate) fn can_begin_again(&self) -> bool {
        self.is_training() && self.data.join(MARK).exists()
    }

    /// Lets the program throw this training realm away and found another one.
    pub(crate) fn begin_again(&self) {
        self.begins_again.send_replace(true);
    }

    /// The colleague at the unit's second station, of whom nothing but the key is here.
    pub(crate) async fn colleague(&self) -> Result<Actor, Problem> {
        let seed = self.memory.read(|tx| meta(tx, COLLEAGUE)).await;
        let seed: Option<[u8; 32]> =
            seed.map_err(|error| storage(&error))?.and_then(|seed| seed.try_into().ok());
        let seed = seed.ok_or_else(|| Problem::new("practise", "the second station is missing"))?;
        self.actor_with(founding::COLLEAGUE, &SigningKey::from_seed(&seed))
    }
}

async fn held(data: &Path) -> Result<Held, Problem> {
    let Ok(mark) = fs::read_to_string(data.join(MARK)) else { return unmarked(data) };
    if !Database::exists(data) {
        return Ok(Held::Training { whole: false });
    }
    let opened = Memory::open(data, Schema::Node, |_| Ok(Realm::ZERO), |_| {});
    let (memory, thread) = match opened {
        Ok(opened) => opened,
        Err(error @ StoreError::InUse { .. }) => return Err(storage(&error)),
        Err(error) => {
            tracing::debug!(%error, "what is there cannot be opened");
            return Err(something_else(data, "damaged", ""));
        }
    };
    let kind = memory.state().realm_kind();
    let joining = memory.read(Facts::read).await;
    drop(memory);
    closed(thread).await.map_err(|error| storage(&error))?;
    let joining = joining.map_err(|error| storage(&error))?.is_some();
    let [founding, _] = MARKS;
    match kind {
        Some(RealmKind::Training) => Ok(Held::Training { whole: mark != founding }),
        None if !joining => Ok(Held::Training { whole: false }),
        None => Err(something_else(data, "joining", "")),
        Some(kind) => Err(something_else(data, "realm", kind.code())),
    }
}

/// A directory without the mark holds nothing of a program, or is somebody else's.
fn unmarked(data: &Path) -> Result<Held, Problem> {
    if Database::exists(data) {
        return Err(something_else(data, "database", ""));
    }
    let keys = Schema::Node.key_files().iter().chain(Schema::Relay.key_files());
    match keys.map(|name| data.join(name)).find(|path| path.exists()) {
        Some(path) => Err(something_else(data, "file", &path.display().to_string())),
        None => Ok(Held::Nothing),
    }
}

/// Whatever it is, nothing of it is touched. Whoever practises may read either language.
fn something_else(data: &Path, found: &str, about: &str) -> Problem {
    let speech = Speech::new(include_str!("../locales/vi.ftl"), include_str!("../locales/en.ftl"));
    let said = [Language::Vietnamese, Language::English].map(|language| {
        let words = speech.of(language);
        let about = [("about", about)].into_iter().collect();
        let found = words.say_with(&format!("practise-found-{found}"), &about);
        let values = [("data", data.display().to_string()), ("found", found)];
        words.say_with("practise-not-here", &values.into_iter().collect())
    });
    Problem::new("practise", said.join(" / "))
}

/// Founds in the place of nothing, or of a training realm.
async fn found(data: &Path) -> Result<(), Problem> {
    let at = |error: std::io::Error| Problem::new("data", format!("{}: {error}", data.display()));
    secret::make_data_directory(data).map_err(at)?;
    let [founding, founded] = MARKS;
    secret::write(&data.join(MARK), founding.as_bytes()).map_err(at)?;
    Database::remove(data).map_err(|error| storage(&error))?;
    for name in Schema::Node.key_files().iter().chain(&[SERIALS_NAME]) {
        remove(&data.join(name)).map_err(at)?;
    }
    let key = |error: keyfile::KeyError| Problem::new("key", error.to_string());
    let transport = keyfile::make(&keys::transport(data)).map_err(key)?.public();
    let signing = keyfile::make(&keys::signing(data)).map_err(key)?.public();
    let age = founding::age_of(&keyfile::make(&keys::age(data)).map_err(key)?);
    // Each password is worked for tens of milliseconds on purpose.
    let made = tokio::task::spawn_blocking(move || Founding::of([transport, signing], age)).await;
    let made = made.map_err(|error| Problem::new("practise", error.to_string()))??;
    keep(data, made).await?;
    let (office, thread) = program::open(data).await?;
    let begun = dossiers::begin(&office).await;
    drop(office);
    closed(thread).await.map_err(|error| storage(&error))?;
    begun?;
    secret::write(&data.join(MARK), founded.as_bytes()).map_err(at)
}

/// Keeps everything that a training realm begins with in one transaction.
async fn keep(data: &Path, founding: Founding) -> Result<(), Problem> {
    let realm = founding.facts.realm();
    let (memory, thread) = Memory::open(data, Schema::Node, move |_| Ok(realm), |_| {})
        .map_err(|error| storage(&error))?;
    let chance = |error: std::io::Error| Problem::new("chance", error.to_string());
    let database = secret::chance::<16>().map_err(chance)?;
    let incarnation = Incarnation(secret::chance().map_err(chance)?);
    let kept = memory.write(false, move |tx: &mut Tx<'_>, registrar| {
        put_meta(tx, DATABASE, &database)?;
        journal::found(tx, incarnation)?;
        founding.facts.put(tx)?;
        put_meta(tx, COLLEAGUE, founding.colleague.seed().as_slice())?;
        link::want(tx, false)?;
        for entry in &founding.entries {
            if registrar.decide(entry, None, None) != Verdict::Admitted {
                let text = "a statement of the training realm's founding is not admitted";
                return Err(Failed(Problem::new("practise", text)));
            }
            rules::journal::append(tx, registrar, entry)?;
        }
        for account in &founding.accounts {
            accounts::add(tx, account)?;
        }
        Ok(())
    });
    let kept = kept.await.map_err(|failed: Failed| failed.0);
    drop(memory);
    closed(thread).await.map_err(|error| storage(&error))?;
    kept
}

/// Removes a file that may be gone already.
fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
