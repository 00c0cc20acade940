//! Sets of places in the order of the fold.

/// Bits of a word, and places of a block.
pub(super) const WORD: usize = 64;

/// A set of places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// None of so many places.
    pub(super) fn none(places: usize) -> Self {
        Self(vec![0; places.div_ceil(WORD)])
    }

    /// All of so many places.
    pub(super) fn all(places: usize) -> Self {
        let mut bits = Self::none(places);
        (0..places).for_each(|place| bits.insert(place));
        bits
    }

    pub(super) fn insert(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / WORD) {
            *word |= 1 << (place % WORD);
        }
    }

    pub(super) fn contains(&self, place: usize) -> bool {
        self.0.get(place / WORD).is_some_and(|word| word >> (place % WORD) & 1 == 1)
    }

    pub(super) fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, more)| *word |= more);
    }

    /// Whether the two have a place in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    /// What is here and not there.
    pub(super) fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(word, less)| word & !less).collect())
    }

    /// The places up to this one.
    pub(super) fn through(&self, last: usize) -> Self {
        let mut bits = self.clone();
        bits.0.truncate((last / WORD).saturating_add(1));
        if let Some(word) = bits.0.get_mut(last / WORD) {
            *word &= u64::MAX >> WORD.saturating_sub(1).saturating_sub(last % WORD);
        }
        bits.0.resize(self.0.len(), 0);
        bits
    }

    pub(super) fn count(&self) -> usize {
        let ones = self.0.iter().map(|word| usize::try_from(word.count_ones()).unwrap_or_default());
        ones.sum()
    }

    /// How many words at the beginning are the same.
    pub(super) fn words_in_common(&self, other: &Self) -> usize {
        self.0.iter().zip(&other.0).take_while(|(one, other)| one == other).count()
    }

    /// How many words there are.
    pub(super) fn words(&self) -> usize {
        self.0.len()
    }

    /// The places, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len()).flat_map(|word| self.in_word(word))
    }

    /// The places of one word, ascending.
    pub(super) fn in_word(&self, word: usize) -> impl Iterator<Item = usize> + use<> {
        let mut left = self.0.get(word).copied().unwrap_or_default();
        let first = word.saturating_mul(WORD);
        std::iter::from_fn(move || {
            let bit = usize::try_from(left.trailing_zeros()).ok().filter(|bit| *bit < WORD)?;
            left &= left.wrapping_sub(1);
            Some(first.saturating_add(bit))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(places: &[usize]) -> Bits {
        let mut bits = Bits::none(200);
        places.iter().for_each(|place| bits.insert(*place));
        bits
    }

    #[test]
    fn places_are_found_again_in_their_order() {
        let bits = of(&[0, 63, 64, 130, 199]);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 63, 64, 130, 199]);
        assert_eq!(bits.in_word(2).collect::<Vec<_>>(), [130]);
        assert_eq!(bits.words(), 4);
        assert_eq!(bits.count(), 5);
        assert_eq!(Bits::all(130).iter().count(), 130);
    }

    #[test]
    fn parts_differences_and_common_beginnings_are_those_of_sets() {
        let bits = of(&[0, 63, 64, 130]);
        for (last, expected) in [(0, 1), (62, 1), (63, 2), (64, 3), (129, 3), (130, 4), (199, 4)] {
            assert_eq!(bits.through(last).iter().count(), expected, "{last}");
        }
        assert_eq!(bits.without(&of(&[63, 130])), of(&[0, 64]));
        assert!(bits.meets(&of(&[64])) && !bits.meets(&of(&[65])));
        assert_eq!(bits.words_in_common(&of(&[0, 63, 65])), 1);
        assert_eq!(bits.words_in_common(&bits), 4);
    }
}
