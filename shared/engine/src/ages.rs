//! Since when the own journal waits, as this process has seen it.

use std::collections::VecDeque;

/// Marks that are kept; more make the newest one coarser.
const MARKS_MAX: usize = 256;

/// Heads of the journal with the time at which they were first seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ages {
    marks: VecDeque<(u64, u64)>,
}

impl Ages {
    /// The journal has this head now.
    pub(crate) fn grew(&mut self, head: u64, now_ms: u64) {
        let known = self.marks.back().map_or(0, |(head, _)| *head);
        if head <= known {
            return;
        }
        if self.marks.len() < MARKS_MAX {
            self.marks.push_back((head, now_ms));
        } else if let Some(newest) = self.marks.back_mut() {
            // Said to be older than it is, never younger.
            newest.0 = head;
        }
    }

    /// Since when the oldest entry above this number waits, Unix milliseconds.
    pub(crate) fn since(&mut self, through: u64) -> Option<u64> {
        while self.marks.front().is_some_and(|(head, _)| *head <= through) {
            self.marks.pop_front();
        }
        self.marks.front().map(|(_, since_ms)| *since_ms)
    }

    /// The journal was numbered anew: what was known of its numbers is void.
    pub(crate) fn forget(&mut self) {
        self.marks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_that_of_the_oldest_entry_that_is_not_acknowledged() {
        let mut ages = Ages::default();
        assert_eq!(ages.since(0), None);
        ages.grew(3, 100);
        ages.grew(5, 200);
        ages.grew(5, 900);
        assert_eq!(ages.since(2), Some(100));
        assert_eq!(ages.since(3), Some(200));
        assert_eq!(ages.since(5), None);
    }

    #[test]
    fn a_long_outage_is_never_said_to_be_shorter_than_it_is() {
        let mut ages = Ages::default();
        (1..=10_000).for_each(|head| ages.grew(head, head));
        assert!(ages.marks.len() <= MARKS_MAX);
        assert_eq!(ages.since(0), Some(1));
        assert!(ages.since(9_999).is_some_and(|since| since <= 10_000));
    }
}
