//! What it costs to fold dossiers whose authors hardly hear of each other, as nobody's work is and
//! as an insider could write: `cargo run --release -p hoso-tests --bin fold`.

use std::time::Instant;

use clap::Parser;
use hoso_dossier::{
    ChangeHash,
    event::{Body, CodeReissued, ConflictResolved, Method, Noted, Office, Paid},
    fold::Item,
};
use hoso_identity::EntryId;

#[path = "../../../shared/dossier/tests/meaning/scene.rs"]
#[expect(dead_code, reason = "not everything is told here")]
mod scene;

use scene::{
    BAI_CHAY, CO_TO, Scene, administrator, approved, code, handed_over, taken_over, withdrawn,
};

/// Prints a table of Markdown: milliseconds per fold.
#[derive(Debug, Parser)]
struct Args {
    /// Events of the longest dossier; each line before it has half as many.
    #[arg(long, default_value_t = 4_096)]
    events: usize,
    /// Lines.
    #[arg(long, default_value_t = 5)]
    lines: u32,
}

/// A way to write a dossier of so many events.
type Way = (&'static str, fn(usize) -> Vec<Item>);

const WAYS: [Way; 7] = [
    ("one after the other", chain),
    ("two offices that hear of each other after ten events", two_offices),
    ("withdrawals, then heard of one by one", |events| ladder(events, false)),
    ("the same, each the first of all", |events| ladder(events, true)),
    ("codes, then heard of one by one", codes),
    ("payments, then heard of one by one", payments),
    ("conflicts, each settled twice", choices),
];

fn main() {
    let args = Args::parse();
    let titles = WAYS.map(|(title, _)| title);
    println!("| events | {} |\n|---|{}", titles.join(" | "), "---|".repeat(titles.len()));
    for line in (0..args.lines).rev() {
        let events = args.events >> line;
        let cells = WAYS.map(|(_, way)| {
            let scene = Scene { items: way(events) };
            let begun = Instant::now();
            let folded = scene.fold();
            assert_eq!(folded.history.len(), scene.items.len(), "each event has its effect");
            format!("{:.1} ms", begun.elapsed().as_secs_f64() * 1e3)
        });
        println!("| {events} | {} |", cells.join(" | "));
    }
}

fn noted() -> Body {
    Body::Noted(Noted { text: "ghi".to_owned() })
}

fn chain(events: usize) -> Vec<Item> {
    let mut scene = Scene::processing();
    while scene.items.len() < events {
        scene.then(CO_TO, noted());
    }
    scene.items
}

fn two_offices(events: usize) -> Vec<Item> {
    let mut scene = Scene::processing();
    let mut seen = vec![scene.last()];
    while scene.items.len() < events {
        let mut ends = [seen.clone(), seen];
        for turn in 0..20_usize {
            let end = &mut ends[turn % 2];
            *end = vec![scene.add(end, [CO_TO, BAI_CHAY][turn % 2], noted())];
        }
        seen = ends.concat();
    }
    scene.items
}

/// As many that do not know of each other as fit, and then one after the other seen by somebody.
fn rungs(scene: &mut Scene, events: usize, side: impl Fn(&mut Scene, ChangeHash) -> ChangeHash) {
    let seen = scene.last();
    let width = events.saturating_sub(scene.items.len()) / 2;
    let sides: Vec<ChangeHash> = (0..width).map(|_| side(scene, seen)).collect();
    let mut last = sides[0];
    for side in &sides[1..] {
        last = scene.add(&[last, *side], CO_TO, noted());
    }
}

fn ladder(events: usize, reversed: bool) -> Vec<Item> {
    let mut scene = Scene::processing();
    rungs(&mut scene, events, |scene, seen| scene.add(&[seen], CO_TO, withdrawn()));
    if reversed {
        let ids: Vec<EntryId> = scene.items.iter().rev().map(|item| item.entry).collect();
        scene.items.iter_mut().zip(ids).for_each(|(item, id)| item.entry = id);
    }
    scene.items
}

fn codes(events: usize) -> Vec<Item> {
    let mut scene = Scene::processing();
    rungs(&mut scene, events, |scene, seen| {
        let number = u16::try_from(scene.items.len() + 1).expect("a counter has four digits");
        let reissued = CodeReissued { code: code(CO_TO, number) };
        scene.add_by(&[seen], administrator(CO_TO), Body::CodeReissued(reissued))
    });
    scene.items
}

fn payments(events: usize) -> Vec<Item> {
    let mut scene = Scene::processing();
    rungs(&mut scene, events, |scene, seen| {
        let paid = Paid { amount: 1_000, method: Method::Cash, receipt_no: None };
        scene.add(&[seen], CO_TO, Body::Paid(paid))
    });
    scene.items
}

fn choices(events: usize) -> Vec<Item> {
    let mut scene = Scene::processing();
    while scene.items.len() < events {
        let seen = scene.last();
        let one = scene.add(&[seen], CO_TO, approved());
        let other = scene.add(&[seen], CO_TO, withdrawn());
        for choice in [other, one] {
            let chosen = Body::ConflictResolved(ConflictResolved { choice });
            scene.add(&[one, other], CO_TO, chosen);
        }
        let choice = Body::ConflictResolved(ConflictResolved { choice: one });
        scene.join(CO_TO, choice);
        scene.then(CO_TO, handed_over(Office::Unit(CO_TO)));
        scene.then(CO_TO, taken_over());
    }
    scene.items
}
