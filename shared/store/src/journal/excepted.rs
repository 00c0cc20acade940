//! What a node has a row of and has not applied.

use std::collections::BTreeSet;

use hoso_identity::EntryId;
use rusqlite::{Rows, named_params};

use crate::{
    columns::{blob, unsigned},
    error::StoreError,
    writer::Tx,
};

const LOWEST: &str = "SELECT min(feed_row) FROM (
    SELECT min(feed_row) AS feed_row FROM to_apply WHERE feed_row > 0 AND attempts < :attempts
    UNION ALL SELECT min(1) FROM entry
    WHERE document = zeroblob(16) AND number IS NOT NULL AND feed_row IS NULL)";
const WAITING_ROWS: &str = "SELECT id, feed_row FROM entry
    WHERE standing = 1 AND feed_row IS NOT NULL ORDER BY feed_row LIMIT :limit";
const SET_ASIDE_ROWS: &str = "SELECT entry.id, entry.feed_row FROM to_apply
    CROSS JOIN entry ON entry.document = to_apply.document
    WHERE to_apply.attempts >= :attempts AND entry.feed_row IS NOT NULL
    ORDER BY entry.feed_row LIMIT :limit";

/// The lowest row of those marks that have one and fewer than `attempts_max` attempts. While a
/// statement has a position and no row, the ledger has lost it and is to give it another position:
/// what it means for each entry is not known before, and nothing counts as applied.
pub(super) fn lowest(tx: &mut Tx<'_>, attempts_max: u32) -> Result<Option<u64>, StoreError> {
    let mut statement = tx.connection.prepare_cached(LOWEST)?;
    let lowest: Option<i64> =
        statement.query_row(named_params! { ":attempts": attempts_max }, |row| row.get(0))?;
    lowest.map(unsigned).transpose()
}

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
