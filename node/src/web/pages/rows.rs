//! Rows of work lists, on the list's page and beside a dossier.

use hoso_engine::web::Words;
use hoso_identity::DocumentId;
use serde_json::Value;

use super::{
    super::{
        api::list_query,
        site::{Site, encoded},
    },
    about::{self, Badge},
    chips::{self, Chip, Due},
};
use crate::{
    desk::{self, ListQuery, Refused},
    times,
};

/// Statuses whose lists show what was finished last, as nothing in them is due any more.
const OVER: [&str; 5] = ["all", "done", "returned", "withdrawn", "not_accepted"];

/// The order by the names of applicants.
pub(super) const BY_NAME: &str = "name";

/// One dossier of a list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) address: String,
    pub(super) code: String,
    pub(super) applicant: String,
    /// Code and name.
    pub(super) procedure: String,
    /// The name, or the code where the name is not known.
    pub(super) applied_for: String,
    pub(super) status: Chip,
    pub(super) due: Chip,
    pub(super) due_at: String,
    pub(super) units: String,
    /// How far its last change has come; none where only its own page says it.
    pub(super) badge: Option<Badge>,
    /// Why somebody has to look at it; empty if nobody has to.
    pub(super) review: String,
}

/// What a list's address chose.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) query: String,
    pub(super) status: String,
    pub(super) due: String,
    pub(super) review: bool,
    /// `name`, or the usual order of the list.
    pub(super) sort: String,
}

impl Choice {
    /// The choice of an address, and what the desk is asked for.
    ///
    /// # Errors
    ///
    /// What the address names and nobody knows.
    pub(super) fn of(pairs: Vec<(String, String)>) -> Result<(Self, ListQuery), Refused> {
        let query = list_query(pairs)?;
        let choice = Self {
            query: query.q.clone(),
            status: query.status.clone().unwrap_or_default(),
            due: query.due.clone().unwrap_or_default(),
            review: query.review,
            sort: query.order.clone().filter(|order| order == BY_NAME).unwrap_or_default(),
        };
        let order = choice.asked().order;
        Ok((choice, ListQuery { order, ..query }))
    }

    /// What the desk is asked for. What is to be done comes in the order in which it is due, what
    /// is searched or over with the newest first.
    pub(super) fn asked(&self) -> ListQuery {
        let searched = !self.query.trim().is_empty() && self.due.is_empty();
        let over = OVER.contains(&self.status.as_str()) || self.review;
        ListQuery {
            q: self.query.clone(),
            status: Some(self.status.clone()),
            due: Some(self.due.clone()),
            review: self.review,
            order: Some(
                match self.sort.is_empty() {
                    false => BY_NAME,
                    true if searched || over => "newest",
                    true => "due",
                }
                .to_owned(),
            ),
            ..ListQuery::default()
        }
    }

    /// The part of an address that chooses the same, without its question mark.
    pub(super) fn to_text(&self) -> String {
        pairs(&[
            ("q", &self.query),
            ("status", &self.status),
            ("due", &self.due),
            ("review", if self.review { "true" } else { "" }),
            ("sort", &self.sort),
        ])
    }

    /// The address of the list.
    pub(super) fn address(&self) -> String {
        let text = self.to_text();
        if text.is_empty() { "/".to_owned() } else { format!("/?{text}") }
    }

    /// The same in its usual order.
    pub(super) fn unsorted(&self) -> Self {
        Self { sort: String::new(), ..self.clone() }
    }

    /// The same within another status.
    pub(super) fn within(&self, status: &str) -> Self {
        Self { status: status.to_owned(), ..self.clone() }
    }
}

/// Names with their values as they stand in an address; blanks are left out.
pub(super) fn pairs(choices: &[(&str, &str)]) -> String {
    let chosen = choices.iter().filter(|(_, value)| !value.is_empty());
    let pairs = chosen.map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The rows of a list as the desk gave it.
pub(super) fn rows(site: &Site, words: &Words, listed: &Value, choice: &Choice) -> Vec<Row> {
    let items = listed.get("items").and_then(Value::as_array).into_iter().flatten();
    let (now_ms, context) = (times::now_ms(), choice.to_text());
    items.map(|item| row(site, words, item, (&context, now_ms))).collect()
}

/// Lets each row say how far its dossier has come, as the dossier's own page says it.
///
/// # Errors
///
/// What the store says.
pub(super) async fn note_badges(
    site: &Site,
    words: &Words,
    rows: &mut [Row],
) -> Result<(), Refused> {
    let ids = rows.iter().filter_map(|row| DocumentId::from_hex(&row.id)).collect();
    let ways = desk::ways(&site.office, ids).await?;
    for row in rows {
        row.badge = ways.get(&row.id).map(|way| about::badge(site, words, way));
    }
    Ok(())
}

fn row(site: &Site, words: &Words, item: &Value, (context, now_ms): (&str, i64)) -> Row {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let says = |name: &str| item.get(name).and_then(Value::as_bool).unwrap_or_default();
    let (id, due_at, status) = (text("id"), text("due_at"), text("status"));
    let due = Due { at: &due_at, timeliness: &text("timeliness"), status: &status };
    Row {
        address: in_list(&format!("/dossiers/{id}"), context),
        code: text("code"),
        applicant: text("applicant"),
        procedure: format!("{} {}", text("procedure_code"), text("procedure")).trim().to_owned(),
        applied_for: Some(text("procedure"))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| text("procedure_code")),
        due: chips::due(words, due, now_ms),
        due_at: chips::due_moment(words, &due_at),
        status: chips::status(words, &status),
        units: way(site, &text("receiving_unit"), &text("competent_unit")),
        badge: None,
        review: match (says("set_aside"), says("needs_newer"), says("needs_review")) {
            (true, ..) => words.say("set-aside"),
            (false, true, _) => words.say("needs-newer"),
            (false, false, true) => words.say("needs-review"),
            (false, false, false) => String::new(),
        },
        id,
    }
}

/// An address that remembers the list from which it is opened.
pub(super) fn in_list(address: &str, context: &str) -> String {
    if context.is_empty() { address.to_owned() } else { format!("{address}?{context}") }
}

/// From where to where; one name if it stays.
fn way(site: &Site, from: &str, to: &str) -> String {
    if from == to {
        return site.place(from);
    }
    format!("{} → {}", site.place(from), site.place(to))
}
