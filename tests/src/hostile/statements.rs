//! Statements: an administrator's own with mutated bytes, and those that only the province makes.

use hoso_identity::{DocumentId, EntryId, Header, Kind, Nonce, SigningKey};
use hoso_registry::{
    Day, Role, Statement,
    statement::{
        AgeKey, Approval, End, Erasure, FirstAdministrator, Grant, Notice, Part, Province,
        RealmKind, Relay, Release, Roots, Succeeds,
    },
};
use rand::{RngExt, seq::IndexedRandom};

use super::{
    campaign::Campaign,
    cast::Insider,
    damage::damage_bytes,
    events::noted,
    forge::{Draft, Must, Planted, chance, heading, one_of, sealed},
};

impl Campaign {
    /// A grant as the administrator may give it.
    fn grant(&mut self, key: &SigningKey, role: Role) -> Grant {
        let node = self.cast.state.nodes().find(|node| node.signing == self.machine());
        Grant {
            person: None,
            name: format!("Người Thử {}", self.random.random_range(0..1_000)),
            key: key.public(),
            unit: Some(self.cast.unit),
            node: node.map(|node| node.id),
            roles: vec![role],
            from: None,
            until: None,
        }
    }

    fn machine(&self) -> hoso_identity::PublicKey {
        self.cast.machine.key.public()
    }

    fn statement_header(&mut self, insider: &Insider, kind: Kind) -> Header {
        let nonce = Nonce(chance(&mut self.random));
        Header { kind, ..self.cast.header(insider, DocumentId::ZERO, nonce) }
    }

    /// Plants a statement under the insider's right header; gives its id.
    fn state(
        &mut self,
        what: (&'static str, Must),
        insider: &Insider,
        statement: &Statement,
    ) -> EntryId {
        self.state_bytes(what, insider, statement.kind().kind(), &statement.encode())
    }

    fn state_bytes(
        &mut self,
        (sort, must): (&'static str, Must),
        insider: &Insider,
        kind: Kind,
        payload: &[u8],
    ) -> EntryId {
        let header = self.statement_header(insider, kind);
        let bytes = sealed(header, payload, &insider.key);
        let planted = Planted::of(sort, must, bytes, DocumentId::ZERO);
        let id = planted.id;
        self.add(planted);
        id
    }

    /// A deputy is given a role, acts, is ended, and acts once more.
    pub(super) fn deputy(&mut self, draft: &mut Draft) {
        let administrator = self.cast.administrator.clone();
        let key = SigningKey::from_seed(&chance(&mut self.random));
        let grant = self.grant(&key, Role::Reception);
        let what = ("honest statement", Must::Agree);
        let grant = self.state(what, &administrator, &Statement::Grant(grant));
        let deputy = Insider { key, grant };
        self.remark(("a deputy's event", Must::Agree), draft, &deputy);
        let end = Statement::End(End { grant, what: Part::Person });
        self.state(what, &administrator, &end);
        self.remark(("a deputy who has ended", Must::NotCount), draft, &deputy);
    }

    fn remark(&mut self, (sort, must): (&'static str, Must), draft: &Draft, insider: &Insider) {
        let header = heading(&self.cast, insider, draft, &mut self.random);
        let ready = draft.ready(&header, &draft.history.heads(), &noted("phó"));
        let bytes = sealed(ready.header, &ready.payload, &insider.key);
        self.add(Planted::of(sort, must, bytes, draft.id));
    }

    /// The bytes of a grant or an end, changed.
    pub(super) fn statement_bytes(&mut self, _: &mut Draft) {
        let administrator = self.cast.administrator.clone();
        let key = SigningKey::from_seed(&chance(&mut self.random));
        let statement = if self.random.random_ratio(3, 4) {
            Statement::Grant(self.grant(&key, Role::Viewer))
        } else {
            Statement::End(End { grant: EntryId(chance(&mut self.random)), what: Part::Person })
        };
        let mut payload = statement.encode();
        damage_bytes(&mut self.random, &mut payload);
        let kind = statement.kind().kind();
        self.state_bytes(("bytes of a statement", Must::Agree), &administrator, kind, &payload);
    }

    /// A grant or an end that an administrator may not make.
    pub(super) fn beyond_the_unit(&mut self, _: &mut Draft) {
        let administrator = self.cast.administrator.clone();
        let key = SigningKey::from_seed(&chance(&mut self.random));
        let mut grant = self.grant(&key, Role::Reception);
        let elsewhere = self.cast.state.nodes().find(|node| node.unit != self.cast.unit);
        let other = elsewhere.expect("a node of another unit");
        let others: Vec<EntryId> = self.cast.others().map(|(_, grant)| grant).collect();
        let people: Vec<_> = {
            let grants = self.cast.state.grants().filter(|grant| grant.unit != grant_unit(self));
            grants.filter_map(|grant| grant.person).collect()
        };
        let end = |grant, what| Statement::End(End { grant, what });
        let statement = match self.random.random_range(0..8) {
            0 => {
                grant.roles = vec![*one_of(&mut self.random, &[Role::Gateway, Role::Registrar])];
                Statement::Grant(grant)
            }
            1 => Statement::Grant(Grant { unit: None, node: None, ..grant }),
            2 => {
                let roles = vec![Role::Operator];
                Statement::Grant(Grant { unit: None, node: None, roles, ..grant })
            }
            3 => Statement::Grant(Grant { unit: Some(other.unit), node: Some(other.id), ..grant }),
            4 => Statement::Grant(Grant { node: Some(other.id), ..grant }),
            5 => Statement::Grant(Grant {
                person: people.choose(&mut self.random).copied(),
                ..grant
            }),
            6 => end(*one_of(&mut self.random, &others), Part::Person),
            _ => {
                let approvals = [self.cast.machine.grant, other.approval];
                end(*one_of(&mut self.random, &approvals), Part::Node)
            }
        };
        self.state(("beyond the unit", Must::NotCount), &administrator, &statement);
    }

    /// What only a registrar or a root may say.
    pub(super) fn of_the_province(&mut self, _: &mut Draft) {
        let people = [&self.cast.administrator, &self.cast.clerk, &self.cast.machine];
        let mut insider: Insider = (*one_of(&mut self.random, &people)).clone();
        let statement = self.provincial();
        // With the grant of those who may, which was not given to this key.
        if self.random.random_ratio(1, 4) {
            insider.grant = self.cast.state.founding().expect("a realm");
        }
        self.state(("what the province says", Must::NotCount), &insider, &statement);
    }

    fn provincial(&mut self) -> Statement {
        let state = &self.cast.state;
        let (own, stranger) = (self.cast.unit, self.cast.stranger.public());
        let other = self.names.units.iter().copied().find(|unit| *unit != own).unwrap_or(own);
        let document = self.elsewhere.choose(&mut self.random).copied();
        let document = document.unwrap_or(DocumentId([1; 16]));
        let refused = self.planted.last().map_or(EntryId([1; 32]), |planted| planted.id);
        let day = Day::from_iso("2026-01-01").expect("a day");
        let age = AgeKey([7; 32]);
        match self.random.random_range(0..12) {
            0 => Statement::Erasure(Erasure {
                document,
                unit: None,
                ground: "thử".to_owned(),
                at_ms: 1,
            }),
            1 => Statement::Release(Release { entry: refused }),
            2 => Statement::Succeeds(Succeeds { from: other, to: own, at: day }),
            3 => Statement::Roots(Roots { keys: vec![stranger] }),
            4 => Statement::Relay(Relay { transport: stranger, age, addresses: Vec::new() }),
            5 => Statement::Province(Province {
                name: "Tỉnh Thử".to_owned(),
                realm_kind: RealmKind::Trial,
                roots: [stranger, self.cast.clerk.key.public()],
            }),
            6 => Statement::Notice(Notice {
                title: "thử".to_owned(),
                text: "thử".to_owned(),
                units: Vec::new(),
                from: None,
                until: None,
            }),
            7 => Statement::Approval(Approval {
                unit: other,
                label: "máy thử".to_owned(),
                transport: SigningKey::from_seed(&chance(&mut self.random)).public(),
                signing: SigningKey::from_seed(&chance(&mut self.random)).public(),
                age,
                stations: vec![900],
                administrator: FirstAdministrator {
                    person: None,
                    name: "Người Thử".to_owned(),
                    key: stranger,
                },
            }),
            8 => Statement::Unit(state.unit(other).expect("a unit").clone()),
            9 => Statement::Agency(state.agencies().next().expect("an agency").clone()),
            10 => Statement::Procedure(state.procedures().next().expect("a procedure").1.clone()),
            _ => Statement::Calendar(state.calendars().next().expect("a calendar").1.clone()),
        }
    }

    /// An honest grant in a header that fits no statement.
    pub(super) fn statement_header_changed(&mut self, draft: &mut Draft) {
        let administrator = self.cast.administrator.clone();
        let key = SigningKey::from_seed(&chance(&mut self.random));
        let statement = Statement::Grant(self.grant(&key, Role::Viewer));
        let mut header = self.statement_header(&administrator, statement.kind().kind());
        match self.random.random_range(0..4) {
            0 => header.document = draft.id,
            1 => header.units_added = vec![self.cast.unit],
            2 => header.kind = Kind(self.random.random_range(15..Kind::FIRST_EVENT)),
            _ => header.grant = EntryId(chance(&mut self.random)),
        }
        let bytes = sealed(header, &statement.encode(), &administrator.key);
        let sort = "header of a statement";
        self.add(Planted::of(sort, Must::NotCount, bytes, DocumentId::ZERO));
    }
}

/// The unit of the attackers, as grants name it.
fn grant_unit(campaign: &Campaign) -> Option<hoso_identity::UnitId> {
    Some(campaign.cast.unit)
}
