//! The bytes of scans: one file each below `blobs/`, named by its BLAKE3.
//!
//! A file that comes in is written under another name while it is hashed, made durable, and then
//! put in its place; only then may a transaction say that it is there. What a crash left without
//! such a word is removed by the next start.

pub mod carried;
mod part;
mod rows;
pub mod shares;

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hoso_identity::PayloadHash;
use rustix::fs::statvfs;

pub use self::part::Part;
pub use self::rows::{
    Blob, keep, look_up, page_after, put_held, put_size, remove as forget, unkept, unnamed, want,
};
use crate::{
    database::{remove, sync_directory},
    error::StoreError,
};

/// The directory of the files in the data directory.
const DIRECTORY_NAME: &str = "blobs";
/// What the name of a file ends with of which the beginning is there.
const PART_END: &str = "part";
/// Where files are written before they have a name.
const INCOMING_NAME: &str = "incoming";

/// Thousandths of the disk that are kept for dossiers: where less is free, no file is taken.
pub const FREE_MIN: u64 = 50;

/// The files of one data directory. Clones share it.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: PathBuf,
    /// Tells apart what comes in at once.
    count: Arc<AtomicU64>,
}

/// A file that comes in. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    root: PathBuf,
    path: PathBuf,
    file: Option<File>,
    hasher: blake3::Hasher,
    size: u64,
    failed: Option<io::Error>,
}

/// What came in.
#[derive(Debug)]
pub struct Received {
    /// BLAKE3 of the bytes.
    pub hash: PayloadHash,
    /// How many there were.
    pub size: u64,
    /// Why they are not on disk, if they are not.
    pub failed: Option<io::Error>,
}

impl Blobs {
    /// The files of this data directory.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self { root: data.join(DIRECTORY_NAME), count: Arc::default() }
    }

    /// Where the whole file of that hash stands.
    #[must_use]
    pub fn path(&self, hash: &PayloadHash) -> PathBuf {
        place(&self.root, hash)
    }

    /// Refuses where the room that is left is for dossiers.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::StorageFull`], or what the system says.
    pub fn spare(&self) -> io::Result<()> {
        spared(&self.root)
    }

    /// Begins to take a file. A disk that refuses, or has too little room left, is told at the end:
    /// the hash is found all the same.
    #[must_use]
    pub fn begin(&self) -> Incoming {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let directory = self.root.join(INCOMING_NAME);
        let path = directory.join(number.to_string());
        let opened = self.spare().and_then(|()| make(&directory)).and_then(|()| {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600).open(&path)
        });
        let (file, failed) = match opened {
            Ok(file) => (Some(file), None),
            Err(error) => (None, Some(error)),
        };
        let (root, hasher) = (self.root.clone(), blake3::Hasher::new());
        Incoming { root, path, file, hasher, size: 0, failed }
    }

    /// Removes what was coming in when the program last ended.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn forget_incoming(&self) -> Result<(), StoreError> {
        let path = self.root.join(INCOMING_NAME);
        match fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::File { path, source })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The hashes of all files that stand in their place, or of which a part does.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn all(&self) -> Result<Vec<PayloadHash>, StoreError> {
        let mut found = Vec::new();
        for directory in entries(&self.root)? {
            if directory.file_name().is_some_and(|name| name != INCOMING_NAME) {
                let files = entries(&directory)?;
                let names = files.iter().filter_map(|file| file.file_stem()?.to_str());
                found.extend(names.filter_map(PayloadHash::from_hex));
            }
        }
        Ok(found)
    }

    /// Bytes of the file of that hash; none when it is not there.
    #[must_use]
    pub fn size(&self, hash: &PayloadHash) -> Option<u64> {
        fs::metadata(self.path(hash)).ok().filter(fs::Metadata::is_file).map(|file| file.len())
    }

    /// Removes the file of that hash, or what has come of it, if it is there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn remove(&self, hash: &PayloadHash) -> Result<(), StoreError> {
        remove(&self.part_path(hash))?;
        remove(&self.path(hash))
    }
}

impl Incoming {
    /// Takes some bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(bytes)
        {
            self.fail(error);
        }
    }

    /// Bytes that were taken.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Ends: the file stands durably in its place, or says why it does not.
    #[must_use]
    pub fn finish(mut self) -> Received {
        let hash = PayloadHash(*self.hasher.finalize().as_bytes());
        if let Some(file) = self.file.take()
            && let Err(error) = settle(&file, &self.path, &self.root, &hash)
        {
            self.fail(error);
        }
        Received { hash, size: self.size, failed: self.failed.take() }
    }

    fn fail(&mut self, error: io::Error) {
        (self.file, self.failed) = (None, Some(error));
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::debug!(%error, "what was coming in is removed at the next start");
        }
    }
}

/// Refuses where the room that is left is for dossiers. `root` may not be there yet, the data
/// directory is.
fn spared(root: &Path) -> io::Result<()> {
    let disk = statvfs(root.parent().unwrap_or(root))?;
    let free = disk.f_bavail.saturating_mul(1000).checked_div(disk.f_blocks).unwrap_or(0);
    if free < FREE_MIN { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// Makes a file durable and puts it in its place.
fn settle(file: &File, from: &Path, root: &Path, hash: &PayloadHash) -> io::Result<()> {
    file.sync_all()?;
    let to = place(root, hash);
    let directory = to.parent().unwrap_or(root);
    make(directory)?;
    fs::rename(from, &to)?;
    // What had come of it from elsewhere is of no more use.
    match fs::remove_file(to.with_extension(PART_END)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let synced = sync_directory(directory).and_then(|()| sync_directory(root));
    synced.map_err(io::Error::other)
}

/// Where the file of that hash stands.
fn place(root: &Path, hash: &PayloadHash) -> PathBuf {
    let name = hash.to_string();
    root.join(name.get(..2).unwrap_or_default()).join(&name)
}

/// Makes a directory that nobody else may enter.
fn make(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(0o700))
}

/// What stands in a directory, which may not be there.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |source| StoreError::File { path: directory.to_owned(), source };
    let listed = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(failed)?,
    };
    listed.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
}
