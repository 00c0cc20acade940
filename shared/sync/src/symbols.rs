//! Coded symbols: which items differ, at a cost that grows with the difference alone.
//!
//! A rateless invertible Bloom lookup table (Yang, Gilad and Alizadeh, SIGCOMM 2024). Every item
//! falls into the first symbol and from there into ever sparser ones, symbol `i` with a chance of
//! 1 / (1 + i / 2). The asker takes its own symbols away from those that it receives; what is
//! left over codes the difference, and peels off once there are about 1.4 symbols for each item
//! of it. There is no size to guess: more symbols are asked for until it peels.
//!
//! Integers alone decide where an item falls, so that every machine agrees. The key is fresh for
//! each comparison: who writes documents cannot choose them to cancel each other out.

use std::collections::{BTreeSet, VecDeque};

use hoso_identity::SessionToken;
use thiserror::Error;

use crate::listing::{self, Listed};

/// Bytes of a symbol as it is sent: sum 16, check 8, count 1.
pub const SYMBOL_BYTES: usize = 25;
/// Symbols from which on their counts tell how many items they code: within a fifth, as a rule.
const TELLING: usize = 64;
/// Parts of a whole, in which the chance of a symbol is reckoned.
const WHOLE: i64 = 1 << 20;

/// Why symbols code no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the coded symbols contradict each other")]
pub struct Contradiction;

/// One coded symbol: the items that fell into it, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Symbol {
    sum: u128,
    check: u64,
    /// Modulo 256: whether a single item is left, the check decides.
    count: i8,
}

impl Symbol {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; SYMBOL_BYTES] {
        let mut bytes = [0; SYMBOL_BYTES];
        let parts = self.sum.to_be_bytes().into_iter();
        let parts = parts.chain(self.check.to_be_bytes()).chain(self.count.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8; SYMBOL_BYTES]) -> Self {
        let (sum, rest) = bytes.split_first_chunk().map_or(([0; 16], &[][..]), |(a, b)| (*a, b));
        let (check, rest) = rest.split_first_chunk().map_or(([0; 8], &[][..]), |(a, b)| (*a, b));
        let count = rest.first_chunk().copied().unwrap_or_default();
        Self {
            sum: u128::from_be_bytes(sum),
            check: u64::from_be_bytes(check),
            count: i8::from_be_bytes(count),
        }
    }

    /// With `items` of this kind more or, when negative, less.
    fn add(&mut self, of: &Coded, items: i8) {
        self.sum ^= of.item;
        self.check ^= of.check;
        self.count = self.count.wrapping_add(items);
    }

    fn less(self, other: Self) -> Self {
        Self {
            sum: self.sum ^ other.sum,
            check: self.check ^ other.check,
            count: self.count.wrapping_sub(other.count),
        }
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// The key of a session's comparisons: known to its two sides alone, and fresh for each session.
#[must_use]
pub fn key(token: &SessionToken) -> [u8; 32] {
    blake3::derive_key("hoso/1 coded symbols", &token.0)
}

/// Cuts received bytes into symbols; `None` when they are no whole number of symbols.
#[must_use]
pub fn symbols(bytes: &[u8]) -> Option<Vec<Symbol>> {
    let (symbols, rest) = bytes.as_chunks::<SYMBOL_BYTES>();
    rest.is_empty().then(|| symbols.iter().map(Symbol::from_bytes).collect())
}

/// An item with where it falls next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Coded {
    item: u128,
    check: u64,
    chance: u64,
    next: usize,
}

impl Coded {
    fn new(key: &[u8; 32], item: u128) -> Self {
        let hash = blake3::keyed_hash(key, &item.to_be_bytes());
        let (halves, _) = hash.as_bytes().as_chunks::<8>();
        let mut halves = halves.iter().copied().map(u64::from_be_bytes);
        let check = halves.next().unwrap_or_default();
        let chance = halves.next().unwrap_or_default();
        Self { item, check, chance, next: 0 }
    }

    /// Goes on to the symbol after `next` that it falls into.
    ///
    /// With a chance `u` in (0, 1] that is ⌈(i + 3/2) (u^(-1/2) - 1)⌉ further, so that it falls
    /// into symbol `i` with a probability of 1 / (1 + i / 2).
    fn step(&mut self) {
        // A full-period generator modulo 2^64; its upper bits are what the root sees.
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let root = u128::from(self.chance.isqrt().max(1));
        let twice = u128::try_from(self.next).unwrap_or(u128::MAX >> 64);
        let twice = twice.saturating_mul(2).saturating_add(3);
        let away = twice.saturating_mul((1_u128 << 32).saturating_sub(root));
        let further = away.div_ceil(root.saturating_mul(2)).max(1);
        self.next = usize::try_from(further)
            .map_or(usize::MAX, |further| self.next.saturating_add(further));
    }
}

/// The symbols of a set, as many as are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbols {
    items: Vec<Coded>,
    made: usize,
}

impl Symbols {
    /// Of what is listed, under the key of this comparison.
    #[must_use]
    pub fn new(key: &[u8; 32], listed: &[Listed]) -> Self {
        let items =
            listed.iter().map(|listed| Coded::new(key, u128::from_be_bytes(listed.item))).collect();
        Self { items, made: 0 }
    }

    /// How many were made.
    #[must_use]
    pub fn made(&self) -> usize {
        self.made
    }

    /// The next ones.
    #[must_use]
    pub fn next(&mut self, count: usize) -> Vec<Symbol> {
        let mut symbols = vec![Symbol::default(); count];
        let to = self.made.saturating_add(count);
        for coded in &mut self.items {
            while coded.next < to {
                if let Some(symbol) = symbols.get_mut(coded.next.saturating_sub(self.made)) {
                    symbol.add(coded, 1);
                }
                coded.step();
            }
        }
        self.made = to;
        symbols
    }
}

/// The comparison of the own set with a set of which symbols arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    key: [u8; 32],
    own: Symbols,
    left: Vec<Symbol>,
    found: Vec<(Coded, i8)>,
    items: BTreeSet<u128>,
}

impl Comparison {
    /// Of what is listed here.
    #[must_use]
    pub fn new(key: [u8; 32], own: &[Listed]) -> Self {
        Self {
            own: Symbols::new(&key, own),
            key,
            left: Vec::new(),
            found: Vec::new(),
            items: BTreeSet::new(),
        }
    }

    /// How many symbols arrived.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.left.len()
    }

    /// How many more symbols of a set of that many items are likely to be enough. Nothing but the
    /// cost depends on it.
    #[must_use]
    pub fn likely_more(&self, theirs: usize) -> usize {
        let taken = self.left.len();
        if taken < TELLING {
            return taken;
        }
        let items = self.found.len().saturating_add(self.hidden(theirs));
        // Some 1.4 for each item, and a fifth for what the counts do not tell: one more question
        // would take longer than these symbols.
        let enough = items.saturating_mul(5).div_ceil(3);
        // What did not peel by a little needs a little more.
        enough.saturating_sub(taken).max(taken / 4)
    }

    /// About how many items the symbols still hide.
    ///
    /// An item counts as one for its side, so that a symbol's count is the sum of as many steps up
    /// or down as items fell into it: it strays from its mean by the root of their number. The
    /// later half of the symbols is looked at, where few fall into each.
    fn hidden(&self, theirs: usize) -> usize {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let found = self.found.iter().map(|(_, side)| i64::from(*side));
        let surplus = whole(theirs).saturating_sub(whole(self.own.items.len()));
        let surplus = found.fold(surplus, i64::saturating_sub);
        let later = || (0_i64..).zip(&self.left).skip(self.left.len() / 2);
        let chance = |place: i64| WHOLE.saturating_mul(2).checked_div(place.saturating_add(2));
        let chance = |place: i64| chance(place).unwrap_or(WHOLE);
        let strays = later().map(|(place, symbol)| {
            let mean = surplus.saturating_mul(chance(place)) / WHOLE;
            // Counts are kept modulo 256.
            let [.., low] = i64::from(symbol.count).saturating_sub(mean).to_be_bytes();
            i64::from(i8::from_be_bytes([low])).saturating_pow(2)
        });
        let strays = strays.fold(0, i64::saturating_add);
        let chances = later().map(|(place, _)| chance(place)).fold(1, i64::saturating_add);
        let all = strays.saturating_mul(WHOLE).checked_div(chances).unwrap_or_default();
        usize::try_from(all.max(surplus.saturating_abs())).unwrap_or(usize::MAX)
    }

    /// Takes the next symbols of the other set. Names of the documents that are not the same on
    /// both sides, ascending, once the symbols are enough; `None` when more are needed.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] when they code no set.
    pub fn take(&mut self, theirs: &[Symbol]) -> Result<Option<Vec<[u8; 8]>>, Contradiction> {
        let from = self.left.len();
        let own = self.own.next(theirs.len());
        self.left.extend(theirs.iter().zip(own).map(|(theirs, own)| theirs.less(own)));
        let Self { left, found, .. } = self;
        for (coded, side) in found.iter_mut() {
            take_away(left, coded, *side);
        }
        self.peel((from..self.left.len()).collect())?;
        if self.left.first().is_none_or(|first| !first.is_empty()) {
            return Ok(None);
        }
        // Everything falls into the first symbol: when it is empty, so must be all.
        if !self.left.iter().all(|symbol| symbol.is_empty()) {
            return Err(Contradiction);
        }
        let names: BTreeSet<[u8; 8]> = self.items.iter().map(|item| listing::name(*item)).collect();
        Ok(Some(names.into_iter().collect()))
    }

    /// Finds every item that stands alone in a symbol, which may leave others alone in theirs.
    fn peel(&mut self, mut places: VecDeque<usize>) -> Result<(), Contradiction> {
        while let Some(place) = places.pop_front() {
            let Some(symbol) = self.left.get(place).copied() else { continue };
            if symbol.count.unsigned_abs() != 1 {
                continue;
            }
            let mut coded = Coded::new(&self.key, symbol.sum);
            if coded.check != symbol.check {
                continue;
            }
            // No item is on one side twice, nor on both: forged symbols could go round for ever.
            if !self.items.insert(symbol.sum) {
                return Err(Contradiction);
            }
            places.extend(take_away(&mut self.left, &mut coded, symbol.count));
            self.found.push((coded, symbol.count));
        }
        Ok(())
    }
}

/// Takes an item of that side out of the symbols that it has not been taken out of; gives them.
fn take_away(left: &mut [Symbol], coded: &mut Coded, side: i8) -> Vec<usize> {
    let mut places = Vec::new();
    while let Some(symbol) = left.get_mut(coded.next) {
        symbol.add(coded, side.wrapping_neg());
        places.push(coded.next);
        coded.step();
    }
    places
}

#[cfg(test)]
mod tests {
    use hoso_identity::DocumentId;
    use negentropy::{Id, Negentropy, NegentropyStorageVector};
    use proptest::prelude::*;

    use super::*;
    use crate::listing::Item;

    const KEY: [u8; 32] = [5; 32];
    const ENOUGH: usize = 100_000;

    fn listed(name: u64, entries: u64) -> Listed {
        let hash = |value: u64| *blake3::hash(&value.to_be_bytes()).as_bytes();
        let mut item = [0; 16];
        item[..8].copy_from_slice(&hash(name)[..8]);
        item[8..].copy_from_slice(&hash(entries)[..8]);
        Listed { item, document: DocumentId([0; 16]) }
    }

    /// Compares with batches of that many symbols; gives how many were needed as well.
    fn compared(own: &[Listed], theirs: &[Listed], batch: usize) -> (Vec<[u8; 8]>, usize) {
        let mut symbols = Symbols::new(&KEY, theirs);
        let mut comparison = Comparison::new(KEY, own);
        while comparison.taken() < ENOUGH {
            if let Some(names) = comparison.take(&symbols.next(batch)).unwrap() {
                return (names, comparison.taken());
            }
        }
        panic!("{} items and {} do not peel", own.len(), theirs.len());
    }

    /// Documents from 0; the last ones lack, the first ones are other, some are more.
    fn sides(same: u64, lacking: u64, other: u64, more: u64) -> (Vec<Listed>, Vec<Listed>) {
        let own = (0..same + other).map(|name| listed(name, u64::from(name < other)));
        let theirs = (0..same + other).map(|name| listed(name, 0));
        let lacking = (0..lacking).map(|name| listed(1_000_000 + name, 0));
        let more = (0..more).map(|name| listed(2_000_000 + name, 0));
        (own.chain(more).collect(), theirs.chain(lacking).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn exactly_what_two_full_listings_tell_apart_is_found(
            same in 0_u64..400, lacking in 0_u64..60, other in 0_u64..60, more in 0_u64..60,
            batch in 1_usize..700,
        ) {
            let (mut own, theirs) = sides(same, lacking, other, more);
            own.sort_unstable();
            let items: Vec<Item> = theirs.iter().map(|theirs| theirs.item).collect();
            let (names, _) = compared(&own, &theirs, batch);
            prop_assert_eq!(&names, &listing::differing(&own, &items));
            prop_assert_eq!(names, oracle(&own, &theirs).into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn symbols_that_code_no_set_end_without_an_answer_or_with_a_contradiction(
            bytes in prop::collection::vec(any::<u8>(), 0..40 * SYMBOL_BYTES), own in 0_u64..50,
        ) {
            let own: Vec<Listed> = (0..own).map(|name| listed(name, 0)).collect();
            let whole = bytes.len() / SYMBOL_BYTES * SYMBOL_BYTES;
            let forged = symbols(&bytes[..whole]).unwrap();
            let taken = Comparison::new(KEY, &own).take(&forged);
            prop_assert!(!matches!(taken, Ok(Some(names)) if !names.is_empty()));
        }
    }

    /// What another protocol of set reconciliation finds: items that one side lacks.
    fn oracle(own: &[Listed], theirs: &[Listed]) -> BTreeSet<[u8; 8]> {
        let storage = |listed: &[Listed]| {
            let mut storage = NegentropyStorageVector::new();
            for listed in listed {
                let mut id = [0; 32];
                id[..16].copy_from_slice(&listed.item);
                storage.insert(0, Id::from_byte_array(id)).unwrap();
            }
            storage.seal().unwrap();
            storage
        };
        let (own, theirs) = (storage(own), storage(theirs));
        let mut asker = Negentropy::owned(own, 0).unwrap();
        let mut shower = Negentropy::owned(theirs, 0).unwrap();
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let mut asked = asker.initiate().unwrap();
        loop {
            let shown = shower.reconcile(&asked).unwrap();
            match asker.reconcile_with_ids(&shown, &mut have, &mut need).unwrap() {
                Some(next) => asked = next,
                None => break,
            }
        }
        have.iter().chain(&need).map(|id| id.as_bytes()[..8].try_into().unwrap()).collect()
    }

    #[test]
    fn two_equal_sets_need_one_symbol_whatever_their_size() {
        for size in [0, 1, 5000] {
            let (own, theirs) = sides(size, 0, 0, 0);
            assert_eq!(compared(&own, &theirs, 1), (Vec::new(), 1));
        }
    }

    #[test]
    fn symbols_grow_with_the_difference_and_not_with_the_sets() {
        for same in [0, 20_000] {
            for changed in [10_u64, 100, 1000] {
                let (own, theirs) = sides(same, changed, 0, 0);
                let (names, symbols) = compared(&own, &theirs, 8);
                assert_eq!(names.len(), usize::try_from(changed).unwrap());
                assert!(symbols <= names.len() * 2 + 16, "{symbols} symbols for {changed}");
            }
        }
    }

    #[test]
    fn the_first_symbols_tell_about_how_many_items_differ_however_they_are_spread() {
        for (lacking, other, more) in [
            (2_000, 0, 0),
            (0, 1_000, 0),
            (300, 700, 300),
            (50_000, 0, 0),
            (0, 25_000, 9_000),
            (0, 0, 90_000),
        ] {
            let items = usize::try_from(lacking + 2 * other + more).unwrap();
            let (own, theirs) = sides(500, lacking, other, more);
            let mut comparison = Comparison::new(KEY, &own);
            assert_eq!(comparison.take(&Symbols::new(&KEY, &theirs).next(512)), Ok(None));
            let told = comparison.found.len() + comparison.hidden(theirs.len());
            assert!((items * 2 / 3..items * 3 / 2).contains(&told), "{told} of {items}");
        }
    }

    #[test]
    fn where_an_item_falls_is_the_same_on_every_machine() {
        let mut coded = Coded::new(&KEY, 1);
        let places: Vec<usize> = std::iter::from_fn(|| {
            coded.step();
            Some(coded.next)
        })
        .take(6)
        .collect();
        assert_eq!(places, [5, 9, 15, 48, 53, 86]);
    }

    #[test]
    fn an_item_that_is_coded_twice_is_a_contradiction() {
        let coded = Coded::new(&KEY, 9);
        let alone = Symbol { sum: 9, check: coded.check, count: 1 };
        let forged = vec![alone; 64];
        assert_eq!(Comparison::new(KEY, &[]).take(&forged), Err(Contradiction));
    }

    #[test]
    fn a_symbol_is_read_as_it_was_written_and_a_cut_one_not_at_all() {
        let symbol = Symbol { sum: 1 << 100, check: 7, count: -3 };
        assert_eq!(symbols(&symbol.to_bytes()), Some(vec![symbol]));
        assert_eq!(symbols(&symbol.to_bytes()[1..]), None);
    }
}
