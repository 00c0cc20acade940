//! What screens offer, and what they say of the rest before anybody presses it.

use hoso_dossier::{
    event::{Body, Extended, Listed, Method, Office, Paid, SupplementRequested, Supplemented},
    fold::Effect,
    rules::{Objection, offered, withheld, writable},
    standing::Author,
};
use hoso_identity::PersonId;
use hoso_registry::{EventKind as K, Role};

use crate::scene::{
    BAI_CHAY, BEGIN_MS, CO_TO, LAND_OFFICE, MINUTE_MS, Scene, administrator, approved, clerk,
    handed_over, paper, result_ready, taken_over, taken_over_on_paper,
};

/// A quarter of an hour after the reception.
const SOON_MS: i64 = BEGIN_MS + 15 * MINUTE_MS;
/// A month later.
const LATE_MS: i64 = BEGIN_MS + 30 * 24 * 60 * MINUTE_MS;

/// A clerk of the island with these roles.
fn with(roles: &[Role]) -> Author {
    Author { roles: roles.to_vec(), ..clerk(CO_TO) }
}

fn why(scene: &Scene, author: &Author, kind: K, at_ms: i64) -> Option<Objection> {
    withheld(&scene.standing(), author, kind, at_ms)
}

#[test]
fn who_lacks_the_role_hears_so_only_where_somebody_else_could_act() {
    let scene = Scene::processing();
    let viewer = with(&[Role::Viewer]);
    assert_eq!(why(&scene, &viewer, K::Approved, SOON_MS), Some(Objection::Role));
    assert_eq!(why(&scene, &viewer, K::Returned, SOON_MS), None);
    let reception = with(&[Role::Reception]);
    let asked = why(&scene, &reception, K::SupplementRequested, SOON_MS);
    assert_eq!(asked, Some(Objection::Role));
}

#[test]
fn who_has_the_role_hears_of_the_state_the_unit_and_the_decision() {
    let scene = Scene::processing();
    let here = clerk(CO_TO);
    assert_eq!(why(&scene, &here, K::Approved, SOON_MS), None);
    assert_eq!(why(&scene, &here, K::Returned, SOON_MS), Some(Objection::Status));
    assert_eq!(why(&scene, &here, K::ResultReady, SOON_MS), Some(Objection::Undecided));
    assert_eq!(why(&scene, &clerk(BAI_CHAY), K::Approved, SOON_MS), Some(Objection::Unit));
    assert_eq!(why(&scene, &here, K::PaymentReversed, SOON_MS), None, "nothing was paid");
    let mut decided = scene;
    decided.then(CO_TO, approved());
    assert_eq!(why(&decided, &here, K::Withdrawn, SOON_MS), Some(Objection::Decided));
}

#[test]
fn a_term_that_has_passed_or_was_moved_is_no_longer_offered_to_be_moved() {
    let mut scene = Scene::processing();
    let here = clerk(CO_TO);
    assert_eq!(why(&scene, &here, K::Extended, SOON_MS), None);
    assert_eq!(why(&scene, &here, K::Extended, LATE_MS), Some(Objection::PastDue));
    let due_at = LATE_MS;
    scene.then(CO_TO, Body::Extended(Extended { due_at, reason: "xác minh".to_owned() }));
    assert_eq!(why(&scene, &here, K::Extended, SOON_MS), Some(Objection::ExtensionsUsed));
    assert!(offered(&scene.standing(), &here, K::Extended, SOON_MS).is_err());
}

#[test]
fn a_second_request_for_papers_is_offered_to_who_may_ground_it() {
    let mut scene = Scene::processing();
    let request = SupplementRequested {
        papers: Listed(vec![paper("CCCD")]),
        reason: "thiếu".to_owned(),
        basis: None,
    };
    scene.then(CO_TO, Body::SupplementRequested(request));
    scene.then(
        CO_TO,
        Body::Supplemented(Supplemented { papers: Listed(vec![paper("CCCD")]), partial: false }),
    );
    let processing = with(&[Role::Processing]);
    let asked = why(&scene, &processing, K::SupplementRequested, SOON_MS);
    assert_eq!(asked, Some(Objection::SecondSupplement));
    assert_eq!(why(&scene, &clerk(CO_TO), K::SupplementRequested, SOON_MS), None);
}

#[test]
fn a_result_that_lies_elsewhere_is_not_offered_to_be_returned() {
    let mut scene = Scene::received(Office::Unit(BAI_CHAY));
    scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
    scene.then(BAI_CHAY, taken_over());
    scene.then(BAI_CHAY, approved());
    scene.then(BAI_CHAY, result_ready(false));
    assert_eq!(why(&scene, &clerk(CO_TO), K::Returned, SOON_MS), Some(Objection::Unit));
    assert_eq!(why(&scene, &clerk(BAI_CHAY), K::Returned, SOON_MS), None);
}

#[test]
fn whoever_cannot_act_at_all_hears_nothing_of_what_is_over() {
    let scene = Scene::processing();
    let heard = K::ALL.iter().filter(|kind| {
        let why = why(&scene, &administrator(CO_TO), **kind, SOON_MS);
        why.is_some_and(|why| why != Objection::Role)
    });
    assert_eq!(heard.collect::<Vec<_>>(), Vec::<&K>::new());
}

#[test]
fn a_line_of_the_control_sheet_says_which_person_gave_and_which_took() {
    let mut scene = Scene::received(Office::Agency(LAND_OFFICE));
    scene.then(CO_TO, handed_over(Office::Agency(LAND_OFFICE)));
    let open = scene.standing();
    let line = open.open_line().unwrap();
    assert_eq!((line.giver, line.taker), (Some(PersonId([1; 16])), None));
    scene.then(CO_TO, taken_over_on_paper());
    let taken = scene.standing();
    let line = taken.sheet.first().unwrap();
    assert_eq!(line.taker, Some(PersonId([1; 16])));
    assert!(taken.open_line().is_none() && line.paper_reference.is_some());
}

#[test]
fn a_new_term_is_given_from_the_hand_over_on_and_one_given_before_goes_on_to_hold() {
    let mut scene = Scene::received(Office::Unit(CO_TO));
    let here = clerk(CO_TO);
    assert_eq!(writable(&scene.standing(), &here, K::Extended), Err(Objection::Status));
    assert_eq!(why(&scene, &here, K::Extended, SOON_MS), Some(Objection::Status));
    let mut handed_over_first = Scene::received(Office::Unit(CO_TO));
    handed_over_first.then(CO_TO, handed_over(Office::Unit(CO_TO)));
    assert_eq!(why(&handed_over_first, &here, K::Extended, SOON_MS), None);
    let extended = Extended { due_at: LATE_MS, reason: "xác minh".to_owned() };
    let before = scene.then(CO_TO, Body::Extended(extended));
    assert_eq!(scene.effect(before), Effect::Taken);
    assert_eq!(scene.standing().due_ms(), Some(LATE_MS));
}

#[test]
fn between_hand_over_and_take_over_one_unit_alone_moves_the_clock_or_asks_for_more() {
    let mut scene = Scene::received(Office::Unit(BAI_CHAY));
    scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
    let [giver, taker] = [CO_TO, BAI_CHAY].map(clerk);
    let may = |scene: &Scene, author: &Author, kind: K| {
        offered(&scene.standing(), author, kind, SOON_MS).is_ok()
    };
    let [clock, asking] =
        [[K::Extended, K::Stopped], [K::SupplementRequested, K::PaymentRequested]];
    for kind in clock {
        let (gave, takes) = (may(&scene, &giver, kind), may(&scene, &taker, kind));
        assert_eq!((gave, takes), (false, true), "{kind:?}");
    }
    for kind in asking {
        let (gave, takes) = (may(&scene, &giver, kind), may(&scene, &taker, kind));
        assert_eq!((gave, takes), (false, false), "{kind:?}: the papers are on their way");
    }
    assert_eq!(why(&scene, &giver, K::SupplementRequested, SOON_MS), Some(Objection::Unit));
    assert!(may(&scene, &giver, K::HandedOver), "who gave it to the wrong unit gives it again");
    // What was written by a desk that did not ask for this goes on to hold.
    let mut before = scene.clone();
    let extended = Extended { due_at: LATE_MS, reason: "xác minh".to_owned() };
    let early = before.then(CO_TO, Body::Extended(extended));
    assert_eq!(before.effect(early), Effect::Taken);
    scene.then(BAI_CHAY, taken_over());
    for kind in clock.into_iter().chain(asking) {
        assert!(may(&scene, &taker, kind), "{kind:?}");
    }
}

#[test]
fn an_office_that_hands_over_to_itself_or_to_an_agency_goes_on_to_act() {
    let here = clerk(CO_TO);
    for to in [Office::Unit(CO_TO), Office::Agency(LAND_OFFICE)] {
        let mut scene = Scene::received(to);
        scene.then(CO_TO, handed_over(to));
        for kind in [K::Extended, K::Stopped, K::SupplementRequested, K::PaymentRequested] {
            assert_eq!(offered(&scene.standing(), &here, kind, SOON_MS), Ok(()), "{kind:?}");
        }
    }
}

#[test]
fn money_is_taken_only_as_long_as_something_is_owed() {
    let mut scene = Scene::received(Office::Unit(CO_TO));
    let here = clerk(CO_TO);
    let may = |scene: &Scene| offered(&scene.standing(), &here, K::Paid, SOON_MS);
    let owed = scene.standing().open_amount();
    assert!(owed > 0);
    assert_eq!(may(&scene), Ok(()));
    let paid = |amount, method| Body::Paid(Paid { amount, method, receipt_no: None });
    scene.then(CO_TO, paid(owed - 1, Method::Cash));
    assert_eq!(may(&scene), Ok(()));
    scene.then(CO_TO, paid(1, Method::Transfer));
    assert_eq!(may(&scene), Err(Objection::NotThere), "the rest is on its way");
    assert_eq!(why(&scene, &here, K::Paid, SOON_MS), None);
    let more = scene.then(CO_TO, paid(1, Method::Cash));
    assert_eq!(scene.effect(more), Effect::Taken, "what was taken all the same is kept");
}
