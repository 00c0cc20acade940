//! Small facts by name, in a node's and in a relay's database.

use rusqlite::{OptionalExtension, named_params};

use crate::{error::StoreError, writer::Tx};

const GET: &str = "SELECT value FROM meta WHERE name = :name";
const PUT: &str = "INSERT INTO meta (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// The name of the 16 random bytes that tell this database from all others; backups carry them.
pub const DATABASE: &str = "database";

/// The value of that name.
///
/// # Errors
///
/// What SQLite says.
pub fn meta(tx: &mut Tx<'_>, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = tx.connection.prepare_cached(GET)?;
    Ok(statement.query_row(named_params! { ":name": name }, |row| row.get(0)).optional()?)
}

/// Sets or replaces the value of that name.
///
/// # Errors
///
/// What SQLite says.
pub fn put_meta(tx: &mut Tx<'_>, name: &str, value: &[u8]) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(PUT)?;
    statement.execute(named_params! { ":name": name, ":value": value })?;
    Ok(())
}
