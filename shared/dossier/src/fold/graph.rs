//! The graph of a dossier's events: order, ancestors, heads.

use std::collections::BTreeMap;

use super::Item;
use crate::value::ChangeHash;

/// Bits of a word.
const WORD: usize = 64;

/// A set of places.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    fn unite(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// The places, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len().saturating_mul(WORD)).filter(|place| self.contains(*place))
    }
}

/// The events whose dependencies are all here. Places are places in the order.
#[derive(Debug)]
pub(super) struct Graph {
    /// For each place the index in the list that was given.
    pub(super) order: Vec<usize>,
    /// The place of each event.
    pub(super) places: BTreeMap<ChangeHash, usize>,
    /// The places of each event's dependencies.
    pub(super) parents: Vec<Vec<usize>>,
    /// How many events depend on each directly.
    pub(super) children: Vec<usize>,
    /// The events on which none depends.
    pub(super) heads: Vec<usize>,
    ancestors: Vec<Bits>,
}

impl Graph {
    pub(super) fn of(items: &[Item]) -> Self {
        let mut order: Vec<(u32, usize)> =
            depths(items).into_iter().map(|(index, depth)| (depth, index)).collect();
        let entry = |index: usize| items.get(index).map(|item| item.entry);
        order.sort_by_key(|(depth, index)| (*depth, entry(*index), *index));
        let order: Vec<usize> = order.into_iter().map(|(_, index)| index).collect();
        let listed = || order.iter().filter_map(|index| items.get(*index)).enumerate();
        let places: BTreeMap<ChangeHash, usize> =
            listed().map(|(place, item)| (item.hash, place)).collect();
        let mut graph = Self {
            parents: Vec::new(),
            children: vec![0; order.len()],
            heads: Vec::new(),
            ancestors: Vec::new(),
            order: order.clone(),
            places,
        };
        for (_, item) in listed() {
            let parents = item.deps.iter().filter_map(|dep| graph.places.get(dep).copied());
            let parents: Vec<usize> = parents.collect();
            let mut ancestors = Bits::none(order.len());
            for parent in &parents {
                ancestors.insert(*parent);
                if let Some(theirs) = graph.ancestors.get(*parent) {
                    ancestors.unite(theirs);
                }
                if let Some(count) = graph.children.get_mut(*parent) {
                    *count = count.saturating_add(1);
                }
            }
            graph.parents.push(parents);
            graph.ancestors.push(ancestors);
        }
        let places = graph.children.iter().enumerate();
        graph.heads = places.filter(|(_, count)| **count == 0).map(|(place, _)| place).collect();
        graph
    }

    /// Everything on which the event rests.
    pub(super) fn ancestors_of(&self, place: usize) -> Bits {
        self.ancestors.get(place).cloned().unwrap_or_else(|| Bits::none(self.order.len()))
    }

    /// Whether the later event rests on the earlier one.
    pub(super) fn is_ancestor(&self, earlier: usize, later: usize) -> bool {
        self.ancestors.get(later).is_some_and(|ancestors| ancestors.contains(earlier))
    }
}

/// The depth of each event that can be placed, by its index: one that rests on an event that is not
/// here cannot. Of two with one hash the lower entry id is placed.
fn depths(items: &[Item]) -> BTreeMap<usize, u32> {
    let mut indexes: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let known = indexes.entry(item.hash).or_insert(index);
        if items.get(*known).is_some_and(|known| item.entry < known.entry) {
            *known = index;
        }
    }
    let mut open: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting: BTreeMap<ChangeHash, Vec<usize>> = BTreeMap::new();
    let mut next = Vec::new();
    for index in indexes.values() {
        let deps = items.get(*index).map(|item| item.deps.as_slice()).unwrap_or_default();
        deps.iter().for_each(|dep| waiting.entry(*dep).or_default().push(*index));
        open.insert(*index, deps.len());
        if deps.is_empty() {
            next.push(*index);
        }
    }
    let mut depths: BTreeMap<usize, u32> = next.iter().map(|index| (*index, 0)).collect();
    let mut placed = BTreeMap::new();
    while let Some(index) = next.pop() {
        let Some(item) = items.get(index) else { continue };
        let depth = depths.get(&index).copied().unwrap_or_default();
        placed.insert(index, depth);
        for child in waiting.remove(&item.hash).unwrap_or_default() {
            let deepest = depths.entry(child).or_default();
            *deepest = (*deepest).max(depth.saturating_add(1));
            let left = open.entry(child).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                next.push(child);
            }
        }
    }
    placed
}
