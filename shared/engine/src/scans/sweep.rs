//! Files of scans and what the database says of them, brought together; and what nobody names.

use hoso_identity::PayloadHash;
use hoso_store::{
    StoreError,
    blobs::{self, carried},
};

use super::Depot;

/// Files that are looked at between two commits.
const PAGE: u32 = 256;
/// How long the relay keeps what no dossier names any more, or what never came to its end: as long
/// as a backup lives.
const KEPT_MS: u64 = 35 * 24 * 3600 * 1000;

impl Depot {
    /// Removes files that the database does not know, and forgets that files are here which are
    /// not: a backup holds none. Before anybody can bring a file.
    ///
    /// # Errors
    ///
    /// What the database or the system says.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let files = self.blobs.clone();
        let found = tokio::task::spawn_blocking(move || {
            files.forget_incoming()?;
            files.all()
        });
        for hash in found.await.unwrap_or(Err(StoreError::Dead))? {
            if self.memory.read(move |tx| blobs::look_up(tx, &hash)).await?.is_none() {
                self.blobs.remove(&hash)?;
            }
        }
        self.forget_lost().await
    }

    async fn forget_lost(&self) -> Result<(), StoreError> {
        let mut after = PayloadHash::ZERO;
        loop {
            let page = self.memory.read(move |tx| blobs::page_after(tx, &after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.hash;
            let is_lost = |blob: &&blobs::Blob| {
                blob.is_held() && self.blobs.size(&blob.hash) != Some(blob.size)
            };
            let lost: Vec<PayloadHash> =
                page.iter().filter(is_lost).map(|blob| blob.hash).collect();
            if !lost.is_empty() {
                tracing::warn!(files = lost.len(), "scans that were here are not");
                self.write(move |tx| lost.iter().try_for_each(|hash| blobs::put_held(tx, hash, 0)))
                    .await?;
            }
        }
    }

    /// Forgets at the relay what no dossier has named for long, and what never came to its end.
    ///
    /// # Errors
    ///
    /// What the database or the system says.
    pub async fn collect(&self, now_ms: u64) -> Result<(), StoreError> {
        let before_ms = now_ms.saturating_sub(KEPT_MS);
        self.write(move |tx| carried::unlink(tx, before_ms)).await?;
        for hash in self.memory.read(move |tx| carried::left(tx, before_ms, PAGE)).await? {
            // What is coming in is not left over.
            let Some(_place) = self.reserve(hash) else { continue };
            let forget = self.memory.write(false, move |tx, _| {
                let is_left = carried::documents(tx, &hash)?.is_empty();
                if is_left {
                    blobs::forget(tx, &hash)?;
                }
                Ok::<_, StoreError>(is_left)
            });
            if forget.await? {
                self.blobs.remove(&hash)?;
            }
        }
        Ok(())
    }
}
