//! The one byte form of every statement, kept from release to release.

#[cfg(test)]
mod tests {
    use hoso_identity::{DocumentId, EntryId, Kind, NodeId, PersonId, PublicKey, UnitId};
    use hoso_registry::{
        Day, Role, Statement, StatementError, StatementKind,
        statement::{
            Account, AgeKey, Agency, Approval, CalendarStatus, CalendarYear, Certainty, Competent,
            End, Erasure, FirstAdministrator, FormerUnit, Grant, Notice, Part, Procedure, Province,
            RealmKind, Relay, Release, Roots, Succeeds, Supplement, Term, Unit, UnitKind,
        },
    };

    use proptest::prelude::*;

    /// Kind and the first bytes of the BLAKE3 hash of the sample's payload. A line that changes
    /// means that statements already signed can no longer be read.
    const GOLDEN: &[(u16, &str)] = &[
        (1, "cc4b5ec5d80c0d55"),
        (2, "75181773e6641559"),
        (3, "c04c60f16bf34fb4"),
        (6, "02d8a2f7b8ff03bc"),
        (7, "8a08bb55cbb580dd"),
        (8, "6974fc9d58bf80ff"),
        (12, "982f24e164983a65"),
        (13, "37f54157570ff50d"),
        (4, "fe83c97726a65d61"),
        (5, "67ec0cfb7dcc8a6c"),
        (9, "aa1f9878c35add3c"),
        (10, "371431089e820c76"),
        (11, "ff3816065259911b"),
        (14, "d904c1c7604ee7fa"),
    ];

    #[test]
    fn statements_are_written_with_the_same_bytes_in_every_release() {
        let written: Vec<(u16, String)> = samples()
            .iter()
            .map(|sample| {
                let hash = blake3::hash(&sample.encode()).to_hex();
                (sample.kind().kind().0, hash[..16].to_owned())
            })
            .collect();
        let golden: Vec<(u16, String)> =
            GOLDEN.iter().map(|(kind, hash)| (*kind, (*hash).to_owned())).collect();
        assert_eq!(written, golden);
    }

    #[test]
    fn every_kind_has_a_sample_that_is_read_back_as_it_was_written() {
        for kind in StatementKind::ALL {
            let sample = samples().into_iter().find(|sample| sample.kind() == *kind).unwrap();
            let read = Statement::decode(kind.kind(), &sample.encode()).unwrap();
            assert_eq!(read, sample);
        }
    }

    #[test]
    fn a_statement_of_another_kind_or_of_tomorrow_is_not_guessed_at() {
        let payload = procedure().code.into_bytes();
        let unknown = Statement::decode(Kind(200), &payload);
        assert!(matches!(unknown, Err(StatementError::Unknown(Kind(200)))));
        let payload = Statement::Unit(unit()).encode();
        assert!(Statement::decode(StatementKind::Grant.kind(), &payload).is_err());
    }

    #[test]
    fn a_field_more_or_another_spelling_is_no_statement() {
        let release = Statement::Release(Release { entry: EntryId([5; 32]) }).encode();
        assert_eq!(release[0], 0xa1);
        let mut with_a_field = release.clone();
        with_a_field[0] = 0xa2;
        with_a_field.extend([0x01, 0x00]);
        let mut with_a_tail = release.clone();
        with_a_tail.push(0);
        let mut indefinite = release.clone();
        indefinite[0] = 0xbf;
        indefinite.push(0xff);
        for bytes in [with_a_field, with_a_tail, indefinite] {
            let read = Statement::decode(StatementKind::Release.kind(), &bytes);
            assert!(matches!(read, Err(StatementError::NotCanonical)), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_named_by_its_field() {
        let long = "x".repeat(201);
        let cases = [
            ("name", Statement::Unit(Unit { name: long.clone(), ..unit() })),
            ("name", Statement::Unit(Unit { name: " ".to_owned(), ..unit() })),
            ("code", Statement::Unit(Unit { code: "0\n1".to_owned(), ..unit() })),
            ("id", Statement::Unit(Unit { id: UnitId(0), ..unit() })),
            ("closing_minute", Statement::Unit(Unit { closing_minute: 1_440, ..unit() })),
            ("term", Statement::Procedure(Procedure { term: Term::WorkingDays(0), ..procedure() })),
            ("papers", Statement::Procedure(Procedure { papers: vec![long], ..procedure() })),
            (
                "papers",
                Statement::Procedure(Procedure {
                    papers: vec!["Tờ khai".to_owned(); 129],
                    ..procedure()
                }),
            ),
            ("roots", {
                let roots = [PublicKey([1; 32]); 2];
                let name = "Quảng Ninh".to_owned();
                Statement::Province(Province { name, realm_kind: RealmKind::Trial, roots })
            }),
            ("keys", Statement::Roots(Roots { keys: Vec::new() })),
        ];
        for (expected, statement) in cases {
            let Err(StatementError::Bounds { field, .. }) = statement.check() else {
                panic!("{statement:?}")
            };
            assert_eq!(field, expected);
            let read = Statement::decode(statement.kind().kind(), &statement.encode());
            assert!(matches!(read, Err(StatementError::Bounds { .. })));
        }
    }

    #[test]
    fn roles_of_the_province_and_roles_of_a_unit_are_never_mixed() {
        let grant = |unit, node, roles: &[Role]| {
            let statement = Statement::Grant(Grant {
                person: None,
                name: "Cán bộ".to_owned(),
                key: PublicKey([1; 32]),
                unit,
                node,
                roles: roles.to_vec(),
                from: None,
                until: None,
            });
            statement.check().is_ok()
        };
        let (unit, node) = (Some(UnitId(1)), Some(NodeId([1; 16])));
        assert!(grant(unit, node, &[Role::Reception, Role::Clerk]));
        assert!(grant(None, None, &[Role::Operator, Role::Registrar]));
        assert!(!grant(unit, node, &[Role::Reception, Role::Registrar]));
        assert!(!grant(None, None, &[Role::Reception]));
        assert!(!grant(unit, None, &[Role::Reception]));
        assert!(!grant(None, None, &[Role::Root]));
        assert!(!grant(unit, node, &[Role::Clerk, Role::Reception]));
        assert!(!grant(unit, node, &[]));
    }

    proptest! {
        #[test]
        fn damaged_statements_are_read_as_themselves_or_not_at_all(
            sample in 0_usize..14, flips in prop::collection::vec((0_usize..2_000, 0_u32..8), 1..4),
            cut in prop::option::of(0_usize..2_000), other_kind in prop::option::of(0_u16..20),
        ) {
            let statement = samples().swap_remove(sample);
            let mut bytes = statement.encode();
            for (index, bit) in flips {
                let length = bytes.len();
                bytes[index % length] ^= 1 << bit;
            }
            if let Some(cut) = cut { bytes.truncate(cut); }
            let kind = other_kind.map_or(statement.kind().kind(), Kind);
            if let Ok(read) = Statement::decode(kind, &bytes) {
                prop_assert_eq!(read.encode(), bytes);
                prop_assert!(read.check().is_ok());
            }
        }

        #[test]
        fn noise_of_any_kind_never_panics(
            kind: u16,
            payload in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            for kind in [kind, kind % 16] {
                if let Ok(read) = Statement::decode(Kind(kind), &payload) {
                    prop_assert_eq!(read.encode(), payload.clone());
                }
            }
        }
    }

    fn day(number: u32) -> Option<Day> {
        Day::from_number(number)
    }

    /// One statement of each kind that says something about places and authority.
    fn of_authority() -> Vec<Statement> {
        let key = |byte| PublicKey([byte; 32]);
        vec![
            Statement::Province(Province {
                name: "Quảng Ninh".to_owned(),
                realm_kind: RealmKind::Official,
                roots: [key(1), key(2)],
            }),
            Statement::Roots(Roots { keys: vec![key(2), key(3)] }),
            Statement::Relay(Relay {
                transport: key(4),
                age: AgeKey([5; 32]),
                addresses: vec!["relay.quangninh.example:4433".to_owned()],
            }),
            Statement::Approval(Approval {
                unit: UnitId(54),
                label: "Cô Tô, quầy 1".to_owned(),
                transport: key(6),
                signing: key(7),
                age: AgeKey([8; 32]),
                stations: vec![1, 2],
                administrator: FirstAdministrator {
                    person: None,
                    name: "Nguyễn Văn An".to_owned(),
                    key: key(9),
                },
            }),
            Statement::Grant(Grant {
                person: Some(PersonId([1; 16])),
                name: "Trần Thị Bình".to_owned(),
                key: key(10),
                unit: Some(UnitId(54)),
                node: Some(NodeId([2; 16])),
                roles: vec![Role::Reception, Role::Return],
                from: day(20_260_101),
                until: day(20_261_231),
            }),
            Statement::End(End { grant: EntryId([3; 32]), what: Part::Node }),
            Statement::Erasure(Erasure {
                document: DocumentId([4; 16]),
                unit: Some(UnitId(3)),
                ground: "Luật 91/2025/QH15".to_owned(),
                at_ms: 1_764_000_000_000,
            }),
            Statement::Release(Release { entry: EntryId([5; 32]) }),
        ]
    }

    /// One statement of each of the other kinds.
    fn of_catalogue() -> Vec<Statement> {
        vec![
            Statement::Unit(unit()),
            Statement::Agency(Agency {
                id: UnitId(1_001),
                code: "VPDKDD".to_owned(),
                name: "Văn phòng đăng ký đất đai".to_owned(),
                closing_minute: 1_020,
                valid_from: None,
                valid_until: None,
            }),
            Statement::Procedure(procedure()),
            Statement::Calendar(CalendarYear {
                year: 2026,
                status: CalendarStatus::Official,
                off_days: day(20_261_124).into_iter().collect(),
                working_saturdays: day(20_260_822).into_iter().collect(),
            }),
            Statement::Notice(Notice {
                title: "Bảo trì".to_owned(),
                text: "Tối nay\nđường truyền tạm dừng".to_owned(),
                units: vec![UnitId(1), UnitId(54)],
                from: day(20_261_125),
                until: None,
            }),
            Statement::Succeeds(Succeeds {
                from: UnitId(1),
                to: UnitId(2),
                at: day(20_260_101).unwrap(),
            }),
        ]
    }

    fn unit() -> Unit {
        Unit {
            id: UnitId(54),
            code: "07192".to_owned(),
            kind: UnitKind::SpecialZone,
            name: "Cô Tô".to_owned(),
            org_code: "H49.154".to_owned(),
            org_code_is_placeholder: true,
            island: true,
            desk_name: "Trung tâm Phục vụ hành chính công đặc khu Cô Tô".to_owned(),
            authority_name: "Ủy ban nhân dân đặc khu Cô Tô".to_owned(),
            former_district: Some("H Cô Tô".to_owned()),
            former_units: vec![FormerUnit {
                name: "X Thanh Lân".to_owned(),
                district: "H Cô Tô".to_owned(),
                part: false,
            }],
            accounts: vec![Account {
                bank_bin: "970436".to_owned(),
                number: "0123456789".to_owned(),
                holder: "TTPVHCC CO TO".to_owned(),
            }],
            closing_minute: 1_020,
            valid_from: day(20_250_701),
            valid_until: None,
            desk_superior: None,
        }
    }

    fn procedure() -> Procedure {
        Procedure {
            code: "1.001022".to_owned(),
            name: "Đăng ký nhận cha, mẹ, con".to_owned(),
            field: "Hộ tịch".to_owned(),
            term: Term::WorkingDays(3),
            verification_extra_working_days: Some(5),
            fee_vnd: Some(15_000),
            fee_rule: Some("per copy".to_owned()),
            papers: vec!["Tờ khai".to_owned(), "Chứng cứ quan hệ".to_owned()],
            competent: Competent::Agency(UnitId(1_001)),
            supplement: Supplement::Restart,
            extensions_max: 1,
            valid_from: day(20_250_701).unwrap(),
            valid_until: None,
            replaces: None,
            note: None,
            term_as_found: Some("3 wd (+5)".to_owned()),
            fee_as_found: Some("15.000".to_owned()),
            name_certainty: Certainty::Source,
            terms_certainty: Certainty::High,
            cutoff_minute: 900,
        }
    }

    fn samples() -> Vec<Statement> {
        let mut samples = of_authority();
        samples.extend(of_catalogue());
        samples
    }
}
