//! What operators did, append-only and chained, so that a row that was changed or taken out in
//! between is noticed.

use rusqlite::{OptionalExtension, Row, named_params};

use crate::{
    columns::{blob, fixed, signed, unsigned},
    error::StoreError,
    writer::Tx,
};

const LAST: &str = "SELECT chain FROM audit ORDER BY seq DESC LIMIT 1";
const APPEND: &str = "INSERT INTO audit (at_ms, who, what, detail, chain)
    VALUES (:at_ms, :who, :what, :detail, :chain)";
const NEWEST: &str = "SELECT * FROM audit WHERE seq < :before ORDER BY seq DESC LIMIT :limit";
const COUNT: &str = "SELECT count(*) FROM audit";
const ALL: &str = "SELECT * FROM audit ORDER BY seq";

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub seq: i64,
    /// When, Unix milliseconds.
    pub at_ms: u64,
    /// Who: the operator's name, or the program's.
    pub who: String,
    /// A stable code.
    pub what: String,
    /// On what, without personal data.
    pub detail: String,
}

/// Appends a row, in the transaction of what it speaks of.
///
/// # Errors
///
/// What SQLite says.
pub fn append(
    tx: &mut Tx<'_>,
    at_ms: u64,
    who: &str,
    what: &str,
    detail: &str,
) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(LAST)?;
    let last: Option<Vec<u8>> = statement.query_row([], |row| row.get(0)).optional()?;
    let last = last.as_deref().map(fixed).transpose()?.unwrap_or_default();
    let row = AuditRow {
        seq: 0,
        at_ms,
        who: who.to_owned(),
        what: what.to_owned(),
        detail: detail.to_owned(),
    };
    tx.connection.prepare_cached(APPEND)?.execute(named_params! {
        ":at_ms": signed(at_ms),
        ":who": who,
        ":what": what,
        ":detail": detail,
        ":chain": link(&last, &row),
    })?;
    Ok(())
}

/// Rows with a number below `before` (all if none), newest first, at most `limit`.
///
/// # Errors
///
/// What SQLite says.
pub fn newest(
    tx: &mut Tx<'_>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut statement = tx.connection.prepare_cached(NEWEST)?;
    let before = before.unwrap_or(i64::MAX);
    let mut rows = statement.query(named_params! { ":before": before, ":limit": limit })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// How many rows there are.
///
/// # Errors
///
/// What SQLite says.
pub fn count(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    unsigned(tx.connection.prepare_cached(COUNT)?.query_row([], |row| row.get(0))?)
}

/// The number of the first row that does not follow from the one before it, if there is one.
///
/// # Errors
///
/// What SQLite says.
pub fn broken_at(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    let mut statement = tx.connection.prepare_cached(ALL)?;
    let mut rows = statement.query([])?;
    let mut last = [0; 32];
    while let Some(row) = rows.next()? {
        let audited = read(row)?;
        last = link(&last, &audited);
        if blob::<32>(row, "chain")? != last {
            return Ok(Some(audited.seq));
        }
    }
    Ok(None)
}

/// The chain after a row: over what was before it and all its fields, each with its length.
fn link(last: &[u8; 32], row: &AuditRow) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hoso audit 1");
    hasher.update(last);
    hasher.update(&row.at_ms.to_be_bytes());
    for text in [&row.who, &row.what, &row.detail] {
        hasher.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

fn read(row: &Row<'_>) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        seq: row.get("seq")?,
        at_ms: unsigned(row.get("at_ms")?)?,
        who: row.get("who")?,
        what: row.get("what")?,
        detail: row.get("detail")?,
    })
}
