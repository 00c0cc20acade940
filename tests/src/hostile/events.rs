//! Events of every kind as honest clerks write them, and what insiders make of their values.

use std::collections::BTreeMap;

use hoso_dossier::{
    ChangeHash, Value,
    event::{
        AMOUNT_MAX, Approved, Assigned, Attached, Body, CalendarAccepted, CodeReissued,
        ConflictResolved, Detached, Event, Extended, FeeAdded, FeeRemoved, FieldCorrected,
        HandedOver, INSTANT_MAX_MS, Listed, Method, NotAccepted, Noted, Office, Opened, Paid,
        Paper, PaymentConfirmed, PaymentRequested, PaymentReversed, Printed, Received, Refused,
        ResultArrived, ResultChannel, ResultReady, ResultRecalled, ResultSent, Resumed, Returned,
        Stopped, Submitted, SupplementRequested, Supplemented, TEXT_CHARS_MAX, TakenOver,
        UnitAdded, Withdrawn,
    },
};
use hoso_identity::{EntryId, PayloadHash, PersonId, UnitId};
use hoso_registry::Day;
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::forge::{chance, one_of};

/// What an event can name.
#[derive(Clone, Debug)]
pub struct Names {
    /// A first event as the attackers' own desk has written it.
    pub received: Received,
    /// Units, the attackers' own first.
    pub units: Vec<UnitId>,
    /// An agency.
    pub agency: UnitId,
    /// People of this and other units.
    pub people: Vec<PersonId>,
    /// Statements of all kinds.
    pub statements: Vec<EntryId>,
    /// When it is, Unix milliseconds.
    pub now_ms: i64,
}

/// A remark.
#[must_use]
pub fn noted(text: &str) -> Value {
    let body = Body::Noted(Noted { text: text.to_owned() });
    Event { at_ms: 1_795_143_600_000, body }.to_value()
}

/// A decision.
#[must_use]
pub fn approved(at_ms: i64) -> Value {
    Event { at_ms, body: Body::Approved(Approved { note: None }) }.to_value()
}

impl Names {
    /// The first event of a dossier.
    #[must_use]
    pub fn first(&self, random: &mut ChaCha8Rng) -> Value {
        let mut received = self.received.clone();
        if let Some(application) = &mut received.application {
            application.applicant.name = format!("Kẻ Thử {}", random.random_range(0..1_000_000));
            if random.random_ratio(1, 3) {
                application.competent_unit = Office::Unit(*one_of(random, &self.units));
            }
        }
        self.at(random, Body::Received(received))
    }

    /// Any event upon a dossier with these changes.
    #[must_use]
    pub fn any(&self, random: &mut ChaCha8Rng, hashes: &[ChangeHash]) -> Value {
        let hash = hashes.choose(random).copied().unwrap_or(ChangeHash([7; 32]));
        let makers: &[fn(&Self, &mut ChaCha8Rng, ChangeHash) -> Body] =
            &[Self::of_reception, Self::of_processing, Self::of_decision, Self::of_every_day];
        let body = one_of(random, makers)(self, random, hash);
        self.at(random, body)
    }

    fn at(&self, random: &mut ChaCha8Rng, body: Body) -> Value {
        Event { at_ms: self.now_ms + random.random_range(0..86_400_000), body }.to_value()
    }

    fn of_reception(&self, random: &mut ChaCha8Rng, _: ChangeHash) -> Body {
        let unit = *one_of(random, &self.units);
        let reason = || "thử".to_owned();
        match random.random_range(0..9) {
            0 => Body::Received(Received { application: None, ..self.received.clone() }),
            1 => Body::NotAccepted(NotAccepted { reason: reason() }),
            2 => Body::HandedOver(HandedOver {
                to_unit: if random.random_ratio(1, 8) {
                    Office::Agency(self.agency)
                } else {
                    Office::Unit(unit)
                },
                to_person: self.people.choose(random).copied(),
                papers: Listed(papers(random)),
                note: None,
            }),
            3 => Body::TakenOver(TakenOver { paper_reference: None }),
            4 => Body::SupplementRequested(SupplementRequested {
                papers: Listed(papers(random)),
                reason: reason(),
                basis: random.random::<bool>().then(reason),
            }),
            5 => Body::Supplemented(Supplemented {
                papers: Listed(papers(random)),
                partial: random.random::<bool>(),
            }),
            6 => Body::Withdrawn(Withdrawn { reason: reason() }),
            7 => Body::UnitAdded(UnitAdded { unit, reason: reason() }),
            _ => match &self.received.application {
                Some(application) => Body::Submitted(Submitted {
                    request_id: reason(),
                    application: application.clone(),
                }),
                None => Body::Opened(Opened {}),
            },
        }
    }

    fn of_processing(&self, random: &mut ChaCha8Rng, hash: ChangeHash) -> Body {
        let amount = random.random_range(1..2_000_000);
        let some = random.random::<bool>().then_some(hash);
        match random.random_range(0..8) {
            0 => Body::Assigned(Assigned { person: *one_of(random, &self.people) }),
            1 => Body::FeeAdded(FeeAdded { name: "Lệ phí".to_owned(), amount }),
            2 => Body::FeeRemoved(FeeRemoved { fee: hash.to_string(), reason: "thử".to_owned() }),
            3 => Body::PaymentRequested(PaymentRequested { amount, pauses: random.random() }),
            4 => {
                Body::Paid(Paid { amount, method: *one_of(random, Method::ALL), receipt_no: None })
            }
            5 => Body::PaymentConfirmed(PaymentConfirmed {
                reference: "FT1".to_owned(),
                payment: some,
            }),
            6 => {
                Body::PaymentReversed(PaymentReversed { reason: "thử".to_owned(), payment: some })
            }
            _ => Body::FieldCorrected(FieldCorrected {
                field: (*one_of(random, &["applicant.name", "applicant.phone", "note", "x"]))
                    .to_owned(),
                value: random.random::<bool>().then(|| "Kẻ Thử".to_owned()),
                reason: "thử".to_owned(),
            }),
        }
    }

    fn of_decision(&self, random: &mut ChaCha8Rng, hash: ChangeHash) -> Body {
        let reason = || "thử".to_owned();
        match random.random_range(0..12) {
            0 => {
                let due_at = self.now_ms + random.random_range(0..90) * 86_400_000;
                Body::Extended(Extended { due_at, reason: reason() })
            }
            1 | 2 => Body::Approved(Approved { note: None }),
            3 => Body::Refused(Refused { reason: reason() }),
            4 => Body::ResultReady(ResultReady {
                number: "1/QĐ".to_owned(),
                date: Day::from_iso("2026-11-23").expect("a day"),
                files: vec![PayloadHash(hash.0)],
                from_agency: random.random_ratio(1, 4),
            }),
            5 => Body::ResultRecalled(ResultRecalled { reason: reason() }),
            6 => Body::ResultSent(ResultSent {
                to_unit: random.random::<bool>().then(|| *one_of(random, &self.units)),
                post: random.random(),
                tracking: None,
            }),
            7 => Body::ResultArrived(ResultArrived {}),
            8 => Body::Returned(Returned {
                receiver: "Kẻ Thử".to_owned(),
                id_number: None,
                evidence: "chữ ký".to_owned(),
                channel: *one_of(random, ResultChannel::ALL),
            }),
            9 => Body::Stopped(Stopped { reason: reason() }),
            10 => Body::Resumed(Resumed { reason: reason() }),
            _ => Body::CalendarAccepted(CalendarAccepted {
                calendars: vec![*one_of(random, &self.statements)],
            }),
        }
    }

    fn of_every_day(&self, random: &mut ChaCha8Rng, hash: ChangeHash) -> Body {
        match random.random_range(0..7) {
            0 => Body::Opened(Opened {}),
            1 => Body::Printed(Printed { form: "01".to_owned(), paper: "a5".to_owned() }),
            2 => Body::Attached(Attached {
                blob: PayloadHash(hash.0),
                name: "quét.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                size: 5_000,
                paper: None,
            }),
            3 => Body::Detached(Detached { attachment: hash, reason: "thử".to_owned() }),
            4 => Body::ConflictResolved(ConflictResolved { choice: hash }),
            5 => Body::CodeReissued(CodeReissued { code: self.received.code.clone() }),
            _ => Body::Noted(Noted { text: "Đã gọi điện".to_owned() }),
        }
    }

    /// The event with some of its values replaced by what nobody expects there.
    #[must_use]
    pub fn mutated(&self, random: &mut ChaCha8Rng, event: &Value) -> Value {
        let mut event = event.clone();
        for _ in 0..random.random_range(1..=3) {
            self.mutate(random, &mut event, 0);
        }
        event
    }

    fn mutate(&self, random: &mut ChaCha8Rng, value: &mut Value, depth: usize) {
        let deeper = depth == 0 || random.random_ratio(1, 2);
        match value {
            Value::Map(parts) if deeper && !parts.is_empty() => {
                let keys: Vec<String> = parts.keys().cloned().collect();
                let key = one_of(random, &keys).clone();
                match random.random_range(0..8) {
                    0 => drop(parts.remove(&key)),
                    1 => {
                        let fresh = format!("{key}{}", random.random_range(0..9));
                        drop(parts.insert(fresh, self.strange(random)));
                    }
                    _ => {
                        if let Some(part) = parts.get_mut(&key) {
                            self.mutate(random, part, depth + 1);
                        }
                    }
                }
            }
            Value::List(items) if deeper && !items.is_empty() => {
                let at = random.random_range(0..items.len());
                match random.random_range(0..4) {
                    0 => items.extend(vec![items[at].clone(); 33]),
                    1 => drop(items.remove(at)),
                    _ => self.mutate(random, &mut items[at], depth + 1),
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Map(_)
            | Value::List(_) => *value = self.strange(random),
        }
    }

    /// A value that somebody could confuse a reader with.
    fn strange(&self, random: &mut ChaCha8Rng) -> Value {
        match random.random_range(0..9) {
            0 => Value::Null,
            1 => Value::Bool(random.random()),
            2 | 3 => Value::Int(number(random)),
            4 => self.named(random),
            5 => Value::Bytes((0..random.random_range(0..40)).map(|_| random.random()).collect()),
            6 => nested(random.random_range(1..80)),
            _ => Value::Text(words(random)),
        }
    }

    /// Something that exists, where it does not belong.
    fn named(&self, random: &mut ChaCha8Rng) -> Value {
        match random.random_range(0..5) {
            0 => Value::Bytes(one_of(random, &self.people).0.to_vec()),
            1 => Value::Bytes(one_of(random, &self.statements).0.to_vec()),
            2 => Value::Int(i64::from(one_of(random, &self.units).0)),
            3 => Value::Text(one_of(random, &self.statements).to_string()),
            _ => Value::Map(BTreeMap::from([(
                "agency".to_owned(),
                Value::Int(i64::from(self.agency.0)),
            )])),
        }
    }
}

/// Some papers.
fn papers(random: &mut ChaCha8Rng) -> Vec<Paper> {
    let paper = |number| Paper {
        name: format!("Giấy {number}"),
        originals: 1,
        certified_copies: 0,
        photocopies: number,
    };
    (0..random.random_range(0..4)).map(paper).collect()
}

/// A number at some bound.
fn number(random: &mut ChaCha8Rng) -> i64 {
    let amount = i64::try_from(AMOUNT_MAX).expect("an amount");
    let bounds = [0, 1, -1, 65_535, 65_536, i64::MAX, i64::MIN, amount, amount + 1];
    let instants = [INSTANT_MAX_MS, INSTANT_MAX_MS + 1, INSTANT_MAX_MS - 86_400_000, 1, 86_399_999];
    match random.random_range(0..3) {
        0 => *one_of(random, &bounds),
        1 => *one_of(random, &instants),
        _ => random.random(),
    }
}

/// A text that is too long, empty, or looks like something else.
fn words(random: &mut ChaCha8Rng) -> String {
    let fixed = [
        "",
        " ",
        "\u{0}",
        "\u{202e}đảo",
        "noted",
        "approved",
        "dreamt",
        "9999-12-31",
        "0000-00-00",
        "-0001-01-01",
        "T07192-99991231-9999999",
        "applicant.name",
        "events",
        "<script>alert(1)</script>",
        "e\u{301}\u{301}\u{301}",
        "ﷺ",
    ];
    match random.random_range(0..4) {
        0 => "ợ".repeat(TEXT_CHARS_MAX + random.random_range(0..2)),
        1 => chance::<16>(random).iter().map(|byte| format!("{byte:02x}")).collect(),
        _ => (*one_of(random, &fixed)).to_owned(),
    }
}

/// Maps and lists within each other.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Bool(true), |inner, level| {
        if level % 2 == 0 {
            Value::List(vec![inner])
        } else {
            Value::Map(BTreeMap::from([("a".to_owned(), inner)]))
        }
    })
}
