//! From stored entries to a dossier: read, sorted out, folded.
//!
//! Pure but for the processor's time; it runs on blocking threads.

pub(crate) mod forms;
mod record;

use std::collections::BTreeSet;

use hoso_dossier::{
    Change, ChangeHash, Document, DocumentError, History, ShapeError,
    event::{Event, Unreadable},
    fold::{Effect, Folded, Item, fold},
    history::{Candidate, Outcome},
    shape,
    standing::{Author, Terms},
};
use hoso_identity::{
    ActorId, DocumentId, Entry, EntryId, PayloadHash, Position, Reason, WaitingFor,
};
use hoso_registry::State;
use hoso_store::{
    journal::{InOrder, Room},
    records::Version,
    rules::{intake::is_forged, journal::Applicability},
    tables::{NodeEntry, Standing},
};

/// What one dossier may hold here; what comes behind waits for an operator.
pub(crate) const ROOM: Room = Room { entries: 4_096, bytes: 16 * 1024 * 1024 };
/// Heads that a version names one by one.
const HEADS_NAMED: usize = 16;

/// An entry that counts.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: EntryId,
    pub(crate) entry: Entry,
    pub(crate) change: Change,
    pub(crate) event: Result<Event, Unreadable>,
    pub(crate) position: Option<Position>,
}

/// A dossier as the stored entries make it.
#[derive(Debug)]
pub(crate) struct Dossier {
    pub(crate) id: DocumentId,
    pub(crate) history: History,
    pub(crate) held: Vec<Held>,
    pub(crate) items: Vec<Item>,
    pub(crate) folded: Folded,
    /// Whether there is no room for more.
    pub(crate) full: bool,
}

impl Dossier {
    /// The dossier of what counts among these entries.
    pub(crate) fn of(id: DocumentId, stored: &InOrder, state: &State) -> Self {
        let sorted = Sorted::of(id, &stored.entries, |entry| entry.standing == Standing::Counts);
        Self::folded(id, sorted, stored, state)
    }

    /// The dossier of these entries and where each of them stands: what waits for others, or for a
    /// newer program, is tried again, and what has a place in the ledger but did not fit: it was
    /// perhaps held against an own entry that the ledger has not taken. `unbearable` are those that
    /// Automerge did not bear. What the relay gave to its operator is for that operator alone:
    /// `answered` is the number of the own journal up to which it has answered.
    pub(crate) fn tried(
        id: DocumentId,
        (stored, answered): (&InOrder, u64),
        unbearable: &BTreeSet<EntryId>,
        state: &State,
    ) -> (Self, Vec<Applicability>) {
        let tried = |entry: &NodeEntry| match entry.standing {
            Standing::Counts | Standing::Waiting(WaitingFor::Dependency(_)) => {
                !unbearable.contains(&entry.id)
            }
            Standing::Waiting(WaitingFor::Operator(_)) => {
                (entry.position.is_some() || entry.journal.is_none_or(|number| number > answered))
                    && !unbearable.contains(&entry.id)
            }
            Standing::Refused(Reason::Shape) => {
                entry.position.is_some() && !unbearable.contains(&entry.id)
            }
            Standing::Waiting(
                WaitingFor::Document(_) | WaitingFor::Grant(_) | WaitingFor::Audience(..),
            )
            | Standing::Refused(_) => false,
        };
        let mut sorted = Sorted::of(id, &stored.entries, tried);
        for id in unbearable {
            sorted.note(*id, Standing::Waiting(WaitingFor::Operator(*id)));
        }
        let standings = std::mem::take(&mut sorted.standings);
        (Self::folded(id, sorted, stored, state), standings)
    }

    fn folded(id: DocumentId, sorted: Sorted, stored: &InOrder, state: &State) -> Self {
        let Sorted { history, held, .. } = sorted;
        let items: Vec<Item> = held.iter().filter_map(|held| item(held, state)).collect();
        let folded = fold(&items, &|item, frozen| Terms::of(frozen, state, item.position));
        let full = stored.more || stored.entries.len() >= ROOM.entries;
        Self { id, history, held, items, folded, full }
    }

    /// Whether a newer program has written something here that this one cannot read: what it means
    /// for the rest is not known, so the dossier can only be viewed.
    pub(crate) fn needs_newer(&self) -> bool {
        self.items.iter().any(needs_newer)
    }

    /// A dossier before its first entry.
    pub(crate) fn new(id: DocumentId, state: &State) -> Self {
        Self::of(id, &InOrder::default(), state)
    }

    /// The same dossier with one own entry more, which has no position yet.
    ///
    /// # Errors
    ///
    /// Why the change does not fit; nothing has changed.
    pub(crate) fn with(
        &self,
        entry: &Entry,
        change: Change,
        state: &State,
    ) -> Result<(Self, Option<Effect>), ShapeError> {
        let header = entry.header();
        let mut history = self.history.clone();
        history.take(&change, ActorId::of(&header.author, &header.nonce))?;
        let hash = change.hash;
        let own = Held {
            id: entry.id(),
            event: Event::of_entry(header, &change),
            entry: entry.clone(),
            change,
            position: None,
        };
        let mut items = self.items.clone();
        items.extend(item(&own, state));
        let folded = fold(&items, &|item, frozen| Terms::of(frozen, state, item.position));
        let effect = folded.history.iter().find_map(|(place, effect)| {
            items.get(*place).filter(|item| item.hash == hash).map(|_| *effect)
        });
        let mut held = self.held.clone();
        held.push(own);
        let full = held.len() >= ROOM.entries;
        Ok((Self { id: self.id, history, held, items, folded, full }, effect))
    }

    /// The version of the document, as records and forms name it.
    pub(crate) fn version(&self) -> Version {
        version(&self.history.heads())
    }

    /// The Automerge document.
    ///
    /// # Errors
    ///
    /// What Automerge does not bear.
    pub(crate) fn document(&self) -> Result<Document, DocumentError> {
        let read = self.held.iter().map(|held| (held.entry.payload(), held.change.hash));
        Document::of(&read.collect::<Vec<_>>())
    }

    /// The entries that Automerge does not bear, tried one by one, each after what it rests on.
    pub(crate) fn unbearable(&self) -> BTreeSet<EntryId> {
        let mut in_order: Vec<&Held> = self.held.iter().collect();
        in_order.sort_by_key(|held| held.change.start_op);
        let mut document = Document::new();
        let mut unbearable = BTreeSet::new();
        for held in in_order {
            match document.apply(&[held.entry.payload()]) {
                Ok(()) | Err(DocumentError::Missing) => {}
                Err(error) => {
                    tracing::error!(entry = %held.id, %error, "an entry cannot be applied here");
                    unbearable.insert(held.id);
                }
            }
        }
        unbearable
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

/// The version as the interface writes it: its heads, or one hash of them where they are many. It
/// goes into a header, and nobody else decides how long that is.
pub(crate) fn version_text(version: &Version) -> String {
    let bytes: &[u8] = &version.0;
    match bytes.len() > HEADS_NAMED * 32 {
        true => format!("many-{}", data_encoding::HEXLOWER.encode(&PayloadHash::of(bytes).0)),
        false => data_encoding::HEXLOWER.encode(bytes),
    }
}

/// The heads that the interface's text names: those of the version as it is now, or of an older
/// one that names each.
pub(crate) fn heads_of_text(text: &str, now: &Version) -> Option<Vec<ChangeHash>> {
    if text == version_text(now) {
        return Some(heads(now));
    }
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    let whole = !bytes.is_empty() && bytes.len().is_multiple_of(32);
    whole.then(|| heads(&Version(bytes)))
}

fn item(held: &Held, state: &State) -> Option<Item> {
    let header = held.entry.header();
    let grant = state.grant(&header.grant, &header.author)?;
    let author = Author::of(grant, state, held.position)?;
    Some(Item {
        entry: held.id,
        hash: held.change.hash,
        deps: held.change.deps.clone(),
        author,
        position: held.position,
        event: held.event.clone(),
    })
}

/// Entries sorted out.
#[derive(Default)]
struct Sorted {
    history: History,
    held: Vec<Held>,
    standings: Vec<Applicability>,
}

impl Sorted {
    /// Sorts out entries that are given in the order of the ledger, own ones last.
    fn of(id: DocumentId, stored: &[NodeEntry], may_count: impl Fn(&NodeEntry) -> bool) -> Self {
        let mut sorted = Self::default();
        let mut read = Vec::with_capacity(stored.len());
        // What is forged says nothing, not even whose its actor is.
        for stored in stored.iter().filter(|stored| !is_forged(&stored.standing)) {
            let counts = may_count(stored);
            match read_entry(stored) {
                Ok(held) if counts && held.event == Err(Unreadable::Disagrees) => {
                    sorted.note(held.id, Standing::Refused(Reason::Disagreement));
                    read.push((held, false));
                }
                Ok(held) => read.push((held, counts)),
                Err(reason) if counts => sorted.note(stored.id, Standing::Refused(reason)),
                Err(_) => {}
            }
        }
        let candidates: Vec<Candidate<'_>> = read
            .iter()
            .map(|(held, counts)| {
                let header = held.entry.header();
                Candidate {
                    change: &held.change,
                    actor: ActorId::of(&header.author, &header.nonce),
                    first: header.is_first(),
                    counts: *counts,
                }
            })
            .collect();
        let (history, outcomes) = History::of(&candidates);
        sorted.history = history;
        for ((held, _), outcome) in read.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Taken => {
                    sorted.note(held.id, Standing::Counts);
                    sorted.held.push(held);
                }
                Outcome::Waiting => {
                    sorted.note(held.id, Standing::Waiting(WaitingFor::Dependency(id)));
                }
                Outcome::Refused(_) => sorted.note(held.id, Standing::Refused(Reason::Shape)),
                Outcome::Passed => {}
            }
        }
        sorted
    }

    fn note(&mut self, id: EntryId, standing: Standing) {
        self.standings.push(Applicability { id, standing });
    }
}

/// Reads what an entry proves by itself, once its signature is known to be good.
fn read_entry(stored: &NodeEntry) -> Result<Held, Reason> {
    let entry = Entry::decode(&stored.bytes).map_err(|_| Reason::Malformed)?;
    let change = shape::read(entry.payload()).map_err(|_| Reason::Shape)?;
    let event = Event::of_entry(entry.header(), &change);
    let NodeEntry { id, position, .. } = *stored;
    Ok(Held { id, entry, change, event, position })
}

/// Whether an event that has no effect needs a newer program.
fn needs_newer(item: &Item) -> bool {
    item.event == Err(Unreadable::Newer)
}
