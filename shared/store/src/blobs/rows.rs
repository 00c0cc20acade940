//! What the database says of the files: how much of each is on disk for certain.

use hoso_identity::PayloadHash;
use rusqlite::{Row, named_params};

use crate::{
    columns::{blob, signed, unsigned},
    error::StoreError,
    writer::Tx,
};

const KEEP: &str = "INSERT INTO blob (hash, size, held, since_ms) VALUES (:hash, :size, :size, :at)
    ON CONFLICT (hash) DO UPDATE SET size = excluded.size, held = excluded.held,
    unkept_ms = NULL";
const UNKEPT: &str = "INSERT INTO blob (hash, size, held, since_ms, unkept_ms)
    VALUES (:hash, :size, 0, :at, :at)
    ON CONFLICT (hash) DO UPDATE SET unkept_ms = excluded.unkept_ms WHERE held < size";
const WANT: &str = "INSERT INTO blob (hash, size, held, since_ms) VALUES (:hash, :size, 0, :at)
    ON CONFLICT (hash) DO NOTHING";
const PUT_SIZE: &str = "UPDATE blob SET size = :size, held = min(held, :size) WHERE hash = :hash";
const PUT_HELD: &str = "UPDATE blob SET held = :held WHERE hash = :hash";
const FIND: &str = "SELECT * FROM blob WHERE hash = :hash";
const AFTER: &str = "SELECT * FROM blob WHERE hash > :after ORDER BY hash LIMIT :limit";
const UNNAMED: &str = "SELECT hash FROM blob WHERE NOT EXISTS
    (SELECT 1 FROM attachment WHERE attachment.blob = blob.hash) LIMIT :limit";
const REMOVE: &str = "DELETE FROM blob WHERE hash = :hash";

/// The bytes of one scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// BLAKE3 of them.
    pub hash: PayloadHash,
    /// How many they are.
    pub size: u64,
    /// How many of them, from the first, are on disk for certain.
    pub held: u64,
    /// Since when they are known of here, Unix milliseconds.
    pub since_ms: u64,
    /// When this machine last had no room for them, Unix milliseconds.
    pub unkept_ms: Option<u64>,
}

impl Blob {
    /// Whether all bytes are here.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held == self.size
    }
}

/// Notes that the whole file is on disk.
///
/// # Errors
///
/// What SQLite says.
pub fn keep(tx: &mut Tx<'_>, hash: &PayloadHash, size: u64, at_ms: u64) -> Result<(), StoreError> {
    note(tx, KEEP, (hash, size), at_ms)
}

/// Notes that there was no room for the file, unless it is there already.
///
/// # Errors
///
/// What SQLite says.
pub fn unkept(
    tx: &mut Tx<'_>,
    hash: &PayloadHash,
    size: u64,
    at_ms: u64,
) -> Result<(), StoreError> {
    note(tx, UNKEPT, (hash, size), at_ms)
}

/// Notes that the bytes belong here, unless they are known of already.
///
/// # Errors
///
/// What SQLite says.
pub fn want(tx: &mut Tx<'_>, hash: &PayloadHash, size: u64, at_ms: i64) -> Result<(), StoreError> {
    let values = named_params! { ":hash": hash.0, ":size": signed(size), ":at": at_ms };
    tx.connection.prepare_cached(WANT)?.execute(values)?;
    Ok(())
}

fn note(
    tx: &mut Tx<'_>,
    sql: &str,
    (hash, size): (&PayloadHash, u64),
    at_ms: u64,
) -> Result<(), StoreError> {
    let values = named_params! { ":hash": hash.0, ":size": signed(size), ":at": signed(at_ms) };
    tx.connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Notes how many bytes are on disk for certain.
///
/// # Errors
///
/// What SQLite says.
pub fn put_held(tx: &mut Tx<'_>, hash: &PayloadHash, held: u64) -> Result<(), StoreError> {
    let values = named_params! { ":hash": hash.0, ":held": signed(held) };
    tx.connection.prepare_cached(PUT_HELD)?.execute(values)?;
    Ok(())
}

/// Notes how many bytes there are, as was proved: until then a dossier only claims it.
///
/// # Errors
///
/// What SQLite says.
pub fn put_size(tx: &mut Tx<'_>, hash: &PayloadHash, size: u64) -> Result<(), StoreError> {
    let values = named_params! { ":hash": hash.0, ":size": signed(size) };
    tx.connection.prepare_cached(PUT_SIZE)?.execute(values)?;
    Ok(())
}

/// What is known of the bytes of that hash.
///
/// # Errors
///
/// What SQLite says.
pub fn look_up(tx: &mut Tx<'_>, hash: &PayloadHash) -> Result<Option<Blob>, StoreError> {
    let mut statement = tx.connection.prepare_cached(FIND)?;
    let mut rows = statement.query(named_params! { ":hash": hash.0 })?;
    rows.next()?.map(read).transpose()
}

/// Some files after that one, by hash.
///
/// # Errors
///
/// What SQLite says.
pub fn page_after(
    tx: &mut Tx<'_>,
    after: &PayloadHash,
    limit: u32,
) -> Result<Vec<Blob>, StoreError> {
    let mut statement = tx.connection.prepare_cached(AFTER)?;
    let mut rows = statement.query(named_params! { ":after": after.0, ":limit": limit })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Some files that no dossier names any more.
///
/// # Errors
///
/// What SQLite says.
pub fn unnamed(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<PayloadHash>, StoreError> {
    let mut statement = tx.connection.prepare_cached(UNNAMED)?;
    let mut rows = statement.query(named_params! { ":limit": limit })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(PayloadHash(blob(row, "hash")?));
    }
    Ok(found)
}

/// Forgets the file.
///
/// # Errors
///
/// What SQLite says.
pub fn remove(tx: &mut Tx<'_>, hash: &PayloadHash) -> Result<(), StoreError> {
    tx.connection.prepare_cached(REMOVE)?.execute(named_params! { ":hash": hash.0 })?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Blob, StoreError> {
    let unkept_ms: Option<i64> = row.get("unkept_ms")?;
    Ok(Blob {
        hash: PayloadHash(blob(row, "hash")?),
        size: unsigned(row.get("size")?)?,
        held: unsigned(row.get("held")?)?,
        since_ms: unsigned(row.get("since_ms")?)?,
        unkept_ms: unkept_ms.map(unsigned).transpose()?,
    })
}
