//! What cannot be done with a dossier now, each with its reason, said by the rules that refuse it.

use hoso_dossier::rules::{allowed_from, is_writable_from};
use hoso_engine::web::Words;
use hoso_registry::{EventKind, roles_for};
use serde_json::Value;

use super::{
    super::site::Site,
    dossier::{list, text},
};
use crate::people::Actor;

/// Between the names of which one is enough.
const OR: &str = " / ";

/// The actions that are not possible now for one reason.
pub(super) struct Withheld {
    /// Why, in a sentence.
    pub(super) why: String,
    /// What they are called, in the order of the interface.
    pub(super) labels: Vec<String>,
}

/// All that this person might look for in vain, each reason once.
pub(super) fn withheld(
    site: &Site,
    words: &Words,
    actor: &Actor,
    dossier: &Value,
) -> Vec<Withheld> {
    let mut reasons: Vec<Withheld> = Vec::new();
    for line in list(dossier, "/not_now") {
        let Some(kind) = EventKind::from_code(&text(line, "/kind")) else { continue };
        let why = why(site, words, actor, (kind, &text(line, "/reason")));
        let label = words.say(&format!("event-{}", kind.code().replace('_', "-")));
        match reasons.iter_mut().find(|reason| reason.why == why) {
            Some(reason) => reason.labels.push(label),
            None => reasons.push(Withheld { why, labels: vec![label] }),
        }
    }
    reasons
}

/// Who can make what this person cannot, whatever the state is.
pub(super) fn who(site: &Site, words: &Words, actor: &Actor, kind: EventKind) -> String {
    let mut roles = roles_for(kind.kind()).unwrap_or_default().iter();
    let reason = if roles.any(|role| actor.author.has(*role)) { "unit" } else { "role" };
    why(site, words, actor, (kind, reason))
}

/// The sentence of the refusal; where another role or state would do, that one.
fn why(site: &Site, words: &Words, actor: &Actor, (kind, reason): (EventKind, &str)) -> String {
    let named = |key: &str, name: &str, codes: Vec<&str>| {
        let said =
            codes.iter().map(|code| words.say(&format!("{name}-{}", code.replace('_', "-"))));
        let said = said.collect::<Vec<_>>().join(OR);
        words.say_with(key, &[("names", said)].into_iter().collect())
    };
    match reason {
        "role" => {
            let roles = roles_for(kind.kind()).unwrap_or_default().iter();
            let lacking = roles.filter(|role| !actor.author.has(**role));
            named("not-now-role", "role", lacking.map(|role| role.code()).collect())
        }
        "status" => {
            let statuses = allowed_from(kind).iter();
            let statuses = statuses.filter(|status| is_writable_from(**status, kind)).flatten();
            named("not-now-status", "status", statuses.map(|status| status.code()).collect())
        }
        "unit" if kind == EventKind::ResultArrived => words.say("not-now-arrived"),
        reason => site.sentence_of(words, &format!("rule-{reason}")),
    }
}
