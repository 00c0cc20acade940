//! Before a newer program changes the schema: a backup with which the older one can go on.
//!
//! It stands as `hoso.db.schema-N` beside the database, is restored like any other backup, and
//! stays until the next change of the schema. `hoso.db.upgrading` stands there from before the
//! first step until after the last, and says at which schema they began: a start that was cut short
//! between them goes on, and leaves the backup as it is.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::Connection;

use crate::{
    backup,
    database::{DATABASE_NAME, Schema, remove, sync_directory, write_whole},
    error::StoreError,
};

/// Stands there while the schema is being changed.
const UPGRADING_NAME: &str = "hoso.db.upgrading";

/// Backs up a database of that older schema, unless a start that was cut short has done so. One
/// that nobody has begun to use holds nothing worth it.
///
/// # Errors
///
/// What SQLite and the system say: then nothing was changed.
pub(crate) fn begin(
    data: &Path,
    connection: &Connection,
    schema: Schema,
    found: i64,
) -> Result<(), StoreError> {
    // At the schema where it began, no step was done, perhaps because the backup was restored.
    if begun_at(data)?.is_some_and(|begun| begun < found) {
        return Ok(());
    }
    forget(data)?;
    if backup::life(connection, schema)?.is_none() {
        return Ok(());
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let made_at_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let file = data.join(format!("{}{found}", prefix()));
    let made = backup::backup(data, schema, &file, made_at_ms, |_, _| true);
    made.map_err(|error| error.named(data))?;
    write_whole(&data.join(UPGRADING_NAME), found.to_string().as_bytes())
}

/// The schema is that of this program.
///
/// # Errors
///
/// What the system says.
pub(crate) fn end(data: &Path) -> Result<(), StoreError> {
    if begun_at(data)?.is_some() {
        remove(&data.join(UPGRADING_NAME))?;
        sync_directory(data)?;
    }
    Ok(())
}

/// Removes what earlier changes of the schema have left.
///
/// # Errors
///
/// What the system says.
pub(crate) fn forget(data: &Path) -> Result<(), StoreError> {
    for (_, file) in backups(data)? {
        remove(&file)?;
    }
    remove(&data.join(UPGRADING_NAME))
}

/// The same error; of a newer database, with the backup from which this program can go on.
pub(crate) fn with_way_back(data: &Path, error: StoreError) -> StoreError {
    let StoreError::Newer { found, known, .. } = error else { return error };
    let before = backups(data).unwrap_or_default();
    let before = before.into_iter().filter(|(number, _)| *number <= known).max();
    StoreError::Newer { found, known, before: before.map(|(_, file)| file) }
}

/// What the name of such a backup begins with; the number of its schema follows.
fn prefix() -> String {
    format!("{DATABASE_NAME}.schema-")
}

/// The backups of older schemas that stand there, with their numbers.
fn backups(data: &Path) -> Result<Vec<(i64, PathBuf)>, StoreError> {
    let error = |source| StoreError::File { path: data.to_owned(), source };
    let mut found = Vec::new();
    for file in fs::read_dir(data).map_err(error)? {
        let file = file.map_err(error)?;
        let name = file.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix()));
        found.extend(number.and_then(|number| number.parse().ok()).map(|at| (at, file.path())));
    }
    Ok(found)
}

/// At which schema a change began that has not ended.
fn begun_at(data: &Path) -> Result<Option<i64>, StoreError> {
    let path = data.join(UPGRADING_NAME);
    match fs::read_to_string(&path) {
        Ok(text) => text.parse().map(Some).map_err(|_| StoreError::Damaged(UPGRADING_NAME)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::File { path, source }),
    }
}
