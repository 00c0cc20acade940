//! Invented dossiers as offices write them, made without programs: the same for the same seed.

use hoso_dossier::{
    ChangeHash, History,
    code::Code,
    event::{
        Application, Approved, Assigned, Body, Channel, Event, Fee, Frozen, HandedOver, Listed,
        Method, Noted, Office, Opened, Paid, Paper, Party, PartyKind, PaymentRequested, Printed,
        Received, ResultChannel, ResultReady, Returned, SupplementRequested, Supplemented,
        TakenOver,
    },
};
use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Nonce, PayloadHash, PersonId, Realm, SigningKey, UnitId,
};
use hoso_registry::{Day, statement::RealmKind};
use rand::{Rng, RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::e2e::desk::{Procedure, procedures};

/// Numbers that a station gives in a day.
const COUNTER_MAX: u32 = 9_999;
/// Steps of a whole dossier after its reception.
pub const STEPS: usize = 13;
/// Friday 2026-11-20 08:00 at UTC+7.
const BEGIN_MS: i64 = 1_795_136_400_000;
/// Units whose clerks write.
const UNITS: [(u16, &str); 3] = [(7, "H49.101"), (8, "H49.102"), (9, "H49.103")];
/// Clerks of each unit.
const CLERKS: u8 = 4;
const FAMILIES: [&str; 12] =
    ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Đường"];
/// The middle name of everybody, so that nobody takes them for real.
const MIDDLE: &str = "Thử";
const GIVEN: [&str; 16] = [
    "Hằng", "Tuấn", "Lan", "Hùng", "Ngọc", "Minh", "Hương", "Dũng", "Thảo", "Quân", "Yến", "Khánh",
    "Phương", "Sơn", "Trang", "Việt",
];
const PLACES: [&str; 8] = [
    "Khu 2, đặc khu Cô Tô, tỉnh Quảng Ninh",
    "Thôn Nam Đồng, đặc khu Cô Tô, tỉnh Quảng Ninh",
    "Tổ 5, khu 3, phường Bãi Cháy, tỉnh Quảng Ninh",
    "Tổ 12, khu 9, phường Bãi Cháy, tỉnh Quảng Ninh",
    "Số 27, tổ 4, khu 1, phường Hồng Gai, tỉnh Quảng Ninh",
    "Thôn 1, đặc khu Vân Đồn, tỉnh Quảng Ninh",
    "Thôn Đông, xã Thống Nhất, tỉnh Quảng Ninh",
    "Khu Vĩnh Hòa, phường Mạo Khê, tỉnh Quảng Ninh",
];
const PAPERS: [&str; 8] = [
    "Tờ khai",
    "Căn cước công dân",
    "Đơn đề nghị",
    "Giấy chứng nhận quyền sử dụng đất",
    "Hợp đồng chuyển nhượng",
    "Bản vẽ mặt bằng công trình",
    "Giấy chứng sinh",
    "Văn bản ủy quyền",
];
const REMARKS: [&str; 6] = [
    "Đã gọi điện cho người nộp",
    "Người nộp hẹn bổ sung vào tuần sau",
    "Đã kiểm tra thực địa cùng tổ trưởng",
    "Chờ xác nhận của cơ quan thuế",
    "Hồ sơ giấy lưu ở ngăn 3",
    "Đã đối chiếu bản chính",
];

/// Who writes.
struct Clerk {
    key: SigningKey,
    grant: EntryId,
    person: PersonId,
    unit: usize,
}

/// An office of a founded province, in whose name dossiers are made that its programs accept.
pub struct Place {
    /// The province's realm.
    pub realm: Realm,
    /// The office's unit.
    pub unit: UnitId,
    /// Its organisation code.
    pub org: String,
    /// The key of a clerk who holds every role.
    pub key: SigningKey,
    /// What empowers the clerk.
    pub grant: EntryId,
    /// The clerk.
    pub person: PersonId,
    /// What is applied for.
    pub procedure: Procedure,
    /// What its dossiers freeze.
    pub frozen: Frozen,
}

/// A maker of dossiers.
pub struct Corpus {
    random: ChaCha8Rng,
    realm: Realm,
    units: Vec<(UnitId, String)>,
    clerks: Vec<Clerk>,
    procedures: Vec<(Procedure, EntryId)>,
    calendars: Vec<EntryId>,
    counters: Vec<u32>,
    begun_ms: i64,
}

/// A dossier in the making.
#[derive(Clone)]
pub struct Dossier {
    history: History,
    document: DocumentId,
    at_ms: i64,
    unit: usize,
    name: String,
    /// Its entries, in order.
    pub entries: Vec<Vec<u8>>,
}

impl Dossier {
    /// Its id, by its first entry.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.document
    }

    /// The hashes of its last changes.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.history.heads()
    }
}

impl Corpus {
    /// The corpus of a seed.
    ///
    /// # Panics
    ///
    /// Never in a checkout.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let clerk = |random: &mut ChaCha8Rng, unit| Clerk {
            key: SigningKey::from_seed(&random.random()),
            grant: EntryId(random.random()),
            person: PersonId(random.random()),
            unit,
        };
        let mut clerks = Vec::new();
        for unit in 0..UNITS.len() {
            clerks.extend((0..CLERKS).map(|_| clerk(&mut random, unit)));
        }
        let own = procedures().into_iter().filter(|one| one.competent == "unit");
        let procedures = own.map(|one| (one, EntryId(random.random()))).collect();
        let (realm, calendar) = (Realm(random.random()), EntryId(random.random()));
        let units = UNITS.map(|(number, org)| (UnitId(number), org.to_owned())).to_vec();
        let (calendars, counters) = (vec![calendar], vec![0; UNITS.len()]);
        let begun_ms = BEGIN_MS;
        Self { random, realm, units, clerks, procedures, calendars, counters, begun_ms }
    }

    /// The corpus of a seed as one office of a founded province writes it.
    #[must_use]
    pub fn at(place: Place, seed: u64) -> Self {
        let Place { realm, unit, org, key, grant, person, procedure, frozen } = place;
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            realm,
            units: vec![(unit, org)],
            clerks: vec![Clerk { key, grant, person, unit: 0 }],
            procedures: vec![(procedure, frozen.procedure)],
            calendars: frozen.calendars,
            counters: vec![0],
            begun_ms: BEGIN_MS,
        }
    }

    /// A dossier that was received and has gone so many steps of its way, [`STEPS`] for the
    /// whole.
    pub fn dossier(&mut self, steps: usize) -> Dossier {
        let mut dossier = self.received();
        for step in 0..steps {
            self.next(&mut dossier, step);
        }
        dossier
    }

    /// The next step of a dossier's way.
    ///
    /// # Panics
    ///
    /// Never: each step can be written.
    pub fn next(&mut self, dossier: &mut Dossier, step: usize) {
        let text = |text: &str| text.to_owned();
        let papers = (1..=2).map(|_| self.paper()).collect();
        let amount = self.random.random_range(1..400_u64) * 5_000;
        let unit = self.units[dossier.unit].0;
        let body = match step % STEPS {
            0 => Body::HandedOver(HandedOver {
                to_unit: Office::Unit(unit),
                to_person: None,
                papers: Listed(papers),
                note: None,
            }),
            1 => Body::TakenOver(TakenOver { paper_reference: None }),
            2 => Body::Opened(Opened {}),
            3 => {
                let place = self.random.random_range(0..self.clerks.len());
                Body::Assigned(Assigned { person: self.clerks[place].person })
            }
            4 => Body::Noted(Noted { text: text(self.one_of(&REMARKS)) }),
            5 => Body::SupplementRequested(SupplementRequested {
                papers: Listed(papers),
                reason: text("Thiếu bản sao có chứng thực"),
                basis: None,
            }),
            6 => Body::Supplemented(Supplemented { papers: Listed(papers), partial: false }),
            7 => Body::PaymentRequested(PaymentRequested { amount, pauses: false }),
            8 => {
                let receipt_no = Some(format!("{:07}", self.random.random_range(1..9_999_999)));
                Body::Paid(Paid { amount, method: Method::Cash, receipt_no })
            }
            9 => Body::Approved(Approved { note: None }),
            10 => Body::ResultReady(ResultReady {
                number: format!("{}/QĐ-UBND", self.random.random_range(1..4_000)),
                date: Day::from_iso("2026-11-23").expect("a day"),
                files: Vec::new(),
                from_agency: false,
            }),
            11 => Body::Printed(Printed { form: text("06"), paper: text("a5") }),
            _ => Body::Returned(Returned {
                receiver: dossier.name.clone(),
                id_number: None,
                evidence: text("signature"),
                channel: ResultChannel::Desk,
            }),
        };
        self.write(dossier, body, Vec::new());
    }

    fn received(&mut self) -> Dossier {
        let unit = self.random.random_range(0..self.units.len());
        let place = self.units[unit].0;
        let papers = self.random.random_range(2..5);
        let papers: Vec<Paper> = (0..papers).map(|_| self.paper()).collect();
        let which = self.random.random_range(0..self.procedures.len());
        let (procedure, version) = self.procedures[which].clone();
        let applicant = self.applicant();
        let code = self.code(unit);
        self.begun_ms += self.random.random_range(20_000..400_000);
        let mut dossier = Dossier {
            history: History::new(),
            document: DocumentId::ZERO,
            at_ms: self.begun_ms,
            unit,
            name: applicant.name.clone(),
            entries: Vec::new(),
        };
        let body = Body::Received(Received {
            application: Some(Application {
                procedure_code: procedure.code,
                applicant,
                owner: None,
                representative: None,
                receiving_unit: place,
                competent_unit: Office::Unit(place),
                return_unit: place,
                channel: Channel::Counter,
                result_channel: ResultChannel::Desk,
                sets: 1,
                papers,
                fees: vec![Fee { name: "Lệ phí".to_owned(), amount: 8_000 }],
                note: None,
            }),
            frozen: Frozen {
                procedure: version,
                calendars: self.calendars.clone(),
                closing_minute: 17 * 60,
            },
            code,
            received_at: None,
            paper_reference: None,
            reason: None,
        });
        self.write(&mut dossier, body, vec![place]);
        dossier
    }

    /// The next code of a unit, of its next station when one has given all numbers of a day.
    fn code(&mut self, unit: usize) -> Code {
        let given = self.counters[unit];
        self.counters[unit] = given + 1;
        let number = |number| u16::try_from(number).expect("few stations");
        let (station, counter) = (number(given / COUNTER_MAX + 1), number(given % COUNTER_MAX + 1));
        let day = Day::from_iso("2026-11-20").expect("a day");
        let org = &self.units[unit].1;
        Code::issued(RealmKind::Trial, org, day, station, counter).expect("a code")
    }

    fn applicant(&mut self) -> Party {
        let (family, given) = (self.one_of(&FAMILIES), self.one_of(&GIVEN));
        let digits = self.random.random_range(0..100_000_000_u64);
        let (year, month) = (self.random.random_range(1950..2005), self.random.random_range(1..13));
        let birth_date = format!("{year}-{month:02}-{:02}", self.random.random_range(1..29));
        Party {
            kind: PartyKind::Person,
            name: format!("{family} {MIDDLE} {given}"),
            id_number: Some(format!("0222{digits:08}")),
            birth_date: Day::from_iso(&birth_date),
            phone: Some(format!("09{:08}", self.random.random_range(0..100_000_000_u64))),
            email: None,
            address: Some(self.one_of(&PLACES).to_owned()),
        }
    }

    fn paper(&mut self) -> Paper {
        Paper {
            name: self.one_of(&PAPERS).to_owned(),
            originals: self.random.random_range(0..2),
            certified_copies: self.random.random_range(0..2),
            photocopies: self.random.random_range(0..2),
        }
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all.choose(&mut self.random).copied().unwrap_or_default()
    }

    fn write(&mut self, dossier: &mut Dossier, body: Body, units_added: Vec<UnitId>) {
        dossier.at_ms += self.random.random_range(10_000..90_000_000_i64);
        let own: Vec<&Clerk> =
            self.clerks.iter().filter(|clerk| clerk.unit == dossier.unit).collect();
        let clerk = own[self.random.random_range(0..own.len())];
        let event = Event { at_ms: dossier.at_ms, body };
        let mut nonce = [0; 8];
        self.random.fill_bytes(&mut nonce);
        let header = Header {
            realm: self.realm,
            document: dossier.document,
            kind: event.body.kind().kind(),
            author: clerk.key.public(),
            grant: clerk.grant,
            nonce: Nonce(nonce),
            units_added: if units_added.is_empty() { event.units_added() } else { units_added },
            payload: PayloadHash::ZERO,
        };
        let actor = header.actor();
        let base: Vec<ChangeHash> = dossier.history.heads();
        let written = dossier.history.write(&base, actor, &event.to_value());
        let (payload, change) = written.expect("an event that can be written");
        dossier.history.take(&change, actor).expect("a change that fits");
        let entry = Entry::sign(header, payload, &clerk.key).expect("an entry");
        if dossier.document.is_zero() {
            dossier.document = entry.document();
        }
        dossier.entries.push(entry.encode());
    }
}
