//! What a node knows of each dossier without reading it: the columns of lists, and search.

mod words;

use hoso_identity::{DocumentId, UnitId};
use rusqlite::{OptionalExtension, Row, ToSql, named_params};

use crate::{
    columns::{blob, unit},
    error::StoreError,
    fold,
    writer::Tx,
};

const COLUMNS: &str = "document, version, code, procedure, applicant, receiving_unit,
    competent_unit, return_unit, status, due_at_ms, closed_at_ms, received_at_ms, needs_review,
    changed_at_ms";
const VERSION: &str = "SELECT version FROM record WHERE document = :document";
const PUT: &str = "INSERT INTO record (document, version, code, procedure, applicant,
    receiving_unit, competent_unit, return_unit, status, due_at_ms, closed_at_ms, received_at_ms,
    needs_review, changed_at_ms, words)
    VALUES (:document, :version, :code, :procedure, :applicant, :receiving, :competent, :return,
    :status, :due, :closed, :received, :needs_review, :changed, :words)
    ON CONFLICT (document) DO UPDATE SET version = excluded.version, code = excluded.code,
    procedure = excluded.procedure, applicant = excluded.applicant,
    receiving_unit = excluded.receiving_unit, competent_unit = excluded.competent_unit,
    return_unit = excluded.return_unit, status = excluded.status, due_at_ms = excluded.due_at_ms,
    closed_at_ms = excluded.closed_at_ms,
    received_at_ms = excluded.received_at_ms, needs_review = excluded.needs_review,
    changed_at_ms = excluded.changed_at_ms, words = excluded.words
    RETURNING seq";
const SEQ: &str = "SELECT seq, words FROM record WHERE document = :document";
const REMOVE: &str = "DELETE FROM record WHERE seq = :seq";
const BY_CODE: &str = "SELECT document FROM record WHERE code = :code ORDER BY document";
const CODES: &str = "SELECT code FROM record WHERE code IS NOT NULL";
const DOUBTFUL: &str = "SELECT document, code FROM record WHERE code IS NOT NULL
    AND (code GLOB :provisional OR code IN (SELECT code FROM record WHERE code IS NOT NULL
    GROUP BY code HAVING count(*) > 1)) ORDER BY code, document LIMIT :limit";
const COUNTS: &str = "SELECT status, count(*) FROM record GROUP BY status ORDER BY status";
const WORK: &str = "SELECT count(*) AS open,
    count(*) FILTER (WHERE coalesce(due_at_ms, 9223372036854775807) < :now) AS overdue,
    count(*) FILTER (WHERE coalesce(due_at_ms, 9223372036854775807) >= :now
    AND coalesce(due_at_ms, 9223372036854775807) < :tomorrow) AS today,
    count(*) FILTER (WHERE coalesce(due_at_ms, 9223372036854775807) >= :tomorrow
    AND coalesce(due_at_ms, 9223372036854775807) < :soon) AS soon
    FROM record INDEXED BY record_open WHERE closed_at_ms IS NULL";
const IN_REVIEW: &str = "SELECT count(*) FROM record INDEXED BY record_in_review
    WHERE needs_review";
/// When it is due; without a due time, after everything that has one.
const DUE: &str = "coalesce(due_at_ms, 9223372036854775807)";

/// Rows of one page at most.
pub const PAGE_MAX: usize = 200;

/// A version of a dossier: its heads, as bytes that only the caller reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(pub Vec<u8>);

/// What a list shows of a dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The dossier.
    pub document: DocumentId,
    /// The version that the columns were computed from.
    pub version: Version,
    /// The code, once there is one.
    pub code: Option<String>,
    /// The procedure's code.
    pub procedure: String,
    /// The applicant's name as it is shown.
    pub applicant: String,
    /// The unit that received it.
    pub receiving_unit: UnitId,
    /// The unit or agency that decides it.
    pub competent_unit: Option<UnitId>,
    /// The unit at which the result is returned.
    pub return_unit: Option<UnitId>,
    /// The business status as the portal numbers it, below 32.
    pub status: u8,
    /// When it is due, or was, Unix milliseconds.
    pub due_at_ms: Option<i64>,
    /// When it was closed, Unix milliseconds.
    pub closed_at_ms: Option<i64>,
    /// When it was received, Unix milliseconds; before that, when it was submitted. Lists are in
    /// this order, so it must not change once it is received.
    pub received_at_ms: i64,
    /// Whether two events exclude each other.
    pub needs_review: bool,
    /// When it last changed here, Unix milliseconds.
    pub changed_at_ms: i64,
}

/// A record as it shall stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version that it was computed from; none for a dossier without a record.
    pub computed_from: Option<Version>,
    /// What lists show.
    pub summary: Summary,
    /// Texts by whose words it is found: code, names, id numbers, phones.
    pub search: Vec<String>,
}

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

/// How many dossiers are open, and how many of them are due when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// All open ones.
    pub open: u32,
    /// Due before now.
    pub overdue: u32,
    /// Due from now on and before tomorrow.
    pub today: u32,
    /// Due from tomorrow on and soon.
    pub soon: u32,
    /// Open or closed, with events that exclude each other.
    pub in_review: u32,
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

/// The version of the record, if there is one.
///
/// # Errors
///
/// What SQLite says.
pub fn version(tx: &mut Tx<'_>, document: &DocumentId) -> Result<Option<Version>, StoreError> {
    let mut statement = tx.connection.prepare_cached(VERSION)?;
    let version = statement.query_row(named_params! { ":document": document.0 }, |row| row.get(0));
    Ok(version.optional()?.map(Version))
}

/// Writes a record and the words by which it is found.
///
/// # Errors
///
/// [`StoreError::Stale`] if the stored version is not the one that the plan was computed from;
/// else what SQLite says.
pub fn put(tx: &mut Tx<'_>, plan: &Plan) -> Result<(), StoreError> {
    let summary = &plan.summary;
    if version(tx, &summary.document)? != plan.computed_from {
        return Err(StoreError::Stale);
    }
    let (before, words) = (words::kept(tx, &summary.document)?, words::of(&plan.search));
    let seq: i64 = tx.connection.prepare_cached(PUT)?.query_row(
        named_params! {
            ":document": summary.document.0,
            ":version": summary.version.0,
            ":code": summary.code,
            ":procedure": summary.procedure,
            ":applicant": summary.applicant,
            ":receiving": summary.receiving_unit.0,
            ":competent": summary.competent_unit.map(|unit| unit.0),
            ":return": summary.return_unit.map(|unit| unit.0),
            ":status": summary.status,
            ":due": summary.due_at_ms,
            ":closed": summary.closed_at_ms,
            ":received": summary.received_at_ms,
            ":needs_review": summary.needs_review,
            ":changed": summary.changed_at_ms,
            ":words": words,
        },
        |row| row.get(0),
    )?;
    words::replace(tx, seq, (&before, &words))
}

/// The columns of one dossier.
///
/// # Errors
///
/// What SQLite says.
pub fn summary(tx: &mut Tx<'_>, document: &DocumentId) -> Result<Option<Summary>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM record WHERE document = :document");
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":document": document.0 })?;
    rows.next()?.map(read_summary).transpose()
}

/// Removes a record with its words; nothing happens if there is none.
///
/// # Errors
///
/// What SQLite says.
pub fn remove(tx: &mut Tx<'_>, document: &DocumentId) -> Result<(), StoreError> {
    let found: Option<(i64, String)> = tx
        .connection
        .prepare_cached(SEQ)?
        .query_row(named_params! { ":document": document.0 }, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((seq, words)) = found {
        words::replace(tx, seq, (&words, ""))?;
        tx.connection.prepare_cached(REMOVE)?.execute(named_params! { ":seq": seq })?;
    }
    Ok(())
}

/// Dossiers with exactly this code; two when copies worked in the dark at once.
///
/// # Errors
///
/// What SQLite says.
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Vec<DocumentId>, StoreError> {
    let mut statement = tx.connection.prepare_cached(BY_CODE)?;
    let mut rows = statement.query(named_params! { ":code": code })?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(DocumentId(blob(row, "document")?));
    }
    Ok(documents)
}

/// The codes of all dossiers that have one.
///
/// # Errors
///
/// What SQLite says.
pub fn codes(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let mut statement = tx.connection.prepare_cached(CODES)?;
    let codes = statement.query_map([], |row| row.get(0))?;
    Ok(codes.collect::<Result<_, _>>()?)
}

/// Dossiers whose code is provisional, as the pattern says (`*`, `?`), or shared with another one;
/// at most a page of them, by code.
///
/// # Errors
///
/// What SQLite says.
pub fn doubtful_codes(
    tx: &mut Tx<'_>,
    provisional: &str,
) -> Result<Vec<(DocumentId, String)>, StoreError> {
    let limit = i64::try_from(PAGE_MAX).unwrap_or(i64::MAX);
    let mut statement = tx.connection.prepare_cached(DOUBTFUL)?;
    let mut rows =
        statement.query(named_params! { ":provisional": provisional, ":limit": limit })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((DocumentId(blob(row, "document")?), row.get("code")?));
    }
    Ok(found)
}

/// How many dossiers have which status.
///
/// # Errors
///
/// What SQLite says.
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(u8, u32)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(COUNTS)?;
    let counts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(counts.collect::<Result<_, _>>()?)
}

/// Counts the work: `now`, the beginning of tomorrow, and until when *soon* lasts, Unix
/// milliseconds.
///
/// # Errors
///
/// What SQLite says.
pub fn work(tx: &mut Tx<'_>, [now, tomorrow, soon]: [i64; 3]) -> Result<Work, StoreError> {
    let in_review = tx.connection.prepare_cached(IN_REVIEW)?.query_row([], |row| row.get(0))?;
    let mut statement = tx.connection.prepare_cached(WORK)?;
    let bounds = named_params! { ":now": now, ":tomorrow": tomorrow, ":soon": soon };
    let work = statement.query_row(bounds, |row| {
        Ok(Work {
            open: row.get("open")?,
            overdue: row.get("overdue")?,
            today: row.get("today")?,
            soon: row.get("soon")?,
            in_review,
        })
    });
    Ok(work?)
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

fn read_summary(row: &Row<'_>) -> Result<Summary, StoreError> {
    let optional_unit = |column: &str| -> Result<Option<UnitId>, StoreError> {
        row.get::<_, Option<i64>>(column)?.map(unit).transpose()
    };
    Ok(Summary {
        document: DocumentId(blob(row, "document")?),
        version: Version(row.get("version")?),
        code: row.get("code")?,
        procedure: row.get("procedure")?,
        applicant: row.get("applicant")?,
        receiving_unit: unit(row.get("receiving_unit")?)?,
        competent_unit: optional_unit("competent_unit")?,
        return_unit: optional_unit("return_unit")?,
        status: row.get("status")?,
        due_at_ms: row.get("due_at_ms")?,
        closed_at_ms: row.get("closed_at_ms")?,
        received_at_ms: row.get("received_at_ms")?,
        needs_review: row.get("needs_review")?,
        changed_at_ms: row.get("changed_at_ms")?,
    })
}
