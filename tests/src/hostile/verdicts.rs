//! What must be true afterwards: one verdict everywhere, honest dossiers as they were, and every
//! event read as Automerge reads it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use automerge::Automerge;
use hoso_dossier::shape;
use hoso_identity::{DocumentId, Entry, EntryId, Epoch, Position, Reason, WaitingFor};
use hoso_store::{
    StoreError,
    readers::Readers,
    tables::{JournalTables, LedgerTables, NodeEntry, Standing},
};
use serde_json::Value as Json;

use super::{
    forge::{Must, Planted},
    reading::events_of,
    siege::{Honest, Siege, reader_of},
};
use crate::e2e::{agree::shared_record, desk::Desk, node::Node};

/// Every entry with a position at one node.
type Held = BTreeMap<EntryId, NodeEntry>;

/// What the relay made of one planted entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum AtRelay {
    Accepted,
    Waiting(WaitingFor),
    Refused(Reason),
}

/// How many of each verdict there were.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By sort and verdict.
    pub counts: BTreeMap<(&'static str, String), usize>,
    /// Dossiers whose events were read by Automerge too.
    pub dossiers_read: usize,
    /// Events that were read by both.
    pub events_read: usize,
}

impl Tally {
    /// How many have that verdict, whatever was done to them.
    #[must_use]
    pub fn of(&self, verdict: &str) -> usize {
        let counts = self.counts.iter();
        counts.filter(|((_, found), _)| found == verdict).map(|(_, count)| count).sum()
    }

    /// A line for each sort, and one for the sum.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let sorts: BTreeSet<&str> = self.counts.keys().map(|(sort, _)| *sort).collect();
        let line = |name: &str, of: &dyn Fn(&str) -> bool| {
            let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
            for ((sort, verdict), count) in &self.counts {
                if of(sort) {
                    *sums.entry(verdict).or_default() += count;
                }
            }
            let parts: Vec<String> =
                sums.iter().map(|(verdict, count)| format!("{verdict} {count}")).collect();
            format!("{name}: {}", parts.join(", "))
        };
        let mut lines: Vec<String> =
            sorts.iter().map(|sort| line(sort, &|other| other == *sort)).collect();
        lines.push(line("all", &|_| true));
        lines
    }
}

/// Holds the province against everything that must be true; gives what is not, and the figures.
///
/// # Panics
///
/// When a database cannot be read or an interface does not answer.
#[must_use]
pub fn judged(siege: &Siege) -> (Vec<String>, Tally) {
    let mut wrong = Vec::new();
    let held: Vec<(&Node, Held)> =
        siege.honest_nodes().map(|node| (node, held(&node.data))).collect();
    let insider = self::held(&siege.insider().data);
    wrong.extend(disagreements(&held, (siege.insider(), &insider)));
    let mut tally = Tally::default();
    wrong.extend(verdicts(siege, &held, &mut tally));
    for (node, held) in &held {
        wrong.extend(actors_twice(held).into_iter().map(|it| format!("{}: {it}", node.name)));
        let desk = reader_of(node);
        wrong.extend(misread(&desk, held, &mut tally));
    }
    let desks: Vec<Desk> = siege.honest_nodes().map(reader_of).collect();
    wrong.extend(crate::e2e::agree::disagreements(&desks));
    let [own, _, elsewhere] = desks.as_slice() else { panic!("three honest nodes") };
    for honest in &siege.honest {
        let desk = if honest.foreign { elsewhere } else { own };
        wrong.extend(touched(honest, desk));
        let (_, held) = &held[if honest.foreign { 2 } else { 0 }];
        let lost = honest.entries.iter().filter(|entry| held.get(&entry.id) != Some(*entry));
        wrong.extend(lost.map(|entry| format!("{} is not stored as it was", entry.id)));
    }
    (wrong, tally)
}

/// Every entry with a position at the node of this directory.
fn held(data: &Path) -> Held {
    let first = Position { epoch: Epoch { generation: 0, random: [0; 8] }, number: 0 };
    let read: Result<_, StoreError> = Readers::of(data).read(|tx| {
        let mut held = Held::new();
        let mut documents = tx.documents_from(&first)?;
        documents.push(DocumentId::ZERO);
        for document in documents {
            let entries = JournalTables::document(tx, &document)?.into_iter();
            let placed = entries.filter(|entry| entry.position.is_some());
            held.extend(placed.map(|entry| (entry.id, entry)));
        }
        Ok(held)
    });
    read.expect("entries can be read")
}

/// Entries that two nodes hold and judge differently; and entries of the unit's scope that only
/// one of its nodes holds.
fn disagreements(honest: &[(&Node, Held)], insider: (&Node, &Held)) -> Vec<String> {
    let mut wrong = Vec::new();
    let [(first, one), (second, other), (third, elsewhere)] = honest else {
        panic!("three honest nodes")
    };
    for (here, there, names) in [(one, other, (first, second)), (other, one, (second, first))] {
        let lacking = here.keys().filter(|id| !there.contains_key(*id));
        wrong.extend(
            lacking.map(|id| format!("{id} of {} is not at {}", names.0.name, names.1.name)),
        );
    }
    let pairs = [(*second, other), (*third, elsewhere), (insider.0, insider.1)];
    for (node, there) in pairs {
        for (id, entry) in one {
            let Some(same) = there.get(id) else { continue };
            if (entry.standing, entry.position) != (same.standing, same.position) {
                wrong.push(format!(
                    "{id}: {:?} {:?} at {}, {:?} {:?} at {}",
                    entry.standing,
                    entry.position,
                    first.name,
                    same.standing,
                    same.position,
                    node.name
                ));
            }
        }
    }
    wrong
}

/// What became of each planted entry: relay and nodes must agree, and what may not count must not.
fn verdicts(siege: &Siege, honest: &[(&Node, Held)], tally: &mut Tally) -> Vec<String> {
    let relay = Readers::of(&siege.province.relay.data);
    let mut wrong = Vec::new();
    for planted in &siege.planted {
        let at_relay = at_relay(&relay, planted);
        let standings: BTreeSet<String> = honest
            .iter()
            .filter_map(|(_, held)| held.get(&planted.id))
            .map(|entry| format!("{:?}", entry.standing))
            .collect();
        let counts = honest.iter().any(|(_, held)| {
            held.get(&planted.id).is_some_and(|entry| entry.standing == Standing::Counts)
        });
        if counts && planted.must == Must::NotCount {
            wrong.push(format!("{} ({}) counts", planted.id, planted.sort));
        }
        let verdict = match (&at_relay, standings.len()) {
            (None, _) => {
                wrong.push(format!("{} ({}) is nowhere", planted.id, planted.sort));
                continue;
            }
            (Some(AtRelay::Accepted), 0) => {
                wrong.push(format!("{} ({}) is at no node", planted.id, planted.sort));
                continue;
            }
            (Some(AtRelay::Accepted), _) => {
                let held = honest.iter().find_map(|(_, held)| held.get(&planted.id));
                held.map_or_else(String::new, |entry| word(&entry.standing))
            }
            (Some(AtRelay::Waiting(what)), 0) => format!("relay waits: {}", what.code()),
            (Some(AtRelay::Refused(reason)), 0) => format!("relay refuses: {reason}"),
            (Some(_), _) => {
                wrong.push(format!("{} came to a node without a position", planted.id));
                continue;
            }
        };
        *tally.counts.entry((planted.sort, verdict)).or_default() += 1;
    }
    wrong
}

fn at_relay(relay: &Readers, planted: &Planted) -> Option<AtRelay> {
    let found: Result<_, StoreError> = relay.read(|tx| {
        if LedgerTables::entry(tx, &planted.id)?.is_some() {
            return Ok(Some(AtRelay::Accepted));
        }
        if let Some(waiting) = tx.waiting(&planted.id)? {
            return Ok(Some(AtRelay::Waiting(waiting.what)));
        }
        let key = *blake3::hash(&planted.bytes).as_bytes();
        Ok(tx.quarantined(&key)?.map(AtRelay::Refused))
    });
    found.expect("the ledger can be read")
}

/// The word for a standing.
fn word(standing: &Standing) -> String {
    match standing {
        Standing::Counts => "counts".to_owned(),
        Standing::Waiting(what) => format!("waits: {}", what.code()),
        Standing::Refused(reason) => format!("refused: {reason}"),
    }
}

/// Actors under which more than one entry of a dossier counts.
fn actors_twice(held: &Held) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let counting = held
        .values()
        .filter(|entry| entry.standing == Standing::Counts && !entry.kind.is_statement());
    counting
        .filter_map(|stored| {
            let entry = Entry::decode(&stored.bytes).expect("an entry that counts");
            let place = (stored.document, entry.header().actor());
            (!seen.insert(place)).then(|| format!("two entries of {place:?} count"))
        })
        .collect()
}

/// Dossiers of which our reader and Automerge read different events.
fn misread(desk: &Desk, held: &Held, tally: &mut Tally) -> Vec<String> {
    let mut dossiers: BTreeMap<DocumentId, Vec<&NodeEntry>> = BTreeMap::new();
    for entry in held.values().filter(|entry| entry.standing == Standing::Counts) {
        if !entry.kind.is_statement() {
            dossiers.entry(entry.document).or_default().push(entry);
        }
    }
    let mut wrong = Vec::new();
    for (id, entries) in dossiers {
        let bytes = desk.session.bytes(&format!("/api/v1/dossiers/{id}/document"));
        let document = Automerge::load(&bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        let theirs = events_of(&document).unwrap_or_default();
        let ours: BTreeMap<String, hoso_dossier::Value> = entries
            .iter()
            .map(|stored| {
                let entry = Entry::decode(&stored.bytes).expect("an entry that counts");
                let change = shape::read(entry.payload()).expect("a change that counts");
                (change.actor.to_string(), change.event)
            })
            .collect();
        tally.dossiers_read += 1;
        tally.events_read += ours.len();
        if ours != theirs || ours.len() != entries.len() {
            wrong.push(format!("{id} is read in two ways"));
        }
    }
    wrong
}

/// What has changed in an honest dossier: everything of one that does not concern the attackers'
/// unit, and of their own unit's how it stands and what was said in it before.
fn touched(honest: &Honest, desk: &Desk) -> Vec<String> {
    let id = honest.record["id"].as_str().unwrap_or_default();
    let (before, after) = (shared_record(&honest.record), shared_record(&desk.read(id)));
    if honest.foreign {
        return if before == after { Vec::new() } else { vec![format!("{id} has changed")] };
    }
    let mut wrong = Vec::new();
    let events = |record: &Json| record["events"].as_array().cloned().unwrap_or_default();
    let now = events(&after);
    for event in events(&before) {
        if !now.contains(&event) {
            wrong.push(format!("{id} lacks or changes {event}"));
        }
    }
    let grows = ["events", "version", "needs_newer"];
    let fields = before.as_object().cloned().unwrap_or_default();
    for (name, value) in fields.iter().filter(|(name, _)| !grows.contains(&name.as_str())) {
        if after.get(name) != Some(value) {
            wrong.push(format!("{id}: {name} was {value} and is {:?}", after.get(name)));
        }
    }
    wrong
}
