//! What people think of the service at this desk, counted by day: no person, no dossier, no hour.

use rusqlite::named_params;

use crate::{columns::unsigned, error::StoreError, writer::Tx};

const ADD: &str = "INSERT INTO rating VALUES (:day, :mark, 1)
    ON CONFLICT (day, mark) DO UPDATE SET given = given + 1";
const COUNT: &str = "SELECT mark, sum(given) AS given FROM rating
    WHERE day >= :first AND day <= :last GROUP BY mark";

/// A mark that somebody gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not content.
    Bad,
    /// Neither.
    Fair,
    /// Content.
    Good,
}

impl Mark {
    /// All, the best first.
    pub const ALL: [Self; 3] = [Self::Good, Self::Fair, Self::Bad];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Fair => "fair",
            Self::Good => "good",
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Bad => 1,
            Self::Fair => 2,
            Self::Good => 3,
        }
    }
}

/// Counts one mark on a day, `2026-11-24` at UTC+7.
///
/// # Errors
///
/// What SQLite says.
pub fn add(tx: &mut Tx<'_>, day: &str, mark: Mark) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(ADD)?;
    statement.execute(named_params! { ":day": day, ":mark": mark.number() })?;
    Ok(())
}

/// How often each mark was given from one day to another, in the order of [`Mark::ALL`].
///
/// # Errors
///
/// What SQLite says.
pub fn counted(tx: &mut Tx<'_>, first: &str, last: &str) -> Result<[u64; 3], StoreError> {
    let mut statement = tx.connection.prepare_cached(COUNT)?;
    let mut rows = statement.query(named_params! { ":first": first, ":last": last })?;
    let mut counted = [0; 3];
    while let Some(row) = rows.next()? {
        let number: u8 = row.get("mark")?;
        let place = Mark::ALL.iter().position(|mark| mark.number() == number);
        if let Some(count) = place.and_then(|place| counted.get_mut(place)) {
            *count = unsigned(row.get("given")?)?;
        }
    }
    Ok(counted)
}
