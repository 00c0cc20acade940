//! The simulated province: its statements, its nodes' keys, its clerks.

use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Kind, Nonce, PayloadHash, PublicKey, Realm, SigningKey,
    UnitId, VerifiedEntry,
};
use hoso_registry::{
    EventKind, Role, Statement,
    statement::{
        AgeKey, Approval, End, FirstAdministrator, Grant, Part, Province, RealmKind, Unit, UnitKind,
    },
};

use super::dice::Dice;

/// The units; the first has two nodes.
pub const UNITS: [UnitId; 3] = [UnitId(1), UnitId(2), UnitId(3)];
/// The unit of each node.
pub const NODES: [UnitId; 4] = [UNITS[0], UNITS[0], UNITS[1], UNITS[2]];

/// Who signs, and by which grant.
#[derive(Clone, Debug)]
pub struct Who {
    key: SigningKey,
    grant: EntryId,
    realm: Realm,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

impl Who {
    /// Its key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Signs an entry.
    ///
    /// # Panics
    ///
    /// For a payload that does not fit.
    #[must_use]
    pub fn sign(
        &self,
        kind: Kind,
        (document, units): (DocumentId, &[UnitId]),
        payload: Vec<u8>,
        nonce: Nonce,
    ) -> VerifiedEntry {
        let header = Header {
            realm: self.realm,
            document,
            kind,
            author: self.key.public(),
            grant: self.grant,
            nonce,
            units_added: units.to_vec(),
            payload: PayloadHash::ZERO,
        };
        Entry::sign(header, payload, &self.key).expect("a small payload fits")
    }

    fn say(&self, statement: &Statement, dice: &mut Dice) -> Entry {
        let kind = statement.kind().kind();
        let nonce = Nonce(dice.number().to_be_bytes());
        (*self.sign(kind, (DocumentId::ZERO, &[]), statement.encode(), nonce)).clone()
    }

    fn by(&self, seed: u8, entry: &Entry) -> Self {
        Self { key: key(seed), grant: entry.id(), realm: self.realm }
    }
}

/// One node of the province.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its unit.
    pub unit: UnitId,
    /// Its QUIC identity.
    pub transport: PublicKey,
    /// Its stations in turn.
    pub stations: Vec<u16>,
    /// Who works there, and somebody whose grant may end.
    pub clerks: [Who; 2],
}

/// The province.
#[derive(Clone, Debug)]
pub struct Cast {
    /// All statements, in order.
    pub founding: Vec<Entry>,
    /// The realm.
    pub realm: Realm,
    /// The nodes.
    pub places: Vec<Place>,
    registrar: Who,
}

impl Cast {
    /// The province of a seed.
    #[must_use]
    pub fn new(dice: &mut Dice) -> Self {
        let root = Who { key: key(1), grant: EntryId::ZERO, realm: Realm::ZERO };
        let province = root.say(
            &Statement::Province(Province {
                name: "Tỉnh thử".to_owned(),
                realm_kind: RealmKind::Trial,
                roots: [key(1).public(), key(2).public()],
            }),
            dice,
        );
        let realm = province.id().realm();
        let root = Who { grant: province.id(), realm, ..root };
        let named = root.say(&grant(3, None, Role::Registrar), dice);
        let registrar = root.by(3, &named);
        let mut founding = vec![province, named];
        for unit in UNITS {
            founding.push(registrar.say(&self::unit(unit), dice));
        }
        let mut places = Vec::new();
        for (number, unit) in (0_u8..).zip(NODES) {
            let (seed, first) = (20 + number * 10, 1 + u16::from(number) * 4);
            let stations: Vec<u16> = (first..first + 4).collect();
            let approval = registrar.say(&approval(unit, seed, &stations), dice);
            let administrator = root.by(seed + 2, &approval);
            let mut clerk = |seed: u8| {
                let place = Some((unit, approval.id()));
                let named = administrator.say(&grant(seed, place, Role::Reception), dice);
                let clerk = root.by(seed, &named);
                (clerk, named)
            };
            let [(first, first_named), (second, second_named)] = [clerk(seed + 3), clerk(seed + 4)];
            founding.extend([approval, first_named, second_named]);
            let transport = key(seed).public();
            places.push(Place { unit, transport, stations, clerks: [first, second] });
        }
        Self { founding, realm, places, registrar }
    }

    /// The statement that ends the second clerk of a node.
    pub fn ends(&self, node: usize, dice: &mut Dice) -> Option<Entry> {
        let clerk = &self.places.get(node)?.clerks[1];
        let end = Statement::End(End { grant: clerk.grant, what: Part::Person });
        Some(self.registrar.say(&end, dice))
    }
}

/// A kind of which no release of today has heard.
pub const NEWER: Kind = Kind(9_000);

/// The kind of a dossier's first entry.
#[must_use]
pub fn received() -> Kind {
    EventKind::Received.kind()
}

/// The kind that adds a unit to an audience.
#[must_use]
pub fn unit_added() -> Kind {
    EventKind::UnitAdded.kind()
}

/// The kind of a remark.
#[must_use]
pub fn noted() -> Kind {
    EventKind::Noted.kind()
}

fn grant(seed: u8, place: Option<(UnitId, EntryId)>, role: Role) -> Statement {
    Statement::Grant(Grant {
        person: None,
        name: format!("Người thử {seed}"),
        key: key(seed).public(),
        unit: place.map(|(unit, _)| unit),
        node: place.map(|(_, approval)| approval.node()),
        roles: vec![role],
        from: None,
        until: None,
    })
}

fn unit(id: UnitId) -> Statement {
    Statement::Unit(Unit {
        id,
        code: format!("{:05}", id.0),
        kind: UnitKind::Ward,
        name: format!("Nơi thử {}", id.0),
        org_code: format!("H49.{}", id.0),
        org_code_is_placeholder: true,
        island: false,
        desk_name: "Trung tâm".to_owned(),
        authority_name: "Ủy ban".to_owned(),
        former_district: None,
        former_units: Vec::new(),
        accounts: Vec::new(),
        closing_minute: 17 * 60,
        valid_from: None,
        valid_until: None,
        desk_superior: None,
    })
}

fn approval(unit: UnitId, seed: u8, stations: &[u16]) -> Statement {
    Statement::Approval(Approval {
        unit,
        label: format!("Máy {seed}"),
        transport: key(seed).public(),
        signing: key(seed + 1).public(),
        age: AgeKey([seed; 32]),
        stations: stations.to_vec(),
        administrator: FirstAdministrator {
            person: None,
            name: "Quản trị thử".to_owned(),
            key: key(seed + 2).public(),
        },
    })
}
