//! From one desk over the relay to another: ingest, catch-up and bytes.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use hoso_store::readers::Readers;
use serde_json::{Value, json};

use super::{
    desk::receive,
    figures::{Figure, Metrics, rate},
    limits,
};
use crate::e2e::{
    desk::Desk,
    http::Client,
    node::Node,
    province::{CO_TO, Province},
    through::{is_complete, is_sent},
    wait,
};

/// How long each part may take.
const DEADLINE: Duration = Duration::from_secs(900);
/// Writers at once.
const WRITERS: usize = 64;
/// Changes of one reconnection whose bytes are counted.
const FEW: usize = 100;

/// How many dossiers are in each status.
fn counts(session: &Client) -> Value {
    session.get("/api/v1/dossiers?limit=1").done()["counts"].clone()
}

/// A second node of the unit, which hears of everything that its sister does.
struct Sister {
    node: Node,
    session: Client,
    own: Readers,
    ledger: Readers,
}

/// One catch-up.
struct CaughtUp {
    took: Duration,
    /// Bytes of all streams, both directions.
    bytes: f64,
    /// Time in which dossiers were computed, all processors together.
    applying: Duration,
    /// Time in which the writer committed.
    committing: Duration,
}

impl Sister {
    /// Connects, and waits until everything that the relay has is applied here; then this desk
    /// shows what the other one does.
    fn catches_up_with(&self, other: &Client) -> CaughtUp {
        let (before, begun) = (Metrics::of(&self.session), Instant::now());
        self.node.link("on");
        wait::until("the second node has applied everything", DEADLINE, || {
            is_complete(&self.own, &self.ledger).then_some(())
        });
        let took = begun.elapsed();
        assert_eq!(counts(&self.session), counts(other));
        self.node.await_link(&self.session, "up", DEADLINE);
        let after = Metrics::of(&self.session);
        let seconds = |name| Duration::from_secs_f64(after.sum(name) - before.sum(name));
        self.node.link("off");
        CaughtUp {
            took,
            bytes: after.sum("hoso_wire_bytes_total") - before.sum("hoso_wire_bytes_total"),
            applying: seconds("hoso_apply_seconds_sum"),
            committing: seconds("hoso_commit_seconds_sum"),
        }
    }
}

/// Hands these dossiers over at their own desk: one small change each.
fn change(session: &Client, ids: &[String]) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let path = format!("/api/v1/dossiers/{id}");
                    let dossier = session.get(&path).done();
                    let fields = json!({
                        "kind": "handed_over", "base": dossier["version"],
                        "to_unit": CO_TO, "papers": dossier["papers"],
                    });
                    let key = format!("over-{id}");
                    let answer = session.try_post_once(&format!("{path}/events"), &fields, &key);
                    assert_eq!(answer.expect("an answer").status, 201);
                }
            });
        }
    });
}

/// Sends everything to the relay; gives how long it took.
fn sends(node: &Node) -> Duration {
    let (own, begun) = (Readers::of(&node.data), Instant::now());
    node.link("on");
    wait::until("the relay has everything", DEADLINE, || is_sent(&own).then_some(()));
    let took = begun.elapsed();
    node.link("off");
    took
}

/// Measures with so many dossiers.
///
/// # Panics
///
/// When a program fails.
#[must_use]
pub fn measure(dossiers: usize) -> Vec<Figure> {
    let mut province = Province::with(&[("co-to", CO_TO), ("co-to-mobile", CO_TO)]);
    let sister = province.nodes.pop().expect("a second node");
    let node = &province.nodes[0];
    node.link("off");
    sister.link("off");
    let desk = Desk::of(node);
    let sister = Sister {
        session: Desk::of(&sister).session,
        own: Readers::of(&sister.data),
        ledger: Readers::of(&province.relay.data),
        node: sister,
    };
    let saving = receive(&desk.session, dossiers, WRITERS, "trip");
    let ids = desk.ids();
    let (verifying, inserting) = limits::parts(province.directory(), dossiers);
    let best = rate(dossiers, verifying + inserting);
    let ingest = rate(dossiers, sends(node));
    let first = sister.catches_up_with(&desk.session);
    change(&desk.session, &ids[FEW..]);
    sends(node);
    let singles = sister.catches_up_with(&desk.session);
    change(&desk.session, &ids[..FEW]);
    sends(node);
    let few = sister.catches_up_with(&desk.session);
    let nothing = sister.catches_up_with(&desk.session);
    let (cold, share) = (dossiers - FEW, verifying);
    let mut figures = vec![
        Figure::new(
            &format!("relay ingest, {dossiers} entries"),
            format!("{ingest:.0} entries/s"),
            format!("verify + insert in batches {best:.0} entries/s"),
            format!("{:.2} (target ≥ 0.5, ≥ 10,000/s)", ingest / best),
        )
        .with("ingest_per_second", ingest)
        .with("ingest_parts_per_second", best),
        caught_up(("first sync of dossiers of one entry", "first"), dossiers, share, &first, 800),
        caught_up(("single changes on cold documents", "singles"), cold, share, &singles, 1_500),
        Figure::new(
            "received by 64 writers meanwhile as input",
            format!("{:.0} dossiers/s", rate(dossiers, saving)),
            String::new(),
            String::new(),
        ),
    ];
    for (what, bytes, of, bar) in [
        ("first sync, a dossier of one entry", first.bytes, dossiers, ""),
        ("single changes, each", singles.bytes, cold, "≤ 170 B"),
        ("reconnection with 100 changes, each", few.bytes, FEW, "≤ 230 B"),
        ("reconnection with nothing new", nothing.bytes, 1, "≤ 200 B"),
    ] {
        let each = bytes / f64::from(u32::try_from(of).expect("a count"));
        let bar = if bar.is_empty() { String::new() } else { format!("target {bar}") };
        figures.push(Figure::new(
            &format!("bytes on the wire: {what}"),
            format!("{each:.0} B"),
            "all streams, both directions".to_owned(),
            bar,
        ));
    }
    figures
}

/// A catch-up beside the sum of its parts: verifying and computing on both processors, writing on
/// one.
fn caught_up(
    (what, name): (&str, &str),
    count: usize,
    verify: Duration,
    done: &CaughtUp,
    bar: u32,
) -> Figure {
    let parts = verify + done.applying / 2 + done.committing;
    let (reached, best) = (rate(count, done.took), rate(count, parts));
    Figure::new(
        &format!("{what}, {count}"),
        format!("{reached:.0} dossiers/s"),
        format!(
            "verify {:.1} s + compute {:.1} s on 2 processors + commit {:.1} s: {best:.0}/s",
            verify.as_secs_f64(),
            done.applying.as_secs_f64(),
            done.committing.as_secs_f64()
        ),
        format!("{:.2} (target ≥ 0.5, ≥ {bar}/s)", reached / best),
    )
    .with(&format!("{name}_per_second"), reached)
    .with(&format!("{name}_parts_per_second"), best)
}
