//! Events of dossiers.

use hoso_identity::{
    DocumentId, EntryId, Header, Kind, Realm, Reason, UnitId, Verdict, WaitingFor,
};
use hoso_registry::{
    EventKind, Facts, Role, Statement, admit,
    statement::{Erasure, Part, Release},
};

use crate::world::{BAI_CHAY, CO_TO, HONG_GAI, Who, World, at, key, unit};

const ADMITTED: Verdict = Verdict::Admitted;

fn refused(reason: Reason) -> Verdict {
    Verdict::Refused(reason)
}

#[test]
fn reception_at_the_counter_receives_for_the_own_unit() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let entry = world.first(&desk, &[CO_TO]);
    assert_eq!(world.judge(&entry, at(100), &[]), ADMITTED);
    let foreign = world.first(&desk, &[BAI_CHAY]);
    assert_eq!(world.judge(&foreign, at(100), &[]), refused(Reason::Units));
    let both = world.first(&desk, &[CO_TO, BAI_CHAY]);
    assert_eq!(world.judge(&both, at(100), &[]), ADMITTED);
}

#[test]
fn a_clerk_who_approves_is_refused() {
    let mut world = World::new();
    let clerk = world.staff(CO_TO, 120, &[Role::Clerk]);
    let approves = world.event(&clerk, EventKind::Approved, &[]);
    assert_eq!(world.judge(&approves, at(100), &[CO_TO]), refused(Reason::Role));
    let issues = world.event(&clerk, EventKind::ResultReady, &[]);
    assert_eq!(world.judge(&issues, at(100), &[CO_TO]), ADMITTED);
}

#[test]
fn a_grant_that_ended_counts_for_what_has_an_earlier_position_only() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let note = world.event(&desk, EventKind::Noted, &[]);
    let administrator = world.administrators[0].clone();
    world.end(&administrator, desk.grant, Part::Person);
    let end = world.head;
    assert_eq!(world.judge(&note, at(end - 1), &[CO_TO]), ADMITTED);
    assert_eq!(world.judge(&note, at(end + 1), &[CO_TO]), refused(Reason::GrantEnded));
    assert_eq!(world.judge(&note, None, &[CO_TO]), refused(Reason::GrantEnded));
}

#[test]
fn an_entry_refused_for_an_ended_grant_counts_after_its_release_and_no_other_does() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let [note, other] = [0, 1].map(|_| world.event(&desk, EventKind::Noted, &[]));
    let registrar = world.registrar.clone();
    let node = world.administrators[0].grant;
    world.end(&registrar, node, Part::Node);
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), refused(Reason::GrantEnded));
    world.must(&registrar, &Statement::Release(Release { entry: note.id() }));
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), ADMITTED);
    assert_eq!(world.judge(&other, at(100), &[CO_TO]), refused(Reason::GrantEnded));
    let brought_by_ended =
        Facts { audience: Some(&[CO_TO]), sender_ended: true, ..Facts::default() };
    let judged = |entry: &hoso_identity::VerifiedEntry| {
        admit(entry.header(), &entry.id(), at(100), &world.state, &brought_by_ended)
    };
    assert_eq!(judged(&note), ADMITTED);
    assert_eq!(judged(&other), refused(Reason::NodeEnded));
}

#[test]
fn a_release_gives_nobody_a_role_that_they_never_had() {
    let mut world = World::new();
    let clerk = world.staff(CO_TO, 120, &[Role::Clerk]);
    let approves = world.event(&clerk, EventKind::Approved, &[]);
    let registrar = world.registrar.clone();
    world.must(&registrar, &Statement::Release(Release { entry: approves.id() }));
    assert_eq!(world.judge(&approves, at(100), &[CO_TO]), refused(Reason::Role));
}

#[test]
fn ending_a_node_ends_the_grants_of_all_keys_made_at_it() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let elsewhere = world.staff(BAI_CHAY, 121, &[Role::Reception]);
    let registrar = world.registrar.clone();
    let node = world.administrators[0].grant;
    world.end(&registrar, node, Part::Node);
    let (here, there) =
        (world.event(&desk, EventKind::Noted, &[]), world.event(&elsewhere, EventKind::Noted, &[]));
    let audience = [CO_TO, BAI_CHAY];
    assert_eq!(world.judge(&here, at(100), &audience), refused(Reason::GrantEnded));
    assert_eq!(world.judge(&there, at(100), &audience), ADMITTED);
    let lead = world.administrators[0].clone();
    let reissue = world.event(&lead, EventKind::CodeReissued, &[]);
    assert_eq!(world.judge(&reissue, at(100), &audience), refused(Reason::GrantEnded));
}

#[test]
fn a_unit_outside_the_audience_waits_until_it_is_added() {
    let mut world = World::new();
    let foreign = world.staff(BAI_CHAY, 120, &[Role::Reception]);
    let note = world.event(&foreign, EventKind::Noted, &[]);
    let waits = Verdict::Waiting(WaitingFor::Audience(DocumentId([7; 16]), BAI_CHAY));
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), waits);
    assert_eq!(world.judge(&note, at(100), &[CO_TO, BAI_CHAY]), ADMITTED);
}

#[test]
fn a_unit_acts_for_the_unit_that_it_succeeded_also_through_a_third() {
    let mut world = World::new();
    let heir = world.staff(BAI_CHAY, 120, &[Role::Reception]);
    world.succeeds(CO_TO, HONG_GAI);
    world.succeeds(HONG_GAI, BAI_CHAY);
    let note = world.event(&heir, EventKind::Noted, &[]);
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), ADMITTED);
    let before = at(world.head - 1);
    let waits = Verdict::Waiting(WaitingFor::Audience(DocumentId([7; 16]), BAI_CHAY));
    assert_eq!(world.judge(&note, before, &[CO_TO]), waits, "it came before the succession");
    assert_eq!(world.judge(&note, before, &[HONG_GAI]), waits);
    let former = world.staff(CO_TO, 121, &[Role::Reception]);
    let note = world.event(&former, EventKind::Noted, &[]);
    assert!(matches!(world.judge(&note, at(100), &[BAI_CHAY]), Verdict::Waiting(_)));
}

#[test]
fn an_event_of_an_unknown_dossier_waits_for_its_first_entry() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let note = world.event(&desk, EventKind::Noted, &[]);
    let verdict = admit(note.header(), &note.id(), at(100), &world.state, &Facts::default());
    assert_eq!(verdict, Verdict::Waiting(WaitingFor::Document(DocumentId([7; 16]))));
}

#[test]
fn a_stolen_grant_id_is_worthless_without_its_key() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let thief = Who { key: key(200), grant: desk.grant };
    let entry = world.first(&thief, &[CO_TO]);
    assert_eq!(world.judge(&entry, at(100), &[]), refused(Reason::Grant));
}

#[test]
fn an_entry_that_names_an_unknown_grant_waits_for_it_and_one_that_names_none_is_refused() {
    let mut world = World::new();
    let grant = EntryId([9; 32]);
    let entry = world.first(&Who { key: key(200), grant }, &[CO_TO]);
    assert_eq!(world.judge(&entry, at(100), &[]), Verdict::Waiting(WaitingFor::Grant(grant)));
    let entry = world.first(&Who { key: key(200), grant: EntryId::ZERO }, &[CO_TO]);
    assert_eq!(world.judge(&entry, at(100), &[]), refused(Reason::Grant));
}

#[test]
fn the_signing_key_of_a_node_has_no_role_in_dossiers() {
    let mut world = World::new();
    let machine = Who { key: key(101), grant: world.administrators[0].grant };
    assert!(world.state.grant(&machine.grant, &machine.key.public()).is_some());
    for kind in EventKind::ALL {
        let entry = world.event(&machine, *kind, &[]);
        assert_eq!(world.judge(&entry, at(100), &[CO_TO]), refused(Reason::Role), "{kind:?}");
    }
    let unknown = world.sign(&machine, (Kind(900), DocumentId([7; 16])), vec![1], &[]);
    assert_eq!(world.judge(&unknown, at(100), &[CO_TO]), refused(Reason::Role));
}

#[test]
fn nobody_of_the_province_acts_in_dossiers() {
    let mut world = World::new();
    let operator = world.provincial(12, Role::Operator);
    for who in [world.root.clone(), world.registrar.clone(), operator] {
        for kind in EventKind::ALL {
            let entry = world.event(&who, *kind, &[]);
            assert_eq!(world.judge(&entry, at(100), &[CO_TO]), refused(Reason::Role));
        }
    }
}

#[test]
fn an_entry_of_another_realm_never_counts() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let entry = world.first(&desk, &[CO_TO]);
    let header = Header { realm: Realm([1; 16]), ..entry.header().clone() };
    let verdict = admit(&header, &header.id(), at(100), &world.state, &Facts::default());
    assert_eq!(verdict, refused(Reason::Realm));
}

#[test]
fn a_dossier_begins_with_its_reception_or_its_submission_and_nothing_else() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception, Role::Processing, Role::Approval]);
    for kind in [EventKind::Noted.kind(), EventKind::HandedOver.kind(), Kind(900)] {
        let units: &[UnitId] = if kind == Kind(900) { &[] } else { &[CO_TO] };
        let entry = world.sign(&desk, (kind, DocumentId::ZERO), vec![1], units);
        assert!(matches!(world.judge(&entry, at(100), &[]), Verdict::Refused(_)), "{kind:?}");
    }
}

#[test]
fn units_join_an_audience_only_by_the_kinds_that_add_them() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let noted = world.event(&desk, EventKind::Noted, &[BAI_CHAY]);
    assert_eq!(world.judge(&noted, at(100), &[CO_TO]), refused(Reason::Units));
    for kind in [EventKind::HandedOver, EventKind::UnitAdded] {
        let added = world.event(&desk, kind, &[BAI_CHAY]);
        assert_eq!(world.judge(&added, at(100), &[CO_TO]), ADMITTED);
    }
}

#[test]
fn a_unit_that_does_not_exist_or_is_an_agency_joins_no_audience() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    let land_office = hoso_registry::statement::Agency {
        id: UnitId(1_001),
        code: "VPDKDD".to_owned(),
        name: "Văn phòng đăng ký đất đai".to_owned(),
        closing_minute: 17 * 60,
        valid_from: None,
        valid_until: None,
    };
    world.must(&registrar, &Statement::Agency(land_office));
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    for unknown in [UnitId(99), UnitId(1_001)] {
        let added = world.event(&desk, EventKind::UnitAdded, &[unknown]);
        assert_eq!(world.judge(&added, at(100), &[CO_TO]), refused(Reason::Units));
    }
}

#[test]
fn a_ninth_unit_waits_for_a_registrar_and_one_that_is_there_already_is_none_more() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    for id in 4..=9 {
        let unit = unit(UnitId(id), &format!("0000{id}"), "Phường");
        world.must(&registrar, &Statement::Unit(unit));
    }
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let full: Vec<UnitId> = (1..=8).map(UnitId).collect();
    let ninth = world.event(&desk, EventKind::UnitAdded, &[UnitId(9)]);
    let waits = Verdict::Waiting(WaitingFor::Operator(ninth.id()));
    assert_eq!(world.judge(&ninth, at(100), &full), waits);
    assert_eq!(world.judge(&ninth, at(100), &full[..7]), ADMITTED);
    let again = world.event(&desk, EventKind::HandedOver, &[UnitId(8)]);
    assert_eq!(world.judge(&again, at(100), &full), ADMITTED);
    world.must(&registrar, &Statement::Release(Release { entry: ninth.id() }));
    assert_eq!(world.judge(&ninth, at(100), &full), ADMITTED);
}

#[test]
fn an_erased_dossier_takes_nothing_more_once_two_registrars_agree() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let note = world.event(&desk, EventKind::Noted, &[]);
    let erasure = |unit| {
        Statement::Erasure(Erasure {
            document: DocumentId([7; 16]),
            unit,
            ground: "Luật 91/2025/QH15".to_owned(),
            at_ms: 1,
        })
    };
    let (first, second) = (world.registrar.clone(), world.second_registrar.clone());
    world.must(&first, &erasure(None));
    world.must(&first, &erasure(None));
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), ADMITTED);
    world.must(&second, &erasure(None));
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), refused(Reason::Erased));
}

#[test]
fn a_dossier_erased_at_one_unit_goes_on_at_the_others() {
    let mut world = World::new();
    let here = world.staff(CO_TO, 120, &[Role::Reception]);
    let there = world.staff(BAI_CHAY, 121, &[Role::Reception]);
    let erasure = Statement::Erasure(Erasure {
        document: DocumentId([7; 16]),
        unit: Some(BAI_CHAY),
        ground: "Thêm nhầm đơn vị".to_owned(),
        at_ms: 1,
    });
    for registrar in [world.registrar.clone(), world.second_registrar.clone()] {
        world.must(&registrar, &erasure);
    }
    let audience = [CO_TO, BAI_CHAY];
    let (note, gone) =
        (world.event(&here, EventKind::Noted, &[]), world.event(&there, EventKind::Noted, &[]));
    assert_eq!(world.judge(&note, at(100), &audience), ADMITTED);
    assert_eq!(world.judge(&gone, at(100), &audience), refused(Reason::Erased));
    assert!(world.state.erased(&DocumentId([7; 16])).is_none());
}

#[test]
fn a_kind_of_tomorrow_is_passed_on_but_adds_no_units() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Cashier]);
    let viewer = world.staff(CO_TO, 121, &[Role::Viewer]);
    let document = DocumentId([7; 16]);
    let passed = world.sign(&desk, (Kind(900), document), vec![1], &[]);
    assert_eq!(world.judge(&passed, at(100), &[CO_TO]), ADMITTED);
    let read = world.sign(&viewer, (Kind(900), document), vec![1], &[]);
    assert_eq!(world.judge(&read, at(100), &[CO_TO]), refused(Reason::Role));
    let grows = world.sign(&desk, (Kind(900), document), vec![1], &[BAI_CHAY]);
    assert_eq!(world.judge(&grows, at(100), &[CO_TO]), refused(Reason::Units));
}
