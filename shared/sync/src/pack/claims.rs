//! What a node brought back in a healing: it comes down again in its feeds, where it is pointed at.

use std::collections::BTreeMap;

/// Entries that are remembered at most.
const ENTRIES_MAX: u64 = 4_096;
/// Bytes of all of them at most.
const BYTES_MAX: usize = 2 << 20;

/// The claims of one connection. Both ends remember the same ones, in the order of the stream that
/// carried them; only the one that sent them keeps their bytes.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    numbers: BTreeMap<[u8; 32], u64>,
    kept: Vec<Vec<u8>>,
    next: u64,
    bytes: usize,
}

impl Claims {
    /// Remembers an entry that was sent from here.
    pub(crate) fn sent(&mut self, entry: &[u8]) {
        if self.take(entry) {
            self.kept.push(entry.to_vec());
        }
    }

    /// Remembers an entry that has come.
    pub(crate) fn came(&mut self, entry: &[u8]) {
        self.take(entry);
    }

    fn take(&mut self, entry: &[u8]) -> bool {
        let hash = *blake3::hash(entry).as_bytes();
        let bytes = self.bytes.saturating_add(entry.len());
        if self.next >= ENTRIES_MAX || bytes > BYTES_MAX || self.numbers.contains_key(&hash) {
            return false;
        }
        self.numbers.insert(hash, self.next);
        (self.next, self.bytes) = (self.next.saturating_add(1), bytes);
        true
    }

    /// The number of an entry that has come.
    pub(super) fn number(&self, entry: &[u8]) -> Option<u64> {
        if self.numbers.is_empty() {
            return None;
        }
        self.numbers.get(blake3::hash(entry).as_bytes()).copied()
    }

    /// The entry of that number, which was sent from here.
    pub(super) fn entry(&self, number: u64) -> Option<&[u8]> {
        self.kept.get(usize::try_from(number).ok()?).map(Vec::as_slice)
    }
}
