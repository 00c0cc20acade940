//! A scan that comes, group after group: what is proved of it, and what is to be done with it in
//! which order. No group is written before it is proved, nothing marked before it is synced.

use std::time::Duration;

use hoso_identity::PayloadHash;
use hoso_sync::scan::{GROUP_BYTES, Hashes, Outline};
use tokio::time::Instant;

/// Bytes after which what has come is synced and marked.
const MARK_BYTES: u64 = 1024 * 1024;
/// Time after which it is.
const MARK_EVERY: Duration = Duration::from_secs(5);

/// What is to be done with what has come, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write these bytes behind those before.
    Write(Vec<u8>),
    /// Make what was written durable.
    Sync,
    /// Note durably that so many bytes are there.
    Mark(u64),
    /// Say that so many bytes have come.
    Say(u64),
}

/// Faults that the simulation plants to see whether its oracles find them, and what it makes small.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plant {
    /// Mark what has come before it is synced.
    pub marks_first: bool,
    /// Take groups as they come.
    pub proves_nothing: bool,
    /// Mark after so many bytes: with the usual number few scans are marked before they are whole.
    pub mark_bytes: Option<u64>,
}

/// A scan that comes.
#[derive(Debug)]
pub struct Taking {
    outline: Outline,
    at: u64,
    marked: u64,
    marked_at: Instant,
    plant: Plant,
}

impl Taking {
    /// Begins to take the scan of that hash and size from there on; none when what was shown does
    /// not prove it.
    #[must_use]
    pub fn begin(
        now: Instant,
        shown: &Hashes,
        (hash, size, from): (&PayloadHash, u64, u64),
    ) -> Option<Self> {
        Self::begin_planted(now, shown, (hash, size, from), Plant::default())
    }

    /// Begins with a planted fault.
    #[doc(hidden)]
    #[must_use]
    pub fn begin_planted(
        now: Instant,
        shown: &Hashes,
        (hash, size, from): (&PayloadHash, u64, u64),
        plant: Plant,
    ) -> Option<Self> {
        let outline = Outline::proved(&shown.groups, size, hash).filter(|_| shown.size == size)?;
        Some(Self { outline, at: from, marked: from, marked_at: now, plant })
    }

    /// Whether all of it has come.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.at >= self.outline.size()
    }

    /// What is to be done with the next group; none when it is not the one that was shown.
    pub fn group(&mut self, now: Instant, bytes: Vec<u8>) -> Option<Vec<Step>> {
        let is_proved = self.outline.proves(self.at / GROUP_BYTES, &bytes);
        if !is_proved && !self.plant.proves_nothing {
            return None;
        }
        self.at = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let mut steps = vec![Step::Write(bytes)];
        let is_due = self.at.saturating_sub(self.marked)
            >= self.plant.mark_bytes.unwrap_or(MARK_BYTES)
            || now.saturating_duration_since(self.marked_at) >= MARK_EVERY;
        if is_due {
            (self.marked, self.marked_at) = (self.at, now);
            let mut due = [Step::Sync, Step::Mark(self.at)];
            if self.plant.marks_first {
                due.reverse();
            }
            steps.extend(due);
        }
        if !self.is_whole() {
            steps.push(Step::Say(self.at));
        }
        Some(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> (PayloadHash, u64, Hashes) {
        let size = u64::try_from(bytes.len()).unwrap();
        let mut outline = Outline::begin(size);
        bytes.chunks(16 * 1024).for_each(|group| outline.push(group));
        (PayloadHash::of(bytes), size, Hashes { size, groups: outline.to_bytes() })
    }

    #[test]
    fn what_has_come_is_synced_before_it_is_marked_and_proved_before_it_is_written() {
        let bytes = vec![7; 3 * 1024 * 1024];
        let (hash, size, shown) = shown(&bytes);
        let now = Instant::now();
        let mut taking = Taking::begin(now, &shown, (&hash, size, 0)).unwrap();
        let (mut written, mut synced, mut marks) = (0, 0, Vec::new());
        for group in bytes.chunks(16 * 1024) {
            for step in taking.group(now, group.to_vec()).unwrap() {
                match step {
                    Step::Write(bytes) => written += u64::try_from(bytes.len()).unwrap(),
                    Step::Sync => synced = written,
                    Step::Mark(through) => {
                        assert!(through <= synced, "{through} marked, {synced} synced");
                        marks.push(through);
                    }
                    Step::Say(through) => assert_eq!(through, written),
                }
            }
        }
        assert!(taking.is_whole());
        assert_eq!(marks, [1, 2, 3].map(|mebibytes| mebibytes * MARK_BYTES));
        let mut taking = Taking::begin(now, &shown, (&hash, size, 0)).unwrap();
        let mut damaged = bytes[..16 * 1024].to_vec();
        damaged[5] ^= 1;
        assert_eq!(taking.group(now, damaged), None);
    }

    #[test]
    fn a_scan_of_another_size_than_was_named_is_not_begun() {
        let (hash, size, shown) = shown(&[7; 40_000]);
        assert!(Taking::begin(Instant::now(), &shown, (&hash, size + 1, 0)).is_none());
    }
}
