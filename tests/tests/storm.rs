//! Many offices come back at once when the relay does.

use hoso_tests::{
    bench::storm::{self, RELAY_MIB_MAX},
    e2e::report,
};

/// Offices that run beside each other on a small machine; the benchmark has all 54.
const OFFICES: usize = 16;

#[test]
fn when_the_relay_comes_back_every_office_is_up_and_acknowledged_within_bounded_memory() {
    let storm = storm::reconnect(OFFICES);
    report(&format!("up after {:?}", storm.up));
    report(&format!("acknowledged after {:?}, relay {} MiB", storm.acknowledged, storm.relay_mib));
    assert_eq!((storm.up.len(), storm.acknowledged.len()), (OFFICES, OFFICES));
    assert!(storm.relay_mib < RELAY_MIB_MAX, "{} MiB", storm.relay_mib);
}
