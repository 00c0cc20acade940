//! Which of several changes can go into a document now, decided from their names alone.

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::ActorId;

use crate::{shape::Change, value::ChangeHash};

/// What became of one payload that was given to [`super::Document::apply`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Applied {
    /// It is in the document now.
    Now,
    /// It was there before, or earlier in the same list.
    Known,
    /// It rests on these changes, which are neither in the document nor on their way into it.
    Missing(Vec<ChangeHash>),
    /// Another change of the same actor came first: in the document, or earlier in the list.
    ActorTaken,
}

/// Decides what will become of each change; `here` and `taken` speak of the document as it is.
pub(super) fn plan(
    changes: &[Change],
    here: impl Fn(&ChangeHash) -> bool,
    taken: impl Fn(ActorId) -> bool,
) -> Vec<Applied> {
    let mut owners: BTreeMap<ActorId, ChangeHash> = BTreeMap::new();
    let mut candidates: BTreeMap<ChangeHash, &Change> = BTreeMap::new();
    let mut plan: Vec<Option<Applied>> = Vec::with_capacity(changes.len());
    for change in changes {
        let owner = *owners.entry(change.actor).or_insert(change.hash);
        plan.push(if candidates.contains_key(&change.hash) || here(&change.hash) {
            Some(Applied::Known)
        } else if owner != change.hash || taken(change.actor) {
            Some(Applied::ActorTaken)
        } else {
            candidates.insert(change.hash, change);
            None
        });
    }
    let coming = ready(&candidates, &here);
    let outcome = |change: &Change| {
        let lacks = |dep: &&ChangeHash| !coming.contains(*dep) && !here(dep);
        let missing: Vec<_> = change.deps.iter().filter(lacks).copied().collect();
        if missing.is_empty() { Applied::Now } else { Applied::Missing(missing) }
    };
    let decided = changes.iter().zip(plan);
    decided.map(|(change, applied)| applied.unwrap_or_else(|| outcome(change))).collect()
}

/// Those of the candidates whose dependencies are here or come with them.
fn ready(
    candidates: &BTreeMap<ChangeHash, &Change>,
    here: impl Fn(&ChangeHash) -> bool,
) -> BTreeSet<ChangeHash> {
    let mut open: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    let mut waiting: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
    let mut next: Vec<ChangeHash> = Vec::new();
    for (hash, change) in candidates {
        let lacking: Vec<_> = change.deps.iter().filter(|dep| !here(dep)).collect();
        if lacking.is_empty() {
            next.push(*hash);
        }
        open.insert(*hash, lacking.len());
        lacking.into_iter().for_each(|dep| waiting.entry(*dep).or_default().push(*hash));
    }
    let mut ready = BTreeSet::new();
    while let Some(hash) = next.pop() {
        ready.insert(hash);
        for child in waiting.remove(&hash).unwrap_or_default() {
            let left = open.get(&child).map_or(0, |left| left.saturating_sub(1));
            open.insert(child, left);
            if left == 0 {
                next.push(child);
            }
        }
    }
    ready
}
