//! A node with the scans that its dossiers name.

use std::collections::{BTreeMap, BTreeSet};

use hoso_engine::scans::queue::Queue;
use hoso_identity::{DocumentId, PayloadHash};
use hoso_store::attachments::{Errand, Purpose};

use super::shelf::Shelf;

/// A scan as a dossier names it.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Bytes, as the dossier says.
    pub size: u64,
    /// Whether the relay is known to have it as one of this dossier.
    pub placed: bool,
}

/// What is known of the bytes of a scan.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Bytes.
    pub size: u64,
    /// How many are here for certain.
    pub held: u64,
    /// Since when it is known of.
    pub since_ms: u64,
    /// When it came from the relay.
    pub fetched_ms: Option<u64>,
    /// Whether it was given up for room.
    pub given_up: bool,
}

/// What the database of a node says of scans: every change is durable at once.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// What each dossier names.
    pub named: BTreeMap<(DocumentId, PayloadHash), Named>,
    /// What is known of the bytes.
    pub blobs: BTreeMap<PayloadHash, Known>,
    /// What dossiers name no more, which the relay is to be told.
    pub gone: BTreeSet<(DocumentId, PayloadHash)>,
    /// What it was told of that.
    pub told: BTreeSet<(DocumentId, PayloadHash)>,
    /// The relay's life to which scans were brought.
    pub epoch: u32,
}

/// A node.
#[derive(Debug, Default)]
pub struct Office {
    /// Its database.
    pub tables: Tables,
    /// Its files.
    pub shelf: Shelf,
    /// The errands of its session.
    pub queue: Queue,
    /// What is coming in.
    pub coming: BTreeSet<PayloadHash>,
    /// The session, if there is one.
    pub session: Option<u64>,
    /// Bytes of all scans from which on some are given up.
    pub bytes_max: u64,
    /// The newest change of what a dossier names that has come here.
    pub newest: BTreeMap<(DocumentId, PayloadHash), u32>,
    /// Whether it does not run.
    pub down: bool,
    /// After how many steps it dies.
    pub dies_after: Option<u64>,
    /// The number of the look at its errands that is due.
    pub look: u64,
}

impl Tables {
    /// A dossier names a scan from now on.
    pub fn name(&mut self, of: (DocumentId, PayloadHash), size: u64, now: u64) {
        let known = Known { size, held: 0, since_ms: now, fetched_ms: None, given_up: false };
        self.blobs.entry(of.1).or_insert(known).given_up = false;
        self.gone.remove(&of);
        self.told.remove(&of);
        self.named.insert(of, Named { size, placed: false });
    }

    /// A dossier names a scan no more.
    pub fn unname(&mut self, of: (DocumentId, PayloadHash)) {
        if self.named.remove(&of).is_some() {
            self.gone.insert(of);
        }
    }

    /// The relay lacks a scan: it is brought again as one of this dossier, or of another one.
    pub fn lack(&mut self, of: (DocumentId, PayloadHash)) {
        let is_named = self.named.contains_key(&of);
        let other = self.named.keys().find(|other| other.1 == of.1).copied();
        if let Some(of) = if is_named { Some(of) } else { other }
            && let Some(named) = self.named.get_mut(&of)
        {
            named.placed = false;
        }
    }

    /// Whether the database says that all of it is here.
    #[must_use]
    pub fn is_held(&self, hash: &PayloadHash) -> bool {
        self.blobs.get(hash).is_some_and(|known| known.held == known.size)
    }

    /// Notes how much of it is here.
    pub fn hold(&mut self, hash: &PayloadHash, held: u64) {
        if let Some(known) = self.blobs.get_mut(hash) {
            known.held = held;
        }
    }

    /// What there is to do with the relay.
    #[must_use]
    pub fn errands(&self, limit: u32) -> Vec<Errand> {
        let of = |purpose, (document, blob): (DocumentId, PayloadHash), size, known: &Known| {
            let Known { held, since_ms, .. } = *known;
            Errand { purpose, document, blob, size, held, since_ms }
        };
        let known = |hash| self.blobs.get(hash);
        let offers = self.named.iter().filter_map(|(key, named)| {
            let known = known(&key.1).filter(|known| known.held == known.size && !named.placed)?;
            Some(of(Purpose::Offer, *key, known.size, known))
        });
        let wishes = self.named.iter().filter_map(|(key, named)| {
            let known = known(&key.1).filter(|known| known.held < known.size && !known.given_up)?;
            Some(of(Purpose::Wish, *key, named.size, known))
        });
        let mut wishes: Vec<Errand> = wishes.collect();
        wishes.sort_by_key(|errand| errand.size);
        let nothing = Known { size: 0, held: 0, since_ms: 0, fetched_ms: None, given_up: false };
        let gone = self.gone.iter().map(|key| of(Purpose::Unname, *key, 0, &nothing));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let limited = offers.take(limit).chain(wishes.into_iter().take(limit));
        limited.chain(gone.take(limit)).collect()
    }
}

impl Office {
    /// Gives up what came from the relay and is there too, the oldest first, until there is room.
    pub fn make_room(&mut self, but: &PayloadHash) {
        let held = |tables: &Tables| tables.blobs.values().map(|known| known.held).sum::<u64>();
        while held(&self.tables) > self.bytes_max {
            let is_placed = |hash: &PayloadHash| {
                self.tables.named.iter().all(|(key, named)| key.1 != *hash || named.placed)
            };
            let fetched = self.tables.blobs.iter().filter_map(|(hash, known)| {
                let at = known.fetched_ms.filter(|_| known.held == known.size && hash != but)?;
                is_placed(hash).then_some((at, *hash))
            });
            let Some((_, oldest)) = fetched.min() else { return };
            if let Some(known) = self.tables.blobs.get_mut(&oldest) {
                (known.held, known.given_up) = (0, true);
            }
            self.shelf.remove(&oldest);
        }
    }

    /// A start brings files and database together.
    pub fn sweep(&mut self) {
        for (hash, known) in &mut self.tables.blobs {
            let there = self.shelf.whole(hash).map(|bytes| bytes.len() as u64);
            if known.held == known.size && there != Some(known.size) {
                known.held = 0;
            }
        }
    }
}
