//! What a training realm begins with: roots that nobody keeps, the catalogue that the programs
//! bring along, one unit with two stations, people of every role.

use hoso_engine::{clock, command::Problem, keyfile, secret};
use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Nonce, PayloadHash, PersonId, PublicKey, Realm, SigningKey,
    UnitId, VerifiedEntry, x25519_public,
};
use hoso_registry::{
    Catalogue, Role, Statement,
    statement::{AgeKey, Approval, FirstAdministrator, Grant, Province, RealmKind},
};
use hoso_store::accounts::Account;

use super::PASSWORD;
use crate::facts::Facts;

/// The unit in which people practise: the special zone of Cô Tô.
const UNIT: &str = "07192";
/// The stations of this machine, and of the second one that is only played.
const STATIONS: [[u16; 2]; 2] = [[1, 2], [3, 4]];
/// The log-in of who administers the unit.
pub(super) const ADMINISTRATOR: &str = "quantri";
/// The name that others see of them.
pub(super) const ADMINISTRATOR_NAME: &str = "Quản trị tập huấn";
/// Who sits at the second station.
pub(super) const COLLEAGUE: &str = "Đồng nghiệp (máy thứ hai)";

/// Somebody who practises. Nobody of that name exists.
pub(super) struct Trainee {
    /// The log-in name.
    pub(super) log_in: &'static str,
    /// The name that others see of them.
    pub(super) name: &'static str,
    roles: &'static [Role],
}

const fn trainee(log_in: &'static str, name: &'static str, roles: &'static [Role]) -> Trainee {
    Trainee { log_in, name, roles }
}

/// Those who can do every exercise, then one for each role.
pub(super) const PEOPLE: [Trainee; 10] = [
    trainee("hocvien1", "Học viên Một", Role::DESK),
    trainee("hocvien2", "Học viên Hai", Role::DESK),
    trainee("hocvien3", "Học viên Ba", Role::DESK),
    trainee("tiepnhan", "Tập sự Tiếp nhận", &[Role::Reception]),
    trainee("chuyenvien", "Tập sự Chuyên viên", &[Role::Processing]),
    trainee("lanhdao", "Tập sự Lãnh đạo", &[Role::Approval]),
    trainee("vanthu", "Tập sự Văn thư", &[Role::Clerk]),
    trainee("thuquy", "Tập sự Thủ quỹ", &[Role::Cashier]),
    trainee("traketqua", "Tập sự Trả kết quả", &[Role::Return]),
    trainee("xem", "Tập sự Tra cứu", &[Role::Viewer]),
];

/// A founding, to be kept in one transaction.
pub(super) struct Founding {
    /// Where the node belongs.
    pub(super) facts: Facts,
    /// The statements, each lawful after those before it.
    pub(super) entries: Vec<VerifiedEntry>,
    /// The log-ins.
    pub(super) accounts: Vec<Account>,
    /// The key of the colleague at the second station.
    pub(super) colleague: SigningKey,
}

/// Who signs, and by which grant.
struct Signer {
    key: SigningKey,
    grant: EntryId,
    realm: Realm,
}

impl Signer {
    fn says(&self, statement: &Statement) -> Result<VerifiedEntry, Problem> {
        let nonce = secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
        let header = Header {
            realm: self.realm,
            document: DocumentId::ZERO,
            kind: statement.kind().kind(),
            author: self.key.public(),
            grant: self.grant,
            nonce: Nonce(nonce),
            units_added: Vec::new(),
            payload: PayloadHash::ZERO,
        };
        Entry::sign(header, statement.encode(), &self.key)
            .map_err(|error| Problem::new("entry", error.to_string()))
    }
}

impl Founding {
    /// A new one for the node with these keys.
    pub(super) fn of(machine: [PublicKey; 2], age: AgeKey) -> Result<Self, Problem> {
        let (registrar, mut entries) = province()?;
        let founding = entries.first().map_or(EntryId::ZERO, |founded| founded.id());
        let catalogue = catalogue()?;
        let unit = catalogue.units.iter().find(|unit| unit.code == UNIT).map(|unit| unit.id);
        let unit = unit.ok_or_else(|| Problem::new("practise", "the unit is not in the list"))?;
        for statement in catalogue.statements() {
            entries.push(registrar.says(&statement)?);
        }
        let administrator = fresh()?;
        let here = approval(unit, "Máy tập huấn", (machine, age), &administrator, STATIONS[0]);
        let here = registrar.says(&here)?;
        // Nobody has the keys of the second machine: what it does is done by its people's.
        let (machine, age) = ([fresh()?.public(), fresh()?.public()], age_of(&fresh()?));
        let second = approval(unit, "Máy thứ hai", (machine, age), &fresh()?, STATIONS[1]);
        let second = registrar.says(&second)?;
        let at = [&here, &second].map(|approval| Some((unit, approval.id())));
        let mut accounts = vec![account(ADMINISTRATOR, ADMINISTRATOR_NAME, &administrator)?];
        let signer = Signer { key: administrator, grant: here.id(), realm: registrar.realm };
        entries.extend([here, second]);
        for Trainee { log_in, name, roles } in PEOPLE {
            let key = fresh()?;
            let granted = signer.says(&grant(name, &key, at[0], roles))?;
            let person = granted.id().person();
            let account = account(log_in, name, &key)?;
            accounts.push(Account { grant: granted.id(), person, ..account });
            entries.push(granted);
        }
        let colleague = fresh()?;
        entries.push(signer.says(&grant(COLLEAGUE, &colleague, at[1], Role::DESK))?);
        let facts = Facts { unit, founding, relay: fresh()?.public(), addresses: Vec::new() };
        Ok(Self { facts, entries, accounts, colleague })
    }
}

/// The realm's first entry and its registrar. The roots are forgotten here.
fn province() -> Result<(Signer, Vec<VerifiedEntry>), Problem> {
    let (first, second, key) = (fresh()?, fresh()?, fresh()?);
    let province = Statement::Province(Province {
        name: "Quảng Ninh".to_owned(),
        realm_kind: RealmKind::Training,
        roots: [first.public(), second.public()],
    });
    let nobody = Signer { key: first, grant: EntryId::ZERO, realm: Realm::ZERO };
    let founded = nobody.says(&province)?;
    let realm = founded.id().realm();
    let root = Signer { grant: founded.id(), realm, ..nobody };
    let named = root.says(&grant("Tập huấn", &key, None, &[Role::Registrar]))?;
    Ok((Signer { key, grant: named.id(), realm }, vec![founded, named]))
}

fn approval(
    unit: UnitId,
    label: &str,
    ([transport, signing], age): ([PublicKey; 2], AgeKey),
    administrator: &SigningKey,
    stations: [u16; 2],
) -> Statement {
    Statement::Approval(Approval {
        unit,
        label: label.to_owned(),
        transport,
        signing,
        age,
        stations: stations.to_vec(),
        administrator: FirstAdministrator {
            person: None,
            name: ADMINISTRATOR_NAME.to_owned(),
            key: administrator.public(),
        },
    })
}

fn catalogue() -> Result<Catalogue, Problem> {
    let parsed = Catalogue::parse(
        include_str!("../../../deploy/data/units.csv"),
        include_str!("../../../deploy/data/procedures.csv"),
        include_str!("../../../deploy/data/holidays.toml"),
    );
    parsed.map_err(|error| Problem::new("catalogue", error.to_string()))
}

fn grant(name: &str, key: &SigningKey, at: Option<(UnitId, EntryId)>, roles: &[Role]) -> Statement {
    Statement::Grant(Grant {
        person: None,
        name: name.to_owned(),
        key: key.public(),
        unit: at.map(|(unit, _)| unit),
        node: at.map(|(_, approval)| approval.node()),
        roles: roles.to_vec(),
        from: None,
        until: None,
    })
}

fn account(log_in: &str, name: &str, key: &SigningKey) -> Result<Account, Problem> {
    let wrapped = keyfile::wrap(key, PASSWORD)
        .map_err(|error| Problem::new("password", error.to_string()))?;
    Ok(Account {
        username: log_in.to_owned(),
        person: PersonId::ZERO,
        grant: EntryId::ZERO,
        wrapped_key: wrapped.to_bytes(),
        display_name: name.to_owned(),
        roles: String::new(),
        disabled: false,
        created_ms: clock::now_ms(),
    })
}

/// The public half of a recipient of bundles.
pub(super) fn age_of(key: &SigningKey) -> AgeKey {
    AgeKey(x25519_public(&key.seed()))
}

fn fresh() -> Result<SigningKey, Problem> {
    keyfile::fresh().map_err(|error| Problem::new("key", error.to_string()))
}
