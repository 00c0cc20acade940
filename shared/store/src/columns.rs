//! How ids and numbers stand in columns.

use hoso_identity::{EntryId, Epoch, Position, UnitId, WaitingFor};
use rusqlite::Row;

use crate::error::StoreError;

/// An unsigned number as SQLite keeps it. Numbers of the ledger stay far below 2^63.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number read back.
pub(crate) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged("a negative number"))
}

/// A unit read back.
pub(crate) fn unit(number: i64) -> Result<UnitId, StoreError> {
    u16::try_from(number).map(UnitId).map_err(|_| StoreError::Damaged("a unit's number"))
}

/// Bytes of fixed length read back.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged("the length of an id"))
}

/// The 16 bytes by which entries are indexed.
pub(crate) fn key(id: &EntryId) -> [u8; 16] {
    id.document().0
}

/// A blob column of fixed length.
pub(crate) fn blob<const N: usize>(row: &Row<'_>, column: &str) -> Result<[u8; N], StoreError> {
    fixed(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?)
}

/// An optional blob column of fixed length.
pub(crate) fn optional_blob<const N: usize>(
    row: &Row<'_>,
    column: &str,
) -> Result<Option<[u8; N]>, StoreError> {
    let value = row.get_ref(column)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    value.map(fixed).transpose()
}

/// A position in its three columns, if there is one.
pub(crate) fn position(row: &Row<'_>) -> Result<Option<Position>, StoreError> {
    let Some(number) = row.get::<_, Option<i64>>("number")? else { return Ok(None) };
    let generation = row.get::<_, u32>("epoch_generation")?;
    let epoch = Epoch { generation, random: blob(row, "epoch_random")? };
    Ok(Some(Position { epoch, number: unsigned(number)? }))
}

/// Entry ids one after the other.
pub(crate) fn ids_to_bytes(ids: &[EntryId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.0).collect()
}

/// Entry ids read back.
pub(crate) fn ids_from_bytes(bytes: &[u8]) -> Result<Vec<EntryId>, StoreError> {
    let (ids, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() {
        Ok(ids.iter().map(|id| EntryId(*id)).collect())
    } else {
        Err(StoreError::Damaged("a list of ids"))
    }
}

/// What an entry waits for, as an indexed key: its canonical CBOR.
pub(crate) fn waiting_to_bytes(what: &WaitingFor) -> Vec<u8> {
    minicbor::to_vec(what).unwrap_or_default()
}

/// The same read back.
pub(crate) fn waiting_from_bytes(bytes: &[u8]) -> Result<WaitingFor, StoreError> {
    minicbor::decode(bytes).map_err(|_| StoreError::Damaged("what an entry waits for"))
}
