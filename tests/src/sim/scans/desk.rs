//! What dossiers name: brought at a desk, heard of by those who read them.

use hoso_identity::{DocumentId, PayloadHash};

use super::{
    office::Known,
    world::{Event, GROUP, Of, REDIAL_MS, World},
};

impl World {
    /// A dossier of the office, and everybody who reads it.
    fn dossier_of(&mut self, node: usize) -> Option<DocumentId> {
        let own: Vec<DocumentId> = self
            .dossiers
            .iter()
            .filter(|(_, readers)| readers.contains(&node))
            .map(|(document, _)| *document)
            .collect();
        own.get(self.dice.place(own.len().max(1))).copied()
    }

    /// Somebody brings a scan, or one that is here already for another dossier.
    pub(super) fn attach(&mut self, node: usize) {
        let Some(document) = self.dossier_of(node).filter(|_| !self.offices[node].down) else {
            return;
        };
        let here = self.offices[node].shelf.names();
        let again = here.get(self.dice.place(here.len().max(1))).copied();
        let again = again.filter(|hash| self.is_sound(node, hash));
        if let Some(hash) = again.filter(|_| self.dice.percent(25)) {
            return self.name(node, (document, hash));
        }
        let groups = if self.dice.percent(75) { (1, 6) } else { (6, 40) };
        let size = self.dice.between(groups.0 * GROUP / 2, groups.1 * GROUP);
        let seed = self.dice.bytes();
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(1)];
        blake3::Hasher::new().update(&seed).finalize_xof().fill(&mut bytes);
        let hash = PayloadHash::of(&bytes);
        self.truth.insert(hash, bytes.clone());
        let office = &mut self.offices[node];
        office.shelf.put(hash, bytes);
        let known =
            Known { size, held: size, since_ms: self.now, fetched_ms: None, given_up: false };
        office.tables.blobs.insert(hash, known);
        self.name(node, (document, hash));
    }

    /// Whether the file is there as it should be, and the database says so.
    #[must_use]
    pub fn is_sound(&self, node: usize, hash: &PayloadHash) -> bool {
        let office = &self.offices[node];
        let truth = self.truth.get(hash).map(Vec::as_slice);
        office.tables.is_held(hash) && office.shelf.whole(hash) == truth
    }

    /// A dossier names a scan from now on; everybody who reads it hears of that.
    fn name(&mut self, node: usize, of: Of) {
        let size = self.truth.get(&of.1).map(|bytes| bytes.len() as u64);
        self.change(node, of, size);
    }

    pub(super) fn change(&mut self, node: usize, of: Of, size: Option<u64>) {
        let version = self.versions.entry(of).or_default();
        *version += 1;
        let version = *version;
        self.learn(node, of, size, version);
        for reader in self.dossiers.get(&of.0).cloned().unwrap_or_default() {
            let after = self.dice.between(50, 4_000);
            if reader != node {
                self.at(after, Event::Learn { node: reader, of, size, version });
            }
        }
    }

    pub(super) fn learn(&mut self, node: usize, of: Of, size: Option<u64>, version: u32) {
        let office = &mut self.offices[node];
        if office.down {
            return self.at(REDIAL_MS, Event::Learn { node, of, size, version });
        }
        let newest = office.newest.entry(of).or_default();
        if *newest >= version {
            return;
        }
        *newest = version;
        match size {
            Some(size) => office.tables.name(of, size, self.now),
            None => office.tables.unname(of),
        }
        self.look(node);
    }

    /// An office names in one of its dossiers a scan that it does not have, by another size.
    pub(super) fn claim_wrongly(&mut self, node: usize) -> bool {
        let scans: Vec<(PayloadHash, u64)> =
            self.truth.iter().map(|(hash, bytes)| (*hash, bytes.len() as u64)).collect();
        let Some(document) = self.dossier_of(node).filter(|_| !self.offices[node].down) else {
            return false;
        };
        let Some((hash, size)) = scans.get(self.dice.place(scans.len().max(1))).copied() else {
            return false;
        };
        if self.versions.contains_key(&(document, hash)) {
            return false;
        }
        let wrong = if self.dice.percent(50) { size + 1 } else { size.div_ceil(2) };
        let readers = self.dossiers.get(&document).cloned().unwrap_or_default();
        let is_news = |reader: &usize| !self.offices[*reader].tables.blobs.contains_key(&hash);
        let is_first = readers.iter().any(is_news);
        self.change(node, (document, hash), Some(wrong));
        is_first
    }

    /// An office detaches a scan, and perhaps attaches it again.
    pub(super) fn detach(&mut self) -> bool {
        let node = self.dice.place(self.offices.len());
        let named: Vec<Of> = self.offices[node].tables.named.keys().copied().collect();
        let Some(of) = named.get(self.dice.place(named.len().max(1))).copied() else {
            return false;
        };
        if self.offices[node].down {
            return false;
        }
        self.change(node, of, None);
        if self.dice.percent(60) {
            let after = self.dice.between(100, 9_000);
            self.at(after, Event::Again { node, of });
        }
        true
    }

    pub(super) fn again(&mut self, node: usize, of: Of) {
        if !self.offices[node].down && self.is_sound(node, &of.1) {
            self.name(node, of);
        }
    }
}
