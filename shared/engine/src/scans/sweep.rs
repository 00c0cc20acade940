//! Files of scans and what the database says of them, brought together; and what nobody names.

use hoso_identity::PayloadHash;
use hoso_store::{
    StoreError,
    blobs::{self, carried},
};

use super::{
    Depot,
    rules::{self, KEPT_MS},
};

/// Files that are looked at between two commits.
const PAGE: u32 = 256;

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
            let forget = self.memory.write(false, move |tx, _| rules::forget_left(tx, &hash));
            if forget.await? {
                self.blobs.remove(&hash)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hoso_identity::{DocumentId, Realm};
    use hoso_store::{blobs::Blobs, database::Schema};

    use super::*;
    use crate::memory::Memory;

    const DOSSIER: DocumentId = DocumentId([1; 16]);
    const DETACHED_MS: u64 = 1_000_000;

    /// Keeps a scan that a dossier names.
    async fn keep(depot: &Depot, bytes: &[u8]) -> PayloadHash {
        let mut incoming = depot.blobs.begin();
        incoming.write(bytes);
        let (hash, size) = (PayloadHash::of(bytes), incoming.size());
        assert_eq!(incoming.finish().hash, hash);
        let kept = depot.write(move |tx| {
            blobs::keep(tx, &hash, size, DETACHED_MS)?;
            carried::link(tx, &DOSSIER, &hash)
        });
        kept.await.unwrap();
        hash
    }

    async fn detach(depot: &Depot, hash: PayloadHash) {
        let unnamed = depot.write(move |tx| carried::unname(tx, &DOSSIER, &hash, DETACHED_MS));
        unnamed.await.unwrap();
    }

    #[tokio::test]
    async fn the_relay_keeps_what_a_dossier_names_and_for_35_days_what_none_names_any_more() {
        let data = tempfile::tempdir().unwrap();
        let realm = |_: &mut hoso_store::writer::Tx<'_>| Ok(Realm::ZERO);
        let (memory, _thread) = Memory::open(data.path(), Schema::Relay, realm, |_| {}).unwrap();
        let depot = Depot::new(memory, Blobs::of(data.path()));
        let named = keep(&depot, b"named").await;
        let again = keep(&depot, b"detached and attached again").await;
        let detached = keep(&depot, b"detached").await;
        detach(&depot, again).await;
        depot.write(move |tx| carried::link(tx, &DOSSIER, &again)).await.unwrap();
        detach(&depot, detached).await;
        let half = PayloadHash::of(b"half of it has come");
        depot.write(move |tx| blobs::want(tx, &half, 19, 1_000_000)).await.unwrap();
        let mut part = depot.blobs.part(&half, 0).unwrap();
        part.write(b"half").unwrap();

        depot.collect(DETACHED_MS + KEPT_MS).await.unwrap();
        depot.sweep().await.unwrap();
        assert_eq!(depot.blobs.all().unwrap().len(), 4, "the time is not over");
        let coming = depot.reserve(half).unwrap();
        depot.collect(DETACHED_MS + KEPT_MS + 1).await.unwrap();
        assert_eq!(depot.blobs.size(&detached), None);
        assert_eq!(depot.blobs.all().unwrap().len(), 3, "what is coming is not left over");
        drop(coming);
        depot.collect(DETACHED_MS + KEPT_MS + 1).await.unwrap();
        let mut left = depot.blobs.all().unwrap();
        left.sort();
        let mut expected = vec![named, again];
        expected.sort();
        assert_eq!(left, expected);
    }
}
