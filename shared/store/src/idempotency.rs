//! What was answered to a request that carried a key, so that repeating it does nothing twice.
//! Look up and remember in the transaction that does the work.

use hoso_identity::{DocumentId, PersonId};
use rusqlite::named_params;

use crate::{
    columns::{blob, optional_blob, signed},
    error::StoreError,
    writer::Tx,
};

const FIND: &str = "SELECT body_digest, status, document, answer FROM idempotency
    WHERE person = :person AND key = :key";
const REMEMBER: &str = "INSERT INTO idempotency VALUES (:person, :key, :digest, :status,
    :document, :answer, :at_ms)";
const SWEEP: &str = "DELETE FROM idempotency WHERE rowid IN
    (SELECT rowid FROM idempotency WHERE at_ms < :before_ms ORDER BY at_ms LIMIT :most)";

/// How long an answer is kept at least: 30 days.
pub const KEPT_MS: u64 = 30 * 24 * 3600 * 1000;
/// Answers that are forgotten for each that is kept: more than one, so that their number falls,
/// and few, so that no save waits for it.
const SWEPT_MAX: i64 = 8;
/// Bytes of a key at most.
pub const KEY_BYTES_MAX: usize = 255;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The dossier that was made or changed.
    pub document: Option<DocumentId>,
    /// More of the answer, as bytes that only the caller reads.
    pub bytes: Vec<u8>,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: do the work.
    Nothing,
    /// The same request was answered so.
    Same(Answer),
    /// The key was used with another body.
    Other,
}

/// What is known of a person's key. `body` is what must be the same: method, path and content.
///
/// # Errors
///
/// What SQLite says.
pub fn look_up(
    tx: &mut Tx<'_>,
    person: &PersonId,
    key: &str,
    body: &[u8],
) -> Result<Known, StoreError> {
    let mut statement = tx.connection.prepare_cached(FIND)?;
    let mut rows = statement.query(named_params! { ":person": person.0, ":key": key })?;
    let Some(row) = rows.next()? else { return Ok(Known::Nothing) };
    if blob::<32>(row, "body_digest")? != *blake3::hash(body).as_bytes() {
        return Ok(Known::Other);
    }
    Ok(Known::Same(Answer {
        status: row.get("status")?,
        document: optional_blob(row, "document")?.map(DocumentId),
        bytes: row.get("answer")?,
    }))
}

/// Keeps an answer, and forgets a few that are older than [`KEPT_MS`].
///
/// # Errors
///
/// [`StoreError::TooMuch`] for a key that is too long; else what SQLite says, also when the key is
/// known.
pub fn remember(
    tx: &mut Tx<'_>,
    (person, key): (&PersonId, &str),
    body: &[u8],
    answer: &Answer,
    at_ms: u64,
) -> Result<(), StoreError> {
    if key.len() > KEY_BYTES_MAX {
        return Err(StoreError::TooMuch { what: "bytes of a key", max: KEY_BYTES_MAX });
    }
    tx.connection.prepare_cached(REMEMBER)?.execute(named_params! {
        ":person": person.0,
        ":key": key,
        ":digest": blake3::hash(body).as_bytes(),
        ":status": answer.status,
        ":document": answer.document.map(|document| document.0),
        ":answer": answer.bytes,
        ":at_ms": signed(at_ms),
    })?;
    let before = signed(at_ms.saturating_sub(KEPT_MS));
    let mut sweep = tx.connection.prepare_cached(SWEEP)?;
    sweep.execute(named_params! { ":before_ms": before, ":most": SWEPT_MAX })?;
    Ok(())
}
