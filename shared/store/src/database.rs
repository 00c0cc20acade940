//! One data directory: its lock, its database file, its schema.
//!
//! Files: `hoso.lock` (held while a process works here), `hoso.db` with SQLite's `-wal` and
//! `-shm`, and `hoso.open`, which stands while a write-ahead log holds commits, so that a vanished
//! log is noticed.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::StoreError;

/// The database's name in the data directory.
pub const DATABASE_NAME: &str = "hoso.db";
const LOCK_NAME: &str = "hoso.lock";
const MARKER_NAME: &str = "hoso.open";
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
            Self::Node => &[include_str!("migrations/node_0001_journal.sql")],
            Self::Relay => &[include_str!("migrations/relay_0001_ledger.sql")],
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
    /// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::WalGone`],
    /// [`StoreError::Damaged`], or what SQLite and the system say.
    pub fn open(data: &Path, schema: Schema) -> Result<Self, StoreError> {
        let lock = lock(data)?;
        notice_vanished_log(data)?;
        let mut connection = Connection::open(data.join(DATABASE_NAME))?;
        configure(&connection)?;
        migrate(&mut connection, schema, schema.migrations())?;
        let verdict: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged("quick_check"));
        }
        // One commit, so that the log exists before the marker says that it must.
        connection.execute("UPDATE opened SET times = times + 1", [])?;
        write_marker(data)?;
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

    /// Ends orderly: the log is folded into the database and the marker removed.
    ///
    /// # Errors
    ///
    /// What SQLite and the system say; then the next start does the rest.
    pub fn close(self, writer: Connection) -> Result<(), StoreError> {
        let marker = self.data.join(MARKER_NAME);
        writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        fs::remove_file(&marker).map_err(|source| StoreError::File { path: marker, source })?;
        sync_directory(&self.data)?;
        writer.close().map_err(|(_, error)| StoreError::Sql(error))
    }
}

/// A connection that only reads.
pub(crate) fn reader(data: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(DATABASE_NAME), flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "query_only", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Brings the schema up to date, one transaction per step.
pub(crate) fn migrate(
    connection: &mut Connection,
    schema: Schema,
    steps: &[&str],
) -> Result<(), StoreError> {
    let version = |connection: &Connection| -> Result<i64, rusqlite::Error> {
        connection.query_row("PRAGMA user_version", [], |row| row.get(0))
    };
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found = version(connection)?;
    if found > 0 && id != schema.application_id() {
        return Err(StoreError::Damaged("application_id: another program's database"));
    }
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
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

/// Takes the directory for this process.
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
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(file_error)?;
            return Err(StoreError::InUse { path, pid: pid.trim().to_owned() });
        }
        Err(TryLockError::Error(source)) => return Err(file_error(source)),
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
    let path = data.join(format!("{DATABASE_NAME}-wal"));
    match fs::metadata(&path) {
        Ok(log) if log.len() > 0 => Ok(()),
        Ok(_) => Err(StoreError::WalGone { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::WalGone { path }),
        Err(source) => Err(StoreError::File { path, source }),
    }
}

fn write_marker(data: &Path) -> Result<(), StoreError> {
    let path = data.join(MARKER_NAME);
    let written = File::create(&path).and_then(|file| file.sync_all());
    written.map_err(|source| StoreError::File { path, source })?;
    sync_directory(data)
}

/// Makes names in a directory durable.
pub(crate) fn sync_directory(data: &Path) -> Result<(), StoreError> {
    File::open(data)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| StoreError::File { path: data.to_owned(), source })
}

/// Forgets that a log held commits: for a restore, which puts another database in its place.
pub(crate) fn forget_log(data: &Path) -> Result<(), StoreError> {
    for name in
        [MARKER_NAME.to_owned(), format!("{DATABASE_NAME}-wal"), format!("{DATABASE_NAME}-shm")]
    {
        let path = data.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::File { path, source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
