//! A dossier as a record: what lists, search and pages show.

use hoso_dossier::{
    axes::Status,
    deadline::Due,
    event::{Application, Body, Event, Office, Paper},
    fold::{Effect, Item},
    standing::Standing,
};
use hoso_identity::UnitId;
use hoso_registry::State;
use hoso_store::{
    attachments::Attachment,
    records::{Plan, Summary, Version, Words},
    search::Findable,
};
use serde_json::{Value as Json, json};

use super::{
    Dossier,
    forms::{json_of, term_json, unit_code},
    version_text,
};
use crate::times;

impl Dossier {
    /// The record as it shall stand, computed from the one of that version.
    pub(crate) fn plan(&self, computed_from: Option<Version>, now_ms: i64) -> Plan {
        let standing = &self.folded.standing;
        let application = standing.application.as_ref();
        let due = standing.due();
        let begun_ms = self.first_event().map_or(now_ms, |event| event.at_ms);
        let summary = Summary {
            document: self.id,
            version: self.version(),
            code: standing.code.as_ref().map(ToString::to_string),
            procedure: application.map_or_else(String::new, |form| form.procedure_code.clone()),
            applicant: application.map_or_else(String::new, |form| form.applicant.name.clone()),
            receiving_unit: application.map_or(UnitId(0), |form| form.receiving_unit),
            competent_unit: application.map(|form| form.competent_unit.id()),
            return_unit: application.map(|form| form.return_unit),
            status: standing.status.map_or(0, |status| status.portal_code()),
            due_at_ms: due.at_ms,
            closed_at_ms: standing.closed_ms,
            received_at_ms: standing.received_ms.unwrap_or(begun_ms),
            needs_review: standing.needs_review(),
            needs_newer: self.needs_newer(),
            changed_at_ms: now_ms,
        };
        let words = Words::of(&summary, &search(standing));
        Plan { computed_from, summary, words, attachments: attachments(standing) }
    }

    /// What the dossier's page shows, but for what changes without an event: time and sync.
    pub(crate) fn view(&self, state: &State) -> Json {
        let mut view = self.facts(state);
        if let (Some(view), Json::Object(lists)) = (view.as_object_mut(), self.lists(state)) {
            view.extend(lists);
        }
        view
    }

    fn first_event(&self) -> Option<&Event> {
        let (place, _) = self.folded.history.first()?;
        self.items.get(*place)?.event.as_ref().ok()
    }

    /// Its place, its people and its time.
    fn facts(&self, state: &State) -> Json {
        let standing = &self.folded.standing;
        let due = standing.due();
        let application = standing.application.as_ref();
        let form = application.map(|application| application_json(application, state));
        let part = |name: &str| {
            form.as_ref().and_then(|form| form.get(name)).cloned().unwrap_or(Json::Null)
        };
        let code = |office: Office| unit_code(state, office.id());
        json!({
            "id": self.id.to_string(),
            "version": version_text(&self.version()),
            "code": standing.code.as_ref().map(ToString::to_string),
            "code_provisional": standing.code.as_ref().is_some_and(|code| code.is_provisional()),
            "former_codes":
                standing.former_codes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "procedure": {
                "code": part("procedure_code"),
                "name": standing.terms.as_ref().map(|terms| &terms.procedure_name),
                "term": standing.terms.as_ref().map(|terms| term_json(terms.rule.term)),
            },
            "applicant": part("applicant"),
            "owner": part("owner"),
            "representative": part("representative"),
            "receiving_unit": part("receiving_unit"),
            "competent_unit": part("competent_unit"),
            "return_unit": part("return_unit"),
            "channel": part("channel"),
            "result_channel": part("result_channel"),
            "sets": part("sets"),
            "note": part("note"),
            "status": standing.status.map(|status| status.code()),
            "status_code": standing.status.map(|status| status.portal_code()),
            "financial_status": standing.financial().code(),
            "delivery_status": standing.delivery().code(),
            "received_at": standing.received_ms.and_then(times::text),
            "finished_at": standing.closed_ms.and_then(times::text),
            "due_at": due.at_ms.and_then(times::text),
            "due_certain": due.certain,
            "former_dues":
                standing.former_dues.iter().map(|at_ms| times::text(*at_ms)).collect::<Vec<_>>(),
            "due_steps": due_steps(&due),
            "promised": promised(standing),
            "holder": standing.holder.map(code),
            "assigned": standing.assigned.map(|person| name_of(state, person)),
            "needs_review": standing.needs_review(),
            "needs_newer": self.needs_newer(),
            "conflicts": self.conflicts(state),
            "events": self.events(state),
        })
    }

    /// Its papers, its money and its way.
    fn lists(&self, state: &State) -> Json {
        let standing = &self.folded.standing;
        json!({
            "papers": standing.papers.iter().map(paper_json).collect::<Vec<_>>(),
            "missing_papers": standing.missing.iter().map(paper_json).collect::<Vec<_>>(),
            "attachments": standing.scans.iter().map(|scan| json!({
                "id": scan.event.to_string(),
                "blake3": scan.blob.to_string(),
                "name": scan.name,
                "media_type": scan.media_type,
                "size": scan.size,
                "paper": scan.paper,
                "at": times::text(scan.at_ms),
            })).collect::<Vec<_>>(),
            "fees": standing.fees.iter().map(|line| json!({
                "id": line.id, "name": line.fee.name, "amount": line.fee.amount,
            })).collect::<Vec<_>>(),
            "payments": standing.payments.iter().map(|payment| json!({
                "id": payment.event.to_string(),
                "amount": payment.amount,
                "method": payment.method.code(),
                "confirmed": payment.confirmed,
                "reversed": payment.reversed,
            })).collect::<Vec<_>>(),
            "stopped_from": standing.stopped_from.map(Status::code),
            "owed": standing.owed(),
            "open": standing.open_amount(),
            "paid": standing.money().0,
            "decision": standing.decision.as_ref().map(|decision| {
                if decision.approved { "approved" } else { "refused" }
            }),
            "result": standing.result.as_ref().map(|result| json!({
                "number": result.number,
                "date": result.date.to_string(),
                "unit": unit_code(state, result.unit),
                "towards": result.towards.map(|unit| unit_code(state, unit)),
            })),
            "control_sheet": standing.sheet.iter().map(|line| json!({
                "event": line.event.to_string(),
                "from": unit_code(state, line.from),
                "given_by": line.giver.map(|person| name_of(state, person)),
                "to": unit_code(state, line.to.id()),
                "to_agency": line.to.unit().is_none(),
                "at": times::text(line.at_ms),
                "taken_at": line.taken_at_ms.and_then(times::text),
                "taken_by": line.taker.map(|person| name_of(state, person)),
                "paper_reference": line.paper_reference,
            })).collect::<Vec<_>>(),
            "audience":
                standing.audience.iter().map(|unit| unit_code(state, *unit)).collect::<Vec<_>>(),
            "opened": self.opened(state),
        })
    }

    fn opened(&self, state: &State) -> Vec<Json> {
        let opened = self.folded.standing.opened.iter();
        let facts = opened.map(|(unit, at_ms)| {
            let unit = unit_code(state, *unit);
            json!({ "unit": unit, "at": times::text(*at_ms) })
        });
        facts.collect()
    }

    /// The parts of the record that its badge is made of: how far the last change has come, that
    /// change, and who has opened the dossier.
    pub(crate) fn way(&self, state: &State, sync: Json) -> Json {
        let history = self.folded.history.iter().rev();
        let mut history =
            history.filter_map(|(place, effect)| Some((self.items.get(*place)?, *effect)));
        let last = history.find(|(item, _)| !is_reading(item));
        let last: Vec<Json> =
            last.into_iter().map(|(item, effect)| event_json(item, effect, state)).collect();
        json!({ "sync": sync, "events": last, "opened": self.opened(state) })
    }

    fn events(&self, state: &State) -> Vec<Json> {
        let history = self.folded.history.iter();
        history
            .filter_map(|(place, effect)| self.items.get(*place).map(|item| (item, *effect)))
            .map(|(item, effect)| event_json(item, effect, state))
            .collect()
    }

    fn conflicts(&self, state: &State) -> Vec<Json> {
        let conflicts = self.folded.standing.conflicts.iter();
        conflicts
            .map(|conflict| {
                let sides = conflict.sides.iter().filter_map(|side| {
                    let item = self.items.iter().find(|item| item.hash == *side)?;
                    Some(event_json(item, Effect::Contested, state))
                });
                json!({ "field": conflict.field, "sides": sides.collect::<Vec<_>>() })
            })
            .collect()
    }
}

/// Whether the event says no more than that a unit has read the dossier.
fn is_reading(item: &Item) -> bool {
    item.event.as_ref().is_ok_and(|event| matches!(event.body, Body::Opened(_)))
}

fn event_json(item: &Item, effect: Effect, state: &State) -> Json {
    let event = item.event.as_ref().ok();
    let mut body = event.map_or(Json::Null, |event| json_of(&event.to_value(), state));
    if let Some(parts) = body.as_object_mut() {
        parts.remove("kind");
        parts.remove("at");
    }
    let taken = effect == Effect::Taken;
    json!({
        "id": item.hash.to_string(),
        "entry": item.entry.to_string(),
        "after": item.deps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "kind": event.map(|event| event.body.kind().code()),
        "at": event.and_then(|event| times::text(event.at_ms)),
        "by": item.author.person.map(|person| name_of(state, person)),
        "unit": unit_code(state, item.author.unit),
        "effect": taken,
        "reason": (!taken).then(|| effect.code()),
        "body": body,
    })
}

fn name_of(state: &State, person: hoso_identity::PersonId) -> String {
    state.person(person).map_or_else(|| person.to_string(), |person| person.name.clone())
}

/// What the slip says, whenever it is printed.
fn promised(standing: &Standing) -> Json {
    let due = standing.promised();
    json!({
        "due_at": due.at_ms.and_then(times::text),
        "certain": due.certain,
        "steps": due_steps(&due),
    })
}

fn due_steps(due: &Due) -> Json {
    let steps = due.steps.iter().map(|step| {
        json!({
            "date": hoso_registry::Day(step.date).to_string(),
            "counted": step.counted,
            "reason": step.reason.code(),
        })
    });
    steps.collect()
}

/// The application in the form of the interface.
fn application_json(application: &Application, state: &State) -> Json {
    json_of(&application.to_value(), state)
}

/// The scans that the dossier names: one that is attached twice is one file.
fn attachments(standing: &Standing) -> Vec<Attachment> {
    let mut named: Vec<Attachment> = Vec::new();
    for scan in &standing.scans {
        if !named.iter().any(|known| known.blob == scan.blob) {
            named.push(Attachment {
                blob: scan.blob,
                name: scan.name.clone(),
                media_type: scan.media_type.clone(),
                size: scan.size,
                unit: scan.unit,
                since_ms: scan.at_ms,
            });
        }
    }
    named
}

/// The texts by which the dossier is found.
fn search(standing: &Standing) -> Vec<Findable> {
    let codes = standing.code.iter().chain(&standing.former_codes);
    let mut texts: Vec<Findable> = codes.map(|code| Findable::Number(code.to_string())).collect();
    let Some(form) = &standing.application else { return texts };
    texts.push(Findable::Text(form.procedure_code.clone()));
    let parties = || std::iter::once(&form.applicant).chain(&form.owner);
    for party in parties() {
        texts.push(Findable::Name(party.name.clone()));
        texts.extend(party.id_number.clone().map(Findable::Number));
        texts.extend(party.phone.clone().map(Findable::Phone));
    }
    if let Some(representative) = &form.representative {
        texts.push(Findable::Name(representative.name.clone()));
        texts.extend(representative.id_number.clone().map(Findable::Number));
    }
    texts.extend(parties().filter_map(|party| party.address.clone()).map(Findable::Text));
    texts
}

/// A paper with its counts.
fn paper_json(paper: &Paper) -> Json {
    json!({
        "name": paper.name,
        "originals": paper.originals,
        "certified_copies": paper.certified_copies,
        "photocopies": paper.photocopies,
    })
}
