//! Room for scans at a node: what the relay has too is given up, the longest unread first, and
//! comes again when its dossier is opened.

use hoso_identity::{DocumentId, PayloadHash};
use rusqlite::named_params;

use crate::{
    columns::{blob, signed, unsigned},
    error::StoreError,
    writer::Tx,
};

const FETCHED: &str = "UPDATE blob SET fetched_ms = :at, given_up = 0 WHERE hash = :hash";
const READ: &str = "UPDATE blob SET fetched_ms = :at WHERE hash = :hash
    AND fetched_ms IS NOT NULL";
const HELD: &str = "SELECT coalesce(sum(held), 0) FROM blob";
const OLDEST: &str = "SELECT hash, size FROM blob INDEXED BY blob_fetched
    WHERE fetched_ms IS NOT NULL AND held = size AND hash <> :but AND NOT EXISTS
    (SELECT 1 FROM attachment WHERE attachment.blob = hash AND placed = 0)
    ORDER BY fetched_ms LIMIT 256";
const GIVE_UP: &str = "UPDATE blob SET held = 0, given_up = 1 WHERE hash = :hash";
const GIVEN_UP: &str = "SELECT 1 FROM attachment JOIN blob ON hash = attachment.blob
    WHERE document = :document AND given_up = 1";
const WANT_AGAIN: &str = "UPDATE blob SET given_up = 0 WHERE given_up = 1 AND hash IN
    (SELECT blob FROM attachment WHERE document = :document)";

/// Notes that the scan has come from the relay.
///
/// # Errors
///
/// What SQLite says.
pub fn fetched(tx: &mut Tx<'_>, hash: &PayloadHash, at_ms: u64) -> Result<(), StoreError> {
    note(tx, FETCHED, hash, at_ms)
}

/// Notes that somebody reads the scan: others are given up before it.
///
/// # Errors
///
/// What SQLite says.
pub fn read(tx: &mut Tx<'_>, hash: &PayloadHash, at_ms: u64) -> Result<(), StoreError> {
    note(tx, READ, hash, at_ms)
}

fn note(tx: &mut Tx<'_>, sql: &str, hash: &PayloadHash, at_ms: u64) -> Result<(), StoreError> {
    let values = named_params! { ":hash": hash.0, ":at": signed(at_ms) };
    tx.connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Bytes of all scans that are here.
///
/// # Errors
///
/// What SQLite says.
pub fn held(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    unsigned(tx.connection.prepare_cached(HELD)?.query_row([], |row| row.get(0))?)
}

/// Gives up scans until all of them have at most so many bytes, `but` the one that has just come;
/// gives whose files are to be removed. What was brought here at the desk is never given up.
///
/// # Errors
///
/// What SQLite says.
pub fn make(
    tx: &mut Tx<'_>,
    bytes_max: u64,
    but: &PayloadHash,
) -> Result<Vec<PayloadHash>, StoreError> {
    let mut held = held(tx)?;
    let mut given_up = Vec::new();
    if held <= bytes_max {
        return Ok(given_up);
    }
    let mut statement = tx.connection.prepare_cached(OLDEST)?;
    let mut rows = statement.query(named_params! { ":but": but.0 })?;
    while held > bytes_max
        && let Some(row) = rows.next()?
    {
        given_up.push(PayloadHash(blob(row, "hash")?));
        held = held.saturating_sub(unsigned(row.get("size")?)?);
    }
    for hash in &given_up {
        let values = named_params! { ":hash": hash.0 };
        tx.connection.prepare_cached(GIVE_UP)?.execute(values)?;
    }
    Ok(given_up)
}

/// Whether scans of this dossier were given up for room.
///
/// # Errors
///
/// What SQLite says.
pub fn has_given_up(tx: &mut Tx<'_>, document: &DocumentId) -> Result<bool, StoreError> {
    let values = named_params! { ":document": document.0 };
    Ok(tx.connection.prepare_cached(GIVEN_UP)?.exists(values)?)
}

/// Lets the scans of this dossier come again.
///
/// # Errors
///
/// What SQLite says.
pub fn want_again(tx: &mut Tx<'_>, document: &DocumentId) -> Result<(), StoreError> {
    let values = named_params! { ":document": document.0 };
    tx.connection.prepare_cached(WANT_AGAIN)?.execute(values)?;
    Ok(())
}
