//! The relay: which dossiers name which scans, and the bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use hoso_engine::scans::rules::{KEPT_MS, ScanTables, forget_left};
use hoso_identity::{DocumentId, PayloadHash, Scope, UnitId};
use hoso_store::blobs::Blob;

use super::shelf::Shelf;

/// What the database of the relay says of scans: every change is durable at once.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Who reads each dossier.
    pub audiences: BTreeMap<DocumentId, Vec<Scope>>,
    /// What is known of the bytes.
    pub blobs: BTreeMap<PayloadHash, Blob>,
    /// For which units they are kept.
    pub units: BTreeMap<PayloadHash, UnitId>,
    /// Which dossiers name them, and since when they do so no more.
    pub links: BTreeMap<(PayloadHash, DocumentId), Option<u64>>,
    /// A planted mistake: what is named again stays forgotten.
    pub links_stay: bool,
}

/// The relay.
#[derive(Debug, Default)]
pub struct Relay {
    /// Its database.
    pub tables: Tables,
    /// Its files.
    pub shelf: Shelf,
    /// What is coming in.
    pub coming: BTreeSet<PayloadHash>,
    /// Which life of its database this is.
    pub epoch: u32,
    /// A backup of the database: it holds no scan.
    pub backup: Option<Tables>,
    /// Whether it does not run.
    pub down: bool,
    /// After how many steps it dies.
    pub dies_after: Option<u64>,
}

impl ScanTables for Tables {
    type Error = Infallible;

    fn may_read(&mut self, scopes: &[Scope], document: &DocumentId) -> Result<bool, Infallible> {
        let audience = self.audiences.get(document);
        Ok(audience.is_some_and(|audience| audience.iter().any(|scope| scopes.contains(scope))))
    }

    fn scan(&mut self, hash: &PayloadHash) -> Result<Option<Blob>, Infallible> {
        Ok(self.blobs.get(hash).copied())
    }

    fn claim(
        &mut self,
        unit: UnitId,
        (hash, size): (&PayloadHash, u64),
        at_ms: u64,
    ) -> Result<(), Infallible> {
        let blob = Blob { hash: *hash, size, held: 0, since_ms: at_ms, unkept_ms: None };
        self.blobs.entry(*hash).or_insert(blob);
        self.units.entry(*hash).or_insert(unit);
        Ok(())
    }

    fn kept_beside(&mut self, unit: UnitId, hash: &PayloadHash) -> Result<u64, Infallible> {
        let kept = self
            .blobs
            .values()
            .filter(|blob| blob.hash != *hash && self.units.get(&blob.hash) == Some(&unit));
        Ok(kept.map(|blob| blob.size).sum())
    }

    fn forget(&mut self, hash: &PayloadHash) -> Result<(), Infallible> {
        self.blobs.remove(hash);
        self.units.remove(hash);
        Ok(())
    }

    fn documents(&mut self, hash: &PayloadHash) -> Result<Vec<DocumentId>, Infallible> {
        let links = self.links.keys().filter(|(of, _)| of == hash);
        Ok(links.map(|(_, document)| *document).collect())
    }

    fn readable(
        &mut self,
        scopes: &[Scope],
        hash: &PayloadHash,
    ) -> Result<Option<DocumentId>, Infallible> {
        for document in self.documents(hash)? {
            if self.may_read(scopes, &document)? {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    fn link(&mut self, document: &DocumentId, hash: &PayloadHash) -> Result<(), Infallible> {
        let gone = self.links.entry((*hash, *document)).or_default();
        if !self.links_stay {
            *gone = None;
        }
        Ok(())
    }
}

impl Tables {
    /// Notes how much of a scan is here.
    pub fn hold(&mut self, hash: &PayloadHash, held: u64) {
        if let Some(blob) = self.blobs.get_mut(hash) {
            blob.held = held;
        }
    }

    /// Whether the database says that all of it is here, as one of that dossier.
    #[must_use]
    pub fn has(&self, (document, hash): &(DocumentId, PayloadHash)) -> bool {
        let is_held = self.blobs.get(hash).is_some_and(Blob::is_held);
        is_held && self.links.contains_key(&(*hash, *document))
    }
}

impl Relay {
    /// A start brings files and database together.
    pub fn sweep(&mut self) {
        for blob in self.tables.blobs.values_mut() {
            let there = self.shelf.whole(&blob.hash).map(|bytes| bytes.len() as u64);
            if blob.is_held() && there != Some(blob.size) {
                blob.held = 0;
            }
        }
    }

    /// Comes back from its backup, in a new life and without a scan.
    pub fn restore(&mut self) {
        if let Some(backup) = self.backup.clone() {
            let audiences = std::mem::take(&mut self.tables.audiences);
            self.tables = Tables { audiences, ..backup };
        }
        self.epoch += 1;
        self.shelf.clear();
        self.sweep();
    }

    /// Forgets what no dossier has named for long.
    pub fn collect(&mut self, now_ms: u64) {
        let before_ms = now_ms.saturating_sub(KEPT_MS);
        self.tables.links.retain(|_, gone| gone.is_none_or(|gone| gone >= before_ms));
        let old = self.tables.blobs.values().filter(|blob| blob.since_ms < before_ms);
        for hash in old.map(|blob| blob.hash).collect::<Vec<_>>() {
            let Ok(is_left) = forget_left(&mut self.tables, &hash);
            if is_left {
                self.shelf.remove(&hash);
            }
        }
    }
}
