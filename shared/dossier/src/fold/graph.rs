//! The graph of a dossier's events: order, ancestors, heads.

use std::collections::BTreeMap;

use super::{Item, bits::Bits};
use crate::value::ChangeHash;

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
    /// How many events rest on each.
    descendants: Vec<usize>,
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
            descendants: vec![0; order.len()],
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
            for before in ancestors.iter() {
                if let Some(count) = graph.descendants.get_mut(before) {
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
    pub(super) fn ancestors_of(&self, place: usize) -> Option<&Bits> {
        self.ancestors.get(place)
    }

    /// Whether there is an event that neither rests on this one nor this one on it.
    pub(super) fn has_rivals(&self, place: usize) -> bool {
        let before = self.ancestors.get(place).map_or(0, Bits::count);
        let after = self.descendants.get(place).copied().unwrap_or_default();
        before.saturating_add(after).saturating_add(1) < self.order.len()
    }

    /// Whether the later event rests on the earlier one.
    pub(super) fn is_ancestor(&self, earlier: usize, later: usize) -> bool {
        self.ancestors.get(later).is_some_and(|ancestors| ancestors.contains(earlier))
    }
}

/// The depth of each event that can be placed, by its index: one that rests on an event that is not
/// here cannot. Of two with one hash the first in the list is placed.
fn depths(items: &[Item]) -> BTreeMap<usize, u32> {
    let mut indexes: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        indexes.entry(item.hash).or_insert(index);
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
