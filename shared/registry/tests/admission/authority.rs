//! Statements: who gives and ends what.

use hoso_identity::{EntryId, Kind, NodeId, PersonId, Reason, Scope, UnitId, Verdict, WaitingFor};
use hoso_registry::{
    EventKind, Facts, Placed, Role, State, Statement, admit, replay,
    statement::{
        Agency, Certainty, Competent, End, Grant, Part, Procedure, Province, RealmKind, Relay,
        Roots, Succeeds, Supplement, Term,
    },
};

use crate::world::{BAI_CHAY, CO_TO, HONG_GAI, Who, World, approval, at, key, unit};

fn province(roots: [u8; 2]) -> Statement {
    Statement::Province(Province {
        name: "Quảng Ninh".to_owned(),
        realm_kind: RealmKind::Official,
        roots: roots.map(|number| key(number).public()),
    })
}

fn day(text: &str) -> hoso_registry::Day {
    hoso_registry::Day::from_iso(text).unwrap()
}

fn procedure(days: u16, valid_from: &str) -> Procedure {
    Procedure {
        code: "1.001022".to_owned(),
        name: "Đăng ký nhận cha, mẹ, con".to_owned(),
        field: "Hộ tịch".to_owned(),
        term: Term::WorkingDays(days),
        verification_extra_working_days: None,
        fee_vnd: Some(0),
        fee_rule: None,
        papers: Vec::new(),
        competent: Competent::Unit,
        supplement: Supplement::Restart,
        extensions_max: 1,
        valid_from: day(valid_from),
        valid_until: None,
        replaces: None,
        note: None,
        term_as_found: None,
        fee_as_found: None,
        name_certainty: Certainty::Source,
        terms_certainty: Certainty::High,
        cutoff_minute: 900,
    }
}

#[test]
fn a_second_founding_entry_has_no_effect() {
    let mut world = World::new();
    let before = world.state.clone();
    let usurper = Who { key: key(66), grant: EntryId::ZERO };
    assert_eq!(world.refused(&usurper, &province([66, 67])), Reason::Realm);
    let entry = world.statement(&usurper, &province([66, 67]));
    world.state.fold(entry.header(), entry.id(), &province([66, 67]), at(99));
    assert_eq!(world.state, before);
}

#[test]
fn a_realm_is_founded_only_by_one_of_the_roots_that_it_names() {
    let mut world = World::new();
    world.state = State::default();
    let stranger = Who { key: key(66), grant: EntryId::ZERO };
    assert_eq!(world.refused(&stranger, &province([1, 2])), Reason::Grant);
    let sealed = Who { key: key(2), grant: EntryId::ZERO };
    let founding = world.must(&sealed, &province([1, 2]));
    assert_eq!(world.state.realm(), Some(founding.realm()));
    assert_eq!(world.state.realm_kind(), Some(RealmKind::Official));
    assert_eq!(world.state.roots().count(), 2);
}

#[test]
fn before_the_realm_is_founded_everything_waits() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let entry = world.first(&desk, &[CO_TO]);
    let nothing = State::default();
    let verdict = admit(entry.header(), &entry.id(), at(9), &nothing, &Facts::default());
    assert_eq!(verdict, Verdict::Waiting(WaitingFor::Grant(desk.grant)));
}

#[test]
fn an_administrator_gives_roles_in_the_own_unit_only() {
    let mut world = World::new();
    let co_to = world.administrators[0].clone();
    let own = world.staff_grant(CO_TO, 120, &[Role::Reception, Role::Viewer]);
    world.must(&co_to, &Statement::Grant(own));
    let foreign = world.staff_grant(BAI_CHAY, 121, &[Role::Reception]);
    assert_eq!(world.refused(&co_to, &Statement::Grant(foreign.clone())), Reason::Grant);
    let foreign_node = Grant { unit: Some(CO_TO), ..foreign };
    assert_eq!(world.refused(&co_to, &Statement::Grant(foreign_node)), Reason::Grant);
    let nowhere =
        Grant { node: Some(NodeId([5; 16])), ..world.staff_grant(CO_TO, 122, &[Role::Clerk]) };
    assert_eq!(world.refused(&co_to, &Statement::Grant(nowhere)), Reason::Grant);
}

#[test]
fn no_role_of_the_province_and_no_gateway_comes_from_an_administrator() {
    let mut world = World::new();
    let co_to = world.administrators[0].clone();
    let gateway = world.staff_grant(CO_TO, 120, &[Role::Gateway]);
    assert_eq!(world.refused(&co_to, &Statement::Grant(gateway.clone())), Reason::Grant);
    let registrar = world.registrar.clone();
    world.must(&registrar, &Statement::Grant(gateway));
    let above =
        Grant { unit: None, node: None, ..world.staff_grant(CO_TO, 121, &[Role::Registrar]) };
    assert_eq!(world.refused(&co_to, &Statement::Grant(above.clone())), Reason::Grant);
    assert_eq!(world.refused(&registrar, &Statement::Grant(above.clone())), Reason::Grant);
    let root = world.root.clone();
    world.must(&root, &Statement::Grant(above));
}

#[test]
fn a_registrar_names_administrators_but_nobody_who_acts_in_dossiers() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    let lead = world.staff_grant(CO_TO, 120, &[Role::Administrator]);
    world.must(&registrar, &Statement::Grant(lead));
    let desk = world.staff_grant(CO_TO, 121, &[Role::Reception, Role::Administrator]);
    assert_eq!(world.refused(&registrar, &Statement::Grant(desk)), Reason::Grant);
}

#[test]
fn clerks_and_operators_say_nothing_in_the_registry() {
    let mut world = World::new();
    let clerk = world.staff(CO_TO, 120, &[Role::Clerk]);
    let operator = world.provincial(12, Role::Operator);
    for who in [clerk, operator] {
        let renamed = Statement::Unit(unit(CO_TO, "07192", "Tên khác"));
        assert_eq!(world.refused(&who, &renamed), Reason::Role);
        let end = Statement::End(End { grant: world.registrar.grant, what: Part::Person });
        assert_eq!(world.refused(&who, &end), Reason::Role);
    }
}

#[test]
fn a_grant_made_in_the_dark_works_at_once_and_ends_like_any_other() {
    let mut world = World::new();
    let co_to = world.administrators[0].clone();
    let given = Statement::Grant(world.staff_grant(CO_TO, 120, &[Role::Reception]));
    let entry = world.statement(&co_to, &given);
    let facts = Facts { statement: Some(&given), ..Facts::default() };
    let verdict = admit(entry.header(), &entry.id(), None, &world.state, &facts);
    assert_eq!(verdict, Verdict::Admitted);
    let mut here = world.clone();
    here.state.fold(entry.header(), entry.id(), &given, None);
    let desk = Who { key: key(120), grant: entry.id() };
    let received = here.first(&desk, &[CO_TO]);
    assert_eq!(here.judge(&received, None, &[]), Verdict::Admitted);
    assert!(matches!(world.judge(&received, at(100), &[]), Verdict::Waiting(_)));
    let end = Statement::End(End { grant: desk.grant, what: Part::Person });
    let ended = here.statement(&co_to, &end);
    here.state.fold(ended.header(), ended.id(), &end, None);
    assert_eq!(here.judge(&received, None, &[]), Verdict::Refused(Reason::GrantEnded));
}

#[test]
fn an_end_without_a_position_takes_nothing_back_that_the_province_has_accepted() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let note = world.event(&desk, EventKind::Noted, &[]);
    let co_to = world.administrators[0].clone();
    let end = Statement::End(End { grant: desk.grant, what: Part::Person });
    let ended = world.statement(&co_to, &end);
    world.state.fold(ended.header(), ended.id(), &end, None);
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), Verdict::Admitted);
    assert_eq!(world.judge(&note, None, &[CO_TO]), Verdict::Refused(Reason::GrantEnded));
}

#[test]
fn the_parts_of_an_approval_end_apart() {
    let mut world = World::new();
    let desk = world.staff(CO_TO, 120, &[Role::Reception]);
    let lead = world.administrators[0].clone();
    let registrar = world.registrar.clone();
    world.end(&registrar, lead.grant, Part::Person);
    let grant = Statement::Grant(world.staff_grant(CO_TO, 121, &[Role::Clerk]));
    assert_eq!(world.refused(&lead, &grant), Reason::GrantEnded);
    let note = world.event(&desk, EventKind::Noted, &[]);
    assert_eq!(world.judge(&note, at(100), &[CO_TO]), Verdict::Admitted);
    let node = world.state.node(lead.grant.node()).unwrap();
    assert!(node.ended.is_none());
    world.end(&registrar, lead.grant, Part::Node);
    assert!(world.state.node(lead.grant.node()).unwrap().ended.is_some());
}

#[test]
fn nobody_is_granted_anything_at_a_node_that_has_ended() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    let lead = world.staff_grant(CO_TO, 120, &[Role::Administrator]);
    world.end(&registrar, world.administrators[0].grant, Part::Node);
    assert_eq!(world.refused(&registrar, &Statement::Grant(lead)), Reason::GrantEnded);
}

#[test]
fn an_administrator_ends_people_of_the_own_unit_and_no_node() {
    let mut world = World::new();
    let foreign = world.staff(BAI_CHAY, 120, &[Role::Clerk]);
    let own = world.staff(CO_TO, 121, &[Role::Clerk]);
    let lead = world.administrators[0].clone();
    let end = |grant, what| Statement::End(End { grant, what });
    assert_eq!(world.refused(&lead, &end(foreign.grant, Part::Person)), Reason::Grant);
    assert_eq!(world.refused(&lead, &end(lead.grant, Part::Node)), Reason::Grant);
    assert_eq!(world.refused(&lead, &end(own.grant, Part::Node)), Reason::Shape);
    world.must(&lead, &end(own.grant, Part::Person));
    let unknown = EntryId([9; 32]);
    let waits = Verdict::Waiting(WaitingFor::Grant(unknown));
    assert_eq!(world.say(&lead, &end(unknown, Part::Person)).1, waits);
}

#[test]
fn a_registrar_ends_operators_and_only_a_root_ends_a_registrar() {
    let mut world = World::new();
    let operator = world.provincial(12, Role::Operator);
    let (first, second) = (world.registrar.clone(), world.second_registrar.clone());
    let end = |grant| Statement::End(End { grant, what: Part::Person });
    world.must(&first, &end(operator.grant));
    assert_eq!(world.refused(&first, &end(second.grant)), Reason::Grant);
    let root = world.root.clone();
    world.must(&root, &end(second.grant));
    let renamed = Statement::Unit(unit(CO_TO, "07192", "Cô Tô"));
    assert_eq!(world.refused(&second, &renamed), Reason::GrantEnded);
    assert_eq!(world.refused(&first, &end(root.grant)), Reason::Shape);
}

#[test]
fn a_root_that_was_replaced_never_comes_back() {
    let mut world = World::new();
    let root = world.root.clone();
    let roots = |numbers: &[u8]| {
        let mut keys: Vec<_> = numbers.iter().map(|number| key(*number).public()).collect();
        keys.sort();
        Statement::Roots(Roots { keys })
    };
    world.must(&root, &roots(&[2, 3]));
    let kept: Vec<_> = world.state.roots().collect();
    assert_eq!(kept.len(), 2);
    assert!(!kept.contains(&key(1).public()));
    assert_eq!(world.refused(&root, &roots(&[1])), Reason::GrantEnded);
    let sealed = Who { key: key(2), grant: root.grant };
    assert_eq!(world.refused(&sealed, &roots(&[1, 2])), Reason::Grant);
    let new = Who { key: key(3), grant: root.grant };
    world.must(&new, &roots(&[3]));
}

#[test]
fn the_relay_is_named_by_a_root_and_the_latest_word_holds() {
    let mut world = World::new();
    let relay = |number| {
        Statement::Relay(Relay {
            transport: key(number).public(),
            age: hoso_registry::statement::AgeKey([number; 32]),
            addresses: vec!["10.0.0.1:4433".to_owned()],
        })
    };
    let (root, registrar) = (world.root.clone(), world.registrar.clone());
    assert_eq!(world.refused(&registrar, &relay(30)), Reason::Role);
    world.must(&root, &relay(30));
    world.must(&root, &relay(31));
    assert_eq!(world.state.relay_keys().unwrap().transport, key(31).public());
}

#[test]
fn a_station_and_a_transport_key_are_given_once_even_after_their_node_has_ended() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    world.end(&registrar, world.administrators[0].grant, Part::Node);
    let approve = |number, stations| Statement::Approval(approval(CO_TO, number, stations));
    assert_eq!(world.refused(&registrar, &approve(130, vec![2, 3])), Reason::Shape);
    assert_eq!(world.refused(&registrar, &approve(100, vec![3, 4])), Reason::Shape);
    let free: Vec<u16> = world.state.free_stations(CO_TO).take(2).collect();
    assert_eq!(free, [3, 4]);
    world.must(&registrar, &approve(130, free));
    let elsewhere = Statement::Approval(approval(HONG_GAI, 140, vec![1, 2]));
    world.must(&registrar, &elsewhere);
    let nowhere = Statement::Approval(approval(UnitId(99), 150, vec![1, 2]));
    assert_eq!(world.refused(&registrar, &nowhere), Reason::Units);
}

#[test]
fn a_person_keeps_their_id_with_a_second_key_but_only_in_their_own_unit() {
    let mut world = World::new();
    let first = world.staff(CO_TO, 120, &[Role::Clerk]);
    let id = first.grant.person();
    let person = Some(id);
    let lead = world.administrators[0].clone();
    let again = Grant { person, ..world.staff_grant(CO_TO, 121, &[Role::Clerk]) };
    let second = world.must(&lead, &Statement::Grant(again));
    let grant = world.state.grant(&second, &key(121).public()).unwrap();
    assert_eq!(grant.person, person);
    assert_eq!(world.state.grants_of_person(id).count(), 2);
    let stolen = Grant { person, ..world.staff_grant(BAI_CHAY, 122, &[Role::Clerk]) };
    let other = world.administrators[1].clone();
    assert_eq!(world.refused(&other, &Statement::Grant(stolen)), Reason::Grant);
    let invented =
        Grant { person: Some(PersonId([3; 16])), ..world.staff_grant(CO_TO, 123, &[Role::Clerk]) };
    assert_eq!(world.refused(&lead, &Statement::Grant(invented)), Reason::Grant);
}

#[test]
fn units_and_agencies_share_neither_ids_nor_codes() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    let agency = |id, code: &str| {
        Statement::Agency(Agency {
            id: UnitId(id),
            code: code.to_owned(),
            name: "Cơ quan".to_owned(),
            closing_minute: 1_020,
            valid_from: None,
            valid_until: None,
        })
    };
    assert_eq!(world.refused(&registrar, &agency(1, "VPDKDD")), Reason::Units);
    assert_eq!(world.refused(&registrar, &agency(1_001, "07192")), Reason::Units);
    world.must(&registrar, &agency(1_001, "VPDKDD"));
    let taken = Statement::Unit(unit(UnitId(1_001), "00001", "Phường"));
    assert_eq!(world.refused(&registrar, &taken), Reason::Units);
    let renamed = Statement::Unit(unit(CO_TO, "07192", "Cô Tô mới"));
    world.must(&registrar, &renamed);
    assert_eq!(world.state.unit_by_code("07192").unwrap().name, "Cô Tô mới");
}

#[test]
fn no_unit_comes_to_succeed_itself() {
    let mut world = World::new();
    world.succeeds(CO_TO, BAI_CHAY);
    world.succeeds(BAI_CHAY, HONG_GAI);
    let registrar = world.registrar.clone();
    let circle = Succeeds { from: HONG_GAI, to: CO_TO, at: day("2026-01-01") };
    assert_eq!(world.refused(&registrar, &Statement::Succeeds(circle)), Reason::Units);
    let scopes = [Scope::Province, Scope::Unit(CO_TO), Scope::Unit(BAI_CHAY)];
    assert_eq!(world.state.scopes_of(BAI_CHAY), scopes);
    assert_eq!(world.state.scopes_of(CO_TO), [Scope::Province, Scope::Unit(CO_TO)]);
}

#[test]
fn a_dossier_keeps_the_version_of_its_procedure_and_a_later_one_holds_from_its_first_day() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    let mut say = |days, from| world.must(&registrar, &Statement::Procedure(procedure(days, from)));
    let old = say(3, "2025-07-01");
    let new = say(2, "2027-01-01");
    let corrected = say(4, "2025-07-01");
    let on = |date: &str| world.state.procedure("1.001022", day(date).0).map(|(id, _)| id);
    assert_eq!(on("2025-06-30"), None);
    assert_eq!(on("2026-11-20"), Some(corrected));
    assert_eq!(on("2027-01-01"), Some(new));
    assert_eq!(world.state.procedure_version_at(&old, None).unwrap().term, Term::WorkingDays(3));
    assert_eq!(world.state.procedures().count(), 3);
    let mut foreign = procedure(3, "2025-07-01");
    foreign.competent = Competent::Agency(UnitId(1_001));
    assert_eq!(world.refused(&registrar, &Statement::Procedure(foreign)), Reason::Units);
}

#[test]
fn a_statement_that_cannot_be_read_is_refused_and_one_of_tomorrow_is_passed_on() {
    let mut world = World::new();
    let registrar = world.registrar.clone();
    let document = hoso_identity::DocumentId::ZERO;
    let broken = world.sign(&registrar, (Kind(4), document), vec![0xff], &[]);
    let judge = |entry: &hoso_identity::VerifiedEntry| {
        admit(entry.header(), &entry.id(), at(99), &world.state, &Facts::default())
    };
    assert_eq!(judge(&broken), Verdict::Refused(Reason::Shape));
    let mut other = world.clone();
    let tomorrow = other.sign(&registrar, (Kind(200), document), vec![0xff], &[]);
    assert_eq!(judge(&tomorrow), Verdict::Admitted);
    let lead = other.administrators[0].clone();
    let tomorrow = other.sign(&lead, (Kind(200), document), vec![0xff], &[]);
    assert_eq!(judge(&tomorrow), Verdict::Refused(Reason::Role));
}

#[test]
fn a_replay_in_any_order_of_arrival_gives_the_same_state() {
    let mut world = World::new();
    world.state = State::default();
    world.head = 0;
    let mut said = Vec::new();
    let root = Who { key: key(1), grant: EntryId::ZERO };
    let entry = world.statement(&root, &province([1, 2]));
    said.push((entry, province([1, 2])));
    let founding = said[0].0.id();
    world.state.fold(said[0].0.header(), founding, &said[0].1, at(1));
    let root = Who { key: key(1), grant: founding };
    let mut registrar = world.staff_grant(CO_TO, 10, &[Role::Registrar]);
    (registrar.unit, registrar.node) = (None, None);
    let registrar = Statement::Grant(registrar);
    said.push((world.statement(&root, &registrar), registrar));
    let registrar = Who { key: key(10), grant: said[1].0.id() };
    for statement in [
        Statement::Unit(unit(CO_TO, "07192", "Cô Tô")),
        Statement::Approval(approval(CO_TO, 100, vec![1, 2])),
        Statement::Unit(unit(CO_TO, "07192", "Cô Tô mới")),
        province([66, 67]),
    ] {
        said.push((world.statement(&registrar, &statement), statement));
    }
    let placed: Vec<Placed<'_>> = (1..)
        .zip(&said)
        .map(|(number, (entry, statement))| {
            let position = if number == 5 { None } else { at(number) };
            Placed { header: entry.header(), id: entry.id(), statement, position }
        })
        .collect();
    let forwards = replay(placed.iter().copied());
    let backwards = replay(placed.iter().rev().copied());
    assert_eq!(forwards, backwards);
    assert_eq!(forwards.unit(CO_TO).unwrap().name, "Cô Tô mới");
    assert_eq!(forwards.founding(), Some(founding));
    assert_eq!(forwards.nodes().count(), 1);
}
