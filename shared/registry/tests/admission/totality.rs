//! Whatever arrives, admission answers, and answers alike.

use hoso_identity::{
    DocumentId, EntryId, Header, Kind, Nonce, PayloadHash, Realm, Reason, UnitId, Verdict,
};
use hoso_registry::{EventKind, Facts, Role, Statement, admit, roles_for};
use proptest::prelude::*;

use crate::world::{BAI_CHAY, CO_TO, World, at, key};

fn world() -> World {
    let mut world = World::new();
    world.staff(CO_TO, 120, &[Role::Reception, Role::Approval]);
    world.staff(BAI_CHAY, 121, Role::DESK);
    world
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (0_u16..20).prop_map(Kind),
        (250_u16..300).prop_map(Kind),
        any::<u16>().prop_map(Kind)
    ]
}

fn units() -> impl Strategy<Value = Vec<UnitId>> {
    prop::collection::btree_set(0_u16..6, 0..5)
        .prop_map(|units| units.into_iter().map(UnitId).collect())
}

proptest! {
    #[test]
    fn admission_answers_for_every_header_and_admits_only_granted_roles(
        kind in kind(), author in 0_usize..8, grant in 0_usize..8, dossier: u8,
        added in units(), audience in prop::option::of(units()),
        position in prop::option::of(0_u64..60), sender_ended: bool, realm: bool,
    ) {
        let world = world();
        let grants: Vec<_> = world.state.grants().cloned().collect();
        let author = grants.get(author).map_or(key(250).public(), |grant| grant.key);
        let named = grants.get(grant).map_or(EntryId([8; 32]), |grant| grant.statement);
        let realm = if realm { world.state.realm().unwrap() } else { Realm::ZERO };
        let document = if dossier < 128 { DocumentId::ZERO } else { DocumentId([dossier; 16]) };
        let header = Header {
            realm, document, kind, author, grant: named, nonce: Nonce([1; 8]),
            units_added: added, payload: PayloadHash([2; 32]),
        };
        let id = header.id();
        let facts = Facts { audience: audience.as_deref(), sender_ended, statement: None };
        let position = position.and_then(at);
        let verdict = admit(&header, &id, position, &world.state, &facts);
        prop_assert_eq!(verdict, admit(&header, &id, position, &world.state, &facts));
        if verdict == Verdict::Admitted {
            let grant = world.state.grant(&named, &author).unwrap();
            prop_assert!(!sender_ended);
            prop_assert!(roles_for(kind).is_none_or(|roles| grant.has_any(roles)));
            let event = EventKind::from_kind(kind);
            prop_assert!(header.units_added.is_empty() || event.is_some_and(EventKind::adds_units));
        }
        if realm.is_zero() && kind != Kind(1) {
            prop_assert_eq!(verdict, Verdict::Refused(Reason::Realm));
        }
    }

    #[test]
    fn bytes_of_any_kind_are_a_canonical_statement_or_none_and_folding_never_panics(
        kind in 0_u16..16, payload: Vec<u8>, author in 0_usize..8,
    ) {
        let mut world = world();
        let Ok(statement) = Statement::decode(Kind(kind), &payload) else { return Ok(()) };
        prop_assert_eq!(statement.encode(), payload);
        let grant = world.state.grants().nth(author).cloned().unwrap();
        let who = crate::world::Who { key: key(1), grant: grant.statement };
        let entry = world.statement(&who, &statement);
        world.state.fold(entry.header(), entry.id(), &statement, at(99));
    }
}
