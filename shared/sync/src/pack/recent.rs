//! What was spelled out lately in one direction of a session, so that it need only be pointed at.

use std::collections::{BTreeMap, VecDeque};

use super::section::{Reading, Sections};

/// The last values of one kind. Both sides keep the same, since both see the same stream.
#[derive(Debug)]
pub(super) struct Recent<const N: usize> {
    values: VecDeque<[u8; N]>,
    numbers: BTreeMap<[u8; N], u64>,
    next: u64,
    most: usize,
}

impl<const N: usize> Recent<N> {
    /// Keeps so many at most.
    pub(super) fn new(most: usize) -> Self {
        Self { values: VecDeque::new(), numbers: BTreeMap::new(), next: 0, most }
    }

    /// Remembers a value; one that is remembered already stays where it is.
    pub(super) fn add(&mut self, value: [u8; N]) {
        if self.numbers.contains_key(&value) {
            return;
        }
        if self.values.len() >= self.most
            && let Some(oldest) = self.values.pop_front()
        {
            self.numbers.remove(&oldest);
        }
        self.values.push_back(value);
        self.numbers.insert(value, self.next);
        self.next = self.next.saturating_add(1);
    }

    /// Points at a value, or spells it out and remembers it.
    pub(super) fn write(&mut self, value: &[u8; N], out: &mut Sections) {
        match self.numbers.get(value) {
            Some(number) => out.number(self.next.saturating_sub(*number)),
            None => {
                out.number(0);
                out.chance(value);
                self.add(*value);
            }
        }
    }

    /// Reads what [`Recent::write`] has written.
    pub(super) fn read(&mut self, from: &mut Reading<'_>) -> Option<[u8; N]> {
        let back = from.length()?;
        if back > 0 {
            let place = self.values.len().checked_sub(back)?;
            return self.values.get(place).copied();
        }
        let value = from.chance()?;
        self.add(value);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_sides_have_seen_is_pointed_at_and_what_was_forgotten_is_spelled_out_again() {
        let (mut ours, mut theirs) = (Recent::<4>::new(3), Recent::<4>::new(3));
        let sent = [1_u8, 2, 1, 3, 4, 1, 2, 2, 4];
        let mut out = Sections::default();
        sent.iter().for_each(|byte| ours.write(&[*byte; 4], &mut out));
        let mut reading = Reading::new(&out.chance, &out.text);
        for byte in sent {
            assert_eq!(theirs.read(&mut reading), Some([byte; 4]));
        }
        assert!(reading.is_empty());
        assert_eq!(out.chance.len(), 6 * 4, "1, 2, 3, 4, and again 1 and 2");
    }

    #[test]
    fn nothing_is_found_further_back_than_both_remember() {
        let mut theirs = Recent::<4>::new(3);
        theirs.add([1; 4]);
        let mut out = Sections::default();
        out.number(2);
        assert_eq!(theirs.read(&mut Reading::new(&out.chance, &out.text)), None);
    }
}
