//! Whose password is a one-off: somebody else has seen it, so it is good for choosing another one.

use rusqlite::named_params;

use crate::{error::StoreError, fold::folded, writer::Tx};

const SET: &str = "INSERT OR IGNORE INTO one_off VALUES (:folded)";
const CLEAR: &str = "DELETE FROM one_off WHERE folded = :folded";
const IS: &str = "SELECT 1 FROM one_off WHERE folded = :folded";

/// The password of this log-in is a one-off.
///
/// # Errors
///
/// What SQLite says.
pub fn set(tx: &mut Tx<'_>, username: &str) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(SET)?;
    statement.execute(named_params! { ":folded": folded(username) })?;
    Ok(())
}

/// Its owner has chosen another one.
///
/// # Errors
///
/// What SQLite says.
pub fn clear(tx: &mut Tx<'_>, username: &str) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(CLEAR)?;
    statement.execute(named_params! { ":folded": folded(username) })?;
    Ok(())
}

/// Whether it is one.
///
/// # Errors
///
/// What SQLite says.
pub fn is(tx: &mut Tx<'_>, username: &str) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(IS)?;
    Ok(statement.exists(named_params! { ":folded": folded(username) })?)
}
