//! A file that comes piece by piece and goes on after a crash where its mark says.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use hoso_identity::PayloadHash;

use super::{Blobs, PART_END, make, settle, spared};

/// A file of which the beginning is here.
#[derive(Debug)]
pub struct Part {
    file: File,
    path: PathBuf,
    root: PathBuf,
    hash: PayloadHash,
}

impl Blobs {
    /// Opens the file of that hash behind its first bytes; what stands there is written again.
    ///
    /// # Errors
    ///
    /// What the system says; [`io::ErrorKind::UnexpectedEof`] when less is there.
    pub fn part(&self, hash: &PayloadHash, from: u64) -> io::Result<Part> {
        let path = self.part_path(hash);
        make(path.parent().unwrap_or(&self.root))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path)?;
        if file.metadata()?.len() < from {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.set_len(from)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Part { file, path, root: self.root.clone(), hash: *hash })
    }

    /// Where the beginning of the file of that hash stands.
    pub(super) fn part_path(&self, hash: &PayloadHash) -> PathBuf {
        self.path(hash).with_extension(PART_END)
    }
}

impl Part {
    /// Writes the next bytes.
    ///
    /// # Errors
    ///
    /// What the system says; [`io::ErrorKind::StorageFull`] also when the room that is left is for
    /// dossiers.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        spared(&self.root)?;
        self.file.write_all(bytes)
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Puts the whole file in its place, durably. `false`: what is on disk is not what was named,
    /// and nothing of it is left.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn settle(mut self) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = self.file.read(&mut piece)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hasher.update(bytes);
        }
        if PayloadHash(*hasher.finalize().as_bytes()) != self.hash {
            fs::remove_file(&self.path)?;
            return Ok(false);
        }
        settle(&self.file, &self.path, &self.root, &self.hash)?;
        Ok(true)
    }
}
