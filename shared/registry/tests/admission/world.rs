//! A small province: two roots, two registrars, three units, a node with staff in two of them.

use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Header, Kind, Nonce, PayloadHash, Position, PublicKey,
    Realm, Reason, SigningKey, UnitId, Verdict, VerifiedEntry,
};
use hoso_registry::{
    EventKind, Facts, Role, State, Statement, admit,
    statement::{
        AgeKey, Approval, End, FirstAdministrator, Grant, Part, Province, RealmKind, Succeeds,
        Unit, UnitKind,
    },
};

pub(crate) const CO_TO: UnitId = UnitId(1);
pub(crate) const BAI_CHAY: UnitId = UnitId(2);
pub(crate) const HONG_GAI: UnitId = UnitId(3);

/// A key with the grant that it names in its entries.
#[derive(Clone)]
pub(crate) struct Who {
    pub(crate) key: SigningKey,
    pub(crate) grant: EntryId,
}

/// The state of the registry and the ledger's counter.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) head: u64,
    chance: u64,
    pub(crate) root: Who,
    pub(crate) registrar: Who,
    pub(crate) second_registrar: Who,
    /// The administrators of Cô Tô and Bãi Cháy.
    pub(crate) administrators: [Who; 2],
}

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

pub(crate) fn at(number: u64) -> Option<Position> {
    Some(Position { epoch: Epoch { generation: 1, random: [0; 8] }, number })
}

pub(crate) fn unit(id: UnitId, code: &str, name: &str) -> Unit {
    Unit {
        id,
        code: code.to_owned(),
        kind: UnitKind::Ward,
        name: name.to_owned(),
        org_code: format!("H49.{}", id.0),
        org_code_is_placeholder: true,
        island: false,
        desk_name: format!("Trung tâm {name}"),
        authority_name: format!("Ủy ban nhân dân {name}"),
        former_district: None,
        former_units: Vec::new(),
        accounts: Vec::new(),
        closing_minute: 17 * 60,
        valid_from: None,
        valid_until: None,
        desk_superior: None,
    }
}

/// An approval of a node whose keys all come from this number.
pub(crate) fn approval(unit: UnitId, number: u8, stations: Vec<u16>) -> Approval {
    Approval {
        unit,
        label: format!("Máy {number}"),
        transport: key(number).public(),
        signing: key(number + 1).public(),
        age: AgeKey([number; 32]),
        stations,
        administrator: FirstAdministrator {
            person: None,
            name: "Người quản trị".to_owned(),
            key: key(number + 2).public(),
        },
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let root = Who { key: key(1), grant: EntryId::ZERO };
        let nobody = Who { key: key(0), grant: EntryId::ZERO };
        let mut world = Self {
            state: State::default(),
            head: 0,
            chance: 0,
            root: root.clone(),
            registrar: nobody.clone(),
            second_registrar: nobody.clone(),
            administrators: [nobody.clone(), nobody],
        };
        let founding = Statement::Province(Province {
            name: "Quảng Ninh".to_owned(),
            realm_kind: RealmKind::Trial,
            roots: [key(1).public(), key(2).public()],
        });
        world.root.grant = world.must(&root, &founding);
        world.registrar = world.provincial(10, Role::Registrar);
        world.second_registrar = world.provincial(11, Role::Registrar);
        for (id, code, name) in [
            (CO_TO, "07192", "Cô Tô"),
            (BAI_CHAY, "06673", "Bãi Cháy"),
            (HONG_GAI, "06685", "Hồng Gai"),
        ] {
            world.must(&world.registrar.clone(), &Statement::Unit(unit(id, code, name)));
        }
        for (index, unit, number) in [(0, CO_TO, 100), (1, BAI_CHAY, 110)] {
            let approval = Statement::Approval(approval(unit, number, vec![1, 2]));
            let grant = world.must(&world.registrar.clone(), &approval);
            world.administrators[index] = Who { key: key(number + 2), grant };
        }
        world
    }

    /// A person at the province.
    pub(crate) fn provincial(&mut self, number: u8, role: Role) -> Who {
        let grant = Statement::Grant(Grant {
            person: None,
            name: "Người ở tỉnh".to_owned(),
            key: key(number).public(),
            unit: None,
            node: None,
            roles: vec![role],
            from: None,
            until: None,
        });
        Who { key: key(number), grant: self.must(&self.root.clone(), &grant) }
    }

    /// What an administrator signs to give a key roles in their own unit, at their own node.
    pub(crate) fn staff_grant(&self, unit: UnitId, number: u8, roles: &[Role]) -> Grant {
        let node = self.state.nodes_of_unit(unit).next().map(|node| node.id);
        Grant {
            person: None,
            name: "Cán bộ".to_owned(),
            key: key(number).public(),
            unit: Some(unit),
            node,
            roles: roles.to_vec(),
            from: None,
            until: None,
        }
    }

    /// A person of a unit with these roles.
    pub(crate) fn staff(&mut self, unit: UnitId, number: u8, roles: &[Role]) -> Who {
        let administrator = self.administrators[usize::from(unit.0) - 1].clone();
        let grant = Statement::Grant(self.staff_grant(unit, number, roles));
        Who { key: key(number), grant: self.must(&administrator, &grant) }
    }

    pub(crate) fn end(&mut self, by: &Who, grant: EntryId, what: Part) -> EntryId {
        self.must(by, &Statement::End(End { grant, what }))
    }

    pub(crate) fn succeeds(&mut self, from: UnitId, to: UnitId) {
        let at = hoso_registry::Day::from_iso("2026-01-01").unwrap();
        let registrar = self.registrar.clone();
        self.must(&registrar, &Statement::Succeeds(Succeeds { from, to, at }));
    }

    /// Signs an entry.
    pub(crate) fn sign(
        &mut self,
        who: &Who,
        (kind, document): (Kind, DocumentId),
        payload: Vec<u8>,
        units: &[UnitId],
    ) -> VerifiedEntry {
        self.chance += 1;
        let header = Header {
            realm: self.state.realm().unwrap_or(Realm::ZERO),
            document,
            kind,
            author: PublicKey::ZERO,
            grant: who.grant,
            nonce: Nonce(self.chance.to_be_bytes()),
            units_added: units.to_vec(),
            payload: PayloadHash::ZERO,
        };
        Entry::sign(header, payload, &who.key).unwrap()
    }

    /// Signs a statement.
    pub(crate) fn statement(&mut self, who: &Who, statement: &Statement) -> VerifiedEntry {
        statement.check().unwrap();
        let payload = statement.encode();
        self.sign(who, (statement.kind().kind(), DocumentId::ZERO), payload, &[])
    }

    /// Says a statement at the next position; folds it if it is admitted.
    pub(crate) fn say(&mut self, who: &Who, statement: &Statement) -> (EntryId, Verdict) {
        let entry = self.statement(who, statement);
        self.head += 1;
        let position = at(self.head);
        let facts = Facts { statement: Some(statement), ..Facts::default() };
        let verdict = admit(entry.header(), &entry.id(), position, &self.state, &facts);
        if verdict == Verdict::Admitted {
            self.state.fold(entry.header(), entry.id(), statement, position);
        }
        (entry.id(), verdict)
    }

    /// Says a statement that must be admitted; gives its id.
    pub(crate) fn must(&mut self, who: &Who, statement: &Statement) -> EntryId {
        let (id, verdict) = self.say(who, statement);
        assert_eq!(verdict, Verdict::Admitted, "{statement:?}");
        id
    }

    /// Says a statement that must be refused; gives the reason.
    pub(crate) fn refused(&mut self, who: &Who, statement: &Statement) -> Reason {
        let (_, verdict) = self.say(who, statement);
        let Verdict::Refused(reason) = verdict else { panic!("{verdict:?}: {statement:?}") };
        reason
    }

    /// Signs a dossier's first entry.
    pub(crate) fn first(&mut self, who: &Who, units: &[UnitId]) -> VerifiedEntry {
        self.sign(who, (EventKind::Received.kind(), DocumentId::ZERO), b"first".to_vec(), units)
    }

    /// Signs a later event.
    pub(crate) fn event(&mut self, who: &Who, kind: EventKind, units: &[UnitId]) -> VerifiedEntry {
        self.sign(who, (kind.kind(), DocumentId([7; 16])), b"later".to_vec(), units)
    }

    /// Decides about an event of a dossier with this audience.
    pub(crate) fn judge(
        &self,
        entry: &VerifiedEntry,
        position: Option<Position>,
        audience: &[UnitId],
    ) -> Verdict {
        let facts = Facts { audience: Some(audience), ..Facts::default() };
        admit(entry.header(), &entry.id(), position, &self.state, &facts)
    }
}
