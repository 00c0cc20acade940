//! Which scans each dossier names, beside what is known of their bytes.

pub mod room;

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
const OFFERS: &str = "SELECT attachment.document, hash, blob.size, held, blob.since_ms
    FROM attachment INDEXED BY attachment_unplaced JOIN blob ON hash = attachment.blob
    WHERE placed = 0 AND held = blob.size ORDER BY attachment.since_ms DESC LIMIT :limit";
const WISHES: &str = "SELECT attachment.document, hash, attachment.size, held, blob.since_ms
    FROM blob INDEXED BY blob_missing JOIN attachment ON attachment.blob = hash
    WHERE held < blob.size AND given_up = 0
    ORDER BY attachment.size > 2097152, attachment.since_ms DESC LIMIT :limit";
const GONE: &str = "SELECT document, blob AS hash, 0 AS size, 0 AS held, 0 AS since_ms
    FROM attachment_gone WHERE told_ms IS NULL LIMIT :limit";
const PENDING: &str = "SELECT
    (SELECT count(*) FROM blob INDEXED BY blob_missing WHERE held < size AND given_up = 0)
    + (SELECT count(DISTINCT attachment.blob) FROM attachment INDEXED BY attachment_unplaced
        JOIN blob ON hash = attachment.blob WHERE placed = 0 AND held = blob.size)";
const UP_BYTES: &str = "SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT blob.hash, blob.size
    FROM attachment INDEXED BY attachment_unplaced JOIN blob ON hash = attachment.blob
    WHERE placed = 0 AND held = blob.size)";
const DOWN_BYTES: &str = "SELECT coalesce(sum(size - held), 0) FROM blob INDEXED BY blob_missing
    WHERE held < size AND given_up = 0";
const PLACE: &str = "UPDATE attachment SET placed = 1
    WHERE document = :document AND blob = :blob";
const LACK: &str = "UPDATE attachment SET placed = 0 WHERE blob = :blob AND placed = 1
    AND document = coalesce(
        (SELECT document FROM attachment WHERE blob = :blob AND document = :document),
        (SELECT min(document) FROM attachment WHERE blob = :blob))";
const UNPLACE: &str = "UPDATE attachment SET placed = 0 WHERE placed = 1";
const WANTED: &str = "UPDATE blob SET given_up = 0 WHERE hash = :blob AND given_up = 1";
const UNNAMED: &str = "INSERT INTO attachment_gone (document, blob) VALUES (:document, :blob)
    ON CONFLICT DO UPDATE SET told_ms = NULL";
const NAMED: &str = "DELETE FROM attachment_gone WHERE document = :document AND blob = :blob";
const TOLD: &str = "UPDATE attachment_gone SET told_ms = :at
    WHERE document = :document AND blob = :blob";
const FORGET: &str = "DELETE FROM attachment_gone WHERE told_ms < :before";
const TELL_AGAIN: &str = "UPDATE attachment_gone SET told_ms = NULL WHERE told_ms IS NOT NULL";

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

/// What there is to do about a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The relay is to have it.
    Offer,
    /// It is to come here.
    Wish,
    /// The relay is to be told that the dossier no longer names it.
    Unname,
}

/// What this node has to do with the relay about a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errand {
    /// What.
    pub purpose: Purpose,
    /// The dossier that names it.
    pub document: DocumentId,
    /// BLAKE3 of its bytes.
    pub blob: PayloadHash,
    /// How many they are.
    pub size: u64,
    /// How many of them are here.
    pub held: u64,
    /// Since when it is known of here, Unix milliseconds.
    pub since_ms: u64,
}

/// Some scans that the relay may lack, the newest first; some that are not here, the small and the
/// recent first; some that a dossier names no more.
///
/// # Errors
///
/// What SQLite says.
pub fn errands(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<Errand>, StoreError> {
    let mut errands = Vec::new();
    for (sql, purpose) in
        [(OFFERS, Purpose::Offer), (WISHES, Purpose::Wish), (GONE, Purpose::Unname)]
    {
        let mut statement = tx.connection.prepare_cached(sql)?;
        let mut rows = statement.query(named_params! { ":limit": limit })?;
        while let Some(row) = rows.next()? {
            errands.push(Errand {
                purpose,
                document: DocumentId(blob(row, "document")?),
                blob: PayloadHash(blob(row, "hash")?),
                size: unsigned(row.get("size")?)?,
                held: unsigned(row.get("held")?)?,
                since_ms: unsigned(row.get("since_ms")?)?,
            });
        }
    }
    Ok(errands)
}

/// How many scans are on their way here, or from here to the relay.
///
/// # Errors
///
/// What SQLite says.
pub fn pending(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    unsigned(tx.connection.prepare_cached(PENDING)?.query_row([], |row| row.get(0))?)
}

/// Bytes of scans that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingBytes {
    /// Of those that the relay is to have; one counts whole until the relay has it.
    pub up: u64,
    /// Of those that are to come here, as far as they have not come.
    pub down: u64,
}

/// How many bytes of scans are on their way here, and from here to the relay.
///
/// # Errors
///
/// What SQLite says.
pub fn waiting_bytes(tx: &mut Tx<'_>) -> Result<WaitingBytes, StoreError> {
    let sum = |sql| -> Result<u64, StoreError> {
        unsigned(tx.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok(WaitingBytes { up: sum(UP_BYTES)?, down: sum(DOWN_BYTES)? })
}

/// Notes that the relay has the scan as one of this dossier.
///
/// # Errors
///
/// What SQLite says.
pub fn place(
    tx: &mut Tx<'_>,
    (document, blob): (&DocumentId, &PayloadHash),
) -> Result<(), StoreError> {
    let values = named_params! { ":document": document.0, ":blob": blob.0 };
    tx.connection.prepare_cached(PLACE)?.execute(values)?;
    Ok(())
}

/// Notes that the relay lacks a scan, so that it is brought again: as one of this dossier, or where
/// that does not name it here, of one that does.
///
/// # Errors
///
/// What SQLite says.
pub fn lack(
    tx: &mut Tx<'_>,
    (document, blob): (&DocumentId, &PayloadHash),
) -> Result<(), StoreError> {
    let values = named_params! { ":document": document.0, ":blob": blob.0 };
    tx.connection.prepare_cached(LACK)?.execute(values)?;
    Ok(())
}

/// Notes that the relay was told which scan the dossier no longer names; what it was told before
/// `forget_ms` is forgotten, both Unix milliseconds.
///
/// # Errors
///
/// What SQLite says.
pub fn told(
    tx: &mut Tx<'_>,
    (document, blob): (&DocumentId, &PayloadHash),
    (at_ms, forget_ms): (u64, u64),
) -> Result<(), StoreError> {
    let values = named_params! { ":document": document.0, ":blob": blob.0, ":at": signed(at_ms) };
    tx.connection.prepare_cached(TOLD)?.execute(values)?;
    let values = named_params! { ":before": signed(forget_ms) };
    tx.connection.prepare_cached(FORGET)?.execute(values)?;
    Ok(())
}

/// Forgets which scans the relay has and what it was told: it has begun a new life, and may know
/// neither.
///
/// # Errors
///
/// What SQLite says.
pub fn begin_anew(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.connection.prepare_cached(UNPLACE)?.execute([])?;
    tx.connection.prepare_cached(TELL_AGAIN)?.execute([])?;
    Ok(())
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
            tx.connection.prepare_cached(UNNAMED)?.execute(values)?;
        }
    }
    let is_new = |named: &&Attachment| !before.iter().any(|stored| stored.attachment == **named);
    for named in attachments.iter().filter(is_new) {
        blobs::want(tx, &named.blob, named.size, known_ms)?;
        // By asking for it the relay learns that it is named, whatever it was told before.
        let values = named_params! { ":blob": named.blob.0 };
        tx.connection.prepare_cached(WANTED)?.execute(values)?;
        let values = named_params! { ":document": document.0, ":blob": named.blob.0 };
        tx.connection.prepare_cached(NAMED)?.execute(values)?;
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
