//! The switch of a node's link.

use crate::{
    error::StoreError,
    meta::{meta, put_meta},
    writer::Tx,
};

/// The name of the switch among the small facts.
const WANTED: &str = "link";

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
