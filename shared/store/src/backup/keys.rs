//! The key files of a data directory, as a backup carries them: a machine whose disk is lost comes
//! back as the same one.

use std::{fs, io, path::Path};

use rusqlite::{Connection, OptionalExtension, named_params};

use super::at;
use crate::{
    database::{Schema, write_whole},
    error::StoreError,
};

const MADE: &str = "CREATE TABLE key_file (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT";
const PUT: &str = "INSERT INTO key_file VALUES (:name, :bytes)";
const IS_THERE: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'key_file'";
const BYTES: &str = "SELECT bytes FROM key_file WHERE name = :name";
const REMOVE: &str = "DROP TABLE key_file";

/// The key files of a backup, by name.
pub(super) type Keys = Vec<(&'static str, Vec<u8>)>;

/// Puts those of the data directory into a copy of its database.
pub(super) fn pack(data: &Path, schema: Schema, copy: &Connection) -> Result<(), StoreError> {
    copy.execute_batch(MADE)?;
    for name in schema.key_files() {
        if let Some(bytes) = contents(&data.join(name))? {
            copy.execute(PUT, named_params! { ":name": name, ":bytes": bytes })?;
        }
    }
    Ok(())
}

/// Those that a backup holds.
pub(super) fn packed(backup: &Connection, schema: Schema) -> Result<Keys, StoreError> {
    let tables: i64 = backup.query_row(IS_THERE, [], |row| row.get(0))?;
    let mut keys = Vec::new();
    if tables == 0 {
        return Ok(keys);
    }
    for name in schema.key_files() {
        let mut statement = backup.prepare(BYTES)?;
        let bytes = statement.query_row(named_params! { ":name": name }, |row| row.get(0));
        keys.extend(bytes.optional()?.map(|bytes| (*name, bytes)));
    }
    Ok(keys)
}

/// Removes them from the copy of a backup that becomes a database, without a trace.
pub(super) fn unpack(copy: &Connection, schema: Schema) -> Result<Keys, StoreError> {
    let keys = packed(copy, schema)?;
    copy.pragma_update(None, "secure_delete", true)?;
    if copy.query_row(IS_THERE, [], |row| row.get::<_, i64>(0))? > 0 {
        copy.execute(REMOVE, [])?;
    }
    Ok(keys)
}

/// Refuses a directory with other keys.
pub(super) fn compare(data: &Path, keys: &Keys) -> Result<(), StoreError> {
    for (name, bytes) in keys {
        let path = data.join(name);
        if contents(&path)?.is_some_and(|found| found != *bytes) {
            return Err(StoreError::OtherKey(path));
        }
    }
    Ok(())
}

/// Puts those in place that are missing.
pub(super) fn put(data: &Path, keys: &Keys) -> Result<(), StoreError> {
    for (name, bytes) in keys {
        let path = data.join(name);
        if contents(&path)?.is_none() {
            write_whole(&path, bytes)?;
        }
    }
    Ok(())
}

fn contents(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(at(path)),
    }
}
