//! The conversation under faults, seed by seed.

use hoso_tests::sim::run::run;

#[test]
fn seeds() {
    for seed in 0..20 {
        let report = run(seed, None);
        println!(
            "{seed}: {} saved, calm after {} ms {:?}",
            report.saved, report.calm_after, report.broken
        );
    }
}
