//! Pages of dossiers: narrowed, searched, in their order.

use hoso_identity::{DocumentId, UnitId};
use rusqlite::ToSql;

use super::{COLUMNS, Summary, read_summary, words};
use crate::{error::StoreError, fold, writer::Tx};

/// When it is due; without a due time, after everything that has one.
const DUE: &str = "coalesce(due_at_ms, 9223372036854775807)";

/// Rows of one page at most.
pub const PAGE_MAX: usize = 200;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What was received last comes first.
    #[default]
    Newest,
    /// Only open dossiers; what is due first comes first, what has no due time last.
    Due,
}

/// The place of a row in the order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its time in that order, Unix milliseconds.
    pub at_ms: i64,
    /// Its dossier.
    pub document: DocumentId,
}

/// Which dossiers by their due time; but for all, only those that are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DueRange {
    /// All.
    #[default]
    Any,
    /// Without a due time.
    None,
    /// Due from the first time on and before the second, Unix milliseconds.
    Between(i64, i64),
}

/// Which dossiers a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Each of its words begins a word of the dossier; any text is lawful.
    pub query: String,
    /// One of these; all if empty.
    pub statuses: Vec<u8>,
    /// By due time.
    pub due: DueRange,
    /// Received, decided or returned there.
    pub unit: Option<UnitId>,
    /// Only those that need review.
    pub needs_review: bool,
    /// In which order.
    pub order: Order,
    /// Rows of the page; [`PAGE_MAX`] at most, one at least.
    pub limit: usize,
    /// Only what stands behind this row.
    pub after: Option<Cursor>,
}

/// Some rows in the order that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub items: Vec<Summary>,
    /// Where the next page begins, if there is more.
    pub next: Option<Cursor>,
}

impl Cursor {
    /// The cursor as one word for an address.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}.{}", self.at_ms, self.document)
    }

    /// The cursor of that word, or `None` for another.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (time, document) = text.split_once('.')?;
        let document = DocumentId::from_hex(document)?;
        Some(Self { at_ms: time.parse().ok()?, document })
    }
}

/// A page of the dossiers that the filter names, in its order.
///
/// # Errors
///
/// What SQLite says.
pub fn list(tx: &mut Tx<'_>, filter: &Filter) -> Result<Page, StoreError> {
    let words = fold::asked(&filter.query);
    if words.is_empty() && !filter.query.trim().is_empty() {
        return Ok(Page::default());
    }
    let limit = filter.limit.clamp(1, PAGE_MAX);
    let (sql, values) = conditions(filter, &words, limit);
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values.iter()))?;
    let mut page = Page::default();
    while let Some(row) = rows.next()? {
        if page.items.len() == limit {
            page.next = page.items.last().map(|last| Cursor {
                at_ms: match filter.order {
                    Order::Newest => last.received_at_ms,
                    Order::Due => last.due_at_ms.unwrap_or(i64::MAX),
                },
                document: last.document,
            });
            break;
        }
        page.items.push(read_summary(row)?);
    }
    Ok(page)
}

/// The query of a filter: fixed text for each condition, what the user gave only as values.
fn conditions(filter: &Filter, words: &[String], limit: usize) -> (String, Vec<Box<dyn ToSql>>) {
    let mut sql = format!("SELECT {COLUMNS} FROM record WHERE true");
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    if !words.is_empty() {
        sql.push_str(words::FOUND);
        values.push(Box::new(words::question(words)));
    }
    if !filter.statuses.is_empty() {
        sql.push_str(" AND (1 << status) & ?");
        let mask = filter.statuses.iter().filter(|status| **status < 32);
        let mask = mask.fold(0_i64, |mask, status| mask | (1_i64 << status));
        values.push(Box::new(mask));
    }
    match filter.due {
        DueRange::Any => {}
        DueRange::None => sql.push_str(" AND due_at_ms IS NULL AND closed_at_ms IS NULL"),
        DueRange::Between(from, before) => {
            sql.push_str(&format!(" AND closed_at_ms IS NULL AND {DUE} >= ? AND {DUE} < ?"));
            values.push(Box::new(from));
            values.push(Box::new(before));
        }
    }
    if let Some(unit) = filter.unit {
        sql.push_str(" AND ? IN (receiving_unit, competent_unit, return_unit)");
        values.push(Box::new(unit.0));
    }
    if filter.needs_review {
        sql.push_str(" AND needs_review");
    }
    let (time, beyond, direction) = match filter.order {
        Order::Newest => ("received_at_ms", "<", " DESC"),
        Order::Due => (DUE, ">", ""),
    };
    if filter.order == Order::Due {
        sql.push_str(" AND closed_at_ms IS NULL");
    }
    if let Some(after) = filter.after {
        sql.push_str(&format!(" AND ({time}, document) {beyond} (?, ?)"));
        values.push(Box::new(after.at_ms));
        values.push(Box::new(after.document.0));
    }
    // One row more than the page tells whether there is a next one.
    sql.push_str(&format!(" ORDER BY {time}{direction}, document{direction} LIMIT ?"));
    values.push(Box::new(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)));
    (sql, values)
}

/// The text of a filter's query.
#[cfg(test)]
pub(crate) fn query_of(filter: &Filter) -> String {
    conditions(filter, &fold::asked(&filter.query), filter.limit).0
}
