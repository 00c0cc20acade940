//! The second step of what cannot be taken back: what will happen is said once more, in a sentence.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::site::Site,
    actions::{GRAVE, draft_of, fields_of},
    dossier::{about, after, list, text},
    drafts,
    fields::sent,
    frame::{Frame, frame, moment, render},
    rows::{Choice, in_list},
};
use crate::{
    desk::{self, Refused},
    people::Actor,
};

/// The field that says that the second step was taken.
const SURE: &str = "_sure";
/// What the forms of the page send besides what was typed.
const OWN: [&str; 3] = ["_token", SURE, "_do"];

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    frame: Frame,
    /// Who does what to which dossier, and what becomes of its due time.
    sentence: String,
    /// What follows from it.
    warning: String,
    nothing_yet: String,
    /// What was typed, as people read it.
    typed: Vec<(String, String)>,
    /// All that was sent, to be sent again.
    kept: Vec<(String, String)>,
    events: String,
    go_on: String,
    back: String,
}

/// What becomes of the due time.
#[derive(Clone, Copy)]
enum Deadline {
    Ended,
    Paused,
    Kept,
}

impl Deadline {
    fn after(kind: EventKind) -> Self {
        use EventKind as K;
        if matches!(kind, K::NotAccepted | K::Withdrawn) {
            Self::Ended
        } else if kind == K::Stopped {
            Self::Paused
        } else {
            Self::Kept
        }
    }

    fn said(self, words: &Words, due: &str) -> String {
        let key = match (due.is_empty(), self) {
            (true, _) => "deadline-none",
            (false, Self::Ended) => "deadline-ended",
            (false, Self::Paused) => "deadline-paused",
            (false, Self::Kept) => "deadline-kept",
        };
        words.say_with(key, &[("due", moment(due))].into_iter().collect())
    }
}

/// Whether the sent form asks for something grave, and nobody has confirmed it.
pub(super) fn is_needed(form: &[(String, String)]) -> bool {
    let grave = EventKind::from_code(sent(form, "kind")).is_some_and(|kind| GRAVE.contains(&kind));
    grave && sent(form, SURE).is_empty()
}

/// The page that asks, if the action would be done; where it was done before, the way on.
pub(super) async fn ask(
    site: &Arc<Site>,
    headers: &HeaderMap,
    (id, choice): (&str, &Choice),
    form: &[(String, String)],
) -> Result<Response, Refused> {
    let (actor, document, once, body) = about(site, headers, id, form).await?;
    if !desk::weigh(&site.office, &actor, document, &once, &body).await? {
        return Ok(Redirect::to(&after(&actor, id, choice, form)).into_response());
    }
    drafts::keep(&site.office, &actor, &draft_of(id, sent(form, "kind")), form).await;
    let dossier = desk::open(&site.office, &actor, document).await?;
    let kind = EventKind::from_code(sent(form, "kind"));
    let kind = kind.ok_or(Refused::new(422, "field-unknown").about("kind"))?;
    Ok(render(&page(site, headers, &actor, (&dossier, choice), (kind, form)).await))
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    (dossier, choice): (&Value, &Choice),
    (kind, form): (EventKind, &[(String, String)]),
) -> ConfirmPage {
    let (words, _) = site.words(headers);
    let dashed = kind.code().replace('_', "-");
    let deadline = Deadline::after(kind).said(words, &text(dossier, "/due_at"));
    let values = [
        ("who", actor.name.clone()),
        ("code", text(dossier, "/code")),
        ("applicant", text(dossier, "/applicant/name")),
        ("deadline", deadline),
    ];
    let typed = fields_of(kind).iter().map(|(name, _)| {
        let label = words.say(&format!("field-{}", name.replace('_', "-")));
        (label, as_read(dossier, name, sent(form, name)))
    });
    ConfirmPage {
        frame: frame(site, headers, "page-confirm", Some(actor)).await,
        sentence: words.say_with(&format!("confirm-{dashed}"), &values.into_iter().collect()),
        warning: words.say(&format!("warning-{dashed}")),
        nothing_yet: words.say("confirm-nothing-yet"),
        typed: typed.filter(|(_, value)| !value.is_empty()).collect(),
        kept: form.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).cloned().collect(),
        events: in_list(&format!("/dossiers/{}/events", text(dossier, "/id")), &choice.to_text()),
        go_on: words.say(&format!("event-{dashed}")),
        back: words.say("confirm-back"),
    }
}

/// What was typed as people read it: of a scan its name.
fn as_read(dossier: &Value, name: &str, value: &str) -> String {
    if name != "attachment" {
        return value.to_owned();
    }
    let scan = list(dossier, "/attachments").find(|scan| text(scan, "/id") == value);
    scan.map(|scan| text(scan, "/name")).unwrap_or_default()
}
