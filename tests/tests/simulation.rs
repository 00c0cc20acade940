//! The conversation under faults, seed by seed.

use hoso_tests::sim::run::run;

#[test]
fn seeds() {
    for seed in 0..3000 {
        let r = run(seed, None);
        if !r.broken.is_empty() { println!("{seed}: {:?} {:?}", r.broken, r.fired); }
    }
}
