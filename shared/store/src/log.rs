//! The write-ahead log: folded into the database by the writer alone, and numbered, so that an
//! older copy of it is told from the newest.
//!
//! SQLite folds the log by itself and passes over a sync that fails; here the writer folds it, and
//! a failure ends all writing. Once all of the log is folded, the next transaction may begin it
//! anew. That transaction is the writer's own: it raises `opened.times`, and then the marker
//! `hoso.open` says the new number. So each generation of the log begins with its number, and an
//! older copy of the log or of the database says less than the marker. An orderly end raises the
//! number once more and marks it as closed: then no log is missed.
//!
//! What stays unnoticed is the newest log, cut short at the end of one of its transactions: that
//! is what a crash before the next one leaves, too.

use std::{fs, io, path::Path};

use rusqlite::Connection;

use crate::{
    database::{DATABASE_NAME, write_whole},
    error::StoreError,
};

/// Says the newest number, and whether the log was closed.
pub(crate) const MARKER_NAME: &str = "hoso.open";
/// What the marker adds after an orderly end.
const CLOSED: &str = " closed";
/// Pages of the log from which on it is folded: 8 MiB. Most are changed many times meanwhile, and
/// are written into the database once.
const FOLD_PAGES: i64 = 2000;

const RAISE: &str = "UPDATE opened SET times = times + 1";
const RESET: &str = "UPDATE opened SET times = 0";
const NUMBER: &str = "SELECT times FROM opened";
const LENGTH: &str = "PRAGMA wal_checkpoint(NOOP)";
const FOLD: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The name of a database's write-ahead log.
pub(crate) fn name(database: &str) -> String {
    format!("{database}-wal")
}

/// Begins a generation: one commit with its number, then the marker that says it.
///
/// # Errors
///
/// What SQLite and the system say.
pub(crate) fn begin(data: &Path, connection: &Connection) -> Result<(), StoreError> {
    connection.execute(RAISE, [])?;
    mark(data, &number(connection)?.to_string())
}

/// Takes all numbers from a database that shall stand in a directory without a marker.
///
/// # Errors
///
/// What SQLite says.
pub(crate) fn reset(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(RESET, [])?;
    Ok(())
}

/// Lets a marker stand before the first generation begins, so that a database without one was never
/// used.
///
/// # Errors
///
/// What the system says.
pub(crate) fn announce(data: &Path) -> Result<(), StoreError> {
    mark(data, &format!("0{CLOSED}"))
}

/// Refuses a database without a marker that has had one: someone has copied the file alone.
///
/// # Errors
///
/// [`StoreError::Copied`]; what SQLite says.
pub(crate) fn notice_copied(data: &Path, connection: &Connection) -> Result<(), StoreError> {
    if number(connection)? > 0 {
        return Err(StoreError::Copied { path: data.join(DATABASE_NAME) });
    }
    Ok(())
}

/// Ends orderly: everything is folded, and the marker says that no log is needed. `false`: a reader
/// still uses the log, and all stands as after a crash.
///
/// # Errors
///
/// What SQLite and the system say; then all stands as after a crash.
pub(crate) fn end(data: &Path, connection: &Connection) -> Result<bool, StoreError> {
    connection.execute(RAISE, [])?;
    let folded = fold(connection)?;
    if folded {
        mark(data, &format!("{}{CLOSED}", number(connection)?))?;
    }
    Ok(folded)
}

/// Folds the log whenever it has grown long.
#[derive(Debug, Default)]
pub(crate) struct Folding {
    /// Pages below which trying again would only meet the same reader.
    not_before: i64,
}

impl Folding {
    /// Folds the log if it is long. A reader may keep a part of it in use; the rest comes later.
    ///
    /// # Errors
    ///
    /// What SQLite and the system say: then it is not known what the disk holds.
    pub(crate) fn fold_if_long(
        &mut self,
        data: &Path,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        let (pages, folded) = progress(connection, LENGTH)?;
        if pages < self.not_before || pages.saturating_sub(folded) < FOLD_PAGES {
            return Ok(());
        }
        if fold(connection)? {
            self.not_before = 0;
            begin(data, connection)
        } else {
            self.not_before = pages.saturating_add(FOLD_PAGES);
            Ok(())
        }
    }
}

/// What the marker says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marker {
    number: i64,
    closed: bool,
}

impl Marker {
    /// The marker of the directory, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] for one that says no number; what the system says.
    pub(crate) fn read(data: &Path) -> Result<Option<Self>, StoreError> {
        let path = data.join(MARKER_NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::File { path, source }),
        };
        let (digits, closed) = match text.strip_suffix(CLOSED) {
            Some(digits) => (digits, true),
            None => (text.as_str(), false),
        };
        let number = digits.parse().map_err(|_| StoreError::Damaged(MARKER_NAME))?;
        Ok(Some(Self { number, closed }))
    }

    /// Whether the last process that worked there ended in order.
    pub(crate) fn is_closed(self) -> bool {
        self.closed
    }

    /// Refuses a database whose log held commits and is gone.
    ///
    /// # Errors
    ///
    /// [`StoreError::WalGone`]; what the system says.
    pub(crate) fn notice_vanished(self, data: &Path) -> Result<(), StoreError> {
        if self.closed {
            return Ok(());
        }
        let path = data.join(name(DATABASE_NAME));
        if length(&path)? > 0 { Ok(()) } else { Err(StoreError::WalGone { path }) }
    }

    /// Refuses a database or a log of an earlier time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`]; what SQLite says.
    pub(crate) fn notice_older(
        self,
        data: &Path,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        if number(connection)? < self.number {
            return Err(StoreError::Older { path: data.join(DATABASE_NAME) });
        }
        Ok(())
    }
}

/// Bytes of a file; none if it is not there.
///
/// # Errors
///
/// What the system says.
pub(crate) fn length(path: &Path) -> Result<u64, StoreError> {
    match fs::metadata(path) {
        Ok(file) => Ok(file.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(StoreError::File { path: path.to_owned(), source }),
    }
}

/// Folds as much as readers allow, durably; says whether that was all.
fn fold(connection: &Connection) -> Result<bool, StoreError> {
    let (pages, folded) = progress(connection, FOLD)?;
    Ok(pages == folded)
}

/// Pages of the log, and how many of them the database has.
fn progress(connection: &Connection, checkpoint: &str) -> Result<(i64, i64), StoreError> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get("log")?, row.get("checkpointed")?));
    Ok(connection.prepare_cached(checkpoint)?.query_row([], read)?)
}

/// The number of the generation.
fn number(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row(NUMBER, [], |row| row.get(0))?)
}

fn mark(data: &Path, text: &str) -> Result<(), StoreError> {
    write_whole(&data.join(MARKER_NAME), text.as_bytes())
}
