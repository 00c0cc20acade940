//! What is planted where: dossiers of the attackers' own with a few dozen entries each, entries
//! aimed at honest ones, statements in between.

use std::collections::BTreeSet;

use hoso_dossier::shape;
use hoso_identity::{DocumentId, Entry, EntryId};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    cast::Cast,
    events::{Names, noted},
    forge::{Draft, Must, Planted, heading, sealed},
};

/// Entries of one of the attackers' own dossiers.
const PER_DOSSIER: usize = 50;
/// Entries of the long history that rest on the first one alone.
const BESIDE: usize = 200;
/// How often a mutation is chosen, and the mutation.
type Recipe = (u32, fn(&mut Campaign, &mut Draft));

/// What is done to the attackers' own dossiers.
const OWN: &[Recipe] = &[
    (10, Campaign::honest_event),
    (14, Campaign::event_values),
    (8, Campaign::change_bytes),
    (8, Campaign::change_columns),
    (8, Campaign::change_operations),
    (2, Campaign::no_change),
    (1, Campaign::large),
    (3, Campaign::numbers),
    (3, Campaign::orphan),
    (2, Campaign::second_first),
    (5, Campaign::other_kind),
    (5, Campaign::other_units),
    (5, Campaign::other_document),
    (5, Campaign::other_grant),
    (3, Campaign::other_role),
    (4, Campaign::same_nonce),
    (3, Campaign::other_realm),
    (5, Campaign::other_author),
    (2, Campaign::other_payload),
    (6, Campaign::header_bytes),
    (1, Campaign::replayed),
    (1, Campaign::deputy),
    (3, Campaign::statement_bytes),
    (3, Campaign::beyond_the_unit),
    (3, Campaign::of_the_province),
    (2, Campaign::statement_header_changed),
];

/// What is done to dossiers of the attackers' unit that honest clerks work on: nothing of it may
/// change how they stand. A clerk with the roles may lawfully say more than that.
const AIMED: &[Recipe] = &[
    (6, Campaign::remark_bytes),
    (3, Campaign::no_change),
    (3, Campaign::numbers),
    (3, Campaign::orphan),
    (2, Campaign::second_first),
    (4, Campaign::other_units),
    (4, Campaign::other_document),
    (4, Campaign::other_grant),
    (6, Campaign::other_role),
    (4, Campaign::same_nonce),
    (3, Campaign::other_realm),
    (5, Campaign::other_author),
    (2, Campaign::other_payload),
];

/// How much is planted.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Entries in all.
    pub entries: usize,
    /// Of them in one dossier with a long history; there is room for 4,096.
    pub long: usize,
    /// Decides what is done to them.
    pub seed: u64,
}

/// An honest dossier that the attackers aim at.
#[derive(Clone, Debug)]
pub struct Target {
    /// As it stands.
    pub draft: Draft,
    /// Whether the attackers' unit is none of those that it concerns: then all that is said to it
    /// waits.
    pub foreign: bool,
}

/// The making of all entries.
#[derive(Debug)]
pub struct Campaign {
    pub(super) cast: Cast,
    pub(super) names: Names,
    pub(super) random: ChaCha8Rng,
    /// Other dossiers than the one that is being attacked.
    pub(super) elsewhere: Vec<DocumentId>,
    /// Entries of others.
    pub(super) heard: Vec<Vec<u8>>,
    /// All entries in the order of the journal.
    pub(super) planted: Vec<Planted>,
    /// Their ids.
    ids: BTreeSet<EntryId>,
    /// Whether all that is honest must be a remark, which leaves a dossier as it stands.
    pub(super) only_remarks: bool,
}

impl Campaign {
    /// Makes so many entries; the same for the same seed, people and dossiers.
    #[must_use]
    pub fn of(
        (cast, names): (Cast, Names),
        targets: &mut [Target],
        heard: Vec<Vec<u8>>,
        plan: Plan,
    ) -> Vec<Planted> {
        let random = ChaCha8Rng::seed_from_u64(plan.seed);
        let elsewhere = targets.iter().map(|target| target.draft.id).collect();
        let mut campaign = Self {
            cast,
            names,
            random,
            elsewhere,
            heard,
            planted: Vec::with_capacity(plan.entries),
            ids: BTreeSet::new(),
            only_remarks: false,
        };
        campaign.long_history(plan.long);
        while campaign.planted.len() < plan.entries {
            campaign.own_dossier();
            if let Some(target) = pick(&mut campaign.random, targets) {
                campaign.aim_at(target);
            }
        }
        campaign.planted
    }

    /// Puts an entry at the end of the journal; a journal holds each one once.
    pub(super) fn add(&mut self, planted: Planted) {
        if self.ids.insert(planted.id) {
            self.planted.push(planted);
        }
    }

    /// A dossier with a long history: each upon the other, the last ones all upon the first.
    fn long_history(&mut self, entries: usize) {
        let mut draft = Draft::default();
        self.begin(&mut draft);
        for number in 0..entries {
            let base = match draft.hashes.as_slice() {
                [first, .., last] => vec![if number + BESIDE < entries { *last } else { *first }],
                all => all.to_vec(),
            };
            let header = heading(&self.cast, &self.cast.clerk, &draft, &mut self.random);
            let ready = draft.ready(&header, &base, &noted("Đã gọi điện"));
            self.plant("long history", &mut draft, &ready, &ready.payload);
        }
    }

    fn own_dossier(&mut self) {
        let mut draft = Draft::default();
        self.begin(&mut draft);
        let end = self.planted.len() + PER_DOSSIER;
        while self.planted.len() < end {
            self.apply(OWN, &mut draft);
        }
        self.elsewhere.push(draft.id);
    }

    fn aim_at(&mut self, target: &mut Target) {
        let recipes = if target.foreign { OWN } else { AIMED };
        let before = self.planted.len();
        self.only_remarks = !target.foreign;
        for _ in 0..6 {
            self.apply(recipes, &mut target.draft);
        }
        self.only_remarks = false;
        if target.foreign {
            // Whatever it says, nobody has asked this unit; statements go by their own rules.
            let aimed = self.planted.iter_mut().skip(before);
            aimed
                .filter(|planted| planted.document == target.draft.id)
                .for_each(|planted| planted.must = Must::NotCount);
        }
    }

    /// The first entry of a dossier, sometimes with strange values: then it may be that nothing of
    /// the dossier ever counts.
    fn begin(&mut self, draft: &mut Draft) {
        let mut event = self.names.first(&mut self.random);
        if self.random.random_ratio(1, 12) {
            event = self.names.mutated(&mut self.random, &event);
        }
        let header = heading(&self.cast, &self.cast.clerk, draft, &mut self.random);
        let mut ready = draft.ready(&header, &[], &event);
        ready.header.payload = hoso_identity::PayloadHash::of(&ready.payload);
        draft.takes(&ready.header, &ready.payload);
        draft.id = ready.header.id().document();
        let bytes = sealed(ready.header, &ready.payload, &self.cast.clerk.key);
        self.add(Planted::of("a beginning", Must::Agree, bytes, draft.id));
    }

    fn apply(&mut self, recipes: &[Recipe], draft: &mut Draft) {
        let sum = recipes.iter().map(|(weight, _)| weight).sum();
        let mut number: u32 = self.random.random_range(0..sum);
        for (weight, recipe) in recipes {
            match number.checked_sub(*weight) {
                Some(rest) => number = rest,
                None => return recipe(self, draft),
            }
        }
    }

    /// A remark whose bytes are damaged: what is accepted of it is a remark.
    fn remark_bytes(&mut self, draft: &mut Draft) {
        let ready = self.ready(draft, &noted("Đã gọi điện"));
        let payload = super::damage::in_bytes(&mut self.random, &ready.payload);
        let remark = shape::read(&payload).is_ok_and(|change| said(&change.event) == "noted");
        let payload = if remark { payload } else { ready.payload.clone() };
        self.plant("bytes of a remark", draft, &ready, &payload);
    }
}

/// The word of an event's kind.
fn said(event: &hoso_dossier::Value) -> &str {
    match event.as_map().and_then(|parts| parts.get("kind")) {
        Some(hoso_dossier::Value::Text(word)) => word,
        Some(_) | None => "",
    }
}

fn pick<'a>(random: &mut ChaCha8Rng, targets: &'a mut [Target]) -> Option<&'a mut Target> {
    if targets.is_empty() {
        return None;
    }
    let at = random.random_range(0..targets.len());
    targets.get_mut(at)
}

/// The entries of a dossier that an honest desk has written, as a target.
#[must_use]
pub fn target(id: DocumentId, entries: Vec<Entry>, foreign: bool) -> Target {
    Target { draft: Draft::of(id, entries), foreign }
}
