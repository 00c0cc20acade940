//! What a reader of a dossier most likely does next.

use hoso_dossier::axes::Status;
use hoso_engine::web::Words;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::site::Site,
    actions::Action,
    dossier::{list, text},
};

/// What comes first for each state, of what the reader may do.
pub(super) fn likely(status: Option<Status>) -> &'static [EventKind] {
    use EventKind as K;
    match status {
        Some(Status::Accepted) => &[K::TakenOver, K::HandedOver],
        Some(Status::Processing) => {
            &[K::TakenOver, K::ResultReady, K::Assigned, K::Approved, K::Paid, K::HandedOver]
        }
        Some(Status::Supplement) => &[K::Supplemented],
        Some(Status::Payment) => &[K::PaymentConfirmed, K::Paid],
        Some(Status::Stopped) => &[K::Resumed],
        Some(Status::Done) => &[K::ResultArrived, K::Returned, K::ResultSent],
        Some(Status::New | Status::NotAccepted | Status::Withdrawn | Status::Returned) | None => {
            &[]
        }
    }
}

/// Takes the most likely one out of the actions, and says in a sentence what is to be done.
pub(super) fn next(
    site: &Site,
    words: &Words,
    dossier: &Value,
    actions: &mut Vec<Action>,
) -> (String, Option<Action>) {
    if dossier.pointer("/needs_newer") == Some(&Value::Bool(true)) {
        return (words.say("next-newer"), None);
    }
    if dossier.pointer("/needs_review") == Some(&Value::Bool(true)) {
        return (words.say("next-review"), None);
    }
    let status = Status::from_code(&text(dossier, "/status"));
    let done = |kind: &EventKind| {
        // Who works on it is known: there is something else to do first.
        *kind == EventKind::Assigned && !text(dossier, "/assigned").is_empty()
    };
    let mut first = likely(status).iter().filter(|kind| !done(kind)).filter_map(|kind| {
        actions.iter().position(|action| action.kind == kind.code()).map(|at| (kind, at))
    });
    if let Some((kind, at)) = first.next() {
        let sentence = words.say(&format!("next-{}", kind.code().replace('_', "-")));
        let action = actions.remove(at);
        return (sentence, Some(action));
    }
    (waiting(site, words, dossier, status), None)
}

/// Where the dossier is, for whoever has nothing to do about it.
fn waiting(site: &Site, words: &Words, dossier: &Value, status: Option<Status>) -> String {
    let over = matches!(status, Some(Status::Returned | Status::Withdrawn | Status::NotAccepted));
    let holder = text(dossier, "/holder");
    if over || holder.is_empty() {
        return words.say(if over { "next-over" } else { "next-nothing" });
    }
    let values = [("place", site.place(&holder))].into_iter().collect();
    let key =
        if list(dossier, "/actions").next().is_some() { "next-free" } else { "next-elsewhere" };
    words.say_with(key, &values)
}
