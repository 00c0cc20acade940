//! An invented dossier, event by event, without documents: hashes are numbers.

use std::collections::BTreeSet;

use hoso_dossier::{
    ChangeHash,
    axes::Status,
    code::Code,
    deadline::Rule,
    event::{
        Application, Approved, Body, Channel, Event, Fee, Frozen, HandedOver, Listed, Office,
        Paper, Party, PartyKind, Received, ResultChannel, ResultReady, Returned, Submitted,
        TakenOver, Withdrawn,
    },
    fold::{Effect, Folded, Item, fold},
    standing::{Author, Standing, Terms},
};
use hoso_identity::{EntryId, PersonId, UnitId};
use hoso_registry::{
    Calendar, Day, Role, catalogue,
    statement::{RealmKind, Supplement, Term},
};

/// The island's centre.
pub(crate) const CO_TO: UnitId = UnitId(7);
/// The town's.
pub(crate) const BAI_CHAY: UnitId = UnitId(8);
/// A body without nodes.
pub(crate) const LAND_OFFICE: UnitId = UnitId(1_001);
/// Friday 2026-11-20 10:00 at UTC+7.
pub(crate) const BEGIN_MS: i64 = 1_795_143_600_000;
/// Milliseconds of a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// A clerk of the unit who may do everything.
pub(crate) fn clerk(unit: UnitId) -> Author {
    Author {
        person: Some(PersonId([1; 16])),
        unit,
        predecessors: BTreeSet::new(),
        roles: Role::DESK.to_vec(),
        from: None,
        until: None,
        realm: RealmKind::Trial,
        org_codes: BTreeSet::from([org_code(unit)]),
    }
}

/// The unit's administrator.
pub(crate) fn administrator(unit: UnitId) -> Author {
    Author { roles: vec![Role::Administrator], ..clerk(unit) }
}

fn org_code(unit: UnitId) -> String {
    format!("H49.{}", 100 + unit.0)
}

/// A code that the unit's first station gave.
pub(crate) fn code(unit: UnitId, counter: u16) -> Code {
    let day = Day::from_iso("2026-11-20").unwrap();
    Code::issued(RealmKind::Trial, &org_code(unit), day, 1, counter).unwrap()
}

/// What an invented applicant applies for.
pub(crate) fn application(competent_unit: Office) -> Application {
    Application {
        procedure_code: "1.001022".to_owned(),
        applicant: Party {
            kind: PartyKind::Person,
            name: "Đường Thị Thử".to_owned(),
            id_number: Some("022185000001".to_owned()),
            birth_date: None,
            phone: None,
            email: None,
            address: None,
        },
        owner: None,
        representative: None,
        receiving_unit: CO_TO,
        competent_unit,
        return_unit: CO_TO,
        channel: Channel::Counter,
        result_channel: ResultChannel::Desk,
        sets: 1,
        papers: vec![paper("Tờ khai")],
        fees: vec![Fee { name: "Lệ phí".to_owned(), amount: 8_000 }],
        note: None,
    }
}

pub(crate) fn paper(name: &str) -> Paper {
    Paper { name: name.to_owned(), originals: 1, certified_copies: 0, photocopies: 0 }
}

pub(crate) fn received(competent_unit: Office) -> Body {
    Body::Received(Received {
        application: Some(application(competent_unit)),
        frozen: Frozen {
            procedure: EntryId([1; 32]),
            calendars: vec![EntryId([2; 32])],
            closing_minute: 17 * 60,
        },
        code: code(CO_TO, 1),
        received_at: None,
        paper_reference: None,
        reason: None,
    })
}

/// What came online, as the gateway says it.
pub(crate) fn submitted() -> Body {
    let application = application(Office::Unit(CO_TO));
    let application = Application { channel: Channel::Online, ..application };
    Body::Submitted(Submitted { application, request_id: "NOP-1".to_owned() })
}

/// A connector's key at the island.
pub(crate) fn gateway() -> Author {
    Author { person: None, roles: vec![Role::Gateway], ..clerk(CO_TO) }
}

pub(crate) fn handed_over(to_unit: Office) -> Body {
    Body::HandedOver(HandedOver {
        to_unit,
        to_person: None,
        papers: Listed(Vec::new()),
        note: None,
    })
}

pub(crate) fn taken_over() -> Body {
    Body::TakenOver(TakenOver { paper_reference: None })
}

/// What an agency has is taken over as a paper says.
pub(crate) fn taken_over_on_paper() -> Body {
    Body::TakenOver(TakenOver { paper_reference: Some("12/PC".to_owned()) })
}

pub(crate) fn approved() -> Body {
    Body::Approved(Approved { note: None })
}

pub(crate) fn withdrawn() -> Body {
    Body::Withdrawn(Withdrawn { reason: "đổi ý".to_owned() })
}

pub(crate) fn result_ready(from_agency: bool) -> Body {
    Body::ResultReady(ResultReady {
        number: "12/QĐ-UBND".to_owned(),
        date: Day::from_iso("2026-11-23").unwrap(),
        files: Vec::new(),
        from_agency,
    })
}

pub(crate) fn returned() -> Body {
    Body::Returned(Returned {
        receiver: "Đường Thị Thử".to_owned(),
        id_number: None,
        evidence: "signature".to_owned(),
        channel: ResultChannel::Desk,
    })
}

/// The catalogue of that day: three working days, one extension.
pub(crate) fn terms(supplement: Supplement) -> Terms {
    let text = include_str!("../../../../deploy/data/holidays.toml");
    Terms {
        procedure_code: "1.001022".to_owned(),
        procedure_name: "Thủ tục thử".to_owned(),
        rule: Rule {
            term: Term::WorkingDays(3),
            supplement,
            cutoff_minute: 15 * 60,
            closing_minute: 17 * 60,
        },
        calendar: Calendar::of(&catalogue::calendars(text).unwrap()),
        extensions_max: 1,
    }
}

/// A dossier that grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) items: Vec<Item>,
}

impl Scene {
    /// A dossier received at the island for this office.
    pub(crate) fn received(competent_unit: Office) -> Self {
        let mut scene = Self::default();
        scene.add(&[], CO_TO, received(competent_unit));
        scene
    }

    /// A dossier of the island's own, taken over.
    pub(crate) fn processing() -> Self {
        let own = Office::Unit(CO_TO);
        let mut scene = Self::received(own);
        scene.then(CO_TO, handed_over(own));
        scene.then(CO_TO, taken_over());
        scene
    }

    /// Adds an event upon these; its minute is its number.
    pub(crate) fn add(&mut self, deps: &[ChangeHash], unit: UnitId, body: Body) -> ChangeHash {
        self.add_by(deps, clerk(unit), body)
    }

    pub(crate) fn add_by(&mut self, deps: &[ChangeHash], author: Author, body: Body) -> ChangeHash {
        let number = u32::try_from(self.items.len()).unwrap() + 1;
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let hash = ChangeHash(id);
        let at_ms = BEGIN_MS + i64::from(number) * MINUTE_MS;
        self.items.push(Item {
            entry: EntryId(id),
            hash,
            deps: deps.to_vec(),
            author,
            position: None,
            event: Ok(Event { at_ms, body }),
        });
        hash
    }

    /// Adds an event upon the one before.
    pub(crate) fn then(&mut self, unit: UnitId, body: Body) -> ChangeHash {
        let last = self.last();
        self.add(&[last], unit, body)
    }

    /// Adds an event upon everything on which nothing rests yet.
    pub(crate) fn join(&mut self, unit: UnitId, body: Body) -> ChangeHash {
        let rested: BTreeSet<_> = self.items.iter().flat_map(|item| item.deps.clone()).collect();
        let heads = self.items.iter().map(|item| item.hash);
        let heads: Vec<_> = heads.filter(|hash| !rested.contains(hash)).collect();
        self.add(&heads, unit, body)
    }

    pub(crate) fn last(&self) -> ChangeHash {
        self.items.last().unwrap().hash
    }

    pub(crate) fn fold(&self) -> Folded {
        fold(&self.items, &|_, _| Some(terms(Supplement::Restart)))
    }

    pub(crate) fn standing(&self) -> Standing {
        self.fold().standing
    }

    pub(crate) fn status(&self) -> Status {
        self.standing().status.unwrap()
    }

    /// What became of an event.
    pub(crate) fn effect(&self, hash: ChangeHash) -> Effect {
        let index = self.items.iter().position(|item| item.hash == hash).unwrap();
        let history = self.fold().history;
        history.into_iter().find(|(place, _)| *place == index).unwrap().1
    }
}
