//! The files of scans and what the database says of them, brought together when the program
//! starts: before anybody can bring a file.

use hoso_identity::PayloadHash;
use hoso_store::{StoreError, blobs};

use super::Office;

/// Files that are looked at between two commits.
const PAGE: u32 = 256;

impl Office {
    /// Removes what no dossier names any more and what was coming in when the program ended, and
    /// forgets that files are here which are not: a backup holds none.
    pub(crate) async fn sweep_scans(&self) -> Result<(), StoreError> {
        let files = self.blobs.clone();
        let found = tokio::task::spawn_blocking(move || {
            files.forget_incoming()?;
            files.all()
        });
        let found = found.await.unwrap_or(Err(StoreError::Dead))?;
        self.forget_unnamed().await?;
        for hash in found {
            if self.memory.read(move |tx| blobs::look_up(tx, &hash)).await?.is_none() {
                self.blobs.remove(&hash)?;
            }
        }
        self.forget_lost().await
    }

    async fn forget_unnamed(&self) -> Result<(), StoreError> {
        loop {
            let forget = |tx: &mut hoso_store::writer::Tx<'_>| {
                let unnamed = blobs::unnamed(tx, PAGE)?;
                for hash in &unnamed {
                    blobs::forget(tx, hash)?;
                }
                Ok::<_, StoreError>(unnamed)
            };
            let unnamed = self.memory.read(|tx| blobs::unnamed(tx, 1)).await?;
            if unnamed.is_empty() {
                return Ok(());
            }
            for hash in self.memory.write(false, move |tx, _| forget(tx)).await? {
                self.blobs.remove(&hash)?;
            }
        }
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
                let forget = move |tx: &mut hoso_store::writer::Tx<'_>| {
                    lost.iter().try_for_each(|hash| blobs::put_held(tx, hash, 0))
                };
                self.memory.write(false, move |tx, _| forget(tx)).await?;
            }
        }
    }
}
