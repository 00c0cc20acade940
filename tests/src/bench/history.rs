//! Dossiers with their whole history: what one takes on the disk.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use hoso_store::{StoreError, readers::Readers, tables::JournalTables};
use serde_json::json;

use super::{figures::Figure, large::disk_bytes};
use crate::e2e::{
    desk::{Desk, procedures, reception},
    province::{CO_TO, Province},
};

/// Clerks at once.
const CLERKS: usize = 16;

/// What is noted in each dossier, so that it has fourteen entries in all.
const CALLS: usize = 8;

/// Measures with so many dossiers, each received, processed and returned.
///
/// # Panics
///
/// When a program fails.
#[must_use]
pub fn measure(dossiers: usize) -> Vec<Figure> {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut node = province.nodes.pop().expect("one joined");
    node.link("off");
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("a procedure");
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CLERKS {
            scope.spawn(|| {
                let mut desk = Desk::of(&node);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= dossiers {
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
    let all = Readers::of(&node.data).read(|tx| tx.journal_after(0, usize::MAX));
    let all = all.unwrap_or_else(|error: StoreError| panic!("the journal is read: {error}"));
    let bytes: usize = all.iter().map(|entry| entry.bytes.len()).sum();
    node.stop();
    let disk = usize::try_from(disk_bytes(&node.data)).expect("a size");
    let events = all.len() / dossiers.max(1);
    let ratio = f64::from(u32::try_from(disk).expect("a size"))
        / f64::from(u32::try_from(bytes.max(1)).expect("a size"));
    vec![Figure::new(
        &format!("disk with {dossiers} whole dossiers of {events} entries"),
        format!("{} B per dossier", disk / dossiers.max(1)),
        format!("the signed entries alone {} B", bytes / dossiers.max(1)),
        format!("{ratio:.1} × (target ≤ 8 KB)"),
    )]
}
