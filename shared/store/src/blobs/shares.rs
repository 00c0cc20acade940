//! How much of a relay's disk the scans of each unit take. Each counts for the unit whose node
//! brought it first, and whole from when it begins to come.

use hoso_identity::{PayloadHash, UnitId};
use rusqlite::named_params;

use crate::{
    columns::{signed, unit as unit_of, unsigned},
    error::StoreError,
    writer::Tx,
};

const CLAIM: &str = "INSERT INTO blob (hash, size, held, since_ms, unit)
    VALUES (:hash, :size, 0, :at, :unit)
    ON CONFLICT (hash) DO UPDATE SET unit = excluded.unit WHERE unit IS NULL";
const BESIDE: &str = "SELECT coalesce((SELECT bytes FROM blob_share WHERE unit = :unit), 0)
    - coalesce((SELECT size FROM blob WHERE hash = :hash AND unit = :unit), 0)";
const ALL: &str = "SELECT unit, bytes FROM blob_share ORDER BY unit";

/// Notes that so many bytes belong here and are brought by that unit, unless they are known of and
/// kept for a unit already.
///
/// # Errors
///
/// What SQLite says.
pub fn claim(
    tx: &mut Tx<'_>,
    unit: UnitId,
    (hash, size): (&PayloadHash, u64),
    at_ms: u64,
) -> Result<(), StoreError> {
    tx.connection.prepare_cached(CLAIM)?.execute(named_params! {
        ":hash": hash.0,
        ":size": signed(size),
        ":at": signed(at_ms),
        ":unit": unit.0,
    })?;
    Ok(())
}

/// Bytes that are kept for that unit beside this scan.
///
/// # Errors
///
/// What SQLite says.
pub fn beside(tx: &mut Tx<'_>, unit: UnitId, hash: &PayloadHash) -> Result<u64, StoreError> {
    let values = named_params! { ":unit": unit.0, ":hash": hash.0 };
    unsigned(tx.connection.prepare_cached(BESIDE)?.query_row(values, |row| row.get(0))?)
}

/// Bytes that are kept for each unit that has brought a scan.
///
/// # Errors
///
/// What SQLite says.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<(UnitId, u64)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(ALL)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((unit_of(row.get("unit")?)?, unsigned(row.get("bytes")?)?));
    }
    Ok(found)
}
