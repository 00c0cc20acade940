//! Insiders with valid keys sign what no program of ours would write: nobody is harmed by it, and
//! everybody says the same about it.

use std::collections::BTreeSet;

use hoso_tests::{
    e2e::report,
    hostile::{
        campaign::Plan,
        siege::Siege,
        verdicts::{Tally, judged},
    },
};

/// What the test run affords; the command `hostile` does a hundred thousand.
const PLAN: Plan = Plan { entries: 10_000, long: 500, seed: 1 };
/// What is done to entries.
const SORTS: usize = 31;
/// Resident memory of any program, KiB: twice what a node may need in peace.
const MEMORY_KIB_MAX: u64 = 256 * 1024;
/// What may be said of an entry, each many times.
const VERDICTS: [&str; 15] = [
    "counts",
    "refused: shape",
    "refused: disagreement",
    "waits: dependency",
    "relay refuses: malformed",
    "relay refuses: signature",
    "relay refuses: realm",
    "relay refuses: grant",
    "relay refuses: grant-ended",
    "relay refuses: role",
    "relay refuses: units",
    "relay refuses: shape",
    "relay waits: audience",
    "relay waits: document",
    "relay waits: grant",
];

#[test]
fn whatever_insiders_sign_no_program_ends_all_agree_and_honest_dossiers_are_untouched() {
    let mut siege = Siege::of(PLAN);
    report(&format!("{PLAN:?}: {} entries in {:?}", siege.planted.len(), siege.took));
    let (wrong, tally) = judged(&siege);
    tally.lines().iter().for_each(|line| report(line));
    assert!(wrong.is_empty(), "{} are wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    everything_happened(&tally);
    for (name, kib) in siege.goes_on() {
        report(&format!("{name}: {} MiB resident", kib / 1024));
        assert!(kib < MEMORY_KIB_MAX, "{name} holds {kib} KiB");
    }
    assert_eq!(siege.running(), siege.pids, "a program has ended");
}

/// A test that attacks nothing finds nothing.
fn everything_happened(tally: &Tally) {
    let sorts: BTreeSet<&str> = tally.counts.keys().map(|(sort, _)| *sort).collect();
    assert_eq!(sorts.len(), SORTS, "{sorts:?}");
    for verdict in VERDICTS {
        assert!(tally.of(verdict) > 20, "{verdict}: {}", tally.of(verdict));
    }
    assert!(tally.events_read > 1_000, "{} events were read by both", tally.events_read);
}
