//! A node's tables in memory. What is durable is decided by whoever keeps the copies.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use hoso_identity::{
    DocumentId, EntryId, Incarnation, Position, Reason, Scope, UnitId, WaitingFor,
};
use hoso_store::tables::{
    Delivered, Digest, JournalTables, NodeEntry, NodeFacts, Placed, RowOf, ScopePoint, Standing,
    ToApply, Visit,
};

/// What a table refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskError(pub &'static str);

fn to_apply((document, mark): (&DocumentId, &Mark)) -> ToApply {
    let Mark { made, row, attempts, times } = *mark;
    ToApply { place: made, document: *document, row, attempts, times }
}

/// A mark with the order in which it was made.
#[derive(Clone, Copy, Debug)]
struct Mark {
    made: u64,
    row: u64,
    attempts: u32,
    times: u32,
}

/// The tables of one node.
#[derive(Clone, Debug)]
pub struct NodeDisk {
    facts: NodeFacts,
    count: u64,
    entries: BTreeMap<EntryId, (u64, Rc<NodeEntry>)>,
    documents: BTreeMap<DocumentId, Vec<EntryId>>,
    journal: BTreeMap<u64, (EntryId, Digest)>,
    cursors: BTreeMap<Scope, ScopePoint>,
    audience: BTreeMap<DocumentId, BTreeSet<UnitId>>,
    marks: BTreeMap<DocumentId, Mark>,
    delivered: BTreeMap<UnitId, Delivered>,
    /// What was kept without effect.
    pub quarantined: Vec<(Vec<u8>, Reason)>,
    /// The materialised dossiers: the entries that have effect, in the order of their ids.
    pub records: BTreeMap<DocumentId, Vec<EntryId>>,
    /// The units that each of them names.
    pub named: BTreeMap<DocumentId, BTreeSet<UnitId>>,
    /// How many restores made this copy.
    pub copies: usize,
    /// A planted mistake: of two changes of one actor the one that came first counts.
    pub first_come: bool,
}

impl NodeDisk {
    /// A node that has just joined.
    #[must_use]
    pub fn new(incarnation: Incarnation) -> Self {
        Self {
            facts: NodeFacts {
                incarnation,
                epoch: None,
                token: None,
                journal_head: 0,
                journal_digest: [0; 32],
                journal_through: 0,
                rechecking: false,
                diverged: false,
                checked_ms: None,
            },
            count: 0,
            entries: BTreeMap::new(),
            documents: BTreeMap::new(),
            journal: BTreeMap::new(),
            cursors: BTreeMap::new(),
            audience: BTreeMap::new(),
            marks: BTreeMap::new(),
            delivered: BTreeMap::new(),
            quarantined: Vec::new(),
            records: BTreeMap::new(),
            named: BTreeMap::new(),
            copies: 0,
            first_come: false,
        }
    }

    /// All entries.
    pub fn all(&self) -> impl Iterator<Item = &NodeEntry> {
        self.entries.values().map(|(_, entry)| entry.as_ref())
    }

    /// All dossiers that have entries here.
    pub fn dossiers(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.documents.keys().copied().filter(|document| !document.is_zero())
    }

    /// What the node keeps once.
    #[must_use]
    pub fn kept(&self) -> &NodeFacts {
        &self.facts
    }

    /// What is known of all destinations.
    #[must_use]
    pub fn all_delivered(&self) -> Vec<Delivered> {
        self.delivered.values().cloned().collect()
    }

    /// Whether something of a dossier is still to be applied.
    #[must_use]
    pub fn is_marked(&self, document: &DocumentId) -> bool {
        self.marks.contains_key(document)
    }

    fn in_scope(&self, document: &DocumentId, scope: Scope) -> bool {
        match scope {
            Scope::Province => document.is_zero(),
            Scope::Unit(unit) => {
                self.audience.get(document).is_some_and(|audience| audience.contains(&unit))
            }
        }
    }

    /// The entries of a dossier.
    #[must_use]
    pub fn of(&self, document: &DocumentId) -> Vec<NodeEntry> {
        let ids = self.documents.get(document).into_iter().flatten();
        ids.filter_map(|id| self.entries.get(id)).map(|(_, entry)| entry.as_ref().clone()).collect()
    }

    fn placed_of(&self, document: &DocumentId) -> Vec<Placed> {
        let ids = self.documents.get(document).into_iter().flatten();
        let placed = ids.filter_map(|id| Some((*id, self.entries.get(id)?.1.position?)));
        let mut placed: Vec<Placed> = placed.collect();
        placed.sort_unstable();
        placed
    }

    fn update(&mut self, id: &EntryId, change: impl FnOnce(&mut NodeEntry)) {
        if let Some((_, entry)) = self.entries.get_mut(id) {
            change(Rc::make_mut(entry));
        }
    }
}

impl JournalTables for NodeDisk {
    type Error = DiskError;

    fn facts(&mut self) -> Result<NodeFacts, DiskError> {
        Ok(self.facts.clone())
    }

    fn put_facts(&mut self, facts: &NodeFacts) -> Result<(), DiskError> {
        self.facts = facts.clone();
        Ok(())
    }

    fn entry(&mut self, id: &EntryId) -> Result<Option<NodeEntry>, DiskError> {
        Ok(self.entries.get(id).map(|(_, entry)| entry.as_ref().clone()))
    }

    fn standing(&mut self, id: &EntryId) -> Result<Option<Standing>, DiskError> {
        Ok(self.entries.get(id).map(|(_, entry)| entry.standing))
    }

    fn replace_bytes(&mut self, id: &EntryId, bytes: &[u8]) -> Result<(), DiskError> {
        if let Some((_, entry)) = self.entries.get_mut(id) {
            Rc::make_mut(entry).bytes = bytes.to_vec();
        }
        Ok(())
    }

    fn put_entry(&mut self, entry: &NodeEntry) -> Result<(), DiskError> {
        let mut entry = entry.clone();
        let order = match self.entries.get(&entry.id) {
            Some((order, known)) => {
                entry.bytes.clone_from(&known.bytes);
                *order
            }
            None => {
                self.count += 1;
                self.documents.entry(entry.document).or_default().push(entry.id);
                self.count
            }
        };
        self.entries.insert(entry.id, (order, Rc::new(entry)));
        Ok(())
    }

    fn document(&mut self, document: &DocumentId) -> Result<Vec<NodeEntry>, DiskError> {
        Ok(self.of(document))
    }

    fn waiting_for(&mut self, what: &WaitingFor) -> Result<Vec<EntryId>, DiskError> {
        let waiting =
            self.entries.values().filter(|(_, entry)| entry.standing == Standing::Waiting(*what));
        let mut waiting: Vec<(u64, EntryId)> =
            waiting.map(|(order, entry)| (*order, entry.id)).collect();
        waiting.sort_unstable();
        Ok(waiting.into_iter().map(|(_, id)| id).collect())
    }

    fn journal_append(
        &mut self,
        number: u64,
        entry: &EntryId,
        digest: &Digest,
    ) -> Result<(), DiskError> {
        self.journal.insert(number, (*entry, *digest));
        self.update(entry, |entry| entry.journal = Some(number));
        Ok(())
    }

    fn journal_after(&mut self, after: u64, max: usize) -> Result<Vec<NodeEntry>, DiskError> {
        let numbers = self.journal.range(after.saturating_add(1)..).take(max);
        let entries = numbers.filter_map(|(_, (id, _))| self.entries.get(id));
        Ok(entries.map(|(_, entry)| entry.as_ref().clone()).collect())
    }

    fn journal_digest(&mut self, number: u64) -> Result<Option<Digest>, DiskError> {
        if number == 0 {
            return Ok(Some([0; 32]));
        }
        Ok(self.journal.get(&number).map(|(_, digest)| *digest))
    }

    fn journal_unplaced(&mut self) -> Result<Vec<EntryId>, DiskError> {
        let ids = self.journal.values().map(|(id, _)| id);
        let unplaced = |id: &&EntryId| {
            self.entries.get(*id).is_some_and(|(_, entry)| entry.position.is_none())
        };
        Ok(ids.filter(unplaced).copied().collect())
    }

    fn journal_clear(&mut self) -> Result<(), DiskError> {
        let numbered: Vec<EntryId> = self.journal.values().map(|(id, _)| *id).collect();
        numbered.iter().for_each(|id| self.update(id, |entry| entry.journal = None));
        self.journal.clear();
        Ok(())
    }

    fn cursors(&mut self) -> Result<Vec<ScopePoint>, DiskError> {
        Ok(self.cursors.values().copied().collect())
    }

    fn put_cursor(&mut self, point: &ScopePoint) -> Result<(), DiskError> {
        self.cursors.insert(point.scope, *point);
        Ok(())
    }

    fn audience(&mut self, document: &DocumentId) -> Result<Option<Vec<UnitId>>, DiskError> {
        let audience = self.audience.get(document);
        Ok(audience.map(|units| units.iter().copied().collect()))
    }

    fn add_audience(&mut self, document: &DocumentId, units: &[UnitId]) -> Result<(), DiskError> {
        if !units.is_empty() {
            self.audience.entry(*document).or_default().extend(units);
        }
        Ok(())
    }

    fn documents_from(&mut self, position: &Position) -> Result<Vec<DocumentId>, DiskError> {
        let later = self.entries.values().filter(|(_, entry)| entry.position >= Some(*position));
        let documents: BTreeSet<DocumentId> = later.map(|(_, entry)| entry.document).collect();
        Ok(documents.into_iter().collect())
    }

    fn listing(&mut self, scope: Scope, visit: Visit<'_>) -> Result<(), DiskError> {
        for document in self.documents.keys().filter(|document| self.in_scope(document, scope)) {
            let entries = self.placed_of(document);
            if !entries.is_empty() {
                visit(*document, &entries);
            }
        }
        Ok(())
    }

    fn placed(&mut self, document: &DocumentId) -> Result<Vec<Placed>, DiskError> {
        Ok(self.placed_of(document))
    }

    fn set_rows(
        &mut self,
        row: RowOf,
        after: Option<&DocumentId>,
        documents_max: usize,
    ) -> Result<Option<DocumentId>, DiskError> {
        let behind = self.documents.keys().filter(|document| after.is_none_or(|it| *document > it));
        let documents: Vec<DocumentId> = behind
            .filter(|document| self.in_scope(document, row.scope))
            .take(documents_max)
            .copied()
            .collect();
        for document in &documents {
            for (id, _) in self.placed_of(document) {
                self.update(&id, |entry| {
                    entry.row = entry.row.filter(|_| row.only_missing).or(Some(row.row));
                });
            }
            if let Some(mark) = self.marks.get_mut(document) {
                mark.row = mark.row.min(1);
            }
        }
        Ok(documents.last().copied())
    }

    fn mark_to_apply(&mut self, document: &DocumentId, row: u64) -> Result<(), DiskError> {
        self.count += 1;
        let new = Mark { made: self.count, row, attempts: 0, times: 0 };
        let mark = self.marks.entry(*document).or_insert(new);
        mark.times += 1;
        mark.row = [mark.row, row].into_iter().filter(|row| *row > 0).min().unwrap_or(0);
        Ok(())
    }

    fn to_apply(&mut self, after: u64, marks_max: usize) -> Result<Vec<ToApply>, DiskError> {
        let mut marks: Vec<ToApply> = self.marks.iter().map(to_apply).collect();
        marks.retain(|mark| mark.place > after);
        marks.sort_by_key(|mark| mark.place);
        marks.truncate(marks_max);
        Ok(marks)
    }

    fn mark(&mut self, document: &DocumentId) -> Result<Option<ToApply>, DiskError> {
        Ok(self.marks.get_key_value(document).map(to_apply))
    }

    fn lowest_to_apply(&mut self, attempts_max: u32) -> Result<Option<u64>, DiskError> {
        let statements = self.documents.get(&DocumentId::ZERO).into_iter().flatten();
        let mut placed = statements.filter_map(|id| self.entries.get(id));
        if placed.any(|(_, entry)| entry.position.is_some() && entry.row.is_none()) {
            return Ok(Some(1));
        }
        let pending = self.marks.values().filter(|mark| mark.attempts < attempts_max);
        Ok(pending.map(|mark| mark.row).filter(|row| *row > 0).min())
    }

    fn excepted(
        &mut self,
        attempts_max: u32,
        entries_max: usize,
    ) -> Result<Vec<EntryId>, DiskError> {
        let set_aside = |document: &DocumentId| {
            self.marks.get(document).is_some_and(|mark| mark.attempts >= attempts_max)
        };
        let excepted = self.all().filter(|entry| {
            let waits = matches!(entry.standing, Standing::Waiting(_));
            entry.row.is_some() && (waits || set_aside(&entry.document))
        });
        let mut excepted: Vec<_> = excepted.map(|entry| (entry.row, entry.id)).collect();
        excepted.sort_unstable();
        Ok(excepted.into_iter().map(|(_, id)| id).take(entries_max).collect())
    }

    fn set_attempts(&mut self, document: &DocumentId, attempts: u32) -> Result<(), DiskError> {
        if let Some(mark) = self.marks.get_mut(document) {
            mark.attempts = attempts;
        }
        Ok(())
    }

    fn clear_to_apply(&mut self, document: &DocumentId) -> Result<(), DiskError> {
        self.marks.remove(document);
        Ok(())
    }

    fn delivered(&mut self, unit: UnitId) -> Result<Option<Delivered>, DiskError> {
        Ok(self.delivered.get(&unit).cloned())
    }

    fn put_delivered(&mut self, delivered: &Delivered) -> Result<(), DiskError> {
        self.delivered.insert(delivered.unit, delivered.clone());
        Ok(())
    }

    fn cap_delivered(&mut self, row: u64) -> Result<(), DiskError> {
        self.delivered.values_mut().for_each(|fact| fact.through = fact.through.min(row));
        Ok(())
    }

    fn clear_delivered(&mut self) -> Result<(), DiskError> {
        self.delivered.clear();
        Ok(())
    }

    fn quarantine(&mut self, bytes: &[u8], reason: Reason, _: u64) -> Result<(), DiskError> {
        if !self.quarantined.iter().any(|(known, _)| known == bytes) {
            self.quarantined.push((bytes.to_vec(), reason));
        }
        Ok(())
    }
}
