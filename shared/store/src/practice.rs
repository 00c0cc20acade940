//! Who has completed which exercise in a training realm, and when.

use hoso_identity::PersonId;
use rusqlite::named_params;

use crate::{
    columns::{blob, signed, unsigned},
    error::StoreError,
    writer::Tx,
};

const ADD: &str = "INSERT OR IGNORE INTO practice VALUES (:person, :exercise, :completed_ms)";
const LIST: &str = "SELECT * FROM practice ORDER BY completed_ms, person, exercise";

/// An exercise that somebody has completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Who.
    pub person: PersonId,
    /// The code of the exercise.
    pub exercise: String,
    /// When its last step was done, Unix milliseconds.
    pub completed_ms: u64,
}

/// Records these. What was recorded first stays.
///
/// # Errors
///
/// What SQLite says.
pub fn record(tx: &mut Tx<'_>, completions: &[Completion]) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(ADD)?;
    for completion in completions {
        statement.execute(named_params! {
            ":person": completion.person.0,
            ":exercise": completion.exercise,
            ":completed_ms": signed(completion.completed_ms),
        })?;
    }
    Ok(())
}

/// All of them, the first one first.
///
/// # Errors
///
/// What SQLite says.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Completion>, StoreError> {
    let mut statement = tx.connection.prepare_cached(LIST)?;
    let mut rows = statement.query([])?;
    let mut completions = Vec::new();
    while let Some(row) = rows.next()? {
        completions.push(Completion {
            person: PersonId(blob(row, "person")?),
            exercise: row.get("exercise")?,
            completed_ms: unsigned(row.get("completed_ms")?)?,
        });
    }
    Ok(completions)
}
