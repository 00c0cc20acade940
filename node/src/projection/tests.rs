//! What ends the process is set aside, and everything else goes on. The process that is ended is
//! this test program, started once more for one of its tests.

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitStatus},
    sync::{Mutex, OnceLock},
};

use hoso_identity::{DocumentId, Entry, Header, Reason, entry::SIGNATURE_BYTES};
use hoso_registry::{EventKind, State};
use hoso_store::{
    meta::put_meta,
    records,
    tables::{NodeEntry, Standing},
};
use serde_json::json;

use super::*;
use crate::{
    dossiers::Dossier,
    program,
    web::tests::scene::{Answer, Scene},
};

/// Names the directory in which the started process works; it does not exist otherwise.
const DIRECTORY: &str = "HOSO_TEST_PROJECTION";
/// The file there that says which dossier does what.
const PLAN: &str = "poison";

/// What the planted dossier does to whoever applies it.
static PLANTED: OnceLock<(DocumentId, String)> = OnceLock::new();

/// Applies like the program, but for the planted dossier.
fn planted(work: Work, state: &Arc<State>) -> Applied {
    match PLANTED.get() {
        Some((poison, deed)) if *poison == work.mark.document => match deed.as_str() {
            "abort" | "flap" | "asked" | "asked-soon" => std::process::abort(),
            "panic" => panic!("a planted fault"),
            "spin" => loop {
                std::hint::spin_loop();
            },
            other => panic!("no deed is called {other}"),
        },
        Some(_) | None => applied(work, state),
    }
}

/// The started process: opens the office, applies what is marked, ends in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_applies_what_is_planted() {
    let Ok(directory) = env::var(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let plan = fs::read_to_string(directory.join(PLAN)).unwrap();
    let (poison, deed) = plan.split_once(' ').unwrap();
    PLANTED.set((DocumentId::from_hex(poison).unwrap(), deed.to_owned())).unwrap();
    let (office, thread) = program::open(directory).await.unwrap();
    let (_keep, stop) = watch::channel(false);
    let watchdog = if deed == "spin" { Duration::from_secs(3) } else { WATCHDOG };
    let probation = if deed == "asked-soon" { PROBATION } else { Duration::ZERO };
    let method = Method { compute: planted, watchdog, probation };
    let projection = Projection::new(office, method, stop);
    projection.after_start().await.unwrap();
    if deed.starts_with("asked") {
        projection.office.ask_for(DocumentId::from_hex(poison).unwrap());
    }
    projection.pending().await.unwrap();
    if !["flap", "asked-soon"].contains(&deed) {
        projection.once_more().await.unwrap();
    }
    drop(projection);
    tokio::task::spawn_blocking(move || thread.join()).await.unwrap().unwrap();
}

fn start(directory: &Path) -> ExitStatus {
    let name = "projection::tests::a_process_that_applies_what_is_planted";
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", name]).env(DIRECTORY, directory).env("RUST_BACKTRACE", "0");
    process.output().unwrap().status
}

/// An office with three dossiers that wait to be applied, the second of which is poison.
struct Planted {
    scene: Scene,
    ids: Vec<String>,
}

impl Planted {
    async fn new(deed: &str) -> Self {
        let scene = Scene::with_clerk().await;
        let mut ids = Vec::new();
        for number in 0..3 {
            let body = json!({
                "procedure_code": "1.001193",
                "applicant": { "kind": "person", "name": format!("Người thử {number}") },
                "channel": "counter",
                "papers": [],
            });
            let key = format!("key {number}");
            let answer = scene.call("POST", "/api/v1/dossiers", &key, &body.to_string()).await;
            ids.push(answer.json()["id"].as_str().unwrap().to_owned());
        }
        fs::write(scene.directory().join(PLAN), format!("{} {deed}", ids[1])).unwrap();
        let planted = Self { scene, ids };
        planted.mark().await;
        planted
    }

    /// Marks all, as if something had come for each.
    async fn mark(&self) {
        for document in self.ids.iter().map(|id| DocumentId::from_hex(id).unwrap()) {
            let mark = move |tx: &mut Tx<'_>, _: &mut _| tx.mark_to_apply(&document, 0);
            self.scene.office.memory.write(false, mark).await.unwrap();
        }
    }

    /// Ends the office, starts the process over and over until one ends in order, opens the office
    /// again; gives how often it did not.
    async fn deaths(self) -> (Self, usize) {
        let Self { scene, ids } = self;
        let closed = scene.closed().await;
        let deaths = (0..9).take_while(|_| !start(closed.0.path()).success()).count();
        (Self { scene: Scene::opened(closed).await, ids }, deaths)
    }

    async fn open(&self, number: usize) -> Answer {
        self.scene.get(&format!("/api/v1/dossiers/{}", self.ids[number])).await
    }

    /// The others are applied and can be worked on; the poison is kept, counted and shown.
    async fn is_set_aside(&self) {
        for number in [0, 2] {
            assert_eq!(self.open(number).await.status, 200);
        }
        let poison = self.open(1).await;
        assert_eq!(poison.status, 409, "{}", poison.text);
        assert_eq!(poison.json()["type"], "urn:hoso:problem:set-aside");
        let sync = self.scene.get("/api/v1/sync").await.json();
        assert_eq!(sync["set_aside"], json!([self.ids[1]]));
        assert_eq!(sync["waiting"], 1);
        let listed = self.scene.get("/api/v1/dossiers").await.json();
        for row in listed["items"].as_array().unwrap() {
            assert_eq!(row["set_aside"], row["id"] == self.ids[1], "{row}");
        }
        let metrics = self.scene.get("/metrics").await.text;
        assert!(metrics.contains("hoso_waiting_entries{unit=\"07192\"} 1\n"), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_ended_the_process_twice_is_set_aside_until_a_newer_version() {
    let (planted, deaths) = Planted::new("abort").await.deaths().await;
    assert_eq!(deaths, 3, "one with others in work, two while it alone was in work");
    planted.is_set_aside().await;
    // What comes for it later is kept with it and ends nothing.
    planted.mark().await;
    let (planted, deaths) = planted.deaths().await;
    assert_eq!(deaths, 0);
    planted.is_set_aside().await;
    // A newer version tries it again.
    let older = |tx: &mut Tx<'_>, _: &mut _| put_meta(tx, VERSION, b"0.0.0");
    planted.scene.office.memory.write(false, older).await.unwrap();
    let closed = planted.scene.closed().await;
    fs::write(closed.0.path().join(PLAN), "00000000000000000000000000000000 abort").unwrap();
    assert!(start(closed.0.path()).success());
    let planted = Planted { scene: Scene::opened(closed).await, ids: planted.ids };
    assert_eq!(planted.open(1).await.status, 200);
    let sync = planted.scene.get("/api/v1/sync").await.json();
    assert_eq!((&sync["set_aside"], &sync["waiting"]), (&json!([]), &json!(0)));
}

/// What was computed, in the order in which it was begun.
static BEGUN: Mutex<Vec<DocumentId>> = Mutex::new(Vec::new());

/// Applies like the program, and notes when.
fn noted(work: Work, state: &Arc<State>) -> Applied {
    BEGUN.lock().unwrap().push(work.mark.document);
    applied(work, state)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_somebody_asks_for_is_applied_before_what_came_earlier() {
    let Planted { scene, ids } = Planted::new("nothing").await;
    let office = Arc::clone(&scene.office);
    let last = DocumentId::from_hex(&ids[2]).unwrap();
    office.ask_for(last);
    let (_keep, stop) = watch::channel(false);
    let method = Method { compute: noted, ..Method::default() };
    let projection = Projection::new(office, method, stop);
    projection.pending().await.unwrap();
    let mut begun = BEGUN.lock().unwrap().clone();
    assert_eq!(begun.first(), Some(&last));
    begun.sort_unstable();
    begun.dedup();
    assert_eq!(begun.len(), BEGUN.lock().unwrap().len(), "what was read before is not used");
    let waiting = |tx: &mut Tx<'_>| stored::untried(tx, 0, BATCH);
    assert_eq!(scene.office.memory.read(waiting).await.unwrap(), []);
    assert!(scene.office.take_asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_marked_is_applied_batch_by_batch_and_no_batch_is_too_large() {
    let Planted { scene, .. } = Planted::new("nothing").await;
    let office = Arc::clone(&scene.office);
    let more = |tx: &mut Tx<'_>, _: &mut _| {
        let numbers = 0..u16::try_from(2 * BATCH).unwrap();
        numbers.into_iter().try_for_each(|number| {
            let mut document = [7; 16];
            document[..2].copy_from_slice(&number.to_be_bytes());
            tx.mark_to_apply(&DocumentId(document), 0)
        })
    };
    office.memory.write(false, more).await.unwrap();
    let (_keep, stop) = watch::channel(false);
    let projection = Projection::new(Arc::clone(&office), Method::default(), stop);
    let marks = office.memory.read(|tx| stored::untried(tx, 0, BATCH)).await.unwrap();
    assert_eq!(projection.read(marks.clone(), 1).await.unwrap().len(), 1);
    assert_eq!(projection.read(marks, usize::MAX).await.unwrap().len(), BATCH);
    projection.pending().await.unwrap();
    assert_eq!(office.memory.read(|tx| stored::untried(tx, 0, BATCH)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_is_asked_for_again_soon_after_an_end_is_not_set_aside() {
    let (planted, deaths) = Planted::new("asked-soon").await.deaths().await;
    assert_eq!(deaths, 1, "the second attempt waits until the program has run for a while");
    assert_eq!(planted.scene.get("/api/v1/sync").await.json()["set_aside"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_ends_the_process_whenever_it_is_asked_for_is_set_aside_at_the_second_end() {
    let (planted, deaths) = Planted::new("asked").await.deaths().await;
    assert_eq!(deaths, 2, "each attempt is kept before it begins");
    planted.is_set_aside().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_the_process_is_found_behind_any_number_that_is_set_aside() {
    let planted = Planted::new("abort").await;
    let clear: Vec<_> = planted.ids.iter().map(|id| DocumentId::from_hex(id).unwrap()).collect();
    let before = move |tx: &mut Tx<'_>, _: &mut _| {
        try_again_after_upgrade(tx)?;
        for document in &clear {
            tx.clear_to_apply(document)?;
        }
        for number in 0..=u8::try_from(IN_WORK).unwrap() {
            let document = DocumentId([number; 16]);
            tx.mark_to_apply(&document, 0)?;
            tx.set_attempts(&document, ATTEMPTS_MAX)?;
        }
        Ok::<_, StoreError>(())
    };
    planted.scene.office.memory.write(false, before).await.unwrap();
    planted.mark().await;
    let (planted, deaths) = planted.deaths().await;
    assert_eq!(deaths, 3, "one with others in work, two while it alone was in work");
    assert_eq!(planted.open(0).await.status, 200);
    assert_eq!(planted.open(2).await.status, 200);
    assert_eq!(planted.open(1).await.json()["type"], "urn:hoso:problem:set-aside");
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_soon_after_a_start_set_no_dossier_aside() {
    let (planted, deaths) = Planted::new("flap").await.deaths().await;
    assert_eq!(deaths, 2, "what was in work at an end waits until the program has run for a while");
    assert_eq!(planted.open(1).await.json()["type"], "urn:hoso:problem:busy");
    assert_eq!(planted.scene.get("/api/v1/sync").await.json()["set_aside"], json!([]));
    let closed = planted.scene.closed().await;
    fs::write(closed.0.path().join(PLAN), "00000000000000000000000000000000 none").unwrap();
    assert!(start(closed.0.path()).success());
    let scene = Scene::opened(closed).await;
    assert_eq!(scene.office.memory.read(|tx| tx.to_apply(0, 9)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_keeps_the_process_busy_is_set_aside_at_its_first_end() {
    let (planted, deaths) = Planted::new("spin").await.deaths().await;
    assert_eq!(deaths, 1);
    planted.is_set_aside().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_fails_twice_is_set_aside_and_ends_nothing() {
    let (planted, deaths) = Planted::new("panic").await.deaths().await;
    assert_eq!(deaths, 0);
    planted.is_set_aside().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_operator_is_tried_again_by_a_newer_version() {
    let planted = Planted::new("none").await;
    let id = DocumentId::from_hex(&planted.ids[0]).unwrap();
    let office = &planted.scene.office;
    let waits = move |tx: &mut Tx<'_>, _: &mut _| {
        try_again_after_upgrade(tx)?;
        for mut entry in tx.document(&id)? {
            let what = hoso_identity::WaitingFor::Operator(entry.id);
            entry.standing = hoso_store::tables::Standing::Waiting(what);
            tx.put_entry(&entry)?;
        }
        tx.clear_to_apply(&id)?;
        try_again_after_upgrade(tx)?;
        assert_eq!(tx.mark(&id)?, None, "this version has tried it");
        put_meta(tx, VERSION, b"0.0.0")?;
        try_again_after_upgrade(tx)?;
        tx.mark(&id)
    };
    assert!(office.memory.write(false, waits).await.unwrap().is_some());
    let (_keep, stop) = watch::channel(false);
    let projection = Projection::new(Arc::clone(office), Method::default(), stop);
    projection.pending().await.unwrap();
    let stored =
        office.memory.read(move |tx| hoso_store::journal::in_order(tx, &id, crate::dossiers::ROOM));
    let dossier = Dossier::of(id, &stored.await.unwrap(), &office.state());
    assert_eq!(dossier.held.len(), 1, "it counts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_gave_to_its_operator_has_no_effect_whatever_comes_later() {
    let planted = Planted::new("none").await;
    let id = DocumentId::from_hex(&planted.ids[0]).unwrap();
    let office = &planted.scene.office;
    let answered = move |tx: &mut Tx<'_>, _: &mut _| {
        let mut facts = tx.facts()?;
        facts.journal_through = facts.journal_head;
        tx.put_facts(&facts)?;
        for mut entry in tx.document(&id)? {
            let what = hoso_identity::WaitingFor::Operator(entry.id);
            entry.standing = hoso_store::tables::Standing::Waiting(what);
            tx.put_entry(&entry)?;
        }
        tx.mark_to_apply(&id, 0)
    };
    office.memory.write(false, answered).await.unwrap();
    let (_keep, stop) = watch::channel(false);
    let projection = Projection::new(Arc::clone(office), Method::default(), stop);
    projection.pending().await.unwrap();
    let stored = office.memory.read(move |tx| tx.document(&id)).await.unwrap();
    let waits = |entry: &NodeEntry| {
        entry.standing == Standing::Waiting(hoso_identity::WaitingFor::Operator(entry.id))
    };
    assert!(!stored.is_empty() && stored.iter().all(waits), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needed_a_newer_version_is_read_again_by_one() {
    let planted = Planted::new("none").await;
    let id = DocumentId::from_hex(&planted.ids[1]).unwrap();
    let office = &planted.scene.office;
    let needs = move |tx: &mut Tx<'_>, _: &mut _| {
        try_again_after_upgrade(tx)?;
        for mark in tx.to_apply(0, 9)? {
            tx.clear_to_apply(&mark.document)?;
        }
        let mut summary = records::summary(tx, &id)?.unwrap();
        summary.needs_newer = true;
        let computed_from = Some(summary.version.clone());
        let words = records::Words::of(&summary, &[]);
        records::put(
            tx,
            &records::Plan { computed_from, summary, words, attachments: Vec::new() },
        )?;
        try_again_after_upgrade(tx)?;
        assert_eq!(tx.to_apply(0, 9)?, [], "this version has read it");
        put_meta(tx, VERSION, b"0.0.0")?;
        try_again_after_upgrade(tx)?;
        tx.to_apply(0, 9)
    };
    let marks = office.memory.write(false, needs).await.unwrap();
    assert!(marks.iter().map(|mark| mark.document).eq([id]), "{marks:?}");
    let (_keep, stop) = watch::channel(false);
    let projection = Projection::new(Arc::clone(office), Method::default(), stop);
    projection.pending().await.unwrap();
    let read = office.memory.read(move |tx| records::summary(tx, &id)).await.unwrap();
    assert!(!read.unwrap().needs_newer, "this version can read all of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_header_names_another_kind_than_its_event_is_refused_and_shows_nothing() {
    let planted = Planted::new("none").await;
    let genuine = DocumentId::from_hex(&planted.ids[0]).unwrap();
    let office = &planted.scene.office;
    let stored = office.memory.read(move |tx| tx.document(&genuine)).await.unwrap().remove(0);
    let entry = Entry::decode(&stored.bytes).unwrap();
    let submitted = EventKind::Submitted.kind();
    let received = EventKind::Received.kind();
    let kind = if stored.kind == submitted { received } else { submitted };
    let header = Header { kind, ..entry.header().clone() };
    let (id, document) = (header.id(), header.id().document());
    let bytes = [&header.encode(), entry.payload(), &[0; SIGNATURE_BYTES]].concat();
    let twisted = NodeEntry { id, document, kind, bytes, journal: None, ..stored };
    let arrives = move |tx: &mut Tx<'_>, _: &mut _| {
        tx.put_entry(&twisted)?;
        tx.mark_to_apply(&document, 0)
    };
    office.memory.write(false, arrives).await.unwrap();
    let (_keep, stop) = watch::channel(false);
    let projection = Projection::new(Arc::clone(office), Method::default(), stop);
    projection.pending().await.unwrap();
    let standing = office.memory.read(move |tx| tx.entry(&id)).await.unwrap().unwrap().standing;
    assert_eq!(standing, Standing::Refused(Reason::Disagreement));
    let left = move |tx: &mut Tx<'_>| Ok((records::version(tx, &document)?, tx.mark(&document)?));
    let left: Result<_, StoreError> = office.memory.read(left).await;
    assert_eq!(left.unwrap(), (None, None), "no record is made, and nothing is left to do");
    let address = format!("/api/v1/dossiers/{document}");
    assert_eq!(planted.scene.get(&address).await.status, 404);
    assert_eq!(planted.open(0).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_told_to_stop_does_not_work_off_what_waits() {
    let planted = Planted::new("none").await;
    let (stop, stopping) = watch::channel(false);
    stop.send_replace(true);
    let office = Arc::clone(&planted.scene.office);
    run(office, stopping).await;
    let marks = planted.scene.office.memory.read(|tx| tx.to_apply(0, 9)).await.unwrap();
    assert_eq!(marks.len(), 3);
    assert!(marks.iter().all(|mark| mark.attempts == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_computed_by_an_older_registry_is_computed_again() {
    let planted = Planted::new("none").await;
    let office = Arc::clone(&planted.scene.office);
    let older = Arc::new(State::clone(&office.state()));
    for (state, left) in [(older, 3), (office.state(), 2)] {
        let marks = office.memory.read(|tx| tx.to_apply(0, 1)).await.unwrap();
        let work = office.memory.read(move |tx| Work::read(tx, marks[0])).await.unwrap();
        let done = vec![applied(work, &state)];
        office.memory.write(false, move |tx, registrar| keep(tx, registrar, done)).await.unwrap();
        assert_eq!(office.memory.read(|tx| tx.to_apply(0, 9)).await.unwrap().len(), left);
    }
}
