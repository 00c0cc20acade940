//! Who may not: another unit, another way, without what the rule asks for.

use hoso_dossier::{
    axes::{Financial, Status},
    event::{
        Body, Channel, Method, Office, Opened, Paid, PaymentRequested, ResultArrived,
        ResultRecalled, ResultSent, UnitAdded,
    },
    fold::Effect,
    rules::Objection,
};
use hoso_identity::UnitId;

use crate::scene::{
    BAI_CHAY, CO_TO, LAND_OFFICE, Scene, approved, gateway, handed_over, result_ready, returned,
    submitted, taken_over, taken_over_on_paper,
};

fn recalled() -> Body {
    Body::ResultRecalled(ResultRecalled { reason: "sai tên".to_owned() })
}

/// A dossier that the town decided; its result is on its way to the island.
fn sent_home() -> Scene {
    let mut scene = Scene::received(Office::Unit(BAI_CHAY));
    scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
    scene.then(BAI_CHAY, taken_over());
    scene.then(BAI_CHAY, approved());
    scene.then(BAI_CHAY, result_ready(false));
    let sent = ResultSent { to_unit: Some(CO_TO), post: false, tracking: None };
    scene.then(BAI_CHAY, Body::ResultSent(sent));
    scene
}

/// What becomes of an event that is then taken away again.
fn tried(scene: &mut Scene, unit: UnitId, body: Body) -> Effect {
    let hash = scene.then(unit, body);
    let effect = scene.effect(hash);
    scene.items.pop();
    effect
}

#[test]
fn only_who_decided_recalls_a_result_wherever_it_is_until_it_is_returned() {
    let mut scene = sent_home();
    assert_eq!(tried(&mut scene, BAI_CHAY, recalled()), Effect::Taken);
    scene.then(CO_TO, Body::ResultArrived(ResultArrived {}));
    assert_eq!(tried(&mut scene, CO_TO, recalled()), Effect::Refused(Objection::Unit));
    assert_eq!(tried(&mut scene, BAI_CHAY, recalled()), Effect::Taken);
    scene.then(CO_TO, returned());
    assert_eq!(tried(&mut scene, BAI_CHAY, recalled()), Effect::Refused(Objection::Status));

    let agency = Office::Agency(LAND_OFFICE);
    let mut scene = Scene::received(agency);
    scene.then(CO_TO, handed_over(agency));
    scene.then(CO_TO, taken_over_on_paper());
    scene.then(CO_TO, result_ready(true));
    assert_eq!(tried(&mut scene, CO_TO, recalled()), Effect::Taken);
}

#[test]
fn the_receiving_unit_closes_what_went_to_an_agency_and_names_the_paper() {
    let agency = Office::Agency(LAND_OFFICE);
    let mut scene = Scene::received(Office::Unit(BAI_CHAY));
    scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
    scene.then(BAI_CHAY, taken_over());
    scene.then(BAI_CHAY, handed_over(agency));
    let elsewhere = tried(&mut scene, BAI_CHAY, taken_over_on_paper());
    assert_eq!(elsewhere, Effect::Refused(Objection::Unit));
    let without = tried(&mut scene, CO_TO, taken_over());
    assert_eq!(without, Effect::Refused(Objection::Paper));
    assert_eq!(tried(&mut scene, CO_TO, taken_over_on_paper()), Effect::Taken);
}

#[test]
fn a_unit_has_not_first_read_what_it_wrote_itself() {
    let opened = || Body::Opened(Opened {});
    let mut scene = Scene::processing();
    assert_eq!(tried(&mut scene, CO_TO, opened()), Effect::Refused(Objection::Unit));
    scene.then(CO_TO, Body::UnitAdded(UnitAdded { unit: BAI_CHAY, reason: "x".to_owned() }));
    let seen = scene.last();
    assert_eq!(tried(&mut scene, BAI_CHAY, opened()), Effect::Taken);
    // Another node of the town wrote at the same time, which the reader could not know.
    let note = hoso_dossier::event::Noted { text: "x".to_owned() };
    scene.add(&[seen], BAI_CHAY, Body::Noted(note));
    let reading = scene.add(&[seen], BAI_CHAY, opened());
    assert_eq!(scene.effect(reading), Effect::Taken);
}

#[test]
fn only_a_transfer_awaits_confirmation() {
    for (method, expected) in [
        (Method::Cash, Financial::Paid),
        (Method::Online, Financial::Paid),
        (Method::Transfer, Financial::AwaitingConfirmation),
    ] {
        let mut scene = Scene::processing();
        let paid = Paid { amount: 8_000, method, receipt_no: None };
        scene.then(CO_TO, Body::Paid(paid));
        assert_eq!(scene.standing().financial(), expected, "{method:?}");
        assert_eq!(scene.status(), Status::Processing);
    }
}

#[test]
fn nobody_is_asked_to_pay_nothing() {
    let mut scene = Scene::processing();
    for pauses in [false, true] {
        let nothing = PaymentRequested { amount: 0, pauses };
        let asked = tried(&mut scene, CO_TO, Body::PaymentRequested(nothing));
        assert_eq!(asked, Effect::Refused(Objection::Field));
    }
}

#[test]
fn what_is_handed_in_by_the_gateway_came_online() {
    for (channel, expected) in [
        (Channel::Online, Effect::Taken),
        (Channel::Counter, Effect::Refused(Objection::Field)),
        (Channel::Post, Effect::Refused(Objection::Field)),
    ] {
        let Body::Submitted(mut body) = submitted() else { unreachable!("it is one") };
        body.application.channel = channel;
        let mut scene = Scene::default();
        let first = scene.add_by(&[], gateway(), Body::Submitted(body));
        assert_eq!(scene.effect(first), expected, "{channel:?}");
    }
}
