//! When the desks of a unit are open: points with their hours, each for a span of days; on this
//! node only.

use rusqlite::{Row, named_params};

use crate::{error::StoreError, writer::Tx};

const ADD: &str =
    "INSERT INTO opening (point, weekdays, opens_min, closes_min, first_day, last_day)
    VALUES (:point, :weekdays, :opens_min, :closes_min, :first_day, :last_day)";
const LIST: &str = "SELECT * FROM opening ORDER BY first_day, id";
const REMOVE: &str = "DELETE FROM opening WHERE id = :id";

/// Openings of one unit at most.
pub const OPENINGS_MAX: usize = 200;

/// Hours of one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The row; what is added gets its own.
    pub id: i64,
    /// What people call the point.
    pub point: String,
    /// The weekdays, one bit each, Monday the lowest.
    pub weekdays: u8,
    /// When it opens: minutes since midnight.
    pub opens_min: u16,
    /// When it closes: minutes since midnight.
    pub closes_min: u16,
    /// The first day on which this holds, `YYYYMMDD`.
    pub first_day: u32,
    /// The last one, if any.
    pub last_day: Option<u32>,
}

/// Adds one.
///
/// # Errors
///
/// [`StoreError::TooMuch`] beyond the bound; what SQLite says.
pub fn add(tx: &mut Tx<'_>, opening: &Opening) -> Result<(), StoreError> {
    if list(tx)?.len() >= OPENINGS_MAX {
        return Err(StoreError::TooMuch { what: "openings", max: OPENINGS_MAX });
    }
    tx.connection.prepare_cached(ADD)?.execute(named_params! {
        ":point": opening.point,
        ":weekdays": opening.weekdays,
        ":opens_min": opening.opens_min,
        ":closes_min": opening.closes_min,
        ":first_day": opening.first_day,
        ":last_day": opening.last_day,
    })?;
    Ok(())
}

/// All of them, what began first before what begins later.
///
/// # Errors
///
/// What SQLite says.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Opening>, StoreError> {
    let mut statement = tx.connection.prepare_cached(LIST)?;
    let mut rows = statement.query([])?;
    let mut openings = Vec::new();
    while let Some(row) = rows.next()? {
        openings.push(opening(row)?);
    }
    Ok(openings)
}

/// Removes one. `false`: there was none.
///
/// # Errors
///
/// What SQLite says.
pub fn remove(tx: &mut Tx<'_>, id: i64) -> Result<bool, StoreError> {
    Ok(tx.connection.prepare_cached(REMOVE)?.execute(named_params! { ":id": id })? == 1)
}

fn opening(row: &Row<'_>) -> Result<Opening, StoreError> {
    Ok(Opening {
        id: row.get("id")?,
        point: row.get("point")?,
        weekdays: row.get("weekdays")?,
        opens_min: row.get("opens_min")?,
        closes_min: row.get("closes_min")?,
        first_day: row.get("first_day")?,
        last_day: row.get("last_day")?,
    })
}
