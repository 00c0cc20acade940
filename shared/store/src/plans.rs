//! Every query of the store, as SQLite plans it: none reads all of a table that grows with the
//! years, unless it is named here with its reason.

use std::{fs, path::Path};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    database::{DATABASE_NAME, Database, Schema},
    records::{self, Cursor, DueRange, Filter, Order},
};

/// The tables that grow with every dossier.
const LARGE: [&str; 10] = [
    "attachment",
    "blob",
    "blob_of",
    "entry",
    "record",
    "record_word",
    "feed",
    "journal",
    "brought",
    "idempotency",
];
/// Indexes over the few rows that need someone: reading all of them is what is asked for.
const FEW: [&str; 8] = [
    "attachment_unplaced",
    "blob_missing",
    "entry_waiting",
    "entry_excepted",
    "entry_refused",
    "record_open",
    "record_in_review",
    "record_newer",
];
/// Queries that read all of a large table: how they begin, and why they may.
const WHOLE: [(&str, &str); 12] = [
    ("SELECT code FROM record", "once, when the program starts"),
    ("SELECT status, count(*) FROM record", "an index of a few bytes per dossier"),
    ("UPDATE attachment SET placed = 0 WHERE placed", "when the relay has begun a new life"),
    ("SELECT hash FROM blob WHERE NOT EXISTS", "once, when the program starts"),
    ("SELECT coalesce(sum(held), 0) FROM blob", "when a scan has come, or for the figures"),
    ("SELECT hash, size FROM blob", "a page, when scans have no room"),
    ("SELECT hash FROM blob WHERE since_ms", "once an hour, at the relay"),
    ("SELECT DISTINCT document FROM entry", "when a statement of an older epoch comes late"),
    ("SELECT entry.id FROM journal", "when a restored node is numbered anew"),
    ("UPDATE entry SET journal = NULL", "when a restored node is numbered anew"),
    ("DELETE FROM journal", "when a restored node is numbered anew"),
    ("DELETE FROM brought", "when a node is numbered anew, or another machine was set back"),
];

/// Sources that speak of the relay's tables, those that speak of a node's; the others of both.
const OF_RELAY: [&str; 4] = ["ledger", "audit", "enrolment", "watch"];
const OF_NODE: [&str; 8] =
    ["attachments", "journal", "peers", "records", "drafts", "idempotency", "sessions", "link"];

/// An empty database of each program.
struct Databases {
    node: Connection,
    relay: Connection,
    _directory: TempDir,
}

impl Databases {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let open = |name: &str, schema| {
            let data = directory.path().join(name);
            fs::create_dir(&data).unwrap();
            drop(Database::open(&data, schema).unwrap());
            Connection::open(data.join(DATABASE_NAME)).unwrap()
        };
        let (node, relay) = (open("node", Schema::Node), open("relay", Schema::Relay));
        Self { node, relay, _directory: directory }
    }

    /// Those of which the source with this name speaks.
    fn of(&self, source: &str) -> Vec<&Connection> {
        let names = |names: &[&str]| names.iter().any(|name| source.starts_with(name));
        match (names(&OF_NODE), names(&OF_RELAY)) {
            (true, _) => vec![&self.node],
            (_, true) => vec![&self.relay],
            _ => vec![&self.node, &self.relay],
        }
    }
}

/// The name below `src` and the text of every source of this crate.
fn sources(directory: &Path, found: &mut Vec<(String, String)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("plans.rs") {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Every text that is a query, whole.
fn queries(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for verb in ["SELECT ", "INSERT ", "UPDATE ", "DELETE "] {
        for rest in source.split(&format!("\"{verb}")).skip(1) {
            let end = rest.find('"').unwrap();
            // What is put together from parts is asked for below.
            if !rest[..end].contains('{') {
                found.push(format!("{verb}{}", &rest[..end]));
            }
        }
    }
    found
}

/// The steps of a query.
fn plan(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    steps
}

/// What SQLite reads from end to end for this query; `None` if it has no such tables.
fn scans(database: &Connection, sql: &str) -> Option<Vec<String>> {
    let mut statement = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).ok()?;
    let mut rows = statement.raw_query();
    let mut scans = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let step: String = row.get("detail").unwrap();
        let mut words = step.split_whitespace();
        let scanned = words.next() == Some("SCAN");
        let large = words.next().is_some_and(|table| LARGE.contains(&table));
        // What matches words is read by their index.
        let matched = step.contains("VIRTUAL TABLE INDEX 0:M");
        if scanned && large && !matched && !FEW.iter().any(|index| step.ends_with(index)) {
            scans.push(step);
        }
    }
    Some(scans)
}

#[test]
fn no_query_reads_all_of_a_table_that_grows() {
    let databases = Databases::new();
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let all =
        texts.iter().flat_map(|(name, text)| queries(text).into_iter().map(move |q| (name, q)));
    let all: Vec<(&String, String)> = all.collect();
    assert!(all.len() > 100, "only {} queries were found", all.len());
    let mut used = [false; WHOLE.len()];
    for (source, sql) in &all {
        let databases = databases.of(source);
        let plans: Vec<_> = databases.into_iter().filter_map(|each| scans(each, sql)).collect();
        assert!(
            !plans.is_empty() || source.starts_with("backup"),
            "{source}: {sql} is not understood"
        );
        let scanned: Vec<String> = plans.into_iter().flatten().collect();
        match WHOLE.iter().position(|(begins, _)| sql.starts_with(begins)) {
            Some(place) => used[place] = true,
            None => assert!(scanned.is_empty(), "{source}: {scanned:?} in {sql}"),
        }
    }
    assert_eq!(used, [true; WHOLE.len()], "an exception names no query any more");
}

#[test]
fn a_page_of_a_list_is_read_in_its_order_and_ends_with_the_page() {
    let databases = Databases::new();
    let after = Some(Cursor { rank: 0, at_ms: 5, document: hoso_identity::DocumentId([1; 16]) });
    let filters = [
        Filter::default(),
        Filter { after, ..Filter::default() },
        Filter { statuses: vec![1, 4], needs_review: true, ..Filter::default() },
        Filter { query: "hang co to".to_owned(), ..Filter::default() },
        Filter { due: DueRange::Between(1, 2), ..Filter::default() },
    ];
    for sql in filters.iter().flat_map(records::queries_of) {
        let scanned = scans(&databases.node, &sql).unwrap();
        let in_order = scanned.iter().all(|step| step == "SCAN record USING INDEX record_newest");
        assert!(in_order, "{scanned:?} in {sql}");
    }
    for after in [None, after] {
        let filter = Filter { order: Order::Due, after, ..Filter::default() };
        for sql in records::queries_of(&filter) {
            let plan = plan(&databases.node, &sql);
            let in_order = plan.iter().all(|step| {
                step.ends_with("USING INDEX record_open")
                    || step.contains("USING INDEX record_open (")
            });
            assert!(in_order, "{plan:?} in {sql}");
        }
    }
}

#[test]
fn a_listing_sorts_the_entries_of_one_document_at_a_time() {
    let databases = Databases::new();
    let text = include_str!("placed.rs");
    let listings: Vec<String> =
        queries(text).into_iter().filter(|sql| sql.contains("JOIN entry")).collect();
    assert_eq!(listings.len(), 2);
    for sql in &listings {
        for plan in [plan(&databases.node, sql), plan(&databases.relay, sql)] {
            let sorted = plan.iter().any(|step| step == "USE TEMP B-TREE FOR ORDER BY");
            assert!(!sorted, "all of {sql} is sorted at once: {plan:?}");
        }
    }
}
