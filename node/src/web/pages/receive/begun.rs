//! Receptions that were begun and not sent: what was typed outlives the tab.

use hoso_engine::web::Words;

use super::super::{drafts, frame::moment};
use crate::{desk::Refused, office::Office, people::Actor, times};

/// How the id of such a draft begins; the key of its form follows.
const PREFIX: &str = "receive-";
/// As many are offered, newest first; older ones go when a form is sent.
const SHOWN_MAX: usize = 10;

/// A reception that was begun.
pub(super) struct Begun {
    pub(super) id: String,
    /// Whose, and when it was last saved.
    pub(super) label: String,
}

/// The id of the draft of this form.
pub(super) fn id(key: &str) -> String {
    format!("{PREFIX}{key}")
}

/// What was typed in the form of this draft; nothing if there is none.
pub(super) async fn typed(
    office: &Office,
    actor: &Actor,
    id: &str,
) -> Result<Vec<(String, String)>, Refused> {
    if !id.starts_with(PREFIX) {
        return Ok(Vec::new());
    }
    drafts::typed(office, actor, id).await
}

/// Those of this person, newest first.
pub(super) async fn list(office: &Office, actor: &Actor, words: &Words) -> Vec<Begun> {
    let begun = drafts::begun(office, actor, PREFIX, SHOWN_MAX).await.into_iter().map(|draft| {
        let name = super::sent(&draft.fields, "applicant.name").trim().to_owned();
        let at = times::text_of(draft.saved_ms).unwrap_or_default();
        let named = if name.is_empty() { words.say("receive-nameless") } else { name };
        Begun { id: draft.id, label: format!("{named}, {}", moment(&at)) }
    });
    begun.collect()
}

/// Removes the draft of a form that was sent, and those that nobody is offered any more.
pub(super) async fn finished(office: &Office, actor: &Actor, key: &str) {
    drafts::finished(office, actor, &id(key), (PREFIX, SHOWN_MAX)).await;
}
