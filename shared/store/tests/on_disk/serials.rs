//! Numbers of codes: never twice, whatever happens to process, database and clock.

use std::{collections::BTreeSet, fs};

use hoso_store::{
    StoreError,
    serial::{COUNTER_MAX, SERIALS_NAME, Serials},
};
use proptest::{collection::vec, prelude::*};

const DAY: u32 = 20_261_124;

#[test]
fn numbers_of_a_day_begin_at_one_and_follow_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let mut serials = Serials::open(directory.path()).unwrap();
    for expected in 1..=200 {
        assert_eq!(serials.next(1, DAY).unwrap(), expected);
    }
    assert_eq!(serials.next(2, DAY).unwrap(), 1, "another station counts for itself");
    assert_eq!(serials.next(1, DAY + 1).unwrap(), 1, "and so does another day");
}

#[test]
fn after_a_crash_the_count_goes_on_above_the_bound() {
    let directory = tempfile::tempdir().unwrap();
    let mut before = Serials::open(directory.path()).unwrap();
    let last = (0..70).map(|_| before.next(1, DAY).unwrap()).last().unwrap();
    let mut after = Serials::open(directory.path()).unwrap();
    let first = after.next(1, DAY).unwrap();
    assert!(first > last && first <= last + 64, "{first} after {last}");
}

#[test]
fn a_day_gives_9999_numbers_and_then_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let mut serials = Serials::open(directory.path()).unwrap();
    let given = (0..COUNTER_MAX).map(|_| serials.next(1, DAY).unwrap()).last();
    assert_eq!(given, Some(COUNTER_MAX));
    for mut serials in [serials, Serials::open(directory.path()).unwrap()] {
        let full = serials.next(1, DAY);
        assert!(matches!(full, Err(StoreError::Exhausted { station: 1, day: DAY })));
        assert!(serials.next(1, DAY + 1).is_ok());
    }
}

#[test]
fn a_bound_that_cannot_be_made_durable_gives_no_number() {
    let directory = tempfile::tempdir().unwrap();
    let mut serials = Serials::open(directory.path()).unwrap();
    let blocked = directory.path().join(format!("{SERIALS_NAME}.new"));
    fs::create_dir(&blocked).unwrap();
    assert!(matches!(serials.next(1, DAY), Err(StoreError::File { .. })));
    fs::remove_dir(&blocked).unwrap();
    assert_eq!(serials.next(1, DAY).unwrap(), 1);
}

#[test]
fn a_changed_or_cut_file_is_refused_rather_than_counted_from_anew() {
    let directory = tempfile::tempdir().unwrap();
    Serials::open(directory.path()).unwrap().next(1, DAY).unwrap();
    let path = directory.path().join(SERIALS_NAME);
    let text = fs::read(&path).unwrap();
    for end in 0..text.len() {
        fs::write(&path, &text[..end]).unwrap();
        assert!(matches!(Serials::open(directory.path()), Err(StoreError::Damaged(_))), "{end}");
    }
    for place in 0..text.len() {
        let mut changed = text.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(Serials::open(directory.path()).is_err(), "{place}");
    }
}

#[test]
fn a_lost_file_goes_on_above_what_the_dossiers_show() {
    let directory = tempfile::tempdir().unwrap();
    let mut serials = Serials::open(directory.path()).unwrap();
    serials.raise(&[((1, DAY), 300)].into()).unwrap();
    serials.raise(&[((1, DAY), 200)].into()).unwrap();
    assert_eq!(serials.next(1, DAY).unwrap(), 301);
    let mut after = Serials::open(directory.path()).unwrap();
    assert!(after.next(1, DAY).unwrap() > 301);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Days come in any order, as under a clock that jumps, with a crash now and then.
    #[test]
    fn no_number_is_given_twice_over_crashes_and_jumps_of_the_clock(
        steps in vec((1_u16..3, 0_u32..6, 0_u8..12), 1..300),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut serials = Serials::open(directory.path()).unwrap();
        let mut given = BTreeSet::new();
        for (station, day, chance) in steps {
            if chance == 0 {
                serials = Serials::open(directory.path()).unwrap();
            }
            let day = 19_700_101 + day * 100_000;
            let number = serials.next(station, day).unwrap();
            prop_assert!(given.insert((station, day, number)));
        }
    }
}
