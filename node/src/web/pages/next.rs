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
    let takes = actions.iter().any(|action| action.kind == EventKind::TakenOver.code());
    if let Some(taker) = given_to(dossier).filter(|_| !takes) {
        let values = [("place", site.place(&taker))].into_iter().collect();
        return (words.say_with("next-given", &values), None);
    }
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

/// Who was given the dossier and has not taken it over yet.
fn given_to(dossier: &Value) -> Option<String> {
    let line = list(dossier, "/control_sheet").last()?;
    let open = text(dossier, "/status") == Status::Processing.code();
    (open && text(line, "/taken_at").is_empty()).then(|| text(line, "/to"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_given_a_dossier_is_awaited_until_they_take_it_over() {
        let given = |status: &str, taken_at: Value| {
            let line = serde_json::json!({ "to": "06673", "taken_at": taken_at });
            given_to(&serde_json::json!({ "status": status, "control_sheet": [line] }))
        };
        assert_eq!(given("processing", Value::Null).as_deref(), Some("06673"));
        assert_eq!(given("processing", "2026-11-24T08:00:00+07:00".into()), None);
        assert_eq!(given("withdrawn", Value::Null), None);
    }
}
