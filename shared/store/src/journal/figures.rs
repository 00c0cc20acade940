//! Figures of a node's journal: for pages, metrics and operators.

use hoso_identity::Reason;
use rusqlite::{OptionalExtension, named_params};

use crate::{
    columns::{signed, unsigned},
    error::StoreError,
    tables::JournalTables,
    writer::Tx,
};

const HEAD: &str = "SELECT journal_head FROM facts";
const BACKLOG: &str =
    "SELECT count(*), coalesce(sum(coalesce(entry.size, length(entry.bytes))), 0),
    count(DISTINCT nullif(entry.document, zeroblob(16))), min(entry.kept_at_ms) FROM journal
    JOIN entry ON entry.seq = journal.entry WHERE journal.number > :through";
const LACKING: &str = "SELECT count(*) FROM entry INDEXED BY entry_unplaced
    WHERE number IS NULL AND journal > :copied";
// The numbers stand in the text: only so does SQLite see that a partial index answers.
const WAITING: &str = "SELECT count(*) FROM entry WHERE standing = 1";
const REFUSED_ALL: &str = "SELECT count(*) FROM entry WHERE standing = 2";
const REFUSED: &str = "SELECT detail, count(*) AS times FROM entry WHERE standing = 2
    GROUP BY detail ORDER BY detail";

/// What has not been acknowledged by the relay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Entries.
    pub entries: u64,
    /// Their bytes, as they were signed.
    pub bytes: u64,
    /// The dossiers that they belong to.
    pub dossiers: u64,
    /// Since when the oldest waits, Unix milliseconds.
    pub since_ms: Option<u64>,
}

/// The highest number of the journal; zero before anything was written.
///
/// # Errors
///
/// What SQLite says.
pub fn head(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let mut statement = tx.connection.prepare_cached(HEAD)?;
    let head: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    head.map_or(Ok(0), unsigned)
}

/// What the relay has not acknowledged.
///
/// # Errors
///
/// What SQLite says.
pub fn backlog(tx: &mut Tx<'_>) -> Result<Backlog, StoreError> {
    let through = signed(tx.facts()?.journal_through);
    let mut statement = tx.connection.prepare_cached(BACKLOG)?;
    let (entries, bytes, dossiers, since_ms) = statement
        .query_row(named_params! { ":through": through }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<i64>>(3)?))
        })?;
    Ok(Backlog {
        entries: unsigned(entries)?,
        bytes: unsigned(bytes)?,
        dossiers: unsigned(dossiers)?,
        since_ms: since_ms.map(unsigned).transpose()?,
    })
}

/// How many entries another machine that has the journal up to that number may lack: what has a
/// position, its own feed brings it.
///
/// # Errors
///
/// What SQLite says.
pub fn lacking(tx: &mut Tx<'_>, copied: u64) -> Result<u64, StoreError> {
    let mut statement = tx.connection.prepare_cached(LACKING)?;
    let copied = signed(copied);
    unsigned(statement.query_row(named_params! { ":copied": copied }, |row| row.get(0))?)
}

/// How many entries wait, and how many were refused.
///
/// # Errors
///
/// What SQLite says.
pub fn troubled(tx: &mut Tx<'_>) -> Result<(u64, u64), StoreError> {
    let count = |sql| -> Result<u64, StoreError> {
        unsigned(tx.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok((count(WAITING)?, count(REFUSED_ALL)?))
}

/// How many entries were refused, by reason.
///
/// # Errors
///
/// What SQLite says.
pub fn refused(tx: &mut Tx<'_>) -> Result<Vec<(Reason, u64)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(REFUSED)?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let detail: Vec<u8> = row.get("detail")?;
        let reason = detail.first().copied().and_then(Reason::from_number);
        let reason = reason.ok_or(StoreError::Damaged("a reason"))?;
        counts.push((reason, unsigned(row.get("times")?)?));
    }
    Ok(counts)
}
