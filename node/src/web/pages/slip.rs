//! The slip of reception (form 01) as it is printed: its texts are those of the form, in
//! Vietnamese whatever the language of the pages.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use hoso_engine::web::Words;
use hoso_identity::DocumentId;
use hoso_registry::State as Registry;
use serde_json::Value;

use super::{
    super::{answer::answer, site::Site},
    dossier::{list, text},
    frame::{date, render},
};
use crate::desk::{self, Refused};

/// The form that is printed here.
const FORM: &str = "01";
/// Papers that it fits, the usual one first.
pub(super) const PAPERS: [&str; 3] = ["a5", "80mm", "a4"];

#[derive(Template)]
#[template(path = "slip.html")]
struct Slip {
    paper: &'static str,
    title: String,
    nation: String,
    motto: String,
    heading: String,
    realm: String,
    authority: String,
    desk: String,
    code_label: String,
    code: String,
    provisional: String,
    rows: Vec<(String, String)>,
    papers_label: String,
    columns: [String; 5],
    papers: Vec<(String, [String; 3])>,
    after: Vec<(String, String)>,
    submitter_label: String,
    receiver_label: String,
    sign: String,
    receiver: String,
}

/// `GET /dossiers/{id}/slip?form=01&paper=a5|80mm|a4`.
pub(in super::super) async fn slip(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let printed = async {
        let paper = asked(&query)?;
        let actor = site.actor(&headers).await?;
        let id = DocumentId::from_hex(&id).ok_or(Refused::new(404, "not-found"))?;
        let dossier = desk::open(&site.office, &actor, id).await?;
        if text(&dossier, "/code").is_empty() {
            return Err(Refused::new(409, "rule-status"));
        }
        Ok(render(&filled(&site, &dossier, paper)))
    };
    answer(&site, &headers, printed.await)
}

/// The paper that was asked for.
fn asked(query: &[(String, String)]) -> Result<&'static str, Refused> {
    let mut paper = PAPERS[0];
    for (name, value) in query {
        let unknown = || Refused::new(422, "field-unknown").about(name.as_str());
        match name.as_str() {
            "form" if value == FORM => {}
            "paper" => {
                let known = PAPERS.into_iter().find(|known| known == value);
                paper = known.ok_or_else(unknown)?;
            }
            _ => return Err(unknown()),
        }
    }
    Ok(paper)
}

fn filled(site: &Site, dossier: &Value, paper: &'static str) -> Slip {
    let (state, words) = (site.office.state(), site.vietnamese());
    let say = |key: &str| words.say(&format!("slip-{key}"));
    let unit = state.unit_by_code(&text(dossier, "/receiving_unit"));
    let desk = unit.map(|unit| unit.desk_name.clone()).unwrap_or_default();
    let procedure =
        format!("{} – {}", text(dossier, "/procedure/code"), text(dossier, "/procedure/name"));
    let rows = [
        ("desk", desk.clone()),
        ("applicant", text(dossier, "/applicant/name")),
        ("representative", text(dossier, "/representative/name")),
        ("address", text(dossier, "/applicant/address")),
        ("phone", text(dossier, "/applicant/phone")),
        ("email", text(dossier, "/applicant/email")),
        ("subject", procedure),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    let papers = list(dossier, "/papers").map(|paper| {
        let counts = ["/originals", "/certified_copies", "/photocopies"];
        (text(paper, "/name"), counts.map(|count| text(paper, count)))
    });
    let after = [
        ("sets", with(words, "sets-value", [("count", text(dossier, "/sets"))])),
        ("term", term(words, dossier)),
        ("received", moment(words, &text(dossier, "/received_at"))),
        ("due", due(words, dossier)),
        ("collected", place(words, &state, dossier)),
        ("register", say("register-value")),
    ];
    let realm = state.realm_kind().map_or("unknown", |kind| kind.code());
    let provisional = dossier.get("code_provisional").and_then(Value::as_bool) == Some(true);
    let code = text(dossier, "/code");
    Slip {
        paper,
        title: with(words, "title", [("code", code.clone())]),
        nation: say("nation"),
        motto: say("motto"),
        heading: say("heading"),
        realm: match realm {
            "official" => String::new(),
            realm => words.say(&format!("realm-{realm}")),
        },
        authority: unit.map(|unit| unit.authority_name.clone()).unwrap_or_default(),
        desk,
        code_label: say("code"),
        code,
        provisional: if provisional { say("provisional") } else { String::new() },
        rows: rows.map(|(key, value)| (say(key), value)).collect(),
        papers_label: say("papers"),
        columns: ["number", "paper", "originals", "certified", "copies"]
            .map(|column| say(&format!("column-{column}"))),
        papers: papers.collect(),
        after: after.into_iter().map(|(key, value)| (say(key), value)).collect(),
        submitter_label: say("submitter"),
        receiver_label: say("receiver"),
        sign: say("sign"),
        receiver: received_by(dossier),
    }
}

/// A text of the form with values in it.
fn with<const N: usize>(words: &Words, key: &str, values: [(&str, String); N]) -> String {
    words.say_with(&format!("slip-{key}"), &values.into_iter().collect())
}

/// When the result is owed.
fn due(words: &Words, dossier: &Value) -> String {
    let due = moment(words, &text(dossier, "/due_at"));
    match (due.is_empty(), dossier.get("due_certain").and_then(Value::as_bool)) {
        (true, _) => words.say("slip-by-announcement"),
        (false, Some(false)) => with(words, "due-uncertain", [("due", due)]),
        (false, _) => due,
    }
}

/// Who received it.
fn received_by(dossier: &Value) -> String {
    let mut events = list(dossier, "/events");
    let received = events.find(|event| text(event, "/kind") == "received");
    received.map(|event| text(event, "/by")).unwrap_or_default()
}

/// How long it may take.
fn term(words: &Words, dossier: &Value) -> String {
    let days = text(dossier, "/procedure/term/days");
    match text(dossier, "/procedure/term/kind").as_str() {
        "same_day" => words.say("slip-same-day"),
        "working_days" => with(words, "working-days", [("days", days)]),
        "calendar_days" => with(words, "calendar-days", [("days", days)]),
        "by_announcement" => words.say("slip-by-announcement"),
        _ => words.say("slip-blank"),
    }
}

/// Where the result is collected.
fn place(words: &Words, state: &Registry, dossier: &Value) -> String {
    match text(dossier, "/result_channel").as_str() {
        "post" => words.say("slip-by-post"),
        "electronic" => words.say("slip-electronic"),
        _ => {
            let unit = state.unit_by_code(&text(dossier, "/return_unit"));
            unit.map_or_else(|| words.say("slip-blank"), |unit| unit.desk_name.clone())
        }
    }
}

/// A time at the province's offset, as the form has it.
fn moment(words: &Words, at: &str) -> String {
    let (Some(day), Some(hour), Some(minute)) = (at.get(..10), at.get(11..13), at.get(14..16))
    else {
        return String::new();
    };
    let hour = hour.strip_prefix('0').unwrap_or(hour);
    let values = [("hour", hour.to_owned()), ("minute", minute.to_owned()), ("day", date(day))];
    with(words, "moment", values)
}

#[cfg(test)]
mod tests {
    use hoso_engine::web::{Language, Speech};

    use super::moment;

    #[test]
    fn times_are_written_as_the_form_has_them() {
        let files =
            [include_str!("../../../locales/vi.ftl"), include_str!("../../../locales/en.ftl")];
        let speech = Speech::new(files[0], files[1]);
        let written = |at| moment(speech.of(Language::Vietnamese), at);
        assert_eq!(written("2026-11-24T08:05:00+07:00"), "8 giờ 05 phút, ngày 24/11/2026");
        assert_eq!(written("2026-11-24T00:00:00+07:00"), "0 giờ 00 phút, ngày 24/11/2026");
        assert_eq!(written(""), "");
    }
}
