//! One data directory: its lock, its database file, its schema.
//!
//! Files: `hoso.lock` (held while a process works here), `hoso.db` with SQLite's `-wal` and
//! `-shm`, and `hoso.open`, which says how new they must be and whether there must be a log; after
//! a change of the schema also `hoso.db.schema-N`, a backup from before it.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use crate::{
    backup,
    error::StoreError,
    log::{self, MARKER_NAME, Marker},
    upgrade,
    writer::Tx,
};

/// The database's name in the data directory.
pub const DATABASE_NAME: &str = "hoso.db";
const LOCK_NAME: &str = "hoso.lock";
/// How long a process that is just ending may still hold the directory.
const ENDING_WAIT: Duration = Duration::from_secs(2);
/// How often the lock is tried meanwhile.
const LOCK_EVERY: Duration = Duration::from_millis(20);
/// What the writer keeps in memory, as SQLite wants it: negative, in KiB. The pages of the indexes
/// of 100,000 dossiers, into which each entry goes at random.
const CACHE_KIB: i64 = -16 * 1024;
/// Prepared statements that each connection keeps.
const STATEMENTS: usize = 128;

/// Whose tables the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// A node's.
    Node,
    /// A relay's.
    Relay,
}

impl Schema {
    /// The migrations in order; each is one transaction and never edited.
    pub(crate) fn migrations(self) -> &'static [&'static str] {
        match self {
            Self::Node => &[
                include_str!("migrations/node/0001_journal.sql"),
                include_str!("migrations/node/0002_desk.sql"),
                include_str!("migrations/node/0003_closed.sql"),
                include_str!("migrations/node/0004_places.sql"),
                include_str!("migrations/node/0005_marks.sql"),
                include_str!("migrations/node/0006_link.sql"),
                include_str!("migrations/node/0007_standings.sql"),
                include_str!("migrations/node/0008_recheck.sql"),
                include_str!("migrations/node/0009_last_entry.sql"),
                include_str!("migrations/node/0010_open_work.sql"),
                include_str!("migrations/node/0011_words.sql"),
                include_str!("migrations/node/0012_ranked_words.sql"),
                include_str!("migrations/node/0013_openings.sql"),
                include_str!("migrations/node/0014_ratings.sql"),
                include_str!("migrations/node/0015_practice.sql"),
                include_str!("migrations/node/0016_one_off.sql"),
                include_str!("migrations/node/0017_names.sql"),
                include_str!("migrations/node/0018_needs_newer.sql"),
                include_str!("migrations/node/0019_attachments.sql"),
                include_str!("migrations/node/0020_errands.sql"),
                include_str!("migrations/node/0021_room.sql"),
                include_str!("migrations/node/0022_packed.sql"),
                include_str!("migrations/node/0023_peers.sql"),
                include_str!("migrations/node/0024_size.sql"),
                include_str!("migrations/node/0025_unplaced.sql"),
                include_str!("migrations/node/0026_audience.sql"),
                include_str!("migrations/node/0027_told.sql"),
            ],
            Self::Relay => &[
                include_str!("migrations/relay/0001_ledger.sql"),
                include_str!("migrations/relay/0002_operators.sql"),
                include_str!("migrations/relay/0003_watch.sql"),
                include_str!("migrations/relay/0004_epochs.sql"),
                include_str!("migrations/relay/0005_blobs.sql"),
                include_str!("migrations/relay/0006_packed.sql"),
                include_str!("migrations/relay/0007_shares.sql"),
            ],
        }
    }

    /// The number of the newest schema.
    fn newest(self) -> i64 {
        i64::try_from(self.migrations().len()).unwrap_or(i64::MAX)
    }

    /// The key files that stand beside the database: without them the machine is a stranger to
    /// those that knew it.
    #[must_use]
    pub fn key_files(self) -> &'static [&'static str] {
        match self {
            Self::Node => &["transport.key", "signing.key", "age.key"],
            Self::Relay => &["transport.key", "age.key", "root.key", "auto.key"],
        }
    }

    /// What `PRAGMA application_id` says, so that one program refuses the other's file.
    fn application_id(self) -> i64 {
        match self {
            Self::Node => 0x486f_736e,
            Self::Relay => 0x486f_7372,
        }
    }
}

/// An open data directory. Dropping it without [`Database::close`] is what a crash does.
#[derive(Debug)]
pub struct Database {
    data: PathBuf,
    writer: Option<Connection>,
    crashed: bool,
    _lock: File,
}

impl Database {
    /// Locks the directory, opens or makes the database and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`], [`StoreError::Foreign`], [`StoreError::Newer`],
    /// [`StoreError::WalGone`], [`StoreError::Older`], [`StoreError::Copied`],
    /// [`StoreError::Damaged`], or
    /// what SQLite and the system say.
    pub fn open(data: &Path, schema: Schema) -> Result<Self, StoreError> {
        let lock = lock(data)?;
        backup::finish(data)?;
        let marker = Marker::read(data)?;
        notice_vanished(data, marker)?;
        let path = data.join(DATABASE_NAME);
        keep_private(&path)?;
        let mut connection = Connection::open(path)?;
        keep_log(&connection, true)?;
        let found = version(&connection, schema, schema.migrations().len())
            .map_err(|error| upgrade::with_way_back(data, error))?;
        match marker {
            Some(marker) => marker.notice_older(data, &connection)?,
            None if found > 0 => log::notice_copied(data, &connection)?,
            None => {}
        }
        configure(&connection)?;
        // Without a marker the schema was never whole, and nothing was ever written.
        if marker.is_some() && found < schema.newest() {
            upgrade::begin(data, &connection, schema, found)?;
        }
        migrate(&mut connection, schema, schema.migrations())?;
        upgrade::end(data)?;
        let verdict: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged("quick_check"));
        }
        if marker.is_none() {
            log::announce(data)?;
        }
        log::begin(data, &connection)?;
        let crashed = marker.is_some_and(|marker| !marker.is_closed());
        let data = data.to_owned();
        Ok(Self { data, writer: Some(connection), crashed, _lock: lock })
    }

    /// Whether a database is there, or has left something behind: then opening says what is
    /// missing.
    #[must_use]
    pub fn exists(data: &Path) -> bool {
        let log = log::name(DATABASE_NAME);
        let left = [MARKER_NAME, &log, backup::RESTORED_NAME, backup::REPLACED_NAME];
        data.join(DATABASE_NAME).exists() || left.iter().any(|name| data.join(name).exists())
    }

    /// Whether there is a database file with anything in it.
    #[must_use]
    pub fn begun(data: &Path) -> bool {
        data.join(DATABASE_NAME).metadata().is_ok_and(|file| file.len() > 0)
    }

    /// Removes the database and all that stands beside it. For one that was begun and never used.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`]; what the system says.
    pub fn remove(data: &Path) -> Result<(), StoreError> {
        let lock = lock(data)?;
        let (log, journal) = (log::name(DATABASE_NAME), format!("{DATABASE_NAME}-journal"));
        for name in [DATABASE_NAME, &journal, &log, &shared_memory_name(DATABASE_NAME), MARKER_NAME]
        {
            remove(&data.join(name))?;
        }
        upgrade::forget(data)?;
        sync_directory(data)?;
        drop(lock);
        Ok(())
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Whether the last process that worked here did not end in order.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.crashed
    }

    /// The one connection that writes, to be given to [`crate::writer::Writer`].
    pub(crate) fn take_writer(&mut self) -> Result<Connection, StoreError> {
        self.writer.take().ok_or(StoreError::Dead)
    }

    /// Ends orderly: the log is folded into the database and removed. Where a reader still holds
    /// it, it stays, as after a crash.
    ///
    /// # Errors
    ///
    /// What SQLite and the system say; then the next start does the rest.
    pub fn close(self, writer: Connection) -> Result<(), StoreError> {
        if log::end(&self.data, &writer)? {
            keep_log(&writer, false)?;
        }
        writer.close().map_err(|(_, error)| StoreError::Sql(error))
    }
}

/// The name of the index of a database's log.
pub(crate) fn shared_memory_name(database: &str) -> String {
    format!("{database}-shm")
}

/// Checks every page, every index and every reference; opening checks less.
///
/// # Errors
///
/// [`StoreError::Damaged`]; what SQLite says.
pub fn whole(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sound: String =
        tx.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    let mut orphans = tx.connection.prepare("PRAGMA foreign_key_check")?;
    if sound != "ok" || orphans.exists([])? {
        return Err(StoreError::Damaged("integrity_check"));
    }
    Ok(())
}

/// A connection that only reads.
pub(crate) fn reader(data: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(DATABASE_NAME), flags)?;
    keep_log(&connection, true)?;
    keep_statements(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// Whether closing leaves the log alone. Only an orderly end may fold and remove it: the marker
/// must say so first.
fn keep_log(connection: &Connection, keep: bool) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    let mode = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    if mode != "wal" {
        return Err(StoreError::NoLog { mode });
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The writer folds the log: SQLite's own way passes over a sync that fails.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Nothing needs room elsewhere on the disk, such as in /tmp.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // What is not committed stays in memory: a disk without room is met at the commit alone, where
    // all of it can be undone.
    connection.pragma_update(None, "cache_spill", false)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    keep_statements(connection)
}

/// Statements stay prepared, whatever is bound to them. Where a plan might depend on a value, as
/// every one does that could use a partial index, SQLite would prepare the statement anew each
/// time: two thirds of the time that it took.
fn keep_statements(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// The version of the schema, if the file is one that this program may touch.
pub(crate) fn version(
    connection: &Connection,
    schema: Schema,
    steps: usize,
) -> Result<i64, StoreError> {
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = found == 0 && id == 0 && tables == 0;
    if !empty && id != schema.application_id() {
        return Err(StoreError::Foreign);
    }
    let known = i64::try_from(steps).unwrap_or(i64::MAX);
    if found > known { Err(StoreError::Newer { found, known, before: None }) } else { Ok(found) }
}

/// Brings the schema up to date, one transaction per step.
pub(crate) fn migrate(
    connection: &mut Connection,
    schema: Schema,
    steps: &[&str],
) -> Result<(), StoreError> {
    let found = version(connection, schema, steps.len())?;
    for (number, step) in (1_i64..).zip(steps) {
        if number <= found {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", schema.application_id())?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Takes the directory for this process. One that is just ending is waited for.
pub(crate) fn lock(data: &Path) -> Result<File, StoreError> {
    let path = data.join(LOCK_NAME);
    let file_error = |source| StoreError::File { path: path.clone(), source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(file_error)?;
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if asked.elapsed() < ENDING_WAIT => {
                std::thread::sleep(LOCK_EVERY);
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(file_error)?;
                return Err(StoreError::InUse { path, pid: pid.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(file_error(source)),
        }
    }
    file.set_len(0).map_err(file_error)?;
    file.write_all(std::process::id().to_string().as_bytes()).map_err(file_error)?;
    Ok(file)
}

/// Lets nobody else read the database; SQLite gives its log the same mode.
fn keep_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    let made = options.write(true).create(true).truncate(false).mode(0o600).open(path);
    made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
        .map_err(|source| StoreError::File { path: path.to_owned(), source })
}

/// Refuses a directory that held a database or a log and does no more. SQLite would remove a log
/// beside an empty database and begin a new one.
fn notice_vanished(data: &Path, marker: Option<Marker>) -> Result<(), StoreError> {
    let path = data.join(DATABASE_NAME);
    if log::length(&path)? == 0 {
        let left = [&log::name(DATABASE_NAME), backup::REPLACED_NAME];
        if marker.is_some() || left.iter().any(|name| data.join(name).exists()) {
            return Err(StoreError::Gone { path });
        }
    }
    marker.map_or(Ok(()), |marker| marker.notice_vanished(data))
}

/// Whether the disk takes no writes. The lock is asked: closing another handle of the database
/// would drop SQLite's own locks on it.
pub(crate) fn cannot_be_written(data: &Path) -> bool {
    let tried = OpenOptions::new().write(true).open(data.join(LOCK_NAME));
    tried.is_err_and(|error| error.kind() == io::ErrorKind::ReadOnlyFilesystem)
}

/// Makes names in a directory durable.
pub(crate) fn sync_directory(data: &Path) -> Result<(), StoreError> {
    File::open(data)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| StoreError::File { path: data.to_owned(), source })
}

/// Removes a file that may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::File { path: path.to_owned(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a file that nobody else may read, durably, whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut draft = path.file_name().unwrap_or_default().to_owned();
    draft.push(".new");
    let draft = path.with_file_name(draft);
    remove(&draft)?;
    let mut options = OpenOptions::new();
    let written =
        options.write(true).create_new(true).mode(0o600).open(&draft).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&draft, path)
        });
    written.map_err(|source| StoreError::File { path: path.to_owned(), source })?;
    path.parent().map_or(Ok(()), sync_directory)
}
