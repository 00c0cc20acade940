//! What was asked for and what came while an office had a dossier, as its control sheet says it.

use serde_json::Value;

use super::pages::{list, text};

/// A request for papers, or papers that came.
pub(super) struct Supplement<'a> {
    /// The stable word: `asked`, `partly` or `came`.
    pub(super) what: &'static str,
    pub(super) at: String,
    pub(super) papers: Vec<&'a Value>,
}

/// Those that had effect between the hand-over with this number from 0 and the next one; what came
/// before every hand-over belongs to the first.
pub(super) fn supplements(dossier: &Value, number: usize) -> Vec<Supplement<'_>> {
    let event_of =
        |line: usize| list(dossier, "/control_sheet").nth(line).map(|line| text(line, "/event"));
    let (first, next) = (event_of(number), event_of(number.saturating_add(1)));
    let is = |event: &&Value, id: &Option<String>| Some(text(event, "/id")) == *id;
    let events = list(dossier, "/events");
    let since = events.skip_while(|event| number > 0 && !is(event, &first));
    since.take_while(|event| !is(event, &next)).filter_map(supplement).collect()
}

fn supplement(event: &Value) -> Option<Supplement<'_>> {
    if event.get("effect") != Some(&Value::Bool(true)) {
        return None;
    }
    let partly = event.pointer("/body/partial") == Some(&Value::Bool(true));
    let what = match (text(event, "/kind").as_str(), partly) {
        ("supplement_requested", _) => "asked",
        ("supplemented", true) => "partly",
        ("supplemented", false) => "came",
        _ => return None,
    };
    Some(Supplement { what, at: text(event, "/at"), papers: list(event, "/body/papers").collect() })
}
