//! What a dossier's page says about it: facts, papers, money, badge, conflicts, the list beside it.

use std::sync::Arc;

use hoso_engine::web::Words;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::site::Site,
    checklist::papers_by_name,
    chips,
    dossier::{list, money, procedure, text},
    frame::{date, moment},
    history::{Happened, happened},
    rows::{Choice, Row, rows},
    withheld::who,
};
use crate::{
    desk::{self, ListQuery},
    people::Actor,
};

/// The steps of the badge.
const STEPS: [&str; 4] = ["saved", "at_province", "delivered", "opened"];
/// Its steps where nobody else is to have the dossier.
const STEPS_HERE: [&str; 3] = ["saved", "at_province", "here"];
/// Rows of the list beside a dossier.
const BESIDE: usize = 50;

/// Facts under one heading.
pub(super) struct Facts {
    pub(super) title: String,
    pub(super) lines: Vec<(String, String)>,
}

/// The papers that were handed in.
pub(super) struct Papers {
    pub(super) title: String,
    pub(super) columns: [String; 4],
    /// Name and counts.
    pub(super) lines: Vec<(String, [String; 3])>,
    /// Those that were asked for and have not come, alike.
    pub(super) missing: Vec<(String, [String; 3])>,
    /// The word for these.
    pub(super) lacks: String,
    pub(super) none: String,
}

/// What is owed and what was paid.
pub(super) struct Money {
    pub(super) title: String,
    pub(super) columns: [String; 2],
    pub(super) fees: Vec<(String, String)>,
    pub(super) payments: Vec<(String, String)>,
    pub(super) sums: Vec<(String, String)>,
    pub(super) none: String,
}

/// How far the last change has come.
pub(super) struct Badge {
    pub(super) title: String,
    /// The present state.
    pub(super) word: String,
    pub(super) tone: &'static str,
    pub(super) steps: Vec<Step>,
}

impl Badge {
    /// When and where the last step was reached.
    pub(super) fn latest(&self) -> &str {
        let reached = self.steps.iter().rev().find(|step| step.reached && !step.place.is_empty());
        reached.map_or("", |step| &step.place)
    }
}

/// One step of the badge.
pub(super) struct Step {
    pub(super) label: String,
    pub(super) reached: bool,
    pub(super) place: String,
}

/// Events that exclude each other.
pub(super) struct Conflict {
    pub(super) title: String,
    /// The word of the button that chooses a side.
    pub(super) choose: String,
    pub(super) sides: Vec<Side>,
}

/// One side of a conflict.
pub(super) struct Side {
    pub(super) event: Happened,
    pub(super) may_choose: bool,
    /// Who can choose it, for those who cannot.
    pub(super) who: String,
}

/// The list from which a dossier was opened.
pub(super) struct Beside {
    pub(super) title: String,
    pub(super) back: String,
    pub(super) address: String,
    pub(super) rows: Vec<Row>,
}

impl Beside {
    /// The list of that choice; empty if it cannot be read.
    pub(super) async fn of(
        site: &Site,
        words: &Words,
        actor: &Arc<Actor>,
        choice: &Choice,
    ) -> Self {
        let query = ListQuery { limit: Some(BESIDE), ..choice.asked() };
        let listed = desk::list(&site.office, actor, query).await.unwrap_or_default();
        Self {
            title: words.say("beside"),
            back: words.say("back"),
            rows: rows(site, words, &listed, choice),
            address: choice.address(),
        }
    }
}

/// Who asks for what, where it is decided, and how it stands.
pub(super) fn facts(site: &Site, words: &Words, dossier: &Value) -> Vec<Facts> {
    let group = |title: &str, rows: Vec<(&str, String)>| {
        let filled = rows.into_iter().filter(|(_, value)| !value.is_empty());
        let lines = filled.map(|(key, value)| (words.say(key), value)).collect();
        Facts { title: words.say(title), lines }
    };
    let place = |pointer: &str| {
        let code = text(dossier, pointer);
        if code.is_empty() { code } else { format!("{} ({code})", site.place(&code)) }
    };
    let applicant = |part: &str| text(dossier, &format!("/applicant/{part}"));
    vec![
        group(
            "group-applicant",
            vec![
                ("fact-name", applicant("name")),
                ("field-id-number", applicant("id_number")),
                ("field-birth-date", date(&applicant("birth_date"))),
                ("field-phone", applicant("phone")),
                ("field-email", applicant("email")),
                ("field-address", applicant("address")),
                ("party-owner", text(dossier, "/owner/name")),
                ("fact-representative", text(dossier, "/representative/name")),
            ],
        ),
        group(
            "group-procedure",
            vec![
                ("fact-procedure", procedure(dossier)),
                ("fact-receiving-unit", place("/receiving_unit")),
                ("field-competent-unit", place("/competent_unit")),
                ("field-return-unit", place("/return_unit")),
                ("fact-holder", place("/holder")),
                ("field-person", text(dossier, "/assigned")),
                ("field-note", text(dossier, "/note")),
            ],
        ),
        group("group-progress", progress(words, dossier)),
    ]
}

fn progress(words: &Words, dossier: &Value) -> Vec<(&'static str, String)> {
    let said = |key: &str, pointer: &str| {
        let code = text(dossier, pointer).replace('_', "-");
        if code.is_empty() { code } else { words.say(&format!("{key}-{code}")) }
    };
    let due = text(dossier, "/due_at");
    let uncertain = dossier.pointer("/due_certain") == Some(&Value::Bool(false));
    let due = match (due.is_empty(), uncertain) {
        (true, _) => chips::undue(words, &text(dossier, "/status")).word,
        (false, true) => format!("{} ({})", moment(&due), words.say("due-uncertain")),
        (false, false) => moment(&due),
    };
    vec![
        ("fact-received", moment(&text(dossier, "/received_at"))),
        ("column-due", due),
        ("fact-due-proposed", moment(&text(dossier, "/due_proposed_at"))),
        ("fact-delivery", said("delivery", "/delivery_status")),
        ("fact-result", text(dossier, "/result/number")),
    ]
}

/// The papers that were handed in.
pub(super) fn papers(words: &Words, dossier: &Value) -> Papers {
    let counts = ["originals", "certified_copies", "photocopies"];
    let [originals, certified, copies] =
        counts.map(|part| words.say(&format!("field-{}", part.replace('_', "-"))));
    let lines = |pointer| {
        let line = |paper: &Value| {
            (text(paper, "/name"), counts.map(|part| text(paper, &format!("/{part}"))))
        };
        papers_by_name(dossier, pointer).iter().map(line).collect()
    };
    Papers {
        title: words.say("group-papers"),
        columns: [words.say("column-paper"), originals, certified, copies],
        lines: lines("/papers"),
        missing: lines("/missing_papers"),
        lacks: words.say("paper-missing"),
        none: words.say("papers-none"),
    }
}

/// What is owed and what was paid.
pub(super) fn fees(words: &Words, dossier: &Value) -> Money {
    let amount = |value: &Value, pointer: &str| money(&text(value, pointer));
    let fees = list(dossier, "/fees").map(|fee| (text(fee, "/name"), amount(fee, "/amount")));
    let payments = list(dossier, "/payments").map(|payment| {
        let says = |name: &str| payment.get(name) == Some(&Value::Bool(true));
        let state = match (says("reversed"), says("confirmed")) {
            (true, _) => words.say("financial-refunded"),
            (false, true) => words.say("payment-taken"),
            (false, false) => words.say("financial-awaiting-confirmation"),
        };
        let method = words.say(&format!("method-{}", text(payment, "/method")));
        (format!("{method} – {state}"), amount(payment, "/amount"))
    });
    let status = text(dossier, "/financial_status").replace('_', "-");
    let sums = [("fact-owed", "/owed"), ("fact-paid", "/paid"), ("fact-open", "/open")];
    let fees: Vec<_> = fees.collect();
    let sums = match fees.is_empty() && status == "none" {
        true => Vec::new(),
        false => sums
            .into_iter()
            .map(|(key, pointer)| (words.say(key), amount(dossier, pointer)))
            .collect(),
    };
    Money {
        title: words.say("fact-financial"),
        columns: [words.say("column-fee"), words.say("field-amount")],
        fees,
        payments: payments.collect(),
        sums,
        none: words.say(&format!("financial-{status}")),
    }
}

/// The four steps with time and place, and the word for the present state.
pub(super) fn badge(site: &Site, words: &Words, dossier: &Value) -> Badge {
    let destinations = dossier.pointer("/sync/destinations").and_then(Value::as_array);
    let here = destinations.is_some_and(Vec::is_empty);
    let steps: &[&str] = if here { &STEPS_HERE } else { &STEPS };
    // What nobody else is to have has arrived as soon as the province has its copy.
    let state = match text(dossier, "/sync/state") {
        state if here && state == "delivered" => "here".to_owned(),
        state => state,
    };
    let reached = steps.iter().position(|step| *step == state).unwrap_or(0);
    // That it was read is the last step, and no change.
    let last = list(dossier, "/events").filter(|event| text(event, "/kind") != "opened").last();
    let saved = last.map(|event| moment(&text(event, "/at"))).unwrap_or_default();
    let author = last.map(|event| text(event, "/unit")).unwrap_or_default();
    // Where the last change was made it is known anyway.
    let facts = |pointer: &str| {
        let elsewhere = list(dossier, pointer).filter(|fact| text(fact, "/unit") != author);
        let facts = elsewhere.map(|fact| {
            format!("{} {}", site.place(&text(fact, "/unit")), moment(&text(fact, "/at")))
        });
        facts.collect::<Vec<_>>().join(", ")
    };
    let steps = steps.iter().enumerate().map(|(number, step)| Step {
        label: words.say(&format!("sync-state-{}", step.replace('_', "-"))),
        reached: number <= reached,
        place: match *step {
            "saved" => saved.clone(),
            "at_province" => moment(&text(dossier, "/sync/at_province_at")),
            "delivered" => facts("/sync/delivered"),
            "here" => site.place(&author),
            _ => facts("/opened"),
        },
    });
    Badge {
        title: words.say("badge"),
        word: words.say(&format!("sync-state-{}", state.replace('_', "-"))),
        tone: match state.as_str() {
            "needs_attention" => "late",
            "unknown" | "rechecking" => "wait",
            "delivered" | "opened" | "here" => "safe",
            _ => "",
        },
        steps: steps.collect(),
    }
}

/// What excludes each other, each side with who, where and when.
pub(super) fn conflicts(
    site: &Site,
    words: &Words,
    actor: &Actor,
    dossier: &Value,
) -> Vec<Conflict> {
    let side = |side: &Value| {
        let event = happened(site, words, side).contested();
        let may_choose = list(dossier, "/choices").any(|choice| choice == &event.id);
        let kind = EventKind::from_code(&text(side, "/kind")).filter(|_| !may_choose);
        let who = kind.map(|kind| {
            let why = who(site, words, actor, kind);
            words.say_with("choose-who", &[("why", why)].into_iter().collect())
        });
        Side { event, may_choose, who: who.unwrap_or_default() }
    };
    let conflict = |conflict: &Value| {
        let sides = list(conflict, "/sides").map(side);
        let field = text(conflict, "/field");
        let title = match field.rsplit('.').next().filter(|last| !last.is_empty()) {
            Some(last) => {
                let field = words.say(&format!("field-{}", last.replace('_', "-")));
                words.say_with("conflict-field", &[("field", field)].into_iter().collect())
            }
            None => words.say("conflict-events"),
        };
        let choose = if field.is_empty() { "choose-side" } else { "choose-value" };
        Conflict { title, choose: words.say(choose), sides: sides.collect() }
    };
    list(dossier, "/conflicts").map(conflict).collect()
}
