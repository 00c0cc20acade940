//! The ordinary course of a dossier, with money, papers and time.

use hoso_dossier::{
    axes::{Delivery, Financial, Status, Timeliness},
    event::{
        Assigned, Body, CalendarAccepted, Extended, FeeAdded, FieldCorrected, Frozen, Listed,
        Method, Noted, Office, Opened, Paid, Paper, PaymentConfirmed, PaymentRequested,
        PaymentReversed, ResultArrived, ResultChannel, ResultRecalled, ResultSent, Resumed,
        Returned, Stopped, SupplementRequested, Supplemented, UnitAdded,
    },
    fold::{Effect, fold},
    rules::Objection,
};
use hoso_identity::{EntryId, PersonId, UnitId};
use hoso_registry::{Calendar, Role, statement::Supplement};

use crate::scene::{
    BAI_CHAY, BEGIN_MS, CO_TO, LAND_OFFICE, MINUTE_MS, Scene, approved, clerk, gateway,
    handed_over, paper, received, result_ready, returned, submitted, taken_over,
    taken_over_on_paper, terms, withdrawn,
};

/// 17:00 of the third working day after the Friday: the Tuesday between is a holiday.
const DUE_MS: i64 = BEGIN_MS + 6 * 24 * 60 * MINUTE_MS + 7 * 60 * MINUTE_MS;

fn all_taken(scene: &Scene) {
    for (place, effect) in scene.fold().history {
        assert_eq!(effect, Effect::Taken, "{:?}", scene.items[place].event);
    }
}

#[test]
fn a_dossier_is_received_decided_and_returned() {
    let mut scene = Scene::processing();
    let standing = scene.standing();
    assert_eq!(standing.status, Some(Status::Processing));
    assert_eq!(standing.due().at_ms, Some(DUE_MS));
    assert!(standing.due().certain);
    scene.then(CO_TO, approved());
    assert_eq!(scene.status(), Status::Processing);
    scene.then(CO_TO, result_ready(false));
    assert_eq!(scene.standing().delivery(), Delivery::Ready);
    scene.then(CO_TO, returned());
    let standing = scene.standing();
    assert_eq!(standing.status, Some(Status::Returned));
    assert_eq!(standing.delivery(), Delivery::Returned);
    assert_eq!(Timeliness::of(standing.due().at_ms, standing.closed_ms, 0), Timeliness::Early);
    all_taken(&scene);
}

#[test]
fn another_units_dossier_goes_there_and_its_result_comes_back() {
    let mut scene = Scene::received(Office::Unit(BAI_CHAY));
    scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
    let early = scene.then(BAI_CHAY, approved());
    assert_eq!(scene.effect(early), Effect::Refused(Objection::Unit));
    scene.items.pop();
    scene.then(BAI_CHAY, taken_over());
    scene.then(BAI_CHAY, Body::Assigned(Assigned { person: PersonId([9; 16]) }));
    scene.then(BAI_CHAY, approved());
    scene.then(BAI_CHAY, result_ready(false));
    let sent = ResultSent { to_unit: Some(CO_TO), post: false, tracking: None };
    let too_early = scene.then(CO_TO, returned());
    assert_eq!(scene.effect(too_early), Effect::Refused(Objection::Unit));
    scene.items.pop();
    scene.then(BAI_CHAY, Body::ResultSent(sent));
    assert_eq!(scene.standing().delivery(), Delivery::Sent);
    scene.then(CO_TO, Body::ResultArrived(ResultArrived {}));
    scene.then(CO_TO, returned());
    all_taken(&scene);
    assert_eq!(scene.standing().audience.len(), 2);
    assert_eq!(scene.standing().sheet.len(), 1);
}

#[test]
fn an_agency_acts_through_the_unit_that_received_the_dossier() {
    let agency = Office::Agency(LAND_OFFICE);
    let mut scene = Scene::received(agency);
    scene.then(CO_TO, handed_over(agency));
    scene.then(CO_TO, taken_over_on_paper());
    let ours = scene.then(CO_TO, approved());
    assert_eq!(scene.effect(ours), Effect::Refused(Objection::Unit));
    scene.items.pop();
    let without_mark = scene.then(CO_TO, result_ready(false));
    assert_eq!(scene.effect(without_mark), Effect::Refused(Objection::Undecided));
    scene.items.pop();
    scene.then(CO_TO, result_ready(true));
    scene.then(CO_TO, returned());
    all_taken(&scene);
}

#[test]
fn a_supplement_stops_the_clock_and_a_second_one_needs_a_ground_and_approval() {
    let asked = |basis: Option<&str>| {
        Body::SupplementRequested(SupplementRequested {
            papers: Listed(vec![paper("Bản chính")]),
            reason: "thiếu bản chính".to_owned(),
            basis: basis.map(str::to_owned),
        })
    };
    let mut scene = Scene::processing();
    scene.then(CO_TO, asked(None));
    assert_eq!(scene.status(), Status::Supplement);
    assert_eq!(scene.standing().due().at_ms, None);
    scene.then(
        CO_TO,
        Body::Supplemented(Supplemented {
            papers: Listed(vec![paper("Bản chính")]),
            partial: false,
        }),
    );
    assert_eq!(scene.status(), Status::Processing);
    assert_eq!(scene.standing().papers.len(), 2);
    assert_eq!(scene.standing().due().at_ms, Some(DUE_MS));
    let second = scene.then(CO_TO, asked(None));
    assert_eq!(scene.effect(second), Effect::Refused(Objection::SecondSupplement));
    scene.items.pop();
    scene.then(CO_TO, asked(Some("Điều 12")));
    all_taken(&scene);
}

#[test]
fn a_supplement_that_came_in_part_leaves_the_clock_standing_and_the_rest_missing() {
    let asked = |name: &str, originals| Paper { originals, ..paper(name) };
    let brought =
        |papers, partial| Body::Supplemented(Supplemented { papers: Listed(papers), partial });
    let missing = |scene: &Scene| -> Vec<(String, u32)> {
        let missing = scene.standing().missing;
        missing.into_iter().map(|paper| (paper.name.clone(), paper.pieces())).collect()
    };
    let mut scene = Scene::processing();
    scene.then(
        CO_TO,
        Body::SupplementRequested(SupplementRequested {
            papers: Listed(vec![asked("CCCD", 1), asked("Tờ khai", 2)]),
            reason: "thiếu".to_owned(),
            basis: None,
        }),
    );
    scene.then(CO_TO, brought(vec![asked("CCCD", 1), asked("Tờ khai", 1)], true));
    assert_eq!(scene.status(), Status::Supplement);
    assert_eq!(scene.standing().due().at_ms, None, "the clock stands still until all is there");
    assert_eq!(missing(&scene), [("Tờ khai".to_owned(), 1)]);
    let copy = Paper { originals: 0, photocopies: 1, ..paper("Tờ khai") };
    scene.then(CO_TO, brought(vec![copy], false));
    assert_eq!(scene.status(), Status::Processing);
    assert_eq!(missing(&scene), []);
    assert!(scene.standing().due().at_ms.is_some());
    all_taken(&scene);
}

#[test]
fn what_the_office_goes_on_without_is_still_said_to_be_missing() {
    let mut scene = Scene::processing();
    scene.then(
        CO_TO,
        Body::SupplementRequested(SupplementRequested {
            papers: Listed(vec![paper("CCCD"), paper("Tờ khai")]),
            reason: "thiếu".to_owned(),
            basis: None,
        }),
    );
    let came = Supplemented { papers: Listed(vec![paper("CCCD")]), partial: false };
    scene.then(CO_TO, Body::Supplemented(came));
    assert_eq!(scene.status(), Status::Processing);
    let missing = scene.standing().missing;
    assert_eq!(missing.iter().map(|paper| &*paper.name).collect::<Vec<_>>(), ["Tờ khai"]);
}

#[test]
fn money_is_owed_awaited_paid_reversed_and_given_back() {
    let mut scene = Scene::processing();
    assert_eq!(scene.standing().financial(), Financial::Due);
    scene.then(CO_TO, Body::FeeAdded(FeeAdded { name: "Bản sao".to_owned(), amount: 2_000 }));
    assert_eq!(scene.standing().owed(), 10_000);
    scene.then(CO_TO, Body::PaymentRequested(PaymentRequested { amount: 10_000, pauses: true }));
    assert_eq!(scene.status(), Status::Payment);
    let paid = |method, amount| Body::Paid(Paid { amount, method, receipt_no: None });
    scene.then(CO_TO, paid(Method::Transfer, 10_000));
    assert_eq!(scene.standing().financial(), Financial::AwaitingConfirmation);
    assert_eq!(scene.status(), Status::Payment);
    let confirmed = PaymentConfirmed { reference: "FT26".to_owned(), payment: None };
    scene.then(CO_TO, Body::PaymentConfirmed(confirmed));
    assert_eq!(scene.standing().financial(), Financial::Paid);
    assert_eq!(scene.status(), Status::Processing);
    scene.then(CO_TO, paid(Method::Cash, 1));
    assert_eq!(scene.standing().financial(), Financial::Over);
    let reversed = || {
        let body = PaymentReversed { reason: "nhầm".to_owned(), payment: None };
        Body::PaymentReversed(body)
    };
    scene.then(CO_TO, reversed());
    scene.then(CO_TO, reversed());
    assert_eq!(scene.standing().financial(), Financial::Due);
    scene.then(CO_TO, withdrawn());
    assert_eq!(scene.standing().financial(), Financial::Refunded);
    all_taken(&scene);
}

#[test]
fn the_due_time_moves_once_and_only_before_it_has_passed() {
    let extended = |due_at| Body::Extended(Extended { due_at, reason: "xác minh".to_owned() });
    let mut scene = Scene::processing();
    let back = scene.then(CO_TO, extended(DUE_MS));
    assert_eq!(scene.effect(back), Effect::Refused(Objection::NotLater));
    scene.items.pop();
    scene.then(CO_TO, extended(DUE_MS + MINUTE_MS));
    assert_eq!(scene.standing().due().at_ms, Some(DUE_MS + MINUTE_MS));
    let again = scene.then(CO_TO, extended(DUE_MS + 2 * MINUTE_MS));
    assert_eq!(scene.effect(again), Effect::Refused(Objection::ExtensionsUsed));
}

#[test]
fn a_stop_and_a_recall_lead_back_to_processing() {
    let reason = || "lý do".to_owned();
    let mut scene = Scene::processing();
    scene.then(CO_TO, Body::Stopped(Stopped { reason: reason() }));
    assert_eq!(scene.status(), Status::Stopped);
    scene.then(CO_TO, Body::Resumed(Resumed { reason: reason() }));
    scene.then(CO_TO, approved());
    let late = scene.then(CO_TO, withdrawn());
    assert_eq!(scene.effect(late), Effect::Refused(Objection::Decided));
    scene.items.pop();
    scene.then(CO_TO, result_ready(false));
    scene.then(CO_TO, Body::ResultRecalled(ResultRecalled { reason: reason() }));
    let standing = scene.standing();
    assert_eq!(standing.status, Some(Status::Processing));
    assert!(standing.decision.is_none() && standing.result.is_none());
    scene.then(CO_TO, approved());
    scene.then(CO_TO, result_ready(false));
    all_taken(&scene);
}

#[test]
fn corrections_reach_the_application_and_units_the_audience() {
    let mut scene = Scene::processing();
    let corrected = |field: &str, value: &str| {
        Body::FieldCorrected(FieldCorrected {
            field: field.to_owned(),
            value: Some(value.to_owned()),
            reason: "viết sai".to_owned(),
        })
    };
    scene.then(CO_TO, corrected("applicant.name", "Đường Thị Mới"));
    scene.then(CO_TO, corrected("applicant.birth_date", "1990-02-28"));
    scene.then(CO_TO, Body::UnitAdded(UnitAdded { unit: BAI_CHAY, reason: "phối hợp".to_owned() }));
    scene.then(BAI_CHAY, Body::Opened(Opened {}));
    all_taken(&scene);
    let again = scene.then(BAI_CHAY, Body::Opened(Opened {}));
    assert_eq!(scene.effect(again), Effect::Repeated);
    let nonsense = scene.then(CO_TO, corrected("applicant.birth_date", "2026-02-30"));
    assert_eq!(scene.effect(nonsense), Effect::Refused(Objection::Field));
    let standing = scene.standing();
    assert_eq!(standing.application.unwrap().applicant.name, "Đường Thị Mới");
    assert!(standing.audience.contains(&BAI_CHAY));
}

#[test]
fn roles_of_the_grant_decide_and_nothing_else() {
    let mut scene = Scene::processing();
    let mut reader = clerk(CO_TO);
    reader.roles = vec![Role::Viewer];
    let last = scene.last();
    let noted = scene.add_by(&[last], reader, Body::Noted(Noted { text: "x".to_owned() }));
    assert_eq!(scene.effect(noted), Effect::Refused(Objection::Role));
}

#[test]
fn what_was_paid_before_a_request_does_not_meet_it() {
    let mut scene = Scene::processing();
    let paid = |amount| Body::Paid(Paid { amount, method: Method::Cash, receipt_no: None });
    scene.then(CO_TO, paid(8_000));
    assert_eq!(scene.standing().financial(), Financial::Paid);
    let tax = PaymentRequested { amount: 500_000, pauses: true };
    scene.then(CO_TO, Body::PaymentRequested(tax));
    let standing = scene.standing();
    assert_eq!((standing.owed(), standing.open_amount()), (508_000, 500_000));
    assert_eq!(standing.financial(), Financial::Due);
    scene.then(CO_TO, paid(492_000));
    assert_eq!(scene.status(), Status::Payment);
    scene.then(CO_TO, paid(8_000));
    assert_eq!(scene.status(), Status::Processing);
    assert_eq!(scene.standing().financial(), Financial::Paid);
    all_taken(&scene);
}

#[test]
fn a_result_goes_only_to_a_unit_that_has_the_dossier_and_can_come_back() {
    let mut scene = Scene::processing();
    scene.then(CO_TO, approved());
    scene.then(CO_TO, result_ready(false));
    let sent = |to_unit: Option<UnitId>| {
        Body::ResultSent(ResultSent { to_unit, post: to_unit.is_none(), tracking: None })
    };
    let astray = scene.then(CO_TO, sent(Some(BAI_CHAY)));
    assert_eq!(scene.effect(astray), Effect::Refused(Objection::Field));
    scene.items.pop();
    let added = UnitAdded { unit: BAI_CHAY, reason: "trả tại đây".to_owned() };
    scene.then(CO_TO, Body::UnitAdded(added));
    for to_unit in [Some(BAI_CHAY), None] {
        scene.then(CO_TO, sent(to_unit));
        scene.then(CO_TO, Body::ResultArrived(ResultArrived {}));
        assert_eq!(scene.standing().delivery(), Delivery::Arrived);
    }
    let elsewhere = Returned { channel: ResultChannel::Electronic, ..given() };
    let elsewhere = scene.then(BAI_CHAY, Body::Returned(elsewhere));
    assert_eq!(scene.effect(elsewhere), Effect::Refused(Objection::Unit));
    scene.items.pop();
    scene.then(CO_TO, returned());
    all_taken(&scene);
}

fn given() -> Returned {
    let Body::Returned(given) = returned() else { unreachable!("it is a return") };
    given
}

#[test]
fn a_pause_after_an_extension_moves_it_too() {
    const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
    let mut scene = Scene::processing();
    // From Thursday 2026-11-26 to Monday 30.
    let due_at = DUE_MS + 4 * DAY_MS;
    scene.then(CO_TO, Body::Extended(Extended { due_at, reason: "xác minh".to_owned() }));
    assert_eq!(scene.standing().due().at_ms, Some(due_at));
    assert_eq!(scene.standing().former_dues, [DUE_MS], "the apology names the day that was missed");
    let reason = || "lý do".to_owned();
    scene.then(CO_TO, Body::Stopped(Stopped { reason: reason() }));
    let resumed = scene.then(CO_TO, Body::Resumed(Resumed { reason: reason() }));
    assert_eq!(scene.standing().due().at_ms, Some(due_at));
    // Resumed on Thursday morning: Monday and Wednesday were lost, Tuesday was off.
    let event = scene.items.iter_mut().find(|item| item.hash == resumed).unwrap();
    event.event.as_mut().unwrap().at_ms = BEGIN_MS + 6 * DAY_MS;
    assert_eq!(scene.standing().due().at_ms, Some(due_at + 2 * DAY_MS));
    all_taken(&scene);
}

#[test]
fn withdrawing_ends_what_was_awaited_and_only_what_was_received_and_is_undecided_can_stop() {
    let asked = || {
        Body::SupplementRequested(SupplementRequested {
            papers: Listed(vec![paper("Bản chính")]),
            reason: "thiếu bản chính".to_owned(),
            basis: None,
        })
    };
    let stopped = || Body::Stopped(Stopped { reason: "lý do".to_owned() });
    let mut scene = Scene::processing();
    scene.then(CO_TO, asked());
    assert_eq!(scene.standing().due().at_ms, None);
    scene.then(CO_TO, withdrawn());
    assert_eq!(scene.standing().due().at_ms, Some(DUE_MS));
    all_taken(&scene);

    let mut online = Scene::default();
    online.add_by(&[], gateway(), submitted());
    online.then(CO_TO, asked());
    assert_eq!(online.status(), Status::Supplement);
    let early = online.then(CO_TO, stopped());
    assert_eq!(online.effect(early), Effect::Refused(Objection::Status));

    let mut decided = Scene::processing();
    decided.then(CO_TO, approved());
    for late in [stopped(), asked()] {
        let late = decided.then(CO_TO, late);
        assert_eq!(decided.effect(late), Effect::Refused(Objection::Decided));
        decided.items.pop();
    }
}

#[test]
fn a_reception_must_freeze_the_terms_of_its_own_procedure() {
    for (procedure, closing, expected) in [
        ("1.001022", 17 * 60, Effect::Taken),
        ("1.001193", 17 * 60, Effect::Refused(Objection::Field)),
        ("1.001022", 24 * 60, Effect::Refused(Objection::Field)),
    ] {
        let Body::Received(mut body) = received(Office::Unit(CO_TO)) else { unreachable!() };
        body.frozen.closing_minute = closing;
        body.application.as_mut().unwrap().procedure_code = procedure.to_owned();
        let mut scene = Scene::default();
        let first = scene.add(&[], CO_TO, Body::Received(body));
        assert_eq!(scene.effect(first), expected);
    }
}

#[test]
fn a_calendar_that_was_decided_later_moves_the_due_time_once_somebody_accepts_it() {
    const NEWER: [EntryId; 1] = [EntryId([3; 32])];
    const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
    let mut scene = Scene::processing();
    let accepted = || Body::CalendarAccepted(CalendarAccepted { calendars: NEWER.to_vec() });
    let accepting = scene.then(CO_TO, accepted());
    // By the newer calendar the Tuesday is a working day like others.
    let terms = |_: &_, frozen: &Frozen| {
        let mut terms = terms(Supplement::Restart);
        if frozen.calendars == NEWER {
            terms.calendar = Calendar::of(std::iter::empty());
        }
        Some(terms)
    };
    let standing = fold(&scene.items, &terms).standing;
    assert_eq!(standing.due().at_ms, Some(DUE_MS - DAY_MS));
    assert_eq!(standing.former_dues, [DUE_MS], "the old one is kept");
    assert_eq!(scene.effect(accepting), Effect::Taken);
    let again = scene.then(CO_TO, accepted());
    assert_eq!(scene.effect(again), Effect::Repeated);
    let mut reader = clerk(CO_TO);
    reader.roles = vec![Role::Processing];
    let last = scene.last();
    let other = CalendarAccepted { calendars: vec![EntryId([4; 32])] };
    let refused = scene.add_by(&[last], reader, Body::CalendarAccepted(other));
    assert_eq!(scene.effect(refused), Effect::Refused(Objection::Role));
}
