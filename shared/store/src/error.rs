//! What can go wrong below the rules.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::ffi;
use thiserror::Error;

use crate::database;

/// Why something could not be stored or read.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite refused or failed.
    #[error("the database failed: {0}")]
    Sql(#[from] rusqlite::Error),
    /// A file of the data directory cannot be used.
    #[error("{path} cannot be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process works on the data directory.
    #[error("{path} is in use by process {pid}: stop that one first")]
    InUse {
        /// The lock file.
        path: PathBuf,
        /// The other process, as it wrote it.
        pid: String,
    },
    /// The database is not one that this program made.
    #[error("hoso.db is another program's database: choose another data directory")]
    Foreign,
    /// The file system cannot hold a write-ahead log.
    #[error("the data directory cannot hold a write-ahead log (mode {mode}): use a local disk")]
    NoLog {
        /// The mode that SQLite fell back to.
        mode: String,
    },
    /// The database was written by a newer program.
    #[error(
        "the database has schema {found}, this program knows {known}: use the newer program{}; \
         nothing was changed", way_back(before.as_deref())
    )]
    Newer {
        /// The schema of the file.
        found: i64,
        /// The newest schema of this program.
        known: i64,
        /// The backup from before the change, if this program can restore it.
        before: Option<PathBuf>,
    },
    /// The database is gone although the directory held one.
    #[error("{path} is missing or empty although it was there: put it back, or restore a backup")]
    Gone {
        /// The missing file.
        path: PathBuf,
    },
    /// The write-ahead log is gone although the database was not closed.
    #[error(
        "{path} is missing or empty although the database was not closed: put it back, or restore \
         a backup; what was committed last stands in it"
    )]
    WalGone {
        /// The missing file.
        path: PathBuf,
    },
    /// The database is of an earlier time than its last opening.
    #[error(
        "{path} or its log is older than when it was last opened: put the newest back, or restore \
         a backup"
    )]
    Older {
        /// The database.
        path: PathBuf,
    },
    /// The database was copied from where it was in use.
    #[error(
        "{path} is a copy of a database in use, without what that one had not yet written into it: \
         make a backup and restore that"
    )]
    Copied {
        /// The copy.
        path: PathBuf,
    },
    /// What stands in the database cannot be what this program wrote.
    #[error("the database is damaged at {0}: restore a backup")]
    Damaged(&'static str),
    /// There is no room on the disk. What was asked is undone, and can be asked again later.
    #[error("the disk is full; nothing was stored: make room on it")]
    Full,
    /// The disk can only be read. What was asked is undone, and can be asked again later.
    #[error("the disk can only be read; nothing was stored: make it writable again")]
    ReadOnly,
    /// SQLite has given a transaction up, as it does when the disk fails under it.
    #[error("the disk failed within a transaction: look at it before the program starts anew")]
    GivenUp,
    /// A commit failed: nothing is acknowledged any more until the program starts anew.
    #[error("the storage failed earlier; nothing is saved until the program starts anew")]
    Dead,
    /// The record moved on since it was read: compute again.
    #[error("the record has moved on")]
    Stale,
    /// The file exists already.
    #[error("{0} exists already: choose another name")]
    Exists(PathBuf),
    /// More than may be kept.
    #[error("{what}: at most {max} may be kept")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much may be kept.
        max: usize,
    },
    /// All numbers of a day are used at this station.
    #[error("station {station} has given all numbers of day {day}")]
    Exhausted {
        /// The station.
        station: u16,
        /// The day as YYYYMMDD.
        day: u32,
    },
    /// Work was cut short before it came to its end.
    #[error("it was cut short: nothing was kept, begin again")]
    Stopped,
    /// A key file stands there that is another one than the backup's.
    #[error(
        "{0} is not the key that the backup holds: this directory belongs to another machine; \
         choose another --data, or move that file away first"
    )]
    OtherKey(PathBuf),
    /// The backup is not one of this program, or is damaged.
    #[error("{0} is no usable backup")]
    Backup(PathBuf),
}

impl StoreError {
    /// The same, by the name that a disk without room has, or one that can only be read.
    #[must_use]
    pub(crate) fn named(self, data: &Path) -> Self {
        let (full, read_only) = match &self {
            Self::Sql(error) => {
                let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
                (full, is_of_a_write(error) && database::cannot_be_written(data))
            }
            Self::File { source, .. } => {
                let kind = source.kind();
                (kind == io::ErrorKind::StorageFull, kind == io::ErrorKind::ReadOnlyFilesystem)
            }
            Self::InUse { .. }
            | Self::Foreign
            | Self::NoLog { .. }
            | Self::Newer { .. }
            | Self::Gone { .. }
            | Self::WalGone { .. }
            | Self::Older { .. }
            | Self::Copied { .. }
            | Self::Damaged(_)
            | Self::Stopped
            | Self::OtherKey(_)
            | Self::Backup(_)
            | Self::GivenUp
            | Self::Dead
            | Self::Stale
            | Self::Exists(_)
            | Self::TooMuch { .. }
            | Self::Exhausted { .. }
            | Self::ReadOnly
            | Self::Full => (false, false),
        };
        match (full, read_only) {
            (true, _) => Self::Full,
            (false, true) => Self::ReadOnly,
            (false, false) => self,
        }
    }
}

/// The other way out for who cannot use the newer program.
fn way_back(before: Option<&Path>) -> String {
    let told =
        |file: &Path| format!(", or restore {}, the backup from before that", file.display());
    before.map_or_else(String::new, told)
}

/// Whether SQLite met it before anything was synced; a sync that failed leaves the disk in doubt.
fn is_of_a_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    code == ffi::SQLITE_IOERR_WRITE
        || code == ffi::SQLITE_IOERR_TRUNCATE
        || error.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly)
}
