//! What the relay may take and give, by the audiences of the dossiers that name a scan: the same
//! rules over its database and over the disk of the simulation.

use hoso_identity::{DocumentId, PayloadHash, Scope};
use hoso_store::{
    StoreError,
    blobs::{self, Blob, carried},
    tables::LedgerTables,
    writer::Tx,
};

/// How long the relay keeps what no dossier names any more, or what never came to its end: as long
/// as a backup lives.
pub const KEPT_MS: u64 = 35 * 24 * 3600 * 1000;

/// What these rules need of the relay's tables.
pub trait ScanTables {
    /// What goes wrong in them.
    type Error;

    /// Whether a node that reads these scopes may read that dossier.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn may_read(&mut self, scopes: &[Scope], document: &DocumentId) -> Result<bool, Self::Error>;

    /// What is known of the bytes of that hash.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn scan(&mut self, hash: &PayloadHash) -> Result<Option<Blob>, Self::Error>;

    /// Notes that so many bytes belong here, unless they are known of already.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn want(&mut self, hash: &PayloadHash, size: u64, at_ms: u64) -> Result<(), Self::Error>;

    /// Forgets the bytes.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn forget(&mut self, hash: &PayloadHash) -> Result<(), Self::Error>;

    /// The dossiers that name a scan, or did so until lately.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn documents(&mut self, hash: &PayloadHash) -> Result<Vec<DocumentId>, Self::Error>;

    /// Notes that a dossier names a scan.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn link(&mut self, document: &DocumentId, hash: &PayloadHash) -> Result<(), Self::Error>;
}

impl ScanTables for Tx<'_> {
    type Error = StoreError;

    fn may_read(&mut self, scopes: &[Scope], document: &DocumentId) -> Result<bool, StoreError> {
        let audience = LedgerTables::audience(self, document)?.unwrap_or_default();
        Ok(audience.iter().any(|unit| scopes.contains(&Scope::Unit(*unit))))
    }

    fn scan(&mut self, hash: &PayloadHash) -> Result<Option<Blob>, StoreError> {
        blobs::look_up(self, hash)
    }

    fn want(&mut self, hash: &PayloadHash, size: u64, at_ms: u64) -> Result<(), StoreError> {
        blobs::want(self, hash, size, i64::try_from(at_ms).unwrap_or(i64::MAX))
    }

    fn forget(&mut self, hash: &PayloadHash) -> Result<(), StoreError> {
        blobs::forget(self, hash)
    }

    fn documents(&mut self, hash: &PayloadHash) -> Result<Vec<DocumentId>, StoreError> {
        carried::documents(self, hash)
    }

    fn link(&mut self, document: &DocumentId, hash: &PayloadHash) -> Result<(), StoreError> {
        carried::link(self, document, hash)
    }
}

/// From where a node may send what it offers; none where it may not. One who may read the scan
/// already need not bring it again; any other one shows by bringing all of it that it has it.
///
/// # Errors
///
/// What the tables say.
pub fn offered<T: ScanTables>(
    tables: &mut T,
    scopes: &[Scope],
    (document, blob, size): (DocumentId, PayloadHash, u64),
    at_ms: u64,
) -> Result<Option<u64>, T::Error> {
    if !tables.may_read(scopes, &document)? {
        return Ok(None);
    }
    tables.want(&blob, size, at_ms)?;
    let Some(known) = tables.scan(&blob)? else { return Ok(Some(0)) };
    if known.size != size {
        // Sizes are claims until the bytes have come.
        if known.is_held() {
            return Ok(None);
        }
        tables.forget(&blob)?;
        tables.want(&blob, size, at_ms)?;
        return Ok(Some(0));
    }
    if !known.is_held() {
        return Ok(Some(known.held));
    }
    for other in tables.documents(&blob)? {
        if tables.may_read(scopes, &other)? {
            tables.link(&document, &blob)?;
            return Ok(Some(size));
        }
    }
    Ok(Some(0))
}

/// What becomes of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wished {
    /// It is given.
    Give,
    /// The scan is not here as one of that dossier.
    Missing,
    /// The node may not read that dossier.
    Audience,
}

/// Whether a node may have what it wishes for. If so, the dossier is to be linked: whoever wishes
/// for a scan names it, whatever another one has said.
///
/// # Errors
///
/// What the tables say.
pub fn wished<T: ScanTables>(
    tables: &mut T,
    scopes: &[Scope],
    (document, blob): (&DocumentId, &PayloadHash),
) -> Result<Wished, T::Error> {
    if !tables.may_read(scopes, document)? {
        return Ok(Wished::Audience);
    }
    let is_linked = tables.documents(blob)?.contains(document);
    if !is_linked || !tables.scan(blob)?.is_some_and(|scan| scan.is_held()) {
        return Ok(Wished::Missing);
    }
    Ok(Wished::Give)
}

/// Forgets a scan that no dossier names; gives whether it is left over.
///
/// # Errors
///
/// What the tables say.
pub fn forget_left<T: ScanTables>(tables: &mut T, hash: &PayloadHash) -> Result<bool, T::Error> {
    let is_left = tables.documents(hash)?.is_empty();
    if is_left {
        tables.forget(hash)?;
    }
    Ok(is_left)
}
