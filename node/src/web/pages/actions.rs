//! The form of each action.

use hoso_registry::EventKind;

use super::{
    super::{site::Site, words::Words},
    fields::{Field, choices},
    receive::offices,
};

/// A form for one kind of event.
pub(super) struct Action {
    pub(super) kind: &'static str,
    pub(super) label: String,
    pub(super) fields: Vec<Field>,
}

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
        K::Assigned => &[("person", "text*")],
        K::SupplementRequested => {
            &[("papers.0.name", "text*"), ("reason", "area*"), ("basis", "text")]
        }
        K::Supplemented => &[("papers.0.name", "text*")],
        K::FeeAdded => &[("name", "text*"), ("amount", "number*")],
        K::FeeRemoved => &[("fee", "text*"), ("reason", "text*")],
        K::PaymentRequested => &[("amount", "number*"), ("pauses", "check")],
        K::Paid => &[("amount", "number*"), ("method", "method*"), ("receipt_no", "text")],
        K::PaymentConfirmed => &[("reference", "text*")],
        K::Extended => &[("due_at", "datetime-local*"), ("reason", "area*")],
        K::Approved => &[("note", "text")],
        K::ResultReady => &[("number", "text*"), ("date", "date*"), ("from_agency", "check")],
        K::ResultSent => &[("to_unit", "office"), ("post", "check"), ("tracking", "text")],
        K::Returned => &[
            ("receiver", "text*"),
            ("id_number", "text"),
            ("evidence", "text*"),
            ("channel", "channel*"),
        ],
        K::Printed => &[("form", "text*"), ("paper", "text*")],
        K::Detached => &[("attachment", "text*"), ("reason", "text*")],
        K::Noted => &[("text", "area*")],
        K::FieldCorrected => &[("field", "field*"), ("value", "text"), ("reason", "text*")],
        K::UnitAdded => &[("unit", "office*"), ("reason", "text*")],
        K::Submitted
        | K::Received
        | K::ResultArrived
        | K::Opened
        | K::Attached
        | K::ConflictResolved
        | K::CodeReissued => &[],
    }
}

/// The form of this kind.
pub(super) fn action(site: &Site, words: &Words, kind: EventKind) -> Action {
    let fields = fields_of(kind).iter().map(|(name, input)| {
        let (required, input) = (input.ends_with('*'), input.trim_end_matches('*'));
        match input {
            "office" => {
                Field::new(words, name, "select", required).of(offices(site, words, "choose"))
            }
            "method" => Field::new(words, name, "select", required).of(choices(
                words,
                "method",
                &["cash", "transfer", "online"],
            )),
            "channel" => Field::new(words, name, "select", required).of(choices(
                words,
                "channel",
                &["desk", "post", "electronic"],
            )),
            "field" => Field::new(words, name, "select", required).of(corrigible(words)),
            "area" => Field::new(words, name, "area", required),
            "number" => Field::new(words, name, "number", required),
            "date" => Field::new(words, name, "date", required),
            "datetime-local" => Field::new(words, name, "datetime-local", required),
            "check" => Field::new(words, name, "check", required),
            _ => Field::new(words, name, "text", required),
        }
    });
    let mut fields: Vec<Field> = fields.collect();
    if fields.iter().any(|field| field.name == "papers.0.name") {
        for (part, value) in [("originals", "1"), ("certified_copies", "0"), ("photocopies", "0")] {
            let mut field = Field::new(words, &format!("papers.0.{part}"), "hidden", false);
            value.clone_into(&mut field.value);
            fields.push(field);
        }
    }
    Action {
        kind: kind.code(),
        label: words.say(&format!("event-{}", kind.code().replace('_', "-"))),
        fields,
    }
}

/// The fields of an application that can be corrected.
fn corrigible(words: &Words) -> Vec<super::fields::Choice> {
    let named = hoso_dossier::fields::ALL.iter().map(|field| {
        let (party, part) = field.split_once('.').unwrap_or(("", field));
        let part = words.say(&format!("field-{}", part.replace('_', "-")));
        let label = if party.is_empty() {
            part
        } else {
            format!("{} – {part}", words.say(&format!("party-{party}")))
        };
        super::fields::Choice { value: (*field).to_owned(), label }
    });
    named.collect()
}
