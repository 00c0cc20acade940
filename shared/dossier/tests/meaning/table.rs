//! The table of rules, kind by kind: who may, in which states, at which units.

use hoso_dossier::{
    ChangeHash,
    axes::Status,
    event::{
        Assigned, Attached, Body, CalendarAccepted, CodeReissued, ConflictResolved, Detached,
        Event, Extended, FeeAdded, FeeRemoved, FieldCorrected, Listed, Method, NotAccepted, Noted,
        Office, Opened, Paid, PaymentConfirmed, PaymentRequested, PaymentReversed, Printed,
        Refused, ResultArrived, ResultRecalled, ResultSent, Resumed, Stopped, SupplementRequested,
        Supplemented, UnitAdded,
    },
    rules::{self, Objection},
    standing::{Author, Standing},
};
use hoso_identity::{EntryId, PayloadHash, PersonId, UnitId};
use hoso_registry::{EventKind, Role, roles_for};

use crate::scene::{
    BAI_CHAY, BEGIN_MS, CO_TO, MINUTE_MS, Scene, approved, clerk, code, gateway, handed_over,
    paper, received, result_ready, returned, submitted, taken_over, withdrawn,
};

/// A unit of the audience that neither receives nor decides.
const OTHER: UnitId = UnitId(9);

/// How far the dossier is that the island received for the town.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Nothing,
    New,
    Accepted,
    /// Given to the town, which has not taken it over.
    Given,
    /// The town has it.
    Held,
    Supplement,
    Stopped,
    /// A transfer awaits confirmation.
    Awaited,
    /// There is a scan.
    Scanned,
    Decided,
    Ready,
    Sent,
    Arrived,
    /// The town approved what the island saw withdrawn.
    Conflict,
}

/// Kind; roles; the portal's numbers of the states from which it may, 0 before the first event;
/// how far the dossier is in the example; and which of the receiving (R), the competent (C) and
/// another unit (O) may write it then.
type Row = (EventKind, &'static str, &'static [u8], At, &'static str);

const DESK: &str = "reception processing approval clerk cashier return";
const DESK_AND_GATEWAY: &str = "reception processing approval clerk cashier return gateway";
const DESK_AND_LEAD: &str = "reception processing approval clerk cashier return administrator";
const ANY: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const OPEN: &[u8] = &[1, 2, 4, 5, 6, 8, 9];

/// As `interface.md` of the design has it.
#[rustfmt::skip]
const TABLE: [Row; 35] = {
    use EventKind as K;
    [
        (K::Submitted, "gateway", &[0], At::Nothing, "RCO"),
        (K::Received, "reception", &[0, 1], At::New, "R"),
        (K::NotAccepted, "reception", &[1, 2], At::Accepted, "R"),
        (K::HandedOver, "reception processing", &[2, 4], At::Held, "C"),
        (K::TakenOver, "reception processing", &[4], At::Given, "C"),
        (K::Assigned, "processing", &[4], At::Held, "C"),
        (K::SupplementRequested, "reception processing approval", &[1, 4], At::Held, "C"),
        (K::Supplemented, "reception", &[5], At::Supplement, "RCO"),
        (K::FeeAdded, "reception processing", OPEN, At::Held, "RCO"),
        (K::FeeRemoved, "reception processing", OPEN, At::Held, "RCO"),
        (K::PaymentRequested, "processing", &[4], At::Held, "C"),
        (K::Paid, "cashier", ANY, At::Held, "RCO"),
        (K::PaymentConfirmed, "cashier gateway", ANY, At::Awaited, "RCO"),
        (K::PaymentReversed, "cashier gateway", ANY, At::Awaited, "RCO"),
        (K::Extended, "approval", &[2, 4], At::Given, "RC"),
        (K::Approved, "approval", &[4], At::Held, "C"),
        (K::Refused, "approval", &[4], At::Held, "C"),
        (K::ResultReady, "clerk", &[4], At::Decided, "C"),
        (K::ResultRecalled, "approval", &[9], At::Arrived, "C"),
        (K::ResultSent, "return", &[9], At::Ready, "C"),
        (K::ResultArrived, "return", &[9], At::Sent, "RC"),
        (K::Returned, "return", &[9], At::Arrived, "R"),
        (K::Stopped, "approval", &[4, 5, 6], At::Given, "RC"),
        (K::Resumed, "approval", &[8], At::Stopped, "C"),
        (K::Withdrawn, "reception", &[1, 2, 4, 5, 6], At::Held, "RCO"),
        (K::Opened, DESK, ANY, At::Held, "RO"),
        (K::Printed, DESK, ANY, At::Held, "RCO"),
        (K::Attached, DESK_AND_GATEWAY, ANY, At::Held, "RCO"),
        (K::Detached, DESK, ANY, At::Scanned, "RCO"),
        (K::Noted, DESK, ANY, At::Held, "RCO"),
        (K::FieldCorrected, "reception processing", OPEN, At::Held, "RCO"),
        (K::ConflictResolved, DESK_AND_LEAD, ANY, At::Conflict, "RCO"),
        (K::UnitAdded, "reception processing", OPEN, At::Held, "C"),
        (K::CodeReissued, "administrator", ANY, At::Held, "R"),
        (K::CalendarAccepted, "approval", &[2, 4, 5, 6, 8], At::Given, "RC"),
    ]
};

fn why() -> String {
    "lý do".to_owned()
}

/// The dossier of an example.
fn standing(at: At) -> Standing {
    if at == At::Nothing {
        return Standing::default();
    }
    if at == At::New {
        let Body::Submitted(mut body) = submitted() else { unreachable!("it is one") };
        body.application.competent_unit = Office::Unit(BAI_CHAY);
        let mut scene = Scene::default();
        scene.add_by(&[], gateway(), Body::Submitted(body));
        return scene.standing();
    }
    let mut scene = Scene::received(Office::Unit(BAI_CHAY));
    scene.then(CO_TO, Body::UnitAdded(UnitAdded { unit: OTHER, reason: why() }));
    let town = |scene: &mut Scene, bodies: Vec<Body>| {
        scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
        scene.then(BAI_CHAY, taken_over());
        for body in bodies {
            scene.then(BAI_CHAY, body);
        }
    };
    match at {
        At::Nothing | At::New | At::Accepted => {}
        At::Given => {
            scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
        }
        At::Held => town(&mut scene, vec![]),
        At::Supplement => town(&mut scene, vec![supplement_requested()]),
        At::Stopped => town(&mut scene, vec![Body::Stopped(Stopped { reason: why() })]),
        At::Awaited => town(&mut scene, vec![paid(Method::Transfer)]),
        At::Scanned => {
            scene.then(CO_TO, attached());
            let attachment = scene.last();
            assert_eq!(attachment, SCAN, "the third event");
        }
        At::Decided => town(&mut scene, vec![approved()]),
        At::Ready => town(&mut scene, vec![approved(), result_ready(false)]),
        At::Sent => town(&mut scene, vec![approved(), result_ready(false), result_sent()]),
        At::Arrived => {
            town(&mut scene, vec![approved(), result_ready(false), result_sent()]);
            scene.then(CO_TO, Body::ResultArrived(ResultArrived {}));
        }
        At::Conflict => {
            town(&mut scene, vec![]);
            let seen = scene.last();
            scene.add(&[seen], BAI_CHAY, approved());
            scene.add(&[seen], CO_TO, withdrawn());
        }
    }
    scene.standing()
}

/// The name of the event by which a scan came, and of one side of the conflict.
const fn name(number: u8) -> ChangeHash {
    let mut id = [0; 32];
    id[3] = number;
    ChangeHash(id)
}
const SCAN: ChangeHash = name(3);
const SIDE: ChangeHash = name(5);

/// A reception of what came online, with a code of this unit.
fn accepted(unit: UnitId) -> Body {
    let Body::Received(mut body) = received(Office::Unit(BAI_CHAY)) else {
        unreachable!("it is one")
    };
    (body.application, body.code) = (None, code(unit, 1));
    Body::Received(body)
}

fn supplement_requested() -> Body {
    let papers = Listed(vec![paper("Bản chính")]);
    Body::SupplementRequested(SupplementRequested { papers, reason: why(), basis: None })
}

fn extended() -> Body {
    let due_at = BEGIN_MS + 30 * 24 * 60 * MINUTE_MS;
    Body::Extended(Extended { due_at, reason: why() })
}

fn paid(method: Method) -> Body {
    Body::Paid(Paid { amount: 1, method, receipt_no: None })
}

fn result_sent() -> Body {
    Body::ResultSent(ResultSent { to_unit: Some(CO_TO), post: false, tracking: None })
}

fn attached() -> Body {
    Body::Attached(Attached {
        blob: PayloadHash::of(b"scan"),
        name: why(),
        media_type: "image/png".to_owned(),
        size: 4,
        paper: None,
    })
}

fn corrected() -> Body {
    let value = Some(why());
    Body::FieldCorrected(FieldCorrected { field: "note".to_owned(), value, reason: why() })
}

/// What somebody of this unit writes of each kind in its example, in the order of the table.
const SAMPLES: [fn(UnitId) -> Body; 35] = [
    |_| submitted(),
    accepted,
    |_| Body::NotAccepted(NotAccepted { reason: why() }),
    |_| handed_over(Office::Unit(CO_TO)),
    |_| taken_over(),
    |_| Body::Assigned(Assigned { person: PersonId([9; 16]) }),
    |_| supplement_requested(),
    |_| {
        Body::Supplemented(Supplemented {
            papers: Listed(vec![paper("Bản chính")]),
            partial: false,
        })
    },
    |_| Body::FeeAdded(FeeAdded { name: why(), amount: 1 }),
    |_| Body::FeeRemoved(FeeRemoved { fee: format!("{}.0", name(1)), reason: why() }),
    |_| Body::PaymentRequested(PaymentRequested { amount: 1, pauses: true }),
    |_| paid(Method::Cash),
    |_| Body::PaymentConfirmed(PaymentConfirmed { reference: why(), payment: None }),
    |_| Body::PaymentReversed(PaymentReversed { reason: why(), payment: None }),
    |_| extended(),
    |_| approved(),
    |_| Body::Refused(Refused { reason: why() }),
    |_| result_ready(false),
    |_| Body::ResultRecalled(ResultRecalled { reason: why() }),
    |_| result_sent(),
    |_| Body::ResultArrived(ResultArrived {}),
    |_| returned(),
    |_| Body::Stopped(Stopped { reason: why() }),
    |_| Body::Resumed(Resumed { reason: why() }),
    |_| withdrawn(),
    |_| Body::Opened(Opened {}),
    |_| Body::Printed(Printed { form: "01".to_owned(), paper: "a5".to_owned() }),
    |_| attached(),
    |_| Body::Detached(Detached { attachment: SCAN, reason: why() }),
    |_| Body::Noted(Noted { text: why() }),
    |_| corrected(),
    |_| Body::ConflictResolved(ConflictResolved { choice: SIDE }),
    |_| Body::UnitAdded(UnitAdded { unit: OTHER, reason: why() }),
    |unit| Body::CodeReissued(CodeReissued { code: code(unit, 2) }),
    |_| Body::CalendarAccepted(CalendarAccepted { calendars: vec![EntryId([3; 32])] }),
];

#[test]
fn each_kind_is_written_by_its_roles_in_its_states_at_its_units_and_nowhere_else() {
    let kinds: Vec<EventKind> = TABLE.iter().map(|row| row.0).collect();
    assert_eq!(kinds, EventKind::ALL);
    for ((kind, roles, states, at, units), sample) in TABLE.into_iter().zip(SAMPLES) {
        let named: Vec<Role> =
            roles.split(' ').map(|role| Role::from_code(role).unwrap()).collect();
        assert_eq!(roles_for(kind.kind()).unwrap(), named, "{kind:?}");
        let allowed = rules::allowed_from(kind).iter();
        let allowed: Vec<u8> =
            allowed.map(|status| status.map_or(0, Status::portal_code)).collect();
        assert_eq!(allowed, states, "{kind:?}");
        let standing = standing(at);
        for (letter, unit) in [('R', CO_TO), ('C', BAI_CHAY), ('O', OTHER)] {
            let event = Event { at_ms: BEGIN_MS + 60 * MINUTE_MS, body: sample(unit) };
            assert_eq!(event.body.kind(), kind);
            let lawful = |roles: &[Role]| {
                let author = Author { roles: roles.to_vec(), ..clerk(unit) };
                rules::lawful(&standing, &author, &event)
            };
            let outcome = lawful(&named);
            assert_eq!(outcome.is_ok(), units.contains(letter), "{kind:?} {letter}: {outcome:?}");
            assert!(outcome.is_ok() || outcome == Err(Objection::Unit), "{kind:?} {outcome:?}");
            let others: Vec<Role> =
                Role::ALL.iter().copied().filter(|role| !named.contains(role)).collect();
            assert_eq!(lawful(&others), Err(Objection::Role), "{kind:?} {letter}");
        }
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
