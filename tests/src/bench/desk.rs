//! The durable save at the desk, alone and with many writers.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    figures::{Figure, Metrics, in_ms, median, ms, rate},
    limits,
};
use crate::e2e::{
    desk::{Desk, procedures, reception},
    http::Client,
    province::{CO_TO, Province},
};

/// Saves of one writer.
const SAVES: usize = 400;
/// Bare syncs beside them, before and again afterwards.
const SYNCS: u32 = 400;
/// Saves of many writers together.
const SAVES_TOGETHER: usize = 4_000;
/// Writers at once.
const WRITERS: usize = 64;

/// Receives so many dossiers with that many writers at once; gives how long it took.
///
/// # Panics
///
/// When one is refused.
#[must_use]
pub fn receive(session: &Client, count: usize, writers: usize, name: &str) -> Duration {
    let all: Vec<_> = procedures().into_iter().filter(|one| one.competent == "unit").collect();
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let body = reception(number, &all[number % all.len()], CO_TO);
                    let key = format!("{name}-{number}");
                    let answer = session.try_post_once("/api/v1/dossiers", &body, &key);
                    assert_eq!(answer.expect("an answer").status, 201);
                }
            });
        }
    });
    begun.elapsed()
}

/// Measures.
///
/// # Panics
///
/// When a program fails.
#[must_use]
pub fn measure() -> Vec<Figure> {
    let province = Province::with(&[("co-to", CO_TO)]);
    let node = &province.nodes[0];
    node.link("off");
    let session = Desk::of(node).session;
    let sync = limits::sync(province.directory(), SYNCS);
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("a procedure");
    let before = Metrics::of(&session);
    let mut saves = Vec::with_capacity(SAVES);
    for number in 0..SAVES {
        let body = reception(number, &own, CO_TO);
        let begun = Instant::now();
        let answer = session.try_post_once("/api/v1/dossiers", &body, &format!("one-{number}"));
        saves.push(begun.elapsed());
        assert_eq!(answer.expect("an answer").status, 201);
    }
    let after = Metrics::of(&session);
    let grown = |name| after.sum(name) - before.sum(name);
    let count = grown("hoso_commit_seconds_count").max(1.0);
    let commit = Duration::from_secs_f64(grown("hoso_commit_seconds_sum") / count);
    let post = median(saves.clone());
    let alone: Duration = saves.iter().sum();
    let alone = rate(SAVES, alone);
    let together = receive(&session, SAVES_TOGETHER, WRITERS, "many");
    let together = rate(SAVES_TOGETHER, together);
    let (one, many) = limits::group_commit(province.directory(), WRITERS);
    let again = limits::sync(province.directory(), SYNCS);
    let sync = (sync + again) / 2;
    vec![
        Figure::new(
            "durable commit of one save (mean)",
            ms(commit),
            format!("write + fdatasync of 4 KiB {} (mean)", ms(sync)),
            format!("{:.1} × (target ≤ 2.5)", commit.as_secs_f64() / sync.as_secs_f64()),
        )
        .with("commit_ms", in_ms(commit))
        .with("fdatasync_ms", in_ms(sync)),
        Figure::new(
            "`POST /dossiers` to 201 (median)",
            ms(post),
            format!("commit {}", ms(commit)),
            format!("+ {} (target ≤ + 3 ms)", ms(post.saturating_sub(commit))),
        )
        .with("post_ms", in_ms(post)),
        Figure::new(
            "64 writers",
            format!("{together:.0} saves/s"),
            format!("one writer {alone:.0} saves/s"),
            format!("{:.1} × (target ≥ 8)", together / alone),
        )
        .with("one_writer_per_second", alone)
        .with("many_writers_per_second", together),
        Figure::new(
            "64 writers in the store alone",
            format!("{many:.0} commits/s"),
            format!("one writer {one:.0} commits/s"),
            format!("{:.1} × (target ≥ 8)", many / one),
        )
        .with("one_committer_per_second", one)
        .with("many_committers_per_second", many),
    ]
}
