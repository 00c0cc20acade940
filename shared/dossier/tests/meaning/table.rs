//! The table of rules, state by state and kind by kind.

use hoso_dossier::{axes::Status, rules};
use hoso_registry::EventKind;

/// Which kinds may happen in which state, as the life cycle of the portal's states has it: one
/// line per kind that moves the dossier, the portal's numbers of the states from which it may.
const EXPECTED: [(EventKind, &[u8]); 21] = [
    (EventKind::Submitted, &[]),
    (EventKind::Received, &[1]),
    (EventKind::NotAccepted, &[1, 2]),
    (EventKind::HandedOver, &[2, 4]),
    (EventKind::TakenOver, &[4]),
    (EventKind::Assigned, &[4]),
    (EventKind::SupplementRequested, &[1, 4]),
    (EventKind::Supplemented, &[5]),
    (EventKind::PaymentRequested, &[4]),
    (EventKind::Extended, &[2, 4]),
    (EventKind::Approved, &[4]),
    (EventKind::Refused, &[4]),
    (EventKind::ResultReady, &[4]),
    (EventKind::ResultRecalled, &[9]),
    (EventKind::ResultSent, &[9]),
    (EventKind::ResultArrived, &[9]),
    (EventKind::Returned, &[9]),
    (EventKind::Stopped, &[4, 5, 6]),
    (EventKind::Resumed, &[8]),
    (EventKind::Withdrawn, &[1, 2, 4, 5, 6]),
    (EventKind::CalendarAccepted, &[2, 4, 5, 6, 8]),
];

#[test]
fn the_table_is_the_life_cycle() {
    for (kind, states) in EXPECTED {
        let allowed: Vec<u8> =
            rules::allowed_from(kind).iter().flatten().map(|status| status.portal_code()).collect();
        assert_eq!(allowed, states, "{kind:?}");
    }
}

#[test]
fn only_two_kinds_begin_a_dossier() {
    for kind in EventKind::ALL {
        let begins = rules::allowed_from(*kind).contains(&None);
        assert_eq!(begins, kind.begins_dossier(), "{kind:?}");
    }
}

#[test]
fn what_needs_the_version_that_was_seen_moves_the_dossier_or_resolves_a_conflict() {
    for kind in EventKind::ALL.iter().filter(|kind| rules::needs_base(**kind)) {
        assert!(rules::moves(*kind) || *kind == EventKind::ConflictResolved, "{kind:?}");
    }
    assert!(rules::needs_base(EventKind::Approved) && rules::needs_base(EventKind::Refused));
    assert!(!rules::needs_base(EventKind::Received));
}

#[test]
fn nothing_moves_a_dossier_that_is_over() {
    for kind in EventKind::ALL.iter().filter(|kind| rules::moves(**kind)) {
        for over in [Status::NotAccepted, Status::Withdrawn, Status::Returned] {
            assert!(!rules::allowed_from(*kind).contains(&Some(over)), "{kind:?}");
        }
    }
}
