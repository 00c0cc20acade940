//! A reconnection when the archive is as large as it may become: a million entries at both ends,
//! written there directly, each with its header and nothing to say.

use std::{
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Kind, Nonce, PayloadHash, Position, PublicKey, Realm,
    Scope, SigningKey, UnitId,
};
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    readers::Readers,
    tables::{
        FeedRow, JournalTables, LedgerEntry, LedgerTables, NodeEntry, ScopePoint, Standing,
        digest_after,
    },
    writer::{Tx, Writer, WriterThread},
};
use hoso_tests::e2e::{
    province::{CO_TO, Province},
    wait,
};

use crate::{
    ours::{Field, NAME, Trips, near},
    peers::{CASE_DEADLINE, GivenUp},
    scenarios::{Case, Outcome, Row},
};

/// Entries that share a commit.
const AT_ONCE: u64 = 10_000;
/// How long they are written; then those that are there have to do.
const WRITTEN_FOR_MOST: Duration = Duration::from_secs(420);

/// Entries with their positions, and the end of their feed.
type Placed = (Vec<(Entry, Position)>, ScopePoint);

/// Connects an office with so many entries that often when nothing is new; gives the round trips
/// besides. Fewer where the machine does not write them in time: the row says how many.
pub(crate) fn reconnect(entries: usize, repeats: usize) -> (Row, Option<Trips>) {
    let (field, entries) = archived(entries);
    let runs: Result<_, GivenUp> = (0..repeats).map(|_| field.sync(0, None)).collect();
    let outcome = runs.map_or_else(|GivenUp(why)| Outcome::GivenUp(why), Outcome::Done);
    let trips = field.trips_of(0, near(&outcome)).ok();
    let trips = trips.map(|nothing| Trips { dossiers: entries, nothing, hundred: None });
    (Row { case: Case::NothingNew, who: NAME, dossiers: entries, outcome }, trips)
}

/// A relay and an office that hold the same entries, and are up; how many these are.
fn archived(entries: usize) -> (Field, usize) {
    let mut province = Province::with(&[("counter", CO_TO), ("office", CO_TO)]);
    province.nodes[0].stop();
    let office = &mut province.nodes[1];
    let own = Readers::of(&office.data);
    let unit = wait::until("the office hears of its unit", CASE_DEADLINE, || {
        let cursors: Result<_, StoreError> = own.read(|tx| tx.cursors());
        cursors.expect("an office's cursors").into_iter().find_map(|cursor| {
            let Scope::Unit(unit) = cursor.scope else { return None };
            Some(unit)
        })
    });
    office.stop();
    province.relay.stop();
    let ledger = Written::into(&province.relay.data, Schema::Relay);
    let journal = Written::into(&province.nodes[1].data, Schema::Node);
    let written = fill(&ledger, &journal, unit, u64::try_from(entries).expect("a count"));
    ledger.end();
    journal.end();
    province.relay.start();
    province.nodes[1].start();
    let written = usize::try_from(written).expect("a count");
    (Field::of(province, unit, written), written)
}

/// Writes up to so many entries at both ends, at the office what the relay has placed meanwhile;
/// gives how many.
fn fill(ledger: &Written, journal: &Written, unit: UnitId, many: u64) -> u64 {
    let key = SigningKey::from_seed(&[9; 32]);
    let begun = Instant::now();
    let (place, places) = mpsc::sync_channel::<Placed>(1);
    thread::scope(|scope| {
        scope.spawn(move || {
            for placed in places {
                journal.write(move |tx| at_the_office(tx, unit, &placed));
            }
        });
        let mut written = 0;
        while written < many && begun.elapsed() < WRITTEN_FOR_MOST {
            let to = many.min(written + AT_ONCE);
            let some: Vec<Entry> = (written..to).map(|number| entry(number, unit, &key)).collect();
            let placed = ledger.write(move |tx| at_the_relay(tx, unit, some));
            place.send(placed).expect("the office writes");
            written = to;
        }
        drop(place);
        written
    })
}

/// A database that is written directly.
struct Written(Writer, WriterThread);

impl Written {
    fn into(data: &Path, schema: Schema) -> Self {
        let database = Database::open(data, schema).expect("the database of a resting program");
        let (writer, thread) = Writer::start(database, |_| {}).expect("a writer");
        Self(writer, thread)
    }

    fn write<R: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> R {
        self.0.write_blocking(what).expect("entries are written")
    }

    fn end(self) {
        drop(self.0);
        self.1.join().expect("the writer ends");
    }
}

/// Appends to the ledger and to the feed of a unit; gives each entry with its place.
fn at_the_relay(tx: &mut Tx<'_>, unit: UnitId, entries: Vec<Entry>) -> Result<Placed, StoreError> {
    let scope = Scope::Unit(unit);
    let mut head = tx.head()?;
    let mut end = tx.feed_end(scope)?;
    let mut placed = Vec::new();
    for entry in entries {
        head.number += 1;
        let position = Position { epoch: head.epoch, number: head.number };
        let (id, document, bytes) = (entry.id(), entry.document(), entry.encode());
        tx.insert_entry(&LedgerEntry { id, document, bytes, position, origin: None })?;
        LedgerTables::add_audience(tx, &document, &[unit])?;
        let digest = digest_after(&end.digest, &id);
        tx.feed_append(&FeedRow { scope, row: head.number, entry: id, digest })?;
        end = ScopePoint { scope, row: head.number, digest };
        placed.push((entry, position));
    }
    tx.put_head(&head)?;
    Ok((placed, end))
}

/// Keeps the same entries at an office that has read so far.
fn at_the_office(tx: &mut Tx<'_>, unit: UnitId, placed: &Placed) -> Result<(), StoreError> {
    let (entries, end) = placed;
    for (entry, position) in entries {
        let document = entry.document();
        tx.put_entry(&NodeEntry {
            id: entry.id(),
            document,
            kind: entry.header().kind,
            author_unit: Some(unit),
            bytes: entry.encode(),
            journal: None,
            position: Some(*position),
            row: Some(position.number),
            placed_ms: None,
            standing: Standing::Counts,
        })?;
        JournalTables::add_audience(tx, &document, &[unit])?;
    }
    tx.put_cursor(end)
}

/// One entry of a dossier of its own. Dossiers follow one another, so that a million are written
/// in minutes; the ids of entries are as random as ever.
fn entry(number: u64, unit: UnitId, key: &SigningKey) -> Entry {
    let mut document = [1; 16];
    document[..8].copy_from_slice(&number.to_be_bytes());
    let header = Header {
        realm: Realm([1; 16]),
        document: DocumentId(document),
        kind: Kind(257),
        author: PublicKey::ZERO,
        grant: EntryId([2; 32]),
        nonce: Nonce(number.to_le_bytes()),
        units_added: vec![unit],
        payload: PayloadHash::ZERO,
    };
    (*Entry::sign(header, Vec::new(), key).expect("an entry")).clone()
}
