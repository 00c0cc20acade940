//! The files of scans and what the database says of them, brought together when the program
//! starts: before anybody can bring a file.

use hoso_engine::scans::Depot;
use hoso_store::{StoreError, blobs};

use super::Office;

/// Files that are forgotten in one commit.
const PAGE: u32 = 256;

impl Office {
    /// Removes what no dossier names any more and what was coming in when the program ended, and
    /// forgets that files are here which are not.
    pub(crate) async fn sweep_scans(&self) -> Result<(), StoreError> {
        self.forget_unnamed().await?;
        Depot::new(self.memory.clone(), self.blobs.clone()).sweep().await
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
}
