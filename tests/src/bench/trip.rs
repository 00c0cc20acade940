//! From one desk over the relay to another: ingest and catch-up.

use std::time::{Duration, Instant};

use super::{
    desk::receive,
    figures::{Figure, rate},
    limits,
};
use crate::e2e::{
    desk::Desk,
    province::{CO_TO, Province},
    wait,
};

/// How long the whole may take.
const DEADLINE: Duration = Duration::from_secs(900);
/// Writers at once.
const WRITERS: usize = 64;

/// Measures with so many dossiers.
///
/// # Panics
///
/// When a program fails.
#[must_use]
pub fn measure(dossiers: usize) -> Vec<Figure> {
    let mut province = Province::with(&[("co-to", CO_TO), ("co-to-mobile", CO_TO)]);
    let mobile = province.nodes.pop().expect("a second node");
    let node = &province.nodes[0];
    node.link("off");
    mobile.link("off");
    let (session, other) = (Desk::of(node).session, Desk::of(&mobile).session);
    let saving = receive(&session, dossiers, WRITERS, "trip");
    let (verifying, inserting) = limits::parts(province.directory(), dossiers);
    let best = rate(dossiers, verifying + inserting);
    let begun = Instant::now();
    node.link("on");
    wait::until("the relay has everything", DEADLINE, || {
        (node.sync(&session)["pending_entries"] == 0).then_some(())
    });
    let ingest = rate(dossiers, begun.elapsed());
    let begun = Instant::now();
    mobile.link("on");
    let count = dossiers.to_string();
    wait::until("the second node has applied everything", DEADLINE, || {
        let counts = other.get("/api/v1/dossiers?limit=1").done()["counts"].clone();
        let sum: u64 = counts.as_object()?.values().filter_map(serde_json::Value::as_u64).sum();
        (sum.to_string() == count).then_some(())
    });
    let caught_up = rate(dossiers, begun.elapsed());
    vec![
        Figure::new(
            &format!("relay ingest, {dossiers} entries"),
            format!("{ingest:.0} entries/s"),
            format!("verify + insert in batches {best:.0} entries/s"),
            format!("{:.2} (target ≥ 0.5, ≥ 10,000/s)", ingest / best),
        ),
        Figure::new(
            &format!("first sync of {dossiers} dossiers of one entry"),
            format!("{caught_up:.0} dossiers/s"),
            format!("received at the desk {:.0}/s", rate(dossiers, saving)),
            format!("{:.1} × (target ≥ 800 dossiers/s)", caught_up / rate(dossiers, saving)),
        ),
    ]
}
