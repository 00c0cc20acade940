//! Which scans each dossier names, beside what is known of their bytes.

use hoso_identity::{DocumentId, PayloadHash, UnitId};
use rusqlite::{Row, named_params};

use crate::{
    blobs,
    columns::{blob, signed, unit, unsigned},
    error::StoreError,
    writer::Tx,
};

const OF: &str = "SELECT attachment.*, held, unkept_ms FROM attachment
    JOIN blob ON blob.hash = attachment.blob WHERE document = :document";
const NAMING: &str = "SELECT attachment.*, held, unkept_ms FROM attachment
    JOIN blob ON blob.hash = attachment.blob WHERE attachment.blob = :blob LIMIT 1";
const PUT: &str = "INSERT INTO attachment (document, blob, name, media_type, size, unit, since_ms)
    VALUES (:document, :blob, :name, :media_type, :size, :unit, :since_ms)
    ON CONFLICT (document, blob) DO UPDATE SET name = excluded.name,
    media_type = excluded.media_type, size = excluded.size, unit = excluded.unit,
    since_ms = excluded.since_ms";
const REMOVE: &str = "DELETE FROM attachment WHERE document = :document AND blob = :blob";
/// A scan as a dossier names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// BLAKE3 of its bytes.
    pub blob: PayloadHash,
    /// What it is called.
    pub name: String,
    /// Its media type, as its author said it.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// The unit at which it was attached.
    pub unit: UnitId,
    /// When, Unix milliseconds.
    pub since_ms: i64,
}

/// A scan and how much of it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// It.
    pub attachment: Attachment,
    /// Bytes of it that are on disk for certain.
    pub held: u64,
    /// When this machine last had no room for it, Unix milliseconds.
    pub unkept_ms: Option<u64>,
}

impl Stored {
    /// Whether all bytes are here.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held == self.attachment.size
    }
}

/// The scans of a dossier.
///
/// # Errors
///
/// What SQLite says.
pub fn of(tx: &mut Tx<'_>, document: &DocumentId) -> Result<Vec<Stored>, StoreError> {
    let mut statement = tx.connection.prepare_cached(OF)?;
    let mut rows = statement.query(named_params! { ":document": document.0 })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// A scan of that hash, as some dossier here names it.
///
/// # Errors
///
/// What SQLite says.
pub fn naming(tx: &mut Tx<'_>, blob: &PayloadHash) -> Result<Option<Stored>, StoreError> {
    let mut statement = tx.connection.prepare_cached(NAMING)?;
    let mut rows = statement.query(named_params! { ":blob": blob.0 })?;
    rows.next()?.map(read).transpose()
}

/// Lets a dossier name these scans and no others; their bytes are known of from now on.
///
/// # Errors
///
/// What SQLite says.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    document: &DocumentId,
    attachments: &[Attachment],
    known_ms: i64,
) -> Result<(), StoreError> {
    let before = of(tx, document)?;
    for stored in &before {
        if !attachments.iter().any(|named| named.blob == stored.attachment.blob) {
            let values = named_params! {
                ":document": document.0, ":blob": stored.attachment.blob.0,
            };
            tx.connection.prepare_cached(REMOVE)?.execute(values)?;
        }
    }
    let is_new = |named: &&Attachment| !before.iter().any(|stored| stored.attachment == **named);
    for named in attachments.iter().filter(is_new) {
        blobs::want(tx, &named.blob, named.size, known_ms)?;
        tx.connection.prepare_cached(PUT)?.execute(named_params! {
            ":document": document.0,
            ":blob": named.blob.0,
            ":name": named.name,
            ":media_type": named.media_type,
            ":size": signed(named.size),
            ":unit": named.unit.0,
            ":since_ms": named.since_ms,
        })?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Stored, StoreError> {
    let unkept_ms: Option<i64> = row.get("unkept_ms")?;
    let attachment = Attachment {
        blob: PayloadHash(blob(row, "blob")?),
        name: row.get("name")?,
        media_type: row.get("media_type")?,
        size: unsigned(row.get("size")?)?,
        unit: unit(row.get("unit")?)?,
        since_ms: row.get("since_ms")?,
    };
    Ok(Stored {
        attachment,
        held: unsigned(row.get("held")?)?,
        unkept_ms: unkept_ms.map(unsigned).transpose()?,
    })
}
