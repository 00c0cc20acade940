//! Which dossiers name the scans that a relay holds, as the nodes that brought them said.

use hoso_identity::{DocumentId, PayloadHash, UnitId};
use rusqlite::named_params;

use crate::{
    columns::{blob, signed},
    error::StoreError,
    writer::Tx,
};

const LINK: &str = "INSERT INTO blob_of (hash, document) VALUES (:hash, :document)
    ON CONFLICT DO UPDATE SET gone_ms = NULL WHERE gone_ms IS NOT NULL";
const DOCUMENTS: &str = "SELECT document FROM blob_of WHERE hash = :hash";
const READABLE: &str = "SELECT blob_of.document FROM blob_of
    JOIN audience ON audience.document = blob_of.document
    WHERE hash = :hash AND unit = :unit LIMIT 1";
const UNNAME: &str = "UPDATE blob_of SET gone_ms = :at WHERE hash = :hash
    AND document = :document AND gone_ms IS NULL";
const UNLINK: &str = "DELETE FROM blob_of WHERE gone_ms < :before";
const LEFT: &str = "SELECT hash FROM blob WHERE since_ms < :before AND NOT EXISTS
    (SELECT 1 FROM blob_of WHERE blob_of.hash = blob.hash) LIMIT :limit";

/// Notes that a dossier names this scan.
///
/// # Errors
///
/// What SQLite says.
pub fn link(tx: &mut Tx<'_>, document: &DocumentId, hash: &PayloadHash) -> Result<(), StoreError> {
    let values = named_params! { ":hash": hash.0, ":document": document.0 };
    tx.connection.prepare_cached(LINK)?.execute(values)?;
    Ok(())
}

/// The dossiers that name this scan, or did so until lately.
///
/// # Errors
///
/// What SQLite says.
pub fn documents(tx: &mut Tx<'_>, hash: &PayloadHash) -> Result<Vec<DocumentId>, StoreError> {
    let mut statement = tx.connection.prepare_cached(DOCUMENTS)?;
    let mut rows = statement.query(named_params! { ":hash": hash.0 })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(DocumentId(blob(row, "document")?));
    }
    Ok(found)
}

/// A dossier that names this scan, or did so until lately, and that the unit reads.
///
/// # Errors
///
/// What SQLite says.
pub fn readable(
    tx: &mut Tx<'_>,
    unit: UnitId,
    hash: &PayloadHash,
) -> Result<Option<DocumentId>, StoreError> {
    let mut statement = tx.connection.prepare_cached(READABLE)?;
    let mut rows = statement.query(named_params! { ":hash": hash.0, ":unit": unit.0 })?;
    rows.next()?.map(|row| Ok(DocumentId(blob(row, "document")?))).transpose()
}

/// Notes that a dossier no longer names this scan.
///
/// # Errors
///
/// What SQLite says.
pub fn unname(
    tx: &mut Tx<'_>,
    document: &DocumentId,
    hash: &PayloadHash,
    at_ms: u64,
) -> Result<(), StoreError> {
    let values = named_params! { ":hash": hash.0, ":document": document.0, ":at": signed(at_ms) };
    tx.connection.prepare_cached(UNNAME)?.execute(values)?;
    Ok(())
}

/// Forgets which dossiers named scans that they have named no more since before that time.
///
/// # Errors
///
/// What SQLite says.
pub fn unlink(tx: &mut Tx<'_>, before_ms: u64) -> Result<(), StoreError> {
    let values = named_params! { ":before": signed(before_ms) };
    tx.connection.prepare_cached(UNLINK)?.execute(values)?;
    Ok(())
}

/// Some scans known of since before that time that no dossier names.
///
/// # Errors
///
/// What SQLite says.
pub fn left(tx: &mut Tx<'_>, before_ms: u64, limit: u32) -> Result<Vec<PayloadHash>, StoreError> {
    let mut statement = tx.connection.prepare_cached(LEFT)?;
    let values = named_params! { ":before": signed(before_ms), ":limit": limit };
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(PayloadHash(blob(row, "hash")?));
    }
    Ok(found)
}
