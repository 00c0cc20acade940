//! Dossiers with their whole history: what one takes on the disk.

use std::{
    ops::Range,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use hoso_identity::PersonId;
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    idempotency::{Answer, KEPT_MS, remember},
    readers::Readers,
    tables::JournalTables,
    writer::Writer,
};
use serde_json::json;

use super::{figures::Figure, large::disk_bytes};
use crate::e2e::{
    desk::{Desk, procedures, reception},
    node::Node,
    province::{CO_TO, Province},
};

/// Clerks at once.
const CLERKS: usize = 16;

/// What is noted in each dossier, so that it has fourteen entries in all.
const CALLS: usize = 8;

/// Answers that each of them brings: one for each request.
const ANSWERS: usize = 15;
/// Answers that are forgotten for each that is kept.
const FORGOTTEN: usize = 8;

/// Measures with so many dossiers, each received, processed and returned; and with as many again
/// after the answers to the first ones were forgotten, so that these find their room.
///
/// # Panics
///
/// When a program fails.
#[must_use]
pub fn measure(dossiers: usize) -> Vec<Figure> {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut node = province.nodes.pop().expect("one joined");
    node.link("off");
    live(&node, 0..dossiers);
    let all = Readers::of(&node.data).read(|tx| tx.journal_after(0, usize::MAX));
    let all = all.unwrap_or_else(|error: StoreError| panic!("the journal is read: {error}"));
    let bytes: usize = all.iter().map(|entry| entry.bytes.len()).sum();
    node.stop();
    let disk = usize::try_from(disk_bytes(&node.data)).expect("a size");
    let events = all.len() / dossiers.max(1);
    let ratio = f64::from(u32::try_from(disk).expect("a size"))
        / f64::from(u32::try_from(bytes.max(1)).expect("a size"));
    forget(&node.data, ANSWERS * dossiers);
    node.start();
    live(&node, dossiers..2 * dossiers);
    node.stop();
    let grown = usize::try_from(disk_bytes(&node.data)).expect("a size").saturating_sub(disk);
    let lasting = grown / dossiers.max(1);
    vec![
        Figure::new(
            &format!("disk with {dossiers} whole dossiers of {events} entries"),
            format!("{} B per dossier", disk / dossiers.max(1)),
            format!("the signed entries alone {} B", bytes / dossiers.max(1)),
            format!("{ratio:.1} ×"),
        )
        .with("disk_bytes", (disk / dossiers.max(1)) as f64),
        Figure::new(
            "what each more takes once the answers of 30 days are forgotten",
            format!("{lasting} B per dossier"),
            String::new(),
            "target ≤ 8 KB".to_owned(),
        )
        .with("lasting_disk_bytes", lasting as f64),
    ]
}

/// Lets dossiers with these numbers go their whole way at a node.
fn live(node: &Node, numbers: Range<usize>) {
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("a procedure");
    let next = AtomicUsize::new(numbers.start);
    thread::scope(|scope| {
        for _ in 0..CLERKS {
            scope.spawn(|| {
                let mut desk = Desk::of(node);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        return;
                    }
                    let body = reception(number, &own, CO_TO);
                    let dossier = desk.receive(&body, &format!("whole-{number}"));
                    let mut dossier = desk.hand_over(&dossier, CO_TO);
                    for call in 1..=CALLS {
                        let text = format!("Đã gọi điện cho người nộp, lần {call}");
                        dossier = desk.act(&dossier, "noted", json!({ "text": text }));
                    }
                    desk.finish(&dossier);
                }
            });
        }
    });
}

/// Forgets so many answers of a resting node, as it does by and by after thirty days: each later
/// answer that is kept takes some with it, and those go in the same way.
fn forget(data: &Path, answers: usize) {
    let database = Database::open(data, Schema::Node).expect("the node's database");
    let (writer, thread) = Writer::start(database, |_| {}).expect("a writer");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let mut at_ms = u64::try_from(now.as_millis()).expect("a date");
    let mut left = answers;
    while left > FORGOTTEN {
        left = left.div_ceil(FORGOTTEN);
        at_ms += 2 * KEPT_MS;
        let kept: Result<(), StoreError> = writer.write_blocking(move |tx| {
            (0..left).try_for_each(|number| {
                let answer = Answer { status: 200, document: None, bytes: Vec::new() };
                let key = format!("later-{at_ms}-{number}");
                remember(tx, (&PersonId([0; 16]), &key), &[], &answer, at_ms)
            })
        });
        kept.expect("answers are forgotten");
    }
    drop(writer);
    thread.join().expect("the writer ends");
}
