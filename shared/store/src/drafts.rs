//! Forms that were begun and not sent: per person, on this node only.

use hoso_identity::PersonId;
use rusqlite::{OptionalExtension, named_params};

use crate::{
    columns::{signed, unsigned},
    error::StoreError,
    writer::Tx,
};

const PUT: &str = "INSERT INTO draft VALUES (:person, :id, :bytes, :updated_ms)
    ON CONFLICT (person, id) DO UPDATE SET bytes = excluded.bytes,
    updated_ms = excluded.updated_ms";
const COUNT_OTHERS: &str = "SELECT count(*) FROM draft WHERE person = :person AND id <> :id";
const GET: &str = "SELECT bytes, updated_ms FROM draft WHERE person = :person AND id = :id";
const LIST: &str = "SELECT id, updated_ms FROM draft WHERE person = :person
    ORDER BY updated_ms DESC, id";
const REMOVE: &str = "DELETE FROM draft WHERE person = :person AND id = :id";

/// Bytes of one draft at most.
pub const DRAFT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a draft's id at most.
pub const DRAFT_ID_BYTES_MAX: usize = 64;
/// Drafts of one person at most.
pub const DRAFTS_MAX: usize = 100;

/// One draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What the form holds, as the page wrote it.
    pub bytes: Vec<u8>,
    /// When it was last saved, Unix milliseconds.
    pub updated_ms: u64,
}

/// Saves a draft over the one of the same id.
///
/// # Errors
///
/// [`StoreError::TooMuch`] beyond the bounds, with what was saved before still there; else what
/// SQLite says.
pub fn put(tx: &mut Tx<'_>, person: &PersonId, id: &str, draft: &Draft) -> Result<(), StoreError> {
    if draft.bytes.len() > DRAFT_BYTES_MAX {
        return Err(StoreError::TooMuch { what: "bytes of a draft", max: DRAFT_BYTES_MAX });
    }
    if id.len() > DRAFT_ID_BYTES_MAX {
        return Err(StoreError::TooMuch { what: "bytes of an id", max: DRAFT_ID_BYTES_MAX });
    }
    let mut statement = tx.connection.prepare_cached(COUNT_OTHERS)?;
    let others: i64 =
        statement.query_row(named_params! { ":person": person.0, ":id": id }, |row| row.get(0))?;
    if unsigned(others)? >= DRAFTS_MAX.try_into().unwrap_or(u64::MAX) {
        return Err(StoreError::TooMuch { what: "drafts of one person", max: DRAFTS_MAX });
    }
    tx.connection.prepare_cached(PUT)?.execute(named_params! {
        ":person": person.0,
        ":id": id,
        ":bytes": draft.bytes,
        ":updated_ms": signed(draft.updated_ms),
    })?;
    Ok(())
}

/// A person's draft of that id.
///
/// # Errors
///
/// What SQLite says.
pub fn get(tx: &mut Tx<'_>, person: &PersonId, id: &str) -> Result<Option<Draft>, StoreError> {
    let mut statement = tx.connection.prepare_cached(GET)?;
    let found = statement
        .query_row(named_params! { ":person": person.0, ":id": id }, |row| {
            Ok((row.get("bytes")?, row.get("updated_ms")?))
        })
        .optional()?;
    let Some((bytes, updated_ms)) = found else { return Ok(None) };
    Ok(Some(Draft { bytes, updated_ms: unsigned(updated_ms)? }))
}

/// Ids of a person's drafts with the times at which they were saved, newest first.
///
/// # Errors
///
/// What SQLite says.
pub fn list(tx: &mut Tx<'_>, person: &PersonId) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(LIST)?;
    let mut rows = statement.query(named_params! { ":person": person.0 })?;
    let mut drafts = Vec::new();
    while let Some(row) = rows.next()? {
        drafts.push((row.get("id")?, unsigned(row.get("updated_ms")?)?));
    }
    Ok(drafts)
}

/// Removes a draft: when its form was sent, or when the person throws it away.
///
/// # Errors
///
/// What SQLite says.
pub fn remove(tx: &mut Tx<'_>, person: &PersonId, id: &str) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(REMOVE)?;
    statement.execute(named_params! { ":person": person.0, ":id": id })?;
    Ok(())
}
