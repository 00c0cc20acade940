//! From stored entries to a dossier: read, sorted out, applied, folded.
//!
//! Pure but for the processor's time; it runs on blocking threads.

pub(crate) mod forms;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use hoso_dossier::{
    Applied, Change, ChangeHash, Document, DocumentError,
    event::{Event, Frozen, Unreadable},
    fold::{Effect, Folded, Item, fold},
    shape::{self, EventsObject},
    standing::{Author, Terms},
};
use hoso_identity::{DocumentId, Entry, EntryId, Reason, WaitingFor};
use hoso_registry::{Calendar, State};
use hoso_store::{
    records::Version,
    rules::journal::Applicability,
    tables::{NodeEntry, Standing},
};

/// Entries of one dossier that are applied; what comes after them waits.
const ENTRIES_MAX: usize = 4_096;

/// An entry that is in the document.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) entry: Entry,
    pub(crate) change: Change,
    pub(crate) row: Option<u64>,
    pub(crate) journal: Option<u64>,
}

/// A dossier as the stored entries make it.
#[derive(Debug)]
pub(crate) struct Dossier {
    pub(crate) id: DocumentId,
    pub(crate) document: Document,
    pub(crate) held: Vec<Held>,
    pub(crate) items: Vec<Item>,
    pub(crate) folded: Folded,
    /// Where each entry stands that was looked at.
    pub(crate) standings: Vec<Applicability>,
}

impl Dossier {
    /// The dossier of these entries; entries that cannot count are sorted out with their reason.
    pub(crate) fn of(id: DocumentId, entries: Vec<NodeEntry>, state: &State) -> Self {
        let mut sorting = Sorting::new(id);
        sorting.take(entries);
        let (document, held) = build(&mut sorting);
        let items: Vec<Item> = held.iter().filter_map(|held| item(held, state)).collect();
        let folded = fold(&items, &|frozen| terms(frozen, state));
        Self { id, document, held, items, folded, standings: sorting.standings }
    }

    /// The same dossier with one own entry more, which has no position yet.
    ///
    /// # Errors
    ///
    /// What the document says of the entry's payload; nothing has changed.
    pub(crate) fn with(
        &self,
        entry: &Entry,
        state: &State,
    ) -> Result<(Self, Option<Effect>), DocumentError> {
        let change = shape::read(entry.payload())
            .map_err(|source| DocumentError::Shape { index: 0, source })?;
        let mut document = self.document.clone();
        if document.apply(&[entry.payload()])? != [Applied::Now] {
            return Err(DocumentError::Unfaithful);
        }
        let (hash, entry) = (change.hash, entry.clone());
        let own = Held { entry, change, row: None, journal: Some(u64::MAX) };
        let mut items = self.items.clone();
        items.extend(item(&own, state));
        let folded = fold(&items, &|frozen| terms(frozen, state));
        let effect = folded.history.iter().find_map(|(place, effect)| {
            items.get(*place).filter(|item| item.hash == hash).map(|_| *effect)
        });
        let mut held = self.held.clone();
        held.push(own);
        let standings = Vec::new();
        Ok((Self { id: self.id, document, held, items, folded, standings }, effect))
    }

    /// The version of the document, as records and forms name it.
    pub(crate) fn version(&self) -> Version {
        version(&self.document.heads())
    }

    /// The entry by which the badge is computed: the last own one that has no position, else the
    /// one with the highest row.
    pub(crate) fn last(&self) -> Option<&Held> {
        let own = self.held.iter().filter(|held| held.row.is_none());
        own.max_by_key(|held| held.journal).or_else(|| self.held.iter().max_by_key(|held| held.row))
    }
}

/// The heads as bytes.
pub(crate) fn version(heads: &[ChangeHash]) -> Version {
    Version(heads.iter().flat_map(|head| head.0).collect())
}

/// The heads of a version.
pub(crate) fn heads(version: &Version) -> Vec<ChangeHash> {
    version.0.as_chunks::<32>().0.iter().map(|hash| ChangeHash(*hash)).collect()
}

/// The version as the interface writes it.
pub(crate) fn version_text(version: &Version) -> String {
    data_encoding::HEXLOWER.encode(&version.0)
}

/// The heads that the interface's text names.
pub(crate) fn heads_of_text(text: &str) -> Option<Vec<ChangeHash>> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    let whole = !bytes.is_empty() && bytes.len().is_multiple_of(32);
    whole.then(|| heads(&Version(bytes)))
}

/// What the catalogue said at that moment, if its statements are here.
pub(crate) fn terms(frozen: &Frozen, state: &State) -> Option<Terms> {
    let procedure = state.procedure_version(&frozen.procedure)?;
    let years = frozen.calendars.iter().filter_map(|id| state.calendar_version(id));
    Some(Terms {
        procedure_code: procedure.code.clone(),
        procedure_name: procedure.name.clone(),
        rule: hoso_dossier::deadline::Rule {
            term: procedure.term,
            supplement: procedure.supplement,
            cutoff_minute: procedure.cutoff_minute,
            closing_minute: frozen.closing_minute,
        },
        calendar: Calendar::of(years),
        extensions_max: procedure.extensions_max,
    })
}

fn item(held: &Held, state: &State) -> Option<Item> {
    let header = held.entry.header();
    let grant = state.grant(&header.grant, &header.author)?;
    let unit = grant.unit?;
    let author = Author {
        person: grant.person,
        unit,
        predecessors: state.predecessors(unit),
        roles: grant.roles.clone(),
    };
    Some(Item {
        entry: held.entry.id(),
        hash: held.change.hash,
        deps: held.change.deps.clone(),
        author,
        event: Event::of_entry(header, &held.change),
    })
}

/// Entries on their way into the document.
struct Sorting {
    id: DocumentId,
    pending: Vec<Held>,
    accepted: Vec<Held>,
    standings: Vec<Applicability>,
}

impl Sorting {
    fn new(id: DocumentId) -> Self {
        Self { id, pending: Vec::new(), accepted: Vec::new(), standings: Vec::new() }
    }

    fn note(&mut self, id: EntryId, standing: Standing) {
        self.standings.push(Applicability { id, standing });
    }

    /// Reads the entries in the order of the ledger, own ones last, and sorts them out.
    fn take(&mut self, mut entries: Vec<NodeEntry>) {
        entries.sort_by_key(|entry| (entry.position.is_none(), entry.position, entry.journal));
        for stored in entries {
            let looked_at = match stored.standing {
                Standing::Counts | Standing::Waiting(WaitingFor::Dependency(_)) => true,
                Standing::Waiting(
                    WaitingFor::Document(_)
                    | WaitingFor::Grant(_)
                    | WaitingFor::Audience(..)
                    | WaitingFor::Operator(_),
                )
                | Standing::Refused(_) => false,
            };
            if looked_at {
                self.read(&stored);
            }
        }
        self.sort_out();
    }

    fn read(&mut self, stored: &NodeEntry) {
        let Ok(entry) = Entry::decode(&stored.bytes) else {
            self.note(stored.id, Standing::Refused(Reason::Malformed));
            return;
        };
        match shape::read(entry.payload()) {
            Ok(change) => {
                self.pending.push(Held { entry, change, row: stored.row, journal: stored.journal })
            }
            Err(_) => self.note(stored.id, Standing::Refused(Reason::Shape)),
        }
    }

    /// Accepts what rests on accepted changes only, until nothing more can go.
    fn sort_out(&mut self) {
        let mut operations: BTreeMap<ChangeHash, u64> = BTreeMap::new();
        let mut actors = BTreeSet::new();
        let mut events: Option<EventsObject> = None;
        loop {
            let before = self.pending.len();
            for held in std::mem::take(&mut self.pending) {
                let known = |dep: &ChangeHash| operations.contains_key(dep);
                let full = self.accepted.len() >= ENTRIES_MAX;
                if full || !held.change.deps.iter().all(known) {
                    self.pending.push(held);
                    continue;
                }
                let header = held.entry.header();
                let actor = hoso_identity::ActorId::of(&header.author, &header.nonce);
                let max_op = |hash: &ChangeHash| operations.get(hash).copied();
                let fits = shape::check_with(&held.change, actor, events, max_op).is_ok()
                    && held.change.is_first() == header.is_first()
                    && actors.insert(actor);
                if !fits {
                    self.note(held.entry.id(), Standing::Refused(Reason::Shape));
                    continue;
                }
                if held.change.is_first() {
                    events = Some(held.change.events);
                }
                operations.insert(held.change.hash, held.change.max_op);
                self.accepted.push(held);
            }
            if self.pending.len() == before {
                break;
            }
        }
        for held in std::mem::take(&mut self.pending) {
            let waiting = Standing::Waiting(WaitingFor::Dependency(self.id));
            self.note(held.entry.id(), waiting);
        }
    }
}

/// Builds the document. What Automerge cannot bear waits at this node, with what rests on it.
fn build(sorting: &mut Sorting) -> (Document, Vec<Held>) {
    let accepted = std::mem::take(&mut sorting.accepted);
    let mut document = Document::new();
    let payloads: Vec<&[u8]> = accepted.iter().map(|held| held.entry.payload()).collect();
    if document.apply(&payloads).is_ok_and(|all| all.iter().all(|one| *one == Applied::Now)) {
        for held in &accepted {
            sorting.note(held.entry.id(), Standing::Counts);
        }
        return (document, accepted);
    }
    let (mut document, mut held) = (Document::new(), Vec::new());
    for one in accepted {
        let id = one.entry.id();
        match document.apply(&[one.entry.payload()]).as_deref() {
            Ok([Applied::Now]) => {
                sorting.note(id, Standing::Counts);
                held.push(one);
            }
            Ok(_) => {
                let waiting = Standing::Waiting(WaitingFor::Dependency(sorting.id));
                sorting.note(id, waiting);
            }
            Err(error) => {
                tracing::error!(entry = %id, %error, "an entry cannot be applied here");
                sorting.note(id, Standing::Waiting(WaitingFor::Operator(id)));
            }
        }
    }
    (document, held)
}

/// Whether an event that has no effect needs a newer program.
pub(crate) fn needs_newer(item: &Item) -> bool {
    item.event == Err(Unreadable::Newer)
}
