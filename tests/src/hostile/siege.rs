//! The province that bears it: honest desks at work, an insider's node whose journal is full of
//! hostile entries, the real relay between them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hoso_dossier::{
    event::{Body, Event, Received},
    shape,
};
use hoso_identity::{DocumentId, Entry, EntryId, UnitId};
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    readers::Readers,
    rules::journal::ATTEMPTS_MAX,
    tables::{JournalTables, LedgerTables, NodeEntry, NodeFacts, Standing, digest_after},
    writer::{Tx, Writer},
};
use serde_json::{Value as Json, json};

use super::{
    campaign::{Campaign, Plan, Target, target},
    cast::{self, CASHIER, Cast, VIEWER, document},
    events::Names,
    forge::Planted,
};
use crate::e2e::{
    desk::{Desk, Procedure, id_of, procedures, reception},
    http::Client,
    node::{ADMINISTRATOR, Node, PASSWORD},
    program::resident_kib,
    province::{BAI_CHAY, CO_TO, Province},
    wait,
};

/// Dossiers of the attackers' unit that honest clerks work on.
const OWN_DOSSIERS: usize = 24;
/// Dossiers of another unit.
const FOREIGN_DOSSIERS: usize = 12;
/// Entries that are planted with one commit.
const PLANTED_AT_ONCE: usize = 2_000;
/// How long something may take that does not depend on the number of entries.
const DEADLINE: Duration = Duration::from_secs(120);
/// Entries that must be through within a second, on a machine with other work.
const ENTRIES_PER_SECOND: u64 = 25;

/// The nodes by their place in the province.
const ATTACKERS: usize = 0;
/// The honest nodes: two of the attackers' unit, one of another.
pub const HONEST: [usize; 3] = [1, 2, 3];

/// A dossier of an honest desk, as it stood before.
#[derive(Clone, Debug)]
pub struct Honest {
    /// As the interface shows it.
    pub record: Json,
    /// Its entries as they are stored where it is worked on.
    pub entries: Vec<NodeEntry>,
    /// Whether the attackers' unit is none of those that it concerns.
    pub foreign: bool,
}

/// A province before, during and after.
#[derive(Debug)]
pub struct Siege {
    /// The programs.
    pub province: Province,
    /// What honest desks had done before.
    pub honest: Vec<Honest>,
    /// What was planted.
    pub planted: Vec<Planted>,
    /// The process of each node, and of the relay.
    pub pids: Vec<u32>,
    /// How long it took until all was through.
    pub took: Duration,
}

impl Siege {
    /// Plants so many hostile entries and waits until nothing moves any more.
    ///
    /// # Panics
    ///
    /// When a program fails.
    #[must_use]
    pub fn of(plan: Plan) -> Self {
        let places =
            [("insider", CO_TO), ("co-to", CO_TO), ("co-to-mobile", CO_TO), ("bai-chay", BAI_CHAY)];
        let mut province = Province::with(&places);
        province.nodes.iter().for_each(add_readers);
        let honest = honest_work(&mut province);
        let planted = plant(&mut province, &honest, plan);
        let mut pids: Vec<u32> =
            HONEST.iter().map(|number| province.nodes[*number].pid()).collect();
        pids.push(province.relay.program().pid());
        let begun = Instant::now();
        province.nodes[ATTACKERS].start();
        let insider = province.nodes[ATTACKERS].pid();
        pids.push(insider);
        let patience = u64::try_from(plan.entries).unwrap_or(u64::MAX) / ENTRIES_PER_SECOND;
        let deadline = DEADLINE + Duration::from_secs(patience);
        let working = Desk::of(&province.nodes[HONEST[0]]);
        let saved = work_meanwhile(working, &mut province, deadline);
        assert!(saved > 0, "nobody could work meanwhile");
        let took = begun.elapsed();
        Self { province, honest, planted, pids, took }
    }

    /// The process of each node and of the relay, as it is now; those that have ended are missing.
    pub fn running(&mut self) -> Vec<u32> {
        let order = HONEST.iter().copied();
        let mut running = Vec::new();
        for number in order {
            let program = self.province.nodes[number].program();
            running.extend(program.runs().then(|| program.pid()));
        }
        let relay = self.province.relay.program();
        running.extend(relay.runs().then(|| relay.pid()));
        let insider = self.province.nodes[ATTACKERS].program();
        running.extend(insider.runs().then(|| insider.pid()));
        running
    }

    /// Lets every honest office receive one dossier more and waits until it is everywhere; gives
    /// the resident memory of every program, KiB.
    ///
    /// # Panics
    ///
    /// When an office cannot, or a program does not say that it is well.
    #[must_use]
    pub fn goes_on(&mut self) -> Vec<(String, u64)> {
        let catalogue = procedures();
        let own = catalogue.iter().find(|procedure| procedure.competent == "unit").expect("one");
        for number in HONEST {
            let node = &self.province.nodes[number];
            let unit = node.unit.clone();
            Desk::of(node)
                .receive(&reception(30_000 + number, own, &unit), &format!("on-{number}"));
        }
        await_arrival(&mut self.province, DEADLINE);
        let relay =
            ("relay".to_owned(), self.province.relay.http, self.province.relay.program().pid());
        let nodes = self.province.nodes.iter();
        let nodes = nodes.map(|node| (node.name.clone(), node.http, node.pid()));
        let programs = nodes.chain([relay]);
        programs
            .map(|(name, http, pid)| {
                assert_eq!(Client::new(http).get("/healthz").status, 200, "{name}");
                (name, resident_kib(pid))
            })
            .collect()
    }

    /// The insider's node.
    #[must_use]
    pub fn insider(&self) -> &Node {
        &self.province.nodes[ATTACKERS]
    }

    /// The honest nodes.
    pub fn honest_nodes(&self) -> impl Iterator<Item = &Node> {
        HONEST.iter().map(|number| &self.province.nodes[*number])
    }
}

/// Gives every node somebody who may only read, and the insider's somebody who may only take money.
///
/// # Panics
///
/// When the node refuses.
pub fn add_readers(node: &Node) {
    for (name, roles) in [(VIEWER, "viewer"), (CASHIER, "cashier")] {
        let added = node.command(
            &["user", "add", name, "--roles", roles, "--admin", ADMINISTRATOR],
            &format!("{PASSWORD}\n{PASSWORD}\n"),
        );
        assert!(added.status.success(), "{added:?}");
    }
}

/// Honest desks receive, process and return; then all has arrived everywhere.
fn honest_work(province: &mut Province) -> Vec<Honest> {
    let catalogue: Vec<Procedure> = procedures();
    let own: Vec<&Procedure> =
        catalogue.iter().filter(|procedure| procedure.competent == "unit").collect();
    let [insider, co_to, _, bai_chay] = province.nodes.as_slice() else { panic!("four nodes") };
    // The insider has received a dossier in all honesty, and knows how that is written.
    Desk::of(insider).receive(&reception(9_000, own[0], CO_TO), "insider");
    let mut ids = Vec::new();
    for (node, unit, count) in
        [(co_to, CO_TO, OWN_DOSSIERS), (bai_chay, BAI_CHAY, FOREIGN_DOSSIERS)]
    {
        let mut desk = Desk::of(node);
        for number in 0..count {
            let procedure = own[number % own.len()];
            let shared = unit == CO_TO && number % 4 == 3;
            let competent = if shared { BAI_CHAY } else { unit };
            let body = reception(number, procedure, competent);
            let dossier = desk.receive(&body, &format!("{unit}-{number}"));
            ids.push((id_of(&dossier).to_owned(), unit != CO_TO));
            proceed(&mut desk, &dossier, competent, number);
        }
    }
    await_arrival(province, DEADLINE);
    let reader = reader_of(&province.nodes[HONEST[0]]);
    let elsewhere = reader_of(&province.nodes[HONEST[2]]);
    ids.into_iter()
        .map(|(id, foreign)| {
            let place = if foreign { HONEST[2] } else { HONEST[0] };
            let reader = if foreign { &elsewhere } else { &reader };
            let document = DocumentId::from_hex(&id).expect("an id");
            let entries = cast::document(&province.nodes[place].data, &document);
            Honest { record: reader.read(&id), entries, foreign }
        })
        .collect()
}

/// Brings a dossier to one of its stages.
fn proceed(desk: &mut Desk, dossier: &Json, competent: &str, number: usize) {
    match number % 6 {
        0 => {}
        1 => drop(desk.act(dossier, "noted", json!({ "text": "Đã gọi điện" }))),
        2 => drop(desk.act(dossier, "withdrawn", json!({ "reason": "Đổi ý" }))),
        _ => {
            let handed = desk.hand_over(dossier, competent);
            if competent == desk.unit && number % 6 > 3 {
                desk.finish(&handed);
            }
        }
    }
}

/// Somebody at the node who may only read: whose reading is not noted in the dossier.
///
/// # Panics
///
/// When the log-in is refused.
#[must_use]
pub fn reader_of(node: &Node) -> Desk {
    let client = Client::new(node.http);
    let session = client.log_in(VIEWER, PASSWORD).expect("a viewer may log in");
    Desk { session, unit: node.unit.clone(), acknowledged: crate::e2e::desk::Acknowledged::new() }
}

/// Stops the insider's node, and writes hostile entries into its journal.
fn plant(province: &mut Province, honest: &[Honest], plan: Plan) -> Vec<Planted> {
    let data = province.nodes[ATTACKERS].data.clone();
    let elsewhere = province.nodes[HONEST[2]].data.clone();
    let cast = Cast::of(&data);
    let mut targets: Vec<Target> = honest
        .iter()
        .map(|honest| {
            let id = DocumentId::from_hex(id_of(&honest.record)).expect("an id");
            let data = if honest.foreign { &elsewhere } else { &data };
            target(id, entries(document(data, &id)), honest.foreign)
        })
        .collect();
    let heard: Vec<Vec<u8>> = targets
        .iter()
        .filter(|target| !target.foreign)
        .flat_map(|target| document(&data, &target.draft.id))
        .map(|entry| entry.bytes)
        .collect();
    let (unit, names) = (cast.unit, names(&data, &cast));
    let planted = Campaign::of((cast, names), &mut targets, heard, plan);
    province.nodes[ATTACKERS].stop();
    write(&data, unit, &planted);
    planted
}

fn entries(stored: Vec<NodeEntry>) -> Vec<Entry> {
    let decoded = stored.iter().map(|stored| Entry::decode(&stored.bytes).expect("an entry"));
    decoded.collect()
}

/// What the insider can name, with the first event of the dossier that the insider's own desk has
/// received.
fn names(data: &Path, cast: &Cast) -> Names {
    let (at_ms, received) = received(data);
    let mut units: Vec<UnitId> = cast.state.units().map(|unit| unit.id).collect();
    let served = |unit: &UnitId| cast.state.nodes_of_unit(*unit).next().is_some();
    // Those with nodes first, so that most of it goes somewhere.
    units.sort_by_key(|unit| (*unit != cast.unit, !served(unit), *unit));
    units.truncate(5);
    Names {
        received,
        units,
        agency: cast.state.agencies().next().expect("an agency").id,
        people: cast.state.grants().filter_map(|grant| grant.person).collect(),
        statements: statement_ids(data),
        now_ms: at_ms,
    }
}

fn statement_ids(data: &Path) -> Vec<EntryId> {
    document(data, &DocumentId::ZERO).into_iter().map(|entry| entry.id).collect()
}

fn received(data: &Path) -> (i64, Received) {
    let first: Result<_, StoreError> = Readers::of(data).read(|tx| tx.journal_after(0, 1_000));
    let journal = first.expect("a journal").into_iter();
    let mut events = journal.filter(|entry| !entry.kind.is_statement()).filter_map(|entry| {
        let entry = Entry::decode(&entry.bytes).ok()?;
        Event::from_value(&shape::read(entry.payload()).ok()?.event).ok()
    });
    events
        .find_map(|event| {
            let Body::Received(received) = event.body else { return None };
            Some((event.at_ms, received))
        })
        .expect("the insider has received a dossier")
}

/// Appends to the journal of a resting node what no program of ours would write.
///
/// # Panics
///
/// When the database refuses.
pub fn write(data: &Path, unit: UnitId, planted: &[Planted]) {
    let database = Database::open(data, Schema::Node).expect("the insider's own database");
    let (writer, thread) = Writer::start(database, |_| {}).expect("a writer");
    for batch in planted.chunks(PLANTED_AT_ONCE) {
        let batch = batch.to_vec();
        let written: Result<(), StoreError> =
            writer.write_blocking(move |tx| batch.iter().try_for_each(|one| append(tx, unit, one)));
        written.expect("entries are planted");
    }
    drop(writer);
    thread.join().expect("the writer ends");
}

fn append(tx: &mut Tx<'_>, unit: UnitId, planted: &Planted) -> Result<(), StoreError> {
    let mut facts = tx.facts()?;
    let number = facts.journal_head + 1;
    facts.journal_head = number;
    facts.journal_digest = digest_after(&facts.journal_digest, &planted.id);
    let known = JournalTables::entry(tx, &planted.id)?;
    tx.put_entry(&known.map_or_else(
        || NodeEntry {
            id: planted.id,
            document: planted.document,
            kind: planted.kind,
            author_unit: Some(unit),
            bytes: planted.bytes.clone(),
            journal: Some(number),
            position: None,
            row: None,
            placed_ms: None,
            standing: Standing::Counts,
        },
        |known| NodeEntry { journal: Some(number), ..known },
    ))?;
    tx.journal_append(number, &planted.id, &facts.journal_digest)?;
    tx.put_facts(&facts)?;
    if !planted.kind.is_statement() {
        JournalTables::add_audience(tx, &planted.document, &planted.units_added)?;
    }
    Ok(())
}

/// An honest desk goes on while the insider's journal is on its way; gives how many dossiers it
/// has received meanwhile. Then waits until nothing moves any more.
fn work_meanwhile(mut desk: Desk, province: &mut Province, deadline: Duration) -> usize {
    let catalogue = procedures();
    let own = catalogue.iter().find(|procedure| procedure.competent == "unit").expect("one");
    let mut saved = 0;
    wait::until_nothing_is_missing("the relay has the insider's journal", deadline, || {
        let body = reception(20_000 + saved, own, CO_TO);
        let dossier = desk.receive(&body, &format!("meanwhile-{saved}"));
        desk.act(&dossier, "noted", json!({ "text": "Đã gọi điện" }));
        saved += 1;
        unsent(&mut province.nodes[ATTACKERS])
    });
    await_arrival(province, deadline);
    saved
}

/// Waits until every node has sent what it has, and applied what the relay has for it.
fn await_arrival(province: &mut Province, deadline: Duration) {
    let relay = Readers::of(&province.relay.data);
    wait::until_nothing_is_missing("all has arrived", deadline, || {
        let nodes = province.nodes.iter_mut();
        nodes
            .flat_map(|node| {
                let mut moving = unsent(node);
                moving.extend(unapplied(node, &relay));
                moving
            })
            .collect()
    });
}

/// What the relay has not acknowledged to the node.
fn unsent(node: &mut Node) -> Vec<String> {
    let program = node.program();
    assert!(program.runs(), "it ended: {}", program.log_tail());
    let facts: Result<_, StoreError> = Readers::of(&node.data).read(|tx| tx.facts());
    let facts = facts.expect("facts");
    let sent = facts.journal_through >= facts.journal_head;
    let NodeFacts { journal_through: through, journal_head: head, .. } = facts;
    if sent { Vec::new() } else { vec![format!("{} has sent {through} of {head}", node.name)] }
}

/// What the relay has for the node and the node has not applied.
fn unapplied(node: &Node, relay: &Readers) -> Vec<String> {
    let read: Result<_, StoreError> =
        Readers::of(&node.data).read(|tx| Ok((tx.cursors()?, tx.to_apply(0, usize::MAX)?)));
    let (cursors, marks) = read.expect("cursors and marks");
    let mut missing = Vec::new();
    if cursors.len() < 2 {
        missing.push(format!("{} has {} feeds", node.name, cursors.len()));
    }
    for cursor in cursors {
        let end: Result<_, StoreError> = relay.read(|tx| tx.feed_end(cursor.scope));
        let end = end.expect("the end of a feed").row;
        if cursor.row < end {
            missing.push(format!("{} is at row {} of {end}", node.name, cursor.row));
        }
    }
    let open = marks.iter().filter(|mark| mark.attempts < ATTEMPTS_MAX).count();
    if open > 0 {
        missing.push(format!("{} has {open} dossiers to apply", node.name));
    }
    missing
}
