//! Who may not: another unit, another way, without what the rule asks for.

use hoso_dossier::{
    axes::{Financial, Status},
    code::Code,
    event::{
        Body, CalendarAccepted, Channel, CodeReissued, ConflictResolved, Frozen, Method, Office,
        Opened, Paid, PaymentRequested, ResultArrived, ResultRecalled, ResultSent, UnitAdded,
    },
    fold::{Effect, Item, fold},
    rules::Objection,
    standing::{Author, Terms},
};
use hoso_identity::{
    DocumentId, EntryId, Epoch, Header, Nonce, PayloadHash, PersonId, Position, Realm, SigningKey,
    UnitId,
};
use hoso_registry::{
    Day, Role, State, Statement, StatementKind, catalogue,
    state::GrantFacts,
    statement::{
        Certainty, Competent, Procedure, Province, RealmKind, Succeeds, Supplement, Term, Unit,
        UnitKind,
    },
};

use crate::scene::{
    BAI_CHAY, CO_TO, LAND_OFFICE, Scene, administrator, approved, clerk, code, gateway,
    handed_over, received, result_ready, returned, submitted, taken_over, taken_over_on_paper,
    terms,
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

fn day(text: &str) -> Day {
    Day::from_iso(text).unwrap()
}

/// An invented ward with this organisation code.
fn unit(id: UnitId, org_code: &str) -> Unit {
    Unit {
        id,
        code: id.0.to_string(),
        kind: UnitKind::Ward,
        name: "Phường thử".to_owned(),
        org_code: org_code.to_owned(),
        org_code_is_placeholder: true,
        island: false,
        desk_name: "Trung tâm thử".to_owned(),
        authority_name: "Ủy ban nhân dân phường thử".to_owned(),
        former_district: None,
        former_units: Vec::new(),
        accounts: Vec::new(),
        closing_minute: 17 * 60,
        valid_from: None,
        valid_until: None,
        desk_superior: None,
    }
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

fn reissued(code: Code) -> Body {
    Body::CodeReissued(CodeReissued { code })
}

#[test]
fn only_the_receiving_units_administrator_gives_another_code_and_one_that_its_station_can_give() {
    let mut scene = Scene::processing();
    let last = scene.last();
    let mut tried = |author: Author, code: Code| {
        let hash = scene.add_by(&[last], author, reissued(code));
        let effect = scene.effect(hash);
        scene.items.pop();
        effect
    };
    let own = || administrator(CO_TO);
    assert_eq!(tried(own(), code(CO_TO, 2)), Effect::Taken);
    assert_eq!(tried(own(), code(CO_TO, 1)), Effect::Repeated);
    let elsewhere = tried(administrator(BAI_CHAY), code(BAI_CHAY, 2));
    assert_eq!(elsewhere, Effect::Refused(Objection::Unit));
    let other_organisation = tried(own(), code(BAI_CHAY, 2));
    assert_eq!(other_organisation, Effect::Refused(Objection::Code));
    let (day, org) = (code(CO_TO, 1).day(), code(CO_TO, 1).org().to_owned());
    let official = Code::issued(RealmKind::Official, &org, day, 1, 2).unwrap();
    assert_eq!(tried(own(), official), Effect::Refused(Objection::Code));
    let provisional = Code::provisional(RealmKind::Trial, &org, day, [1; 4]).unwrap();
    assert_eq!(tried(own(), provisional), Effect::Refused(Objection::Code));
    let mut renamed = own();
    renamed.org_codes.insert("H49.901".to_owned());
    let newer = Code::issued(RealmKind::Trial, "H49.901", day, 1, 2).unwrap();
    assert_eq!(tried(renamed, newer), Effect::Taken, "its organisation code has changed");
}

#[test]
fn a_reception_bears_a_code_of_its_own_unit_and_realm() {
    let org = code(CO_TO, 1).org().to_owned();
    let day = code(CO_TO, 1).day();
    for (code, expected) in [
        (Code::provisional(RealmKind::Trial, &org, day, [1; 4]).unwrap(), Effect::Taken),
        (code(BAI_CHAY, 1), Effect::Refused(Objection::Code)),
        (
            Code::issued(RealmKind::Official, &org, day, 1, 1).unwrap(),
            Effect::Refused(Objection::Code),
        ),
    ] {
        let Body::Received(mut body) = received(Office::Unit(CO_TO)) else {
            unreachable!("it is one")
        };
        body.code = code;
        let mut scene = Scene::default();
        let first = scene.add(&[], CO_TO, Body::Received(body));
        assert_eq!(scene.effect(first), expected);
    }
}

#[test]
fn a_code_that_was_given_anew_twice_is_settled_by_an_administrator_of_the_receiving_unit() {
    let mut scene = Scene::processing();
    let seen = scene.last();
    let one = scene.add_by(&[seen], administrator(CO_TO), reissued(code(CO_TO, 2)));
    let other = scene.add_by(&[seen], administrator(CO_TO), reissued(code(CO_TO, 3)));
    assert!(scene.standing().needs_review());
    let mut chosen_by = |author: Author, choice| {
        let choose = Body::ConflictResolved(ConflictResolved { choice });
        let hash = scene.add_by(&[one, other], author, choose);
        let (effect, standing) = (scene.effect(hash), scene.standing());
        scene.items.pop();
        (effect, standing.code.clone(), standing.needs_review())
    };
    let first = Some(code(CO_TO, 2));
    let refused = |objection| (Effect::Refused(objection), first.clone(), true);
    assert_eq!(chosen_by(clerk(CO_TO), other), refused(Objection::Role));
    assert_eq!(chosen_by(administrator(BAI_CHAY), other), refused(Objection::Unit));
    let settled = (Effect::Taken, Some(code(CO_TO, 3)), false);
    assert_eq!(chosen_by(administrator(CO_TO), other), settled);
}

#[test]
fn what_was_written_outside_the_days_of_the_grant_has_no_effect() {
    let mut scene = Scene::processing();
    let last = scene.last();
    for (from, until, expected) in [
        (None, Some("2026-11-20"), Effect::Taken),
        (None, Some("2026-11-19"), Effect::Refused(Objection::GrantDates)),
        (Some("2026-11-20"), None, Effect::Taken),
        (Some("2026-11-21"), None, Effect::Refused(Objection::GrantDates)),
    ] {
        let deputy = Author { from: from.map(day), until: until.map(day), ..clerk(CO_TO) };
        let decided = scene.add_by(&[last], deputy, approved());
        assert_eq!(scene.effect(decided), expected, "{from:?} {until:?}");
        scene.items.pop();
    }
}

/// The place of a statement or an entry in the ledger.
fn at(number: u64) -> Option<Position> {
    Some(Position { epoch: Epoch { generation: 1, random: [0; 8] }, number })
}

/// The header of a statement, of which the state asks nothing here.
fn statement_header() -> Header {
    Header {
        realm: Realm::ZERO,
        document: DocumentId::ZERO,
        kind: StatementKind::Succeeds.kind(),
        author: SigningKey::from_seed(&[1; 32]).public(),
        grant: EntryId::ZERO,
        nonce: Nonce([0; 8]),
        units_added: Vec::new(),
        payload: PayloadHash::ZERO,
    }
}

#[test]
fn what_the_registry_learns_later_gives_no_earlier_entry_more_power() {
    let root = SigningKey::from_seed(&[1; 32]).public();
    let header = statement_header();
    let mut state = State::default();
    let mut say = |number: u8, statement: &Statement| {
        state.fold(&header, EntryId([number; 32]), statement, at(u64::from(number)));
    };
    let roots = [root, SigningKey::from_seed(&[2; 32]).public()];
    let name = || "Quảng Ninh".to_owned();
    say(1, &Statement::Province(Province { name: name(), realm_kind: RealmKind::Trial, roots }));
    say(2, &Statement::Unit(unit(CO_TO, "H49.107")));
    say(3, &Statement::Unit(unit(BAI_CHAY, "H49.108")));
    say(5, &Statement::Succeeds(Succeeds { from: CO_TO, to: BAI_CHAY, at: day("2026-11-20") }));
    say(7, &Statement::Unit(unit(BAI_CHAY, "H49.901")));
    let grant = GrantFacts {
        statement: EntryId([4; 32]),
        key: root,
        person: Some(PersonId([1; 16])),
        name: "Người thử".to_owned(),
        unit: Some(BAI_CHAY),
        node: None,
        roles: vec![Role::Administrator],
        from: None,
        until: None,
        position: at(4),
        ended: None,
    };
    let author = |position| Author::of(&grant, &state, position).unwrap();
    let codes = |position| Vec::from_iter(author(position).org_codes);
    assert!(!author(at(4)).acts_for(CO_TO) && author(at(6)).acts_for(CO_TO));
    assert_eq!(codes(at(4)), ["H49.108"]);
    assert_eq!(codes(at(6)), ["H49.107", "H49.108"]);
    assert_eq!(codes(at(8)), ["H49.107", "H49.108", "H49.901"]);
    assert_eq!(author(None), author(at(8)), "what has no position yet comes after everything");
}

/// The procedure of the scene, as the province states it.
fn procedure() -> Procedure {
    let said = terms(Supplement::Restart);
    Procedure {
        code: said.procedure_code,
        name: said.procedure_name,
        field: "Lĩnh vực thử".to_owned(),
        term: Term::WorkingDays(3),
        verification_extra_working_days: None,
        fee_vnd: None,
        fee_rule: None,
        papers: Vec::new(),
        competent: Competent::Unit,
        supplement: Supplement::Restart,
        extensions_max: 1,
        valid_from: day("2026-01-01"),
        valid_until: None,
        replaces: None,
        note: None,
        term_as_found: None,
        fee_as_found: None,
        name_certainty: Certainty::Source,
        terms_certainty: Certainty::Source,
        cutoff_minute: 15 * 60,
    }
}

#[test]
fn what_the_catalogue_says_later_sets_no_earlier_entry_a_term() {
    let years = include_str!("../../../../deploy/data/holidays.toml");
    let years = catalogue::calendars(years).unwrap();
    let year = years.into_iter().find(|calendar| calendar.year == 2026).unwrap();
    let header = statement_header();
    let mut state = State::default();
    let mut say = |id: u8, number: u64, statement: &Statement| {
        state.fold(&header, EntryId([id; 32]), statement, at(number));
    };
    say(1, 10, &Statement::Procedure(procedure()));
    say(2, 20, &Statement::Calendar(year.clone()));
    say(3, 30, &Statement::Calendar(year));
    let due = |scene: &Scene| {
        let terms = |item: &Item, frozen: &Frozen| Terms::of(frozen, &state, item.position);
        let due = fold(&scene.items, &terms).standing.due();
        (due.at_ms.is_some(), due.certain)
    };
    let mut scene = Scene::received(Office::Unit(CO_TO));
    for (position, expected) in [
        (at(9), (false, false)),
        (at(11), (true, false)),
        (at(21), (true, true)),
        (None, (true, true)),
    ] {
        scene.items[0].position = position;
        assert_eq!(due(&scene), expected, "{position:?}");
    }
    // An event that freezes anew is judged by its own place.
    scene.items[0].position = at(21);
    let calendars = vec![EntryId([3; 32])];
    scene.then(CO_TO, Body::CalendarAccepted(CalendarAccepted { calendars }));
    for (position, expected) in [(at(22), (true, false)), (at(31), (true, true))] {
        scene.items[1].position = position;
        assert_eq!(due(&scene), expected, "{position:?}");
    }
}
