//! A dossier's entries in the order of the ledger, within a bound.

use std::collections::BTreeSet;

use hoso_identity::{DocumentId, EntryId, WaitingFor};
use rusqlite::named_params;

use super::{node_entry, to_apply};
use crate::{
    columns::{blob, key, signed, waiting_from_bytes, waiting_to_bytes},
    error::StoreError,
    tables::{JournalTables, NodeEntry, ToApply},
    writer::Tx,
};

const PLACES: &str = "SELECT seq FROM entry WHERE document = :document
    ORDER BY number IS NULL, coalesce(epoch_generation, 0), coalesce(epoch_random, x''),
    coalesce(number, 0), coalesce(journal, 0), seq LIMIT :limit";
const AT: &str = "SELECT * FROM whole_entry WHERE seq = :seq";
const BEHIND: &str = "UPDATE entry SET standing = 1, detail = :what
    WHERE document = :document AND standing = 0
    AND (number IS NULL, coalesce(epoch_generation, 0), coalesce(epoch_random, x''),
    coalesce(number, 0), coalesce(journal, 0), seq) >
    (SELECT number IS NULL, coalesce(epoch_generation, 0), coalesce(epoch_random, x''),
    coalesce(number, 0), coalesce(journal, 0), seq FROM entry WHERE key = :key)";

const UNTRIED: &str = "SELECT * FROM to_apply WHERE seq > :after AND attempts = 0
    ORDER BY seq LIMIT :limit";
const SET_ASIDE: &str = "SELECT document FROM to_apply WHERE attempts >= :attempts ORDER BY seq";
const WAITING: &str = "SELECT document, detail FROM entry WHERE standing = 1";

/// How much of one dossier is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Entries.
    pub entries: usize,
    /// Bytes of all entries together.
    pub bytes: usize,
}

/// Entries of a dossier, by position; those without a position last, by their journal number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InOrder {
    /// They.
    pub entries: Vec<NodeEntry>,
    /// Whether there are more than there was room for.
    pub more: bool,
}

/// The entries of a dossier for which there is room.
///
/// # Errors
///
/// What SQLite says.
pub fn in_order(tx: &mut Tx<'_>, document: &DocumentId, room: Room) -> Result<InOrder, StoreError> {
    let limit = i64::try_from(room.entries.saturating_add(1)).unwrap_or(i64::MAX);
    let mut places = tx.connection.prepare_cached(PLACES)?;
    let mut places = places.query(named_params! { ":document": document.0, ":limit": limit })?;
    let mut at = tx.connection.prepare_cached(AT)?;
    let mut found = InOrder::default();
    let mut bytes = 0_usize;
    while let Some(place) = places.next()? {
        if found.entries.len() >= room.entries {
            found.more = true;
            break;
        }
        let mut rows = at.query(named_params! { ":seq": place.get::<_, i64>(0)? })?;
        let row = rows.next()?.ok_or(StoreError::Damaged("an entry"))?;
        let entry = node_entry(row)?;
        bytes = bytes.saturating_add(entry.bytes.len());
        if bytes > room.bytes {
            found.more = true;
            break;
        }
        found.entries.push(entry);
    }
    Ok(found)
}

/// Lets what stands behind this entry in its dossier's order wait for an operator.
///
/// # Errors
///
/// What SQLite says.
pub fn hold_back(tx: &mut Tx<'_>, document: &DocumentId, last: &EntryId) -> Result<(), StoreError> {
    tx.connection.prepare_cached(BEHIND)?.execute(named_params! {
        ":document": document.0,
        ":key": key(last),
        ":what": waiting_to_bytes(&WaitingFor::Operator(*last)),
    })?;
    Ok(())
}

/// Marks behind this place of which no attempt has failed, oldest first: however many are set
/// aside before them, they are found.
///
/// # Errors
///
/// What SQLite says.
pub fn untried(tx: &mut Tx<'_>, after: u64, marks_max: usize) -> Result<Vec<ToApply>, StoreError> {
    let limit = i64::try_from(marks_max).unwrap_or(i64::MAX);
    let mut statement = tx.connection.prepare_cached(UNTRIED)?;
    let mut rows = statement.query(named_params! { ":after": signed(after), ":limit": limit })?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        marks.push(to_apply(row)?);
    }
    Ok(marks)
}

/// Dossiers that are set aside, oldest first.
///
/// # Errors
///
/// What SQLite says.
pub fn set_aside(tx: &mut Tx<'_>, attempts_max: u32) -> Result<Vec<DocumentId>, StoreError> {
    let mut statement = tx.connection.prepare_cached(SET_ASIDE)?;
    let mut rows = statement.query(named_params! { ":attempts": attempts_max })?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(DocumentId(blob(row, "document")?));
    }
    Ok(documents)
}

/// Marks for another attempt what is set aside, and dossiers of which something waits for an
/// operator.
///
/// # Errors
///
/// What SQLite says.
pub fn try_again(tx: &mut Tx<'_>, attempts_max: u32) -> Result<(), StoreError> {
    for document in set_aside(tx, attempts_max)? {
        tx.set_attempts(&document, 0)?;
    }
    let mut held_back = BTreeSet::new();
    {
        let mut statement = tx.connection.prepare_cached(WAITING)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let detail: Vec<u8> = row.get("detail")?;
            if matches!(waiting_from_bytes(&detail)?, WaitingFor::Operator(_)) {
                held_back.insert(DocumentId(blob(row, "document")?));
            }
        }
    }
    for document in held_back.iter().filter(|document| !document.is_zero()) {
        tx.mark_to_apply(document, 0)?;
    }
    Ok(())
}
