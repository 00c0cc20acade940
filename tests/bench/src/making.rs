//! Makes the corpus: dossiers of invented people at every stage of their way, as signed entries
//! that a real province accepts, and their changes for all peers.
//!
//! Sets: `base` is what is there at first. `d1`, `d100` and `d1000` are one change each to so many
//! dossiers, one set after the other. `s1` to `s5` and `c1` to `c5` are changes to a hundred
//! dossiers each that server and client make at the same time, half of them to the same dossiers.
//! `late` and `last` are a hundred more each. `new-1` to `new-54` are some new dossiers each.
//! `scan` is one change with a file in it that does not compress, of a dossier of its own; `edit`
//! is one change to another.

use std::{collections::BTreeMap, path::Path};

use automerge::{ActorId, Automerge, ROOT, ReadDoc, transaction::Transactable};
use data_encoding::HEXLOWER;
use hoso_dossier::{
    ChangeHash,
    event::{Body, Event, Received},
    shape,
};
use hoso_identity::{DocumentId, Entry, PersonId};
use hoso_store::{StoreError, readers::Readers, tables::JournalTables};
use hoso_tests::{
    bench::corpus::{Corpus, Dossier, Place},
    e2e::desk::Procedure,
    hostile::{
        cast::Cast,
        forge::{Must, Planted},
    },
};

use crate::corpus::{self, Change};

/// Dossiers that are changed later on.
const CHANGED: usize = 1_000;
/// Stages at which dossiers stand: so many changes at most.
const STAGES: usize = 6;
/// Which of them is edited while a scan is on its way.
const EDITED: usize = 17;
/// How often server and client change dossiers at the same time.
pub(crate) const CLASHES: usize = 5;
/// Offices that come back at once.
pub(crate) const OFFICES: usize = 54;
/// New dossiers that each of them has then.
pub(crate) const NEW: usize = 5;
/// Bytes of a scan.
pub(crate) const SCAN_BYTES: usize = 5_000_000;
const SEED: u64 = 11;

/// The corpus as signed entries, by set.
pub(crate) type Entries = BTreeMap<String, Vec<Planted>>;

/// What is being made.
struct Making {
    corpus: Corpus,
    entries: Entries,
    changes: BTreeMap<String, Vec<Change>>,
    at: u64,
}

/// Makes so many dossiers in the name of the people of a resting node that has received one
/// dossier in all honesty; writes their changes into a directory.
pub(crate) fn make(data: &Path, dossiers: usize, directory: &Path) -> Entries {
    let corpus = Corpus::at(place(data), SEED);
    let mut making = Making { corpus, entries: Entries::new(), changes: BTreeMap::new(), at: 0 };
    let mut changed: Vec<Dossier> = Vec::new();
    for number in 0..dossiers {
        let dossier = making.base(number % STAGES);
        if number % (dossiers / CHANGED) == 0 && changed.len() < CHANGED {
            changed.push(dossier);
        }
    }
    making.later(&mut changed);
    for office in 1..=OFFICES {
        for _ in 0..NEW {
            let dossier = making.corpus.dossier(0);
            making.keep(&format!("new-{office}"), &dossier, &[]);
        }
    }
    making.changes.insert("scan".to_owned(), vec![making.scan()]);
    for (set, changes) in &making.changes {
        corpus::write(directory, set, changes);
    }
    making.entries
}

impl Making {
    /// A dossier of the base, with so many changes after its first.
    fn base(&mut self, steps: usize) -> Dossier {
        let mut dossier = self.corpus.dossier(0);
        self.keep("base", &dossier, &[]);
        for step in 0..steps {
            self.step("base", &mut dossier, step);
        }
        dossier
    }

    /// What happens afterwards.
    fn later(&mut self, changed: &mut [Dossier]) {
        let every = |set: &'static str, nth: usize| (set, nth);
        for (set, nth) in [every("d1", CHANGED), every("d100", 10), every("d1000", 1)] {
            changed.iter_mut().step_by(nth).for_each(|dossier| self.next(set, dossier));
        }
        for clash in 1..=CLASHES {
            for (number, dossier) in changed.iter_mut().enumerate() {
                let mut other = dossier.clone();
                if number % 10 == clash {
                    self.next(&format!("s{clash}"), dossier);
                }
                if number % 20 == clash || number % 20 == clash + 5 {
                    self.next(&format!("c{clash}"), &mut other);
                }
            }
        }
        for set in ["late", "last"] {
            changed.iter_mut().step_by(10).for_each(|dossier| self.next(set, dossier));
        }
        // One that nothing has changed since `d1000`: it must not rest on what is not there.
        if let Some(dossier) = changed.get_mut(EDITED) {
            self.next("edit", dossier);
        }
    }

    /// A scan as peers without files carry it: a document that holds its bytes.
    fn scan(&self) -> Change {
        let mut document = Automerge::new().with_actor(ActorId::from([1; 16]));
        let mut tx = document.transaction();
        tx.put(ROOT, "scan", scan()).expect("bytes can be put");
        let (hash, _) = tx.commit();
        let hash = hash.expect("something was put");
        let change = document.get_change_by_hash(&hash).expect("it was made");
        Change {
            document: HEXLOWER.encode(&[1; 16]),
            hash: hash.to_string(),
            deps: Vec::new(),
            at: self.at + 1,
            bytes: change.raw_bytes().to_vec(),
        }
    }

    fn next(&mut self, set: &str, dossier: &mut Dossier) {
        let step = dossier.entries.len() - 1;
        self.step(set, dossier, step);
    }

    fn step(&mut self, set: &str, dossier: &mut Dossier, step: usize) {
        let deps = dossier.heads();
        self.corpus.next(dossier, step);
        self.keep(set, dossier, &deps);
    }

    /// Keeps the last entry of a dossier.
    fn keep(&mut self, set: &str, dossier: &Dossier, deps: &[ChangeHash]) {
        let bytes = dossier.entries.last().expect("it was received").clone();
        let payload = Entry::decode(&bytes).expect("an entry").payload().to_vec();
        let [head] = dossier.heads().try_into().expect("one line of changes");
        self.at += 1;
        self.changes.entry(set.to_owned()).or_default().push(Change {
            document: HEXLOWER.encode(&dossier.document().0),
            hash: head.to_string(),
            deps: deps.iter().map(ToString::to_string).collect(),
            at: self.at,
            bytes: payload,
        });
        let planted = Planted::of("corpus", Must::Agree, bytes, DocumentId::ZERO);
        self.entries.entry(set.to_owned()).or_default().push(planted);
    }
}

/// A file that does not compress and of which no part repeats.
pub(crate) fn scan() -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut state = SEED;
    while bytes.len() < SCAN_BYTES {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    }
    bytes.truncate(SCAN_BYTES);
    bytes
}

/// The office in whose name dossiers are made.
fn place(data: &Path) -> Place {
    let cast = Cast::of(data);
    let Received { application, frozen, .. } = received(data);
    let application = application.expect("it was received at a desk");
    let grant = cast.state.grant(&cast.clerk.grant, &cast.clerk.key.public());
    let person: PersonId = grant.and_then(|grant| grant.person).expect("a clerk is a person");
    Place {
        realm: cast.realm,
        unit: cast.unit,
        org: cast.state.unit(cast.unit).expect("its own unit").org_code.clone(),
        key: cast.clerk.key.clone(),
        grant: cast.clerk.grant,
        person,
        procedure: Procedure { code: application.procedure_code, competent: "unit".to_owned() },
        frozen,
    }
}

fn received(data: &Path) -> Received {
    let journal: Result<_, StoreError> = Readers::of(data).read(|tx| tx.journal_after(0, 1_000));
    let entries = journal.expect("a journal").into_iter();
    let mut events = entries.filter(|entry| !entry.kind.is_statement()).filter_map(|entry| {
        let entry = Entry::decode(&entry.bytes).ok()?;
        Event::from_value(&shape::read(entry.payload()).ok()?.event).ok()
    });
    let found = events.find_map(|event| {
        let Body::Received(received) = event.body else { return None };
        Some(received)
    });
    found.expect("it has received a dossier")
}
