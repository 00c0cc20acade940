//! Where an entry stands, as two columns.

use hoso_identity::Reason;
use rusqlite::Row;

use crate::{
    columns::{waiting_from_bytes, waiting_to_bytes},
    error::StoreError,
    tables::Standing,
};

/// What the columns `standing` and `detail` hold of it.
pub(super) fn columns(standing: &Standing) -> (i64, Option<Vec<u8>>) {
    match standing {
        Standing::Counts => (0, None),
        Standing::Waiting(what) => (1, Some(waiting_to_bytes(what))),
        Standing::Refused(reason) => (2, Some(vec![reason.number()])),
    }
}

/// What those of a row say.
pub(super) fn of_row(row: &Row<'_>) -> Result<Standing, StoreError> {
    let detail: Option<Vec<u8>> = row.get("detail")?;
    let detail = detail.unwrap_or_default();
    match row.get::<_, i64>("standing")? {
        0 => Ok(Standing::Counts),
        1 => Ok(Standing::Waiting(waiting_from_bytes(&detail)?)),
        2 => {
            let reason = detail.first().copied().and_then(Reason::from_number);
            Ok(Standing::Refused(reason.ok_or(StoreError::Damaged("a reason"))?))
        }
        _ => Err(StoreError::Damaged("a standing")),
    }
}
