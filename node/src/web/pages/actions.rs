//! The form of each action.

use std::collections::BTreeMap;

use hoso_dossier::deadline::local_date;
use hoso_engine::web::Words;
use hoso_identity::PersonId;
use hoso_registry::{Day, EventKind, Role};
use hoso_store::collation::name_key;
use serde_json::Value;

use super::{
    super::site::Site,
    checklist::{Checklist, papers_by_name},
    dossier::{list, money, text},
    fields::{Choice, Field, choices},
    frame::date,
    receive::offices,
    typed::clock,
};
use crate::{dossiers::forms::closing_minute, times};

/// A form for one kind of event.
pub(super) struct Action {
    pub(super) kind: &'static str,
    pub(super) label: String,
    pub(super) fields: Vec<Field>,
    /// The papers to choose, where it is about papers.
    pub(super) papers: Option<Checklist>,
    /// What follows from it, where that cannot be taken back; else empty.
    pub(super) warning: String,
    /// Whether it is shown open, because something was typed in it or is wrong with it.
    pub(super) open: bool,
    /// The id under which what is typed is kept.
    pub(super) draft: String,
    /// That what was typed before stands in it again, and since when; else empty.
    pub(super) begun: String,
}

impl Action {
    /// Puts what was typed before into its fields. What stands in hidden ones is the dossier's.
    pub(super) fn fill(&mut self, words: &Words, form: &[(String, String)]) {
        let seen = self.fields.iter_mut().filter(|field| field.kind != "hidden");
        seen.for_each(|field| field.typed(form));
        self.papers.iter_mut().for_each(|papers| papers.fill(words, form));
        self.open = true;
    }

    /// Every field, with what its paper is called.
    pub(super) fn all_fields(&mut self) -> impl Iterator<Item = (&str, &mut Field)> {
        let papers = self.papers.iter_mut().flat_map(Checklist::fields);
        self.fields.iter_mut().map(|field| ("", field)).chain(papers)
    }
}

/// How the id of a draft of a form of a dossier begins; the dossier's id and the kind follow.
pub(super) const DRAFTS: &str = "act-";

/// The id under which what is typed in that form of that dossier is kept.
pub(super) fn draft_of(id: &str, kind: &str) -> String {
    format!("{DRAFTS}{id}-{kind}")
}

/// What cannot be taken back, or is felt by the applicant at once.
pub(super) const GRAVE: [EventKind; 7] = [
    EventKind::NotAccepted,
    EventKind::Refused,
    EventKind::Stopped,
    EventKind::Withdrawn,
    EventKind::ResultRecalled,
    EventKind::PaymentReversed,
    EventKind::Detached,
];

/// The names and inputs of a kind's fields; a star marks those that must be filled in.
pub(super) fn fields_of(kind: EventKind) -> &'static [(&'static str, &'static str)] {
    use EventKind as K;
    match kind {
        K::NotAccepted
        | K::Refused
        | K::ResultRecalled
        | K::Stopped
        | K::Resumed
        | K::Withdrawn
        | K::PaymentReversed => &[("reason", "area*")],
        K::HandedOver => &[("to_unit", "office*"), ("note", "text")],
        K::TakenOver => &[("paper_reference", "text")],
        K::Assigned => &[("person", "person*")],
        K::SupplementRequested => &[("reason", "area*"), ("basis", "text")],
        K::FeeAdded => &[("name", "text*"), ("amount", "amount*")],
        K::FeeRemoved => &[("fee", "fee*"), ("reason", "text*")],
        K::PaymentRequested => &[("amount", "amount*"), ("pauses", "checkbox")],
        K::Paid => &[("amount", "amount*"), ("method", "method*"), ("receipt_no", "text")],
        K::PaymentConfirmed => &[("reference", "text*")],
        K::Extended => &[("due_at", "moment*"), ("reason", "area*")],
        K::Approved => &[("note", "text")],
        K::ResultReady => &[("number", "text*"), ("date", "day*"), ("from_agency", "checkbox")],
        K::ResultSent => &[("to_unit", "office"), ("post", "checkbox"), ("tracking", "text")],
        K::Returned => &[
            ("receiver", "text*"),
            ("id_number", "text"),
            ("evidence", "text*"),
            ("channel", "channel*"),
        ],
        K::Detached => &[("attachment", "attachment*"), ("reason", "text*")],
        K::Noted => &[("text", "area*")],
        K::FieldCorrected => &[("field", "field*"), ("value", "text"), ("reason", "text*")],
        K::UnitAdded => &[("unit", "office*"), ("reason", "text*")],
        // Printing has its button beside the slip.
        K::Printed
        | K::Submitted
        | K::Supplemented
        | K::Received
        | K::ResultArrived
        | K::Opened
        | K::Attached
        | K::ConflictResolved
        | K::CodeReissued
        | K::CalendarAccepted => &[],
    }
}

/// The form of this kind for a dossier.
pub(super) fn action(site: &Site, words: &Words, dossier: &Value, kind: EventKind) -> Action {
    let fields = fields_of(kind).iter().map(|(name, input)| {
        let (required, input) = (input.ends_with('*'), input.trim_end_matches('*'));
        let select = |options| Field::new(words, name, "select", required).of(options);
        match input {
            "office" => select(offices(site, words, "choose")),
            "method" => select(choices(words, "method", &["cash", "transfer", "online"])),
            "channel" => select(choices(words, "channel", &["desk", "post", "electronic"])),
            "field" => select(corrigible(words)),
            "person" => select(staff(site)),
            "fee" => select(lines(dossier, "/fees")),
            "attachment" => select(lines(dossier, "/attachments")),
            "area" => Field::new(words, name, "area", required),
            "amount" | "day" => Field::new(words, name, "text", required)
                .digits(words.say(&format!("hint-typed-{input}"))),
            "moment" => Field::new(words, name, "text", required).digits(moment_hint(site, words)),
            "checkbox" => Field::new(words, name, "checkbox", required),
            _ => Field::new(words, name, "text", required),
        }
    });
    let mut fields: Vec<Field> = fields.collect();
    propose(&mut fields, dossier, kind);
    // A name says whose it is where it stands alone.
    fields
        .iter_mut()
        .filter(|field| field.name == "name")
        .for_each(|field| field.label = words.say("column-fee"));
    if kind == EventKind::TakenOver {
        // An agency says on paper that it has the dossier; between units no paper is needed.
        let open = list(dossier, "/control_sheet").last();
        let agency = open.and_then(|line| line.get("to_agency")) == Some(&Value::Bool(true));
        fields.iter_mut().for_each(|field| field.required = agency);
    }
    if kind == EventKind::ResultReady {
        // Who makes the result follows from who decides.
        let code = text(dossier, "/competent_unit");
        let agency = site.office.state().agency_by_code(&code).is_some();
        fields.retain(|field| agency || field.name != "from_agency");
        fields.iter_mut().filter(|field| field.name == "from_agency").for_each(|field| {
            (field.kind, field.value) = ("hidden", "on".to_owned());
        });
    }
    if kind == EventKind::HandedOver {
        // All papers go along; what stays behind is said in the remark.
        for (line, paper) in papers_by_name(dossier, "/papers").iter().enumerate() {
            let name = format!("papers.{line}.name");
            fields.push(Field::new(words, &name, "hidden", false).holding(text(paper, "/name")));
            fields.extend(counts(words, line, paper));
        }
    }
    Action {
        kind: kind.code(),
        label: words.say(&format!("event-{}", kind.code().replace('_', "-"))),
        fields,
        papers: Checklist::of(site, words, dossier, kind),
        warning: if GRAVE.contains(&kind) {
            words.say(&format!("warning-{}", kind.code().replace('_', "-")))
        } else {
            String::new()
        },
        open: false,
        draft: draft_of(&text(dossier, "/id"), kind.code()),
        begun: String::new(),
    }
}

/// How a new due time is typed, and which time is meant where none is.
fn moment_hint(site: &Site, words: &Words) -> String {
    let values = [("time", clock(closing_minute(&site.office.state(), site.office.unit())))];
    words.say_with("hint-typed-moment", &values.into_iter().collect())
}

/// What is most likely meant, so that less is typed.
fn propose(fields: &mut [Field], dossier: &Value, kind: EventKind) {
    for field in fields {
        let value = match (kind, field.name.as_str()) {
            (EventKind::HandedOver, "to_unit") => text(dossier, "/competent_unit"),
            (EventKind::ResultSent, "to_unit")
                if text(dossier, "/return_unit") != text(dossier, "/holder") =>
            {
                text(dossier, "/return_unit")
            }
            (EventKind::Paid | EventKind::PaymentRequested, "amount") => {
                let open = text(dossier, "/open");
                if open == "0" { String::new() } else { money(&open) }
            }
            (EventKind::ResultReady, "date") => {
                let today = local_date(times::now_ms()).map(|day| Day(day).to_string());
                date(&today.unwrap_or_default())
            }
            (_, _) => continue,
        };
        field.value = value;
    }
}

/// The counts of a line of papers, hidden.
fn counts<'a>(
    words: &'a Words,
    line: usize,
    paper: &'a Value,
) -> impl Iterator<Item = Field> + use<'a> {
    ["originals", "certified_copies", "photocopies"].into_iter().map(move |part| {
        let count = text(paper, &format!("/{part}"));
        Field::new(words, &format!("papers.{line}.{part}"), "hidden", false).holding(count)
    })
}

/// The people of the unit who process dossiers, as a class register has them.
fn staff(site: &Site) -> Vec<Choice> {
    let state = site.office.state();
    let grants = state.grants_of_unit(site.office.unit());
    let working = grants.filter(|grant| grant.ended.is_none() && grant.has(Role::Processing));
    // Whoever has several grants is one person all the same.
    let people: BTreeMap<PersonId, &str> =
        working.filter_map(|grant| Some((grant.person?, grant.name.as_str()))).collect();
    let choice = |(person, name): (PersonId, &str)| Choice {
        value: person.to_string(),
        label: name.to_owned(),
    };
    let mut people: Vec<(PersonId, &str)> = people.into_iter().collect();
    people.sort_by_cached_key(|(_, name)| name_key(name));
    people.into_iter().map(choice).collect()
}

/// Lines of the dossier to choose from: fees or scans.
fn lines(dossier: &Value, pointer: &str) -> Vec<Choice> {
    let choice = |line: &Value| {
        let amount = money(&text(line, "/amount"));
        let label = format!("{} {amount}", text(line, "/name")).trim_end().to_owned();
        Choice { value: text(line, "/id"), label }
    };
    list(dossier, pointer).map(choice).collect()
}

/// The fields of an application that can be corrected.
fn corrigible(words: &Words) -> Vec<Choice> {
    let named = hoso_dossier::fields::ALL.iter().map(|field| {
        let (party, part) = field.split_once('.').unwrap_or(("", field));
        let part = words.say(&format!("field-{}", part.replace('_', "-")));
        let label = if party.is_empty() {
            part
        } else {
            format!("{} – {part}", words.say(&format!("party-{party}")))
        };
        Choice { value: (*field).to_owned(), label }
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use hoso_engine::web::Language;
    use serde_json::json;

    use super::*;
    use crate::web::tests::scene::Scene;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_scan_is_chosen_by_its_name_and_hidden_with_a_reason() {
        let scene = Scene::with_clerk().await;
        let site = Site::new(std::sync::Arc::clone(&scene.office));
        let words = site.in_language(Language::Vietnamese);
        let dossier = json!({ "attachments": [{ "id": "0a", "name": "Tờ khai.pdf" }] });
        let form = action(&site, words, &dossier, EventKind::Detached);
        let names: Vec<&str> = form.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["attachment", "reason"]);
        assert!(form.fields.iter().all(|field| field.required));
        let choice = &form.fields[0].options[0];
        assert_eq!((choice.value.as_str(), choice.label.as_str()), ("0a", "Tờ khai.pdf"));
        assert!(!form.warning.is_empty(), "what it means everywhere is said before");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_field_of_an_action_follows_the_language_of_the_browser() {
        let scene = Scene::with_clerk().await;
        let site = Site::new(std::sync::Arc::clone(&scene.office));
        let words = site.in_language(Language::Vietnamese);
        let ours = ["text", "area", "number", "checkbox", "select", "hidden"];
        let known = json!([{ "name": "CCCD", "originals": 1 }]);
        let dossier = json!({ "papers": known, "missing_papers": known });
        for kind in EventKind::ALL {
            let mut form = action(&site, words, &dossier, *kind);
            for (_, field) in form.all_fields() {
                assert!(ours.contains(&field.kind), "{kind:?} {}: {}", field.name, field.kind);
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_what_an_agency_takes_over_needs_its_paper() {
        let scene = Scene::with_clerk().await;
        let site = Site::new(std::sync::Arc::clone(&scene.office));
        let words = site.in_language(Language::Vietnamese);
        for agency in [true, false] {
            let dossier = json!({ "control_sheet": [{ "to_agency": agency, "taken_at": null }] });
            let form = action(&site, words, &dossier, EventKind::TakenOver);
            assert_eq!(form.fields[0].required, agency);
        }
    }
}
