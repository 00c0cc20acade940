//! A node's link: its switch, and what is remembered of it over restarts.

use rusqlite::named_params;

use crate::{
    columns::{signed, unsigned},
    error::StoreError,
    meta::{meta, put_meta},
    writer::Tx,
};

const PAST: &str = "SELECT state, since_ms, acknowledged_ms, healed FROM link";
const CHANGED: &str = "UPDATE link SET state = :state, since_ms = :since_ms";
const ACKNOWLEDGED: &str = "UPDATE link SET acknowledged_ms = :at_ms";
const HEALED: &str = "UPDATE link SET healed = healed + 1";

/// The name of the switch among the small facts.
const WANTED: &str = "link";

/// How a link stood when that was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The word of its state.
    pub state: String,
    /// Since when, Unix milliseconds; 0 before it was ever dialled.
    pub since_ms: u64,
    /// When the relay last acknowledged something, Unix milliseconds.
    pub acknowledged_ms: Option<u64>,
    /// How often node and relay have healed each other.
    pub healed: u64,
}

/// How the link stood when the program ended.
///
/// # Errors
///
/// What SQLite says.
pub fn past(tx: &mut Tx<'_>) -> Result<Past, StoreError> {
    let mut statement = tx.connection.prepare_cached(PAST)?;
    let (state, since_ms, acknowledged_ms, healed) = statement.query_row([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?, row.get(3)?))
    })?;
    Ok(Past {
        state,
        since_ms: unsigned(since_ms)?,
        acknowledged_ms: acknowledged_ms.map(unsigned).transpose()?,
        healed: unsigned(healed)?,
    })
}

/// The link stands so since then.
///
/// # Errors
///
/// What SQLite says.
pub fn changed(tx: &mut Tx<'_>, state: &str, since_ms: u64) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(CHANGED)?;
    statement.execute(named_params! { ":state": state, ":since_ms": signed(since_ms) })?;
    Ok(())
}

/// The relay has acknowledged something.
///
/// # Errors
///
/// What SQLite says.
pub fn acknowledged(tx: &mut Tx<'_>, at_ms: u64) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(ACKNOWLEDGED)?;
    statement.execute(named_params! { ":at_ms": signed(at_ms) })?;
    Ok(())
}

/// Node and relay have healed each other once more.
///
/// # Errors
///
/// What SQLite says.
pub fn healed(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.connection.prepare_cached(HEALED)?.execute([])?;
    Ok(())
}

/// Whether the link is wanted; it is unless somebody switched it off.
///
/// # Errors
///
/// What SQLite says.
pub fn wanted(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    Ok(meta(tx, WANTED)?.is_none_or(|value| value != [0]))
}

/// Sets the switch.
///
/// # Errors
///
/// What SQLite says.
pub fn want(tx: &mut Tx<'_>, wanted: bool) -> Result<(), StoreError> {
    put_meta(tx, WANTED, &[u8::from(wanted)])
}
