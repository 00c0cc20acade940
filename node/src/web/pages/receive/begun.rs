//! Receptions that were begun and not sent: what was typed outlives the tab.

use std::sync::Arc;

use hoso_engine::web::Words;
use hoso_store::drafts;
use serde_json::Value;

use super::super::frame::moment;
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
    let (person, id) = (actor.person, id.to_owned());
    let draft = office.memory.read(move |tx| drafts::get(tx, &person, &id)).await?;
    Ok(draft.map(|draft| fields(&draft.bytes)).unwrap_or_default())
}

/// The names and values that the page wrote.
fn fields(bytes: &[u8]) -> Vec<(String, String)> {
    let draft: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let fields = draft.get("fields").and_then(Value::as_array).into_iter().flatten();
    let pairs = fields.filter_map(|pair| {
        let text = |place: usize| pair.get(place).and_then(Value::as_str).map(str::to_owned);
        Some((text(0)?, text(1)?))
    });
    pairs.collect()
}

/// Those of this person, newest first.
pub(super) async fn list(office: &Office, actor: &Arc<Actor>, words: &Words) -> Vec<Begun> {
    let person = actor.person;
    let read = office.memory.read(move |tx| {
        let all = drafts::list(tx, &person)?;
        let own = all.into_iter().filter(|(id, _)| id.starts_with(PREFIX)).take(SHOWN_MAX);
        let mut found = Vec::new();
        for (id, _) in own {
            found.extend(drafts::get(tx, &person, &id)?.map(|draft| (id, draft)));
        }
        Ok::<_, hoso_store::StoreError>(found)
    });
    let Ok(found) = read.await else { return Vec::new() };
    let begun = found.into_iter().map(|(id, draft)| {
        let fields = fields(&draft.bytes);
        let name = super::sent(&fields, "applicant.name").trim().to_owned();
        let at = times::text_of(draft.updated_ms).unwrap_or_default();
        let named = if name.is_empty() { words.say("receive-nameless") } else { name };
        Begun { id, label: format!("{named}, {}", moment(&at)) }
    });
    begun.collect()
}

/// Throws one away.
pub(super) async fn discard(office: &Office, actor: &Actor, id: &str) -> Result<(), Refused> {
    let (person, id) = (actor.person, id.to_owned());
    let removed = office.memory.write(false, move |tx, _| drafts::remove(tx, &person, &id)).await;
    Ok(removed?)
}

/// Removes the draft of a form that was sent, and those that nobody is offered any more.
pub(super) async fn finished(office: &Office, actor: &Actor, key: &str) {
    let (person, own) = (actor.person, id(key));
    let removed = office.memory.write(false, move |tx, _| {
        drafts::remove(tx, &person, &own)?;
        let all = drafts::list(tx, &person)?;
        let old = all.into_iter().filter(|(id, _)| id.starts_with(PREFIX)).skip(SHOWN_MAX);
        for (id, _) in old {
            drafts::remove(tx, &person, &id)?;
        }
        Ok::<_, hoso_store::StoreError>(())
    });
    if let Err(error) = removed.await {
        tracing::warn!(%error, "a draft of reception was not removed");
    }
}
