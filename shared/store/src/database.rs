//! One data directory: its lock, its database file, its schema.
//!
//! Files: `hoso.lock` (held while a process works here), `hoso.db` with SQLite's `-wal` and
//! `-shm`, and `hoso.open`, which stands while a write-ahead log may hold commits and says how
//! often the database had been opened, so that a vanished log and an older file are noticed.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use crate::{backup, error::StoreError};

/// The database's name in the data directory.
pub const DATABASE_NAME: &str = "hoso.db";
const LOCK_NAME: &str = "hoso.lock";
/// How long a process that is just ending may still hold the directory.
const ENDING_WAIT: Duration = Duration::from_secs(2);
/// How often the lock is tried meanwhile.
const LOCK_EVERY: Duration = Duration::from_millis(20);
pub(crate) const MARKER_NAME: &str = "hoso.open";
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
            ],
            Self::Relay => &[
                include_str!("migrations/relay/0001_ledger.sql"),
                include_str!("migrations/relay/0002_operators.sql"),
            ],
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
    schema: Schema,
    writer: Option<Connection>,
    _lock: File,
}

impl Database {
    /// Locks the directory, opens or makes the database and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`], [`StoreError::Foreign`], [`StoreError::Newer`],
    /// [`StoreError::WalGone`], [`StoreError::Older`], [`StoreError::Damaged`], or
    /// what SQLite and the system say.
    pub fn open(data: &Path, schema: Schema) -> Result<Self, StoreError> {
        let lock = lock(data)?;
        backup::finish(data)?;
        notice_vanished_log(data)?;
        let mut connection = Connection::open(data.join(DATABASE_NAME))?;
        keep_log(&connection, true)?;
        let found = version(&connection, schema, schema.migrations().len())?;
        if found > 0 {
            notice_older_file(data, &connection)?;
        }
        configure(&connection)?;
        migrate(&mut connection, schema, schema.migrations())?;
        let verdict: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged("quick_check"));
        }
        // One commit, so that the log exists before the marker says that it must.
        connection.execute("UPDATE opened SET times = times + 1", [])?;
        write_marker(data, opened(&connection)?)?;
        Ok(Self { data: data.to_owned(), schema, writer: Some(connection), _lock: lock })
    }

    /// Whether a database is there.
    #[must_use]
    pub fn exists(data: &Path) -> bool {
        data.join(DATABASE_NAME).exists()
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Whose tables it holds.
    #[must_use]
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// The one connection that writes, to be given to [`crate::writer::Writer`].
    pub(crate) fn take_writer(&mut self) -> Result<Connection, StoreError> {
        self.writer.take().ok_or(StoreError::Dead)
    }

    /// A new connection that only reads.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        reader(&self.data)
    }

    /// Ends orderly: the log is folded into the database and the marker removed. Where a reader
    /// still holds the log, both stay, as after a crash.
    ///
    /// # Errors
    ///
    /// What SQLite and the system say; then the next start does the rest.
    pub fn close(self, writer: Connection) -> Result<(), StoreError> {
        let folded = writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok(row.get::<_, i64>("log")? == row.get::<_, i64>("checkpointed")?)
        })?;
        if folded {
            remove(&self.data.join(MARKER_NAME))?;
            sync_directory(&self.data)?;
            keep_log(&writer, false)?;
        }
        writer.close().map_err(|(_, error)| StoreError::Sql(error))
    }
}

/// The name of a database's write-ahead log.
pub(crate) fn log_name(database: &str) -> String {
    format!("{database}-wal")
}

/// The name of the index of a database's log.
pub(crate) fn shared_memory_name(database: &str) -> String {
    format!("{database}-shm")
}

/// A connection that only reads.
pub(crate) fn reader(data: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(DATABASE_NAME), flags)?;
    keep_log(&connection, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "query_only", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// Whether closing leaves the log alone. Only an orderly end may fold and remove it: the marker
/// must go first.
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
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
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
    if found > known { Err(StoreError::Newer { found, known }) } else { Ok(found) }
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

/// How often the database was opened to be written.
fn opened(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT times FROM opened", [], |row| row.get(0))?)
}

/// Takes the directory for this process. One that is just ending is waited for.
pub(crate) fn lock(data: &Path) -> Result<File, StoreError> {
    let path = data.join(LOCK_NAME);
    let file_error = |source| StoreError::File { path: path.clone(), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(file_error)?;
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

/// Refuses a database whose log held commits and is gone.
fn notice_vanished_log(data: &Path) -> Result<(), StoreError> {
    if !data.join(MARKER_NAME).exists() {
        return Ok(());
    }
    let path = data.join(log_name(DATABASE_NAME));
    match fs::metadata(&path) {
        Ok(log) if log.len() > 0 => Ok(()),
        Ok(_) => Err(StoreError::WalGone { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::WalGone { path }),
        Err(source) => Err(StoreError::File { path, source }),
    }
}

/// Refuses a file or a log of an earlier time: the marker was written after the last opening.
fn notice_older_file(data: &Path, connection: &Connection) -> Result<(), StoreError> {
    let marker = data.join(MARKER_NAME);
    let text = match fs::read_to_string(&marker) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::File { path: marker, source }),
    };
    // A marker that was cut short by a power cut says less, not more.
    let at_least = text.trim().parse::<i64>().unwrap_or(0);
    if opened(connection)? < at_least {
        return Err(StoreError::Older { path: data.join(DATABASE_NAME) });
    }
    Ok(())
}

fn write_marker(data: &Path, opened: i64) -> Result<(), StoreError> {
    let path = data.join(MARKER_NAME);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(opened.to_string().as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| StoreError::File { path, source })?;
    sync_directory(data)
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
