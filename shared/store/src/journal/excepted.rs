//! The entries that a node has a row of and has not applied.

use std::collections::BTreeSet;

use hoso_identity::EntryId;
use rusqlite::{Rows, named_params};

use crate::{
    columns::{blob, unsigned},
    error::StoreError,
    writer::Tx,
};

const WAITING_ROWS: &str = "SELECT id, feed_row FROM entry
    WHERE standing = 1 AND feed_row IS NOT NULL ORDER BY feed_row LIMIT :limit";
const SET_ASIDE_ROWS: &str = "SELECT entry.id, entry.feed_row FROM to_apply
    CROSS JOIN entry ON entry.document = to_apply.document
    WHERE to_apply.attempts >= :attempts AND entry.feed_row IS NOT NULL
    ORDER BY entry.feed_row LIMIT :limit";

/// Those that wait, and those of dossiers with at least `attempts_max` attempts; the lowest rows.
pub(super) fn excepted(
    tx: &mut Tx<'_>,
    attempts_max: u32,
    entries_max: usize,
) -> Result<Vec<EntryId>, StoreError> {
    let limit = i64::try_from(entries_max).unwrap_or(i64::MAX);
    let mut excepted = BTreeSet::new();
    let mut take = |mut rows: Rows<'_>| -> Result<(), StoreError> {
        while let Some(row) = rows.next()? {
            excepted.insert((unsigned(row.get("feed_row")?)?, EntryId(blob(row, "id")?)));
        }
        Ok(())
    };
    let mut waiting = tx.connection.prepare_cached(WAITING_ROWS)?;
    take(waiting.query(named_params! { ":limit": limit })?)?;
    let mut aside = tx.connection.prepare_cached(SET_ASIDE_ROWS)?;
    take(aside.query(named_params! { ":attempts": attempts_max, ":limit": limit })?)?;
    Ok(excepted.into_iter().take(entries_max).map(|(_, id)| id).collect())
}
