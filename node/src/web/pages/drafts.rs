//! What was typed in a form and not sent: kept per person on this node, it outlives the tab.

use hoso_engine::clock;
use hoso_store::{
    StoreError,
    drafts::{self, Draft},
};
use serde_json::{Value, json};

use crate::{desk::Refused, office::Office, people::Actor};

/// Names that belong to the page and not to what was typed.
const PAGES: [&str; 2] = ["kind", "base"];

/// A form that was begun.
pub(super) struct Begun {
    pub(super) id: String,
    /// Names and values as the page wrote them.
    pub(super) fields: Vec<(String, String)>,
    /// When it was last saved, Unix milliseconds.
    pub(super) saved_ms: u64,
}

impl Begun {
    fn of(id: String, draft: &Draft) -> Self {
        Self { id, fields: fields(&draft.bytes), saved_ms: draft.updated_ms }
    }
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

/// What was typed in the form of this draft; nothing if there is none.
pub(super) async fn typed(
    office: &Office,
    actor: &Actor,
    id: &str,
) -> Result<Vec<(String, String)>, Refused> {
    let (person, id) = (actor.person, id.to_owned());
    let draft = office.memory.read(move |tx| drafts::get(tx, &person, &id)).await?;
    Ok(draft.map(|draft| fields(&draft.bytes)).unwrap_or_default())
}

/// The newest of this person whose ids begin so, newest first; none where they cannot be read.
pub(super) async fn begun(
    office: &Office,
    actor: &Actor,
    prefix: &str,
    count_max: usize,
) -> Vec<Begun> {
    let (person, prefix) = (actor.person, prefix.to_owned());
    let read = office.memory.read(move |tx| {
        let all = drafts::list(tx, &person)?;
        let own = all.into_iter().filter(|(id, _)| id.starts_with(&prefix)).take(count_max);
        let mut found = Vec::new();
        for (id, _) in own {
            found.extend(drafts::get(tx, &person, &id)?.map(|draft| Begun::of(id, &draft)));
        }
        Ok::<_, StoreError>(found)
    });
    read.await.unwrap_or_default()
}

/// Keeps what was sent and had no effect yet. Where it cannot be kept, the page has it all the
/// same.
pub(super) async fn keep(office: &Office, actor: &Actor, id: &str, form: &[(String, String)]) {
    let own = |name: &str| !name.starts_with('_') && !PAGES.contains(&name);
    let fields: Vec<[&str; 2]> = form
        .iter()
        .filter(|(name, _)| own(name))
        .map(|(name, value)| [&**name, &**value])
        .collect();
    let bytes = json!({ "fields": fields }).to_string().into_bytes();
    let draft = Draft { bytes, updated_ms: clock::now_ms() };
    let (person, id) = (actor.person, id.to_owned());
    let kept = office.memory.write(false, move |tx, _| drafts::put(tx, &person, &id, &draft)).await;
    if let Err(error) = kept {
        tracing::warn!(%error, "a draft was not kept");
    }
}

/// Throws one away.
pub(super) async fn discard(office: &Office, actor: &Actor, id: &str) -> Result<(), Refused> {
    let (person, id) = (actor.person, id.to_owned());
    let removed = office.memory.write(false, move |tx, _| drafts::remove(tx, &person, &id)).await;
    Ok(removed?)
}

/// Removes the draft of a form that was sent, and of those whose ids begin so all but the newest.
pub(super) async fn finished(
    office: &Office,
    actor: &Actor,
    id: &str,
    (prefix, count_max): (&'static str, usize),
) {
    let (person, own) = (actor.person, id.to_owned());
    let removed = office.memory.write(false, move |tx, _| {
        drafts::remove(tx, &person, &own)?;
        let all = drafts::list(tx, &person)?;
        let old = all.into_iter().filter(|(id, _)| id.starts_with(prefix)).skip(count_max);
        for (id, _) in old {
            drafts::remove(tx, &person, &id)?;
        }
        Ok::<_, StoreError>(())
    });
    if let Err(error) = removed.await {
        tracing::warn!(%error, "the draft of a form that was sent was not removed");
    }
}
