//! What the machine can do at best: the limits beside which figures stand.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Kind, Nonce, PayloadHash, PublicKey, Realm, SigningKey,
    UnitId,
};
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    tables::{JournalTables, NodeEntry, Standing},
    writer::Writer,
};

use super::figures::rate;

/// Bytes of one page of the database.
const PAGE: [u8; 4096] = [7; 4096];
/// Bytes of the payload of an ordinary event.
const PAYLOAD_BYTES: usize = 700;
/// Entries that share a commit, as a batch from the line does.
const BATCH: usize = 64;
/// Commits of many writers together; one writer makes an eighth of them.
const COMMITS: usize = 8_000;

/// The mean time of one page written and synced: what it stands beside is a mean as well.
///
/// # Panics
///
/// When the disk refuses, or nothing is to be written.
#[must_use]
pub fn sync(directory: &Path, times: u32) -> Duration {
    let mut file = File::create(directory.join("limit")).expect("a file");
    let begun = Instant::now();
    for _ in 0..times {
        file.write_all(&PAGE).expect("a page is written");
        file.sync_data().expect("a page is synced");
    }
    begun.elapsed() / times
}

/// The time to verify so many entries, and to insert them with a commit per batch.
///
/// # Panics
///
/// When the database refuses.
#[must_use]
pub fn parts(directory: &Path, entries: usize) -> (Duration, Duration) {
    let signed = signed(entries);
    let begun = Instant::now();
    let verified: Vec<Entry> = signed
        .iter()
        .map(|bytes| {
            let entry = Entry::decode(bytes).expect("it was encoded");
            (*entry.verify().expect("it was signed")).clone()
        })
        .collect();
    let verifying = begun.elapsed();
    let own = directory.join("parts");
    std::fs::create_dir(&own).expect("a directory");
    let database = Database::open(&own, Schema::Node).expect("a database");
    let (writer, thread) = Writer::start(database, |_| {}).expect("a writer");
    let begun = Instant::now();
    for batch in verified.chunks(BATCH) {
        let rows: Vec<NodeEntry> = batch.iter().map(row).collect();
        let kept: Result<(), StoreError> =
            writer.write_blocking(move |tx| rows.iter().try_for_each(|row| tx.put_entry(row)));
        kept.expect("a batch is kept");
    }
    let inserting = begun.elapsed();
    drop(writer);
    thread.join().expect("the writer ends");
    (verifying, inserting)
}

/// Entries of ordinary size, encoded.
fn signed(entries: usize) -> Vec<Vec<u8>> {
    let key = SigningKey::from_seed(&[7; 32]);
    (0..entries)
        .map(|number| {
            let header = Header {
                realm: Realm([1; 16]),
                document: DocumentId::ZERO,
                kind: Kind(257),
                author: PublicKey::ZERO,
                grant: EntryId([2; 32]),
                nonce: Nonce((number as u64).to_le_bytes()),
                units_added: vec![UnitId(1)],
                payload: PayloadHash::ZERO,
            };
            Entry::sign(header, vec![7; PAYLOAD_BYTES], &key).expect("an entry").encode()
        })
        .collect()
}

/// Commits per second of one writer that waits for each, and of many at once: each puts one entry.
///
/// # Panics
///
/// When the database refuses.
#[must_use]
pub fn group_commit(directory: &Path, writers: usize) -> (f64, f64) {
    let rows: Vec<NodeEntry> = signed(COMMITS)
        .iter()
        .map(|bytes| row(&Entry::decode(bytes).expect("it was encoded")))
        .collect();
    let (alone, together) = rows.split_at(COMMITS / 8);
    let own = directory.join("commits");
    std::fs::create_dir(&own).expect("a directory");
    let database = Database::open(&own, Schema::Node).expect("a database");
    let (writer, thread) = Writer::start(database, |_| {}).expect("a writer");
    let put = |row: &NodeEntry| {
        let row = row.clone();
        let kept: Result<(), StoreError> = writer.write_blocking(move |tx| tx.put_entry(&row));
        kept.expect("an entry is kept");
    };
    let begun = Instant::now();
    alone.iter().for_each(put);
    let one = rate(alone.len(), begun.elapsed());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for rows in together.chunks(together.len().div_ceil(writers)) {
            scope.spawn(move || rows.iter().for_each(put));
        }
    });
    let many = rate(together.len(), begun.elapsed());
    drop(writer);
    thread.join().expect("the writer ends");
    (one, many)
}

fn row(entry: &Entry) -> NodeEntry {
    NodeEntry {
        id: entry.id(),
        document: entry.document(),
        kind: entry.header().kind,
        author_unit: Some(UnitId(1)),
        bytes: entry.encode(),
        journal: None,
        position: None,
        row: None,
        placed_ms: None,
        standing: Standing::Counts,
    }
}
