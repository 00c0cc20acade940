//! A relay's tables in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use hoso_identity::{
    DocumentId, EntryId, Epoch, Incarnation, NodeId, Position, Reason, Scope, UnitId, WaitingFor,
};
use hoso_store::tables::{
    Digest, FeedRow, LedgerEntry, LedgerHead, LedgerTables, Placed, Quarantined, Reader,
    ScopePoint, Sender, Visit, WaitingEntry,
};

use super::disk::DiskError;

/// The tables of a relay.
#[derive(Clone, Debug)]
pub struct LedgerDisk {
    head: LedgerHead,
    count: u64,
    entries: BTreeMap<EntryId, (u64, Rc<LedgerEntry>)>,
    documents: BTreeMap<DocumentId, BTreeSet<EntryId>>,
    ended: BTreeMap<Epoch, u64>,
    positions: BTreeMap<Position, EntryId>,
    audience: BTreeMap<DocumentId, BTreeSet<UnitId>>,
    waiting: BTreeMap<EntryId, (u64, WaitingEntry)>,
    quarantine: BTreeMap<[u8; 32], Quarantined>,
    feeds: BTreeMap<Scope, BTreeMap<u64, FeedRow>>,
    senders: BTreeMap<(NodeId, Incarnation), Sender>,
    readers: BTreeMap<(Scope, NodeId), Reader>,
    healings: BTreeMap<NodeId, Vec<u64>>,
    /// A planted fault: rows that come after the entry's position are left out.
    pub skips_late_rows: bool,
    /// A planted fault: the last document of a scope is left out of its listing.
    pub lists_one_less: bool,
}

impl LedgerDisk {
    /// A ledger without entries.
    #[must_use]
    pub fn new(epoch: Epoch) -> Self {
        Self {
            head: LedgerHead { epoch, number: 0 },
            count: 0,
            entries: BTreeMap::new(),
            documents: BTreeMap::new(),
            ended: BTreeMap::new(),
            positions: BTreeMap::new(),
            audience: BTreeMap::new(),
            waiting: BTreeMap::new(),
            quarantine: BTreeMap::new(),
            feeds: BTreeMap::new(),
            senders: BTreeMap::new(),
            readers: BTreeMap::new(),
            healings: BTreeMap::new(),
            skips_late_rows: false,
            lists_one_less: false,
        }
    }

    /// Which life of the ledger this is.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.head.epoch
    }

    /// All accepted entries.
    pub fn all(&self) -> impl Iterator<Item = &LedgerEntry> {
        self.entries.values().map(|(_, entry)| entry.as_ref())
    }

    /// Whether the entry is accepted.
    #[must_use]
    pub fn has(&self, id: &EntryId) -> bool {
        self.entries.contains_key(id)
    }

    /// Whether the entry is kept without being accepted, with its reason.
    #[must_use]
    pub fn keeps_aside(&self, id: &EntryId) -> bool {
        self.waiting.contains_key(id) || self.quarantine.values().any(|kept| kept.id == Some(*id))
    }

    /// How many entries wait for what they rest on.
    #[must_use]
    pub fn waits(&self) -> usize {
        self.waiting.len()
    }

    /// Why the entry is in quarantine, if it is.
    #[must_use]
    pub fn refused(&self, id: &EntryId) -> Option<Reason> {
        let kept = self.quarantine.values().find(|kept| kept.id == Some(*id));
        kept.map(|kept| kept.reason)
    }

    /// Where the entry was accepted.
    #[must_use]
    pub fn position_of(&self, id: &EntryId) -> Option<Position> {
        self.entries.get(id).map(|(_, entry)| entry.position)
    }

    /// Every dossier with its audience.
    pub fn audiences(&self) -> impl Iterator<Item = (DocumentId, &BTreeSet<UnitId>)> {
        self.audience.iter().map(|(document, units)| (*document, units))
    }

    fn in_scope(&self, document: &DocumentId, scope: Scope) -> bool {
        match scope {
            Scope::Province => document.is_zero(),
            Scope::Unit(unit) => {
                self.audience.get(document).is_some_and(|audience| audience.contains(&unit))
            }
        }
    }
}

impl LedgerTables for LedgerDisk {
    type Error = DiskError;

    fn head(&mut self) -> Result<LedgerHead, DiskError> {
        Ok(self.head)
    }

    fn put_head(&mut self, head: &LedgerHead) -> Result<(), DiskError> {
        self.head = *head;
        Ok(())
    }

    fn entry(&mut self, id: &EntryId) -> Result<Option<LedgerEntry>, DiskError> {
        Ok(self.entries.get(id).map(|(_, entry)| entry.as_ref().clone()))
    }

    fn entry_at(&mut self, position: &Position) -> Result<Option<EntryId>, DiskError> {
        Ok(self.positions.get(position).copied())
    }

    fn insert_entry(&mut self, entry: &LedgerEntry) -> Result<(), DiskError> {
        if self.has(&entry.id) || self.positions.contains_key(&entry.position) {
            return Err(DiskError("an entry is accepted once"));
        }
        self.positions.insert(entry.position, entry.id);
        self.documents.entry(entry.document).or_default().insert(entry.id);
        let number = self.taken()?.saturating_add(1);
        self.entries.insert(entry.id, (number, Rc::new(entry.clone())));
        Ok(())
    }

    fn document(&mut self, document: &DocumentId) -> Result<Vec<EntryId>, DiskError> {
        let ids = self.documents.get(document).into_iter().flatten();
        let mut ids: Vec<(Position, EntryId)> =
            ids.filter_map(|id| Some((self.entries.get(id)?.1.position, *id))).collect();
        ids.sort_unstable();
        Ok(ids.into_iter().map(|(_, id)| id).collect())
    }

    fn audience(&mut self, document: &DocumentId) -> Result<Option<Vec<UnitId>>, DiskError> {
        let audience = self.audience.get(document);
        Ok(audience.map(|units| units.iter().copied().collect()))
    }

    fn add_audience(&mut self, document: &DocumentId, units: &[UnitId]) -> Result<(), DiskError> {
        self.audience.entry(*document).or_default().extend(units);
        Ok(())
    }

    fn neighbours(&mut self, unit: UnitId) -> Result<Vec<UnitId>, DiskError> {
        let shared = self.audience.values().filter(|units| units.contains(&unit));
        let units: BTreeSet<UnitId> = shared.flatten().copied().collect();
        Ok(units.into_iter().filter(|other| *other != unit).collect())
    }

    fn listing(&mut self, scope: Scope, visit: Visit<'_>) -> Result<(), DiskError> {
        let documents = self.documents.keys().copied();
        let mut documents: Vec<DocumentId> =
            documents.filter(|document| self.in_scope(document, scope)).collect();
        if self.lists_one_less {
            documents.pop();
        }
        for document in documents {
            let entries = self.placed(&document)?.into_iter();
            let entries: Vec<Placed> = entries.map(|(placed, _)| placed).collect();
            visit(document, &entries);
        }
        Ok(())
    }

    fn taken(&mut self) -> Result<u64, DiskError> {
        Ok(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    fn placed(&mut self, document: &DocumentId) -> Result<Vec<(Placed, u64)>, DiskError> {
        let ids = self.documents.get(document).into_iter().flatten();
        let placed = ids.filter_map(|id| {
            let (number, entry) = self.entries.get(id)?;
            Some(((*id, entry.position), *number))
        });
        Ok(placed.collect())
    }

    fn end_epoch(&mut self, last: &LedgerHead) -> Result<(), DiskError> {
        let known = self.ended.entry(last.epoch).or_default();
        *known = last.number.max(*known);
        Ok(())
    }

    fn last_position(&mut self, epoch: &Epoch) -> Result<Option<Position>, DiskError> {
        let ended = self.ended.range(..=*epoch).next_back();
        Ok(ended.map(|(epoch, number)| Position { epoch: *epoch, number: *number }))
    }

    fn waiting(&mut self, id: &EntryId) -> Result<Option<WaitingEntry>, DiskError> {
        Ok(self.waiting.get(id).map(|(_, entry)| entry.clone()))
    }

    fn put_waiting(&mut self, entry: &WaitingEntry) -> Result<(), DiskError> {
        self.count += 1;
        let order = self.waiting.get(&entry.id).map_or(self.count, |(order, _)| *order);
        self.waiting.insert(entry.id, (order, entry.clone()));
        Ok(())
    }

    fn waiting_for(&mut self, what: &WaitingFor) -> Result<Vec<WaitingEntry>, DiskError> {
        let waiting = self.waiting.values().filter(|(_, entry)| entry.what == *what);
        let mut waiting: Vec<_> = waiting.cloned().collect();
        waiting.sort_by_key(|(order, _)| *order);
        Ok(waiting.into_iter().map(|(_, entry)| entry).collect())
    }

    fn remove_waiting(&mut self, id: &EntryId) -> Result<(), DiskError> {
        self.waiting.remove(id);
        Ok(())
    }

    fn quarantined(&mut self, key: &[u8; 32]) -> Result<Option<Reason>, DiskError> {
        Ok(self.quarantine.get(key).map(|kept| kept.reason))
    }

    fn quarantine(&mut self, what: &Quarantined) -> Result<(), DiskError> {
        self.quarantine.entry(what.key).or_insert_with(|| what.clone());
        Ok(())
    }

    fn feed_end(&mut self, scope: Scope) -> Result<ScopePoint, DiskError> {
        let last = self.feeds.get(&scope).and_then(|feed| feed.values().next_back());
        Ok(last.map_or(ScopePoint { scope, row: 0, digest: [0; 32] }, |last| ScopePoint {
            scope,
            row: last.row,
            digest: last.digest,
        }))
    }

    fn feed_append(&mut self, row: &FeedRow) -> Result<(), DiskError> {
        let entry = self.entries.get(&row.entry);
        let late = entry.is_some_and(|(_, entry)| entry.position.number < row.row);
        if self.skips_late_rows && late {
            return Ok(());
        }
        self.feeds.entry(row.scope).or_default().insert(row.row, *row);
        Ok(())
    }

    fn feed_after(
        &mut self,
        scope: Scope,
        after: u64,
        max: usize,
    ) -> Result<Vec<FeedRow>, DiskError> {
        let Some(feed) = self.feeds.get(&scope) else { return Ok(Vec::new()) };
        Ok(feed.range(after.saturating_add(1)..).take(max).map(|(_, row)| *row).collect())
    }

    fn feed_digest(&mut self, scope: Scope, row: u64) -> Result<Option<Digest>, DiskError> {
        if row == 0 {
            return Ok(Some([0; 32]));
        }
        let row = self.feeds.get(&scope).and_then(|feed| feed.get(&row));
        Ok(row.map(|row| row.digest))
    }

    fn sender(
        &mut self,
        node: &NodeId,
        incarnation: &Incarnation,
    ) -> Result<Option<Sender>, DiskError> {
        Ok(self.senders.get(&(*node, *incarnation)).cloned())
    }

    fn node_seen(&mut self, node: &NodeId) -> Result<bool, DiskError> {
        Ok(self.senders.keys().any(|(seen, _)| seen == node))
    }

    fn put_sender(
        &mut self,
        node: &NodeId,
        incarnation: &Incarnation,
        sender: &Sender,
    ) -> Result<(), DiskError> {
        self.senders.insert((*node, *incarnation), sender.clone());
        Ok(())
    }

    fn readers(&mut self, scope: Scope) -> Result<Vec<Reader>, DiskError> {
        let readers = self.readers.iter().filter(|((read, _), _)| *read == scope);
        Ok(readers.map(|(_, reader)| reader.clone()).collect())
    }

    fn put_reader(&mut self, scope: Scope, reader: &Reader) -> Result<(), DiskError> {
        self.readers.insert((scope, reader.node), reader.clone());
        Ok(())
    }

    fn clear_readers(&mut self) -> Result<(), DiskError> {
        self.readers.clear();
        Ok(())
    }

    fn healings(&mut self, node: &NodeId) -> Result<Vec<u64>, DiskError> {
        let healings = self.healings.get(node).into_iter().flatten();
        Ok(healings.rev().take(2).copied().collect())
    }

    fn note_healing(&mut self, node: &NodeId, at_ms: u64) -> Result<(), DiskError> {
        self.healings.entry(*node).or_default().push(at_ms);
        Ok(())
    }
}
