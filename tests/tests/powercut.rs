//! After a power cut at any write every program opens its files, finds them whole and has what it
//! had acknowledged.

use hoso_tests::{
    e2e::report,
    powercut::{
        images::{Recording, Thoroughness, judge_all},
        recorder::Record,
        use_case,
    },
};

/// What the test run affords; the command `powercut` cuts at every write.
const BOUNDED: Thoroughness = Thoroughness { images_per_point: 1, points_max: 400, seed: 1 };

#[test]
fn nothing_acknowledged_is_lost_in_a_power_cut_at_any_write() {
    let recordings = use_case::recorded(3);
    for recording in &recordings {
        let figures = judge_all(recording, BOUNDED);
        report(&figures.line(&recording.name));
        assert!(figures.losses.is_empty(), "{:#?}", figures.losses);
        assert!(figures.images > 300, "{figures:?}");
        assert!(figures.promises > 10, "{figures:?}");
    }
    a_program_that_does_not_sync_is_found(recordings);
}

/// The same day at a program that acknowledges before the sync of its log: the harness must see
/// it, or it sees nothing.
fn a_program_that_does_not_sync_is_found(recordings: Vec<Recording>) {
    for mut recording in recordings {
        let log =
            |record: &Record| matches!(record, Record::Sync { name } if name.ends_with("-wal"));
        recording.records.retain(|record| !log(record));
        let figures = judge_all(&recording, Thoroughness { points_max: 100, ..BOUNDED });
        report(&format!("without its syncs {}", figures.line(&recording.name)));
        assert!(!figures.losses.is_empty(), "{figures:?}");
    }
}
