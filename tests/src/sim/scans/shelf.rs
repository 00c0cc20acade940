//! The files of scans on one machine.

use std::collections::BTreeMap;

use hoso_identity::PayloadHash;

use crate::sim::dice::Dice;

/// A file that comes.
#[derive(Clone, Debug, Default)]
struct Part {
    written: Vec<u8>,
    synced: usize,
}

/// The files of one machine.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    whole: BTreeMap<PayloadHash, Vec<u8>>,
    parts: BTreeMap<PayloadHash, Part>,
}

impl Shelf {
    /// A file that is brought at the desk.
    pub fn put(&mut self, hash: PayloadHash, bytes: Vec<u8>) {
        self.whole.insert(hash, bytes);
    }

    /// The whole file of that hash, whatever stands in it.
    #[must_use]
    pub fn whole(&self, hash: &PayloadHash) -> Option<&[u8]> {
        self.whole.get(hash).map(Vec::as_slice)
    }

    /// The names of the whole files.
    #[must_use]
    pub fn names(&self) -> Vec<PayloadHash> {
        self.whole.keys().copied().collect()
    }

    /// Turns one bit of a file, which nobody notices.
    pub fn damage(&mut self, hash: &PayloadHash, dice: &mut Dice) {
        if let Some(bytes) = self.whole.get_mut(hash) {
            let at = dice.place(bytes.len());
            bytes[at] ^= 1;
        }
    }

    /// Removes a file and what has come of it.
    pub fn remove(&mut self, hash: &PayloadHash) {
        self.whole.remove(hash);
        self.parts.remove(hash);
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Opens a file behind its first bytes; gives whether so much is there.
    pub fn open(&mut self, hash: &PayloadHash, from: usize) -> bool {
        let part = self.parts.entry(*hash).or_default();
        if part.written.len() < from {
            return false;
        }
        part.written.truncate(from);
        part.synced = part.synced.min(from);
        true
    }

    /// Writes the next bytes.
    pub fn write(&mut self, hash: &PayloadHash, bytes: &[u8]) {
        self.parts.entry(*hash).or_default().written.extend_from_slice(bytes);
    }

    /// Makes what was written durable.
    pub fn sync(&mut self, hash: &PayloadHash) {
        let part = self.parts.entry(*hash).or_default();
        part.synced = part.written.len();
    }

    /// Puts the file in its place, durably, if it is what its name says.
    pub fn settle(&mut self, hash: &PayloadHash) -> bool {
        let written = self.parts.remove(hash).unwrap_or_default().written;
        let is_right = PayloadHash::of(&written) == *hash;
        if is_right {
            self.whole.insert(*hash, written);
        }
        is_right
    }

    /// What has come of a file and is durable.
    #[must_use]
    pub fn durable(&self, hash: &PayloadHash) -> &[u8] {
        self.parts.get(hash).map_or(&[], |part| &part.written[..part.synced])
    }

    /// The machine dies: of what was not synced some is there, and some of that is empty.
    pub fn crash(&mut self, dice: &mut Dice) {
        for part in self.parts.values_mut() {
            let unsynced = part.written.len() - part.synced;
            let there = part.synced + dice.place(unsynced + 1);
            part.written.truncate(there);
            let sound = part.synced + dice.place(there - part.synced + 1);
            part.written[sound..].fill(0);
            // The next start finds on disk what it finds.
            part.synced = part.written.len();
        }
    }
}
