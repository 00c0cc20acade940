//! The mark of a founding that has not come to its end: what stands beside it belongs to no
//! province and may be removed. Without it nothing is touched.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use hoso_store::{
    database::{Database, Schema},
    ledger,
    readers::Readers,
};

use super::FoundingError;
use crate::keys;

/// Its name in the data directory.
const NAME: &str = "init.unfinished";

/// A founding that is under way.
pub(super) struct Mark {
    data: PathBuf,
    file: File,
    /// The hash of the sealed root of a try that was cut short.
    earlier: Vec<u8>,
}

impl Mark {
    /// Takes the mark away from a province that is in use.
    pub(super) fn settle(data: &Path) -> Result<(), FoundingError> {
        super::remove(&data.join(NAME))
    }

    /// Begins a founding in this directory, in place of one that was cut short. Afterwards the
    /// directory holds the mark and nothing of a province.
    pub(super) fn begin(data: &Path) -> Result<Self, FoundingError> {
        let path = data.join(NAME);
        if !path.exists() && (Database::exists(data) || keys::any(data)) {
            return Err(FoundingError::Founded(data.to_owned()));
        }
        let at = |source| FoundingError::File { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(at)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FoundingError::Underway(data.to_owned())),
            Err(TryLockError::Error(source)) => return Err(at(source)),
        }
        let mut earlier = Vec::new();
        file.read_to_end(&mut earlier).map_err(at)?;
        let mark = Self { data: data.to_owned(), file, earlier };
        if mark.is_founded()? {
            mark.end()?;
            return Err(FoundingError::Founded(data.to_owned()));
        }
        mark.clear()?;
        mark.sync()?;
        Ok(mark)
    }

    /// Whether a file is the sealed root of the try that was cut short.
    pub(super) fn made(&self, sealed_root: &Path) -> Result<bool, FoundingError> {
        let bytes = fs::read(sealed_root)
            .map_err(|source| FoundingError::File { path: sealed_root.to_owned(), source })?;
        Ok(blake3::hash(&bytes).as_bytes().as_slice() == self.earlier)
    }

    /// Notes which sealed root this try is about to write.
    pub(super) fn will_seal(&mut self, sealed_root: &[u8]) -> Result<(), FoundingError> {
        let hash = blake3::hash(sealed_root);
        let noted = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(hash.as_bytes()))
            .and_then(|()| self.file.sync_all());
        noted.map_err(|source| FoundingError::File { path: self.data.join(NAME), source })
    }

    /// The province is founded, or nothing is left of it.
    pub(super) fn end(self) -> Result<(), FoundingError> {
        let path = self.data.join(NAME);
        fs::remove_file(&path).map_err(|source| FoundingError::File { path, source })?;
        self.sync()
    }

    /// Removes what belongs to no province.
    pub(super) fn clear(&self) -> Result<(), FoundingError> {
        Database::remove(&self.data)?;
        for path in keys::all(&self.data) {
            if path.exists() {
                fs::remove_file(&path).map_err(|source| FoundingError::File { path, source })?;
            }
        }
        Ok(())
    }

    /// Whether the try that was cut short had founded the province already.
    fn is_founded(&self) -> Result<bool, FoundingError> {
        if !Database::begun(&self.data) {
            return Ok(false);
        }
        let database = Database::open(&self.data, Schema::Relay)?;
        let founded = Readers::of(&self.data).read(ledger::statements)?;
        drop(database);
        Ok(!founded.is_empty())
    }

    fn sync(&self) -> Result<(), FoundingError> {
        File::open(&self.data)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| FoundingError::File { path: self.data.clone(), source })
    }
}
