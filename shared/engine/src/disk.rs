//! The disk under a data directory: how much of it is free, whether it takes writes, and a reserve
//! for the last ones.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::{FallocateFlags, StatVfsMountFlags, fallocate, statvfs};

/// What is kept free for an orderly end: twice the length at which the log is folded, so that the
/// last jobs and the folding of the whole log have room on a disk that others have filled.
const RESERVE_BYTES: u64 = 16 * 1024 * 1024;
/// The reserve's name in the data directory.
const RESERVE_NAME: &str = "hoso.reserve";

/// How much of the disk under this path is free, if the system says so: thousandths, which are
/// exact enough, so that no float has to be trusted.
#[must_use]
pub fn free(path: &Path) -> Option<u64> {
    let disk = statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(1000).checked_div(disk.f_blocks).unwrap_or(0))
}

/// Whether the system lets nobody write on the disk under this path.
#[must_use]
pub fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Room that nobody else can take while the program runs.
#[derive(Debug)]
pub struct Reserve(PathBuf);

impl Reserve {
    /// Takes the room. A disk that has none is no reason not to run.
    #[must_use]
    pub fn take(data: &Path) -> Self {
        let path = data.join(RESERVE_NAME);
        if let Err(error) = take(&path) {
            tracing::warn!(%error, "there is no room to keep in reserve for an orderly end");
            remove(&path);
        }
        Self(path)
    }

    /// Gives the room to what is written last.
    pub fn give(&self) {
        remove(&self.0);
    }
}

fn take(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.len() < RESERVE_BYTES {
        fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES)?;
    }
    Ok(())
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the reserve cannot be removed");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_reserve_takes_real_room_and_gives_it_back() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(RESERVE_NAME);
        let reserve = Reserve::take(data.path());
        // Blocks count 512 bytes each; a file with holes would have none.
        assert!(path.metadata().unwrap().blocks() * 512 >= RESERVE_BYTES);
        reserve.give();
        assert!(!path.exists());
        reserve.give();
    }

    #[test]
    fn a_disk_that_takes_writes_says_so() {
        let data = tempfile::tempdir().unwrap();
        assert!(!is_read_only(data.path()));
        assert!(free(data.path()).unwrap() <= 1000);
    }
}
