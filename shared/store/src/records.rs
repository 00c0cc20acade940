//! What a node knows of each dossier without reading it: the columns of lists, and search.

mod list;
mod words;

use hoso_identity::{DocumentId, UnitId};
use rusqlite::{OptionalExtension, Row, ToSql, named_params};

#[cfg(test)]
pub(crate) use self::list::queries_of;
pub use self::{
    list::{Cursor, DueRange, Filter, Order, PAGE_MAX, Page, list},
    words::Words,
};
use crate::{
    attachments::{self, Attachment},
    columns::{blob, unit},
    error::StoreError,
    writer::Tx,
};

const COLUMNS: &str = "document, version, code, procedure, applicant, receiving_unit,
    competent_unit, return_unit, status, due_at_ms, closed_at_ms, received_at_ms, needs_review,
    needs_newer, changed_at_ms";
const VERSION: &str = "SELECT version FROM record WHERE document = :document";
const BEFORE: &str = "SELECT * FROM record WHERE document = :document";
const INSERT: &str = "INSERT INTO record (document, version, code, procedure, applicant,
    receiving_unit, competent_unit, return_unit, status, due_at_ms, closed_at_ms, received_at_ms,
    needs_review, needs_newer, changed_at_ms, words, name_key)
    VALUES (:document, :version, :code, :procedure, :applicant, :receiving, :competent, :return,
    :status, :due, :closed, :received, :needs_review, :needs_newer, :changed, :words, :name_key)";
const UPDATE: &str = "UPDATE record SET version = :version, procedure = :procedure,
    applicant = :applicant, receiving_unit = :receiving, competent_unit = :competent,
    return_unit = :return, status = :status, changed_at_ms = :changed, words = :words
    WHERE document = :document";
/// By what lists are in order: it seldom changes, so these indexes are written where it does.
const MOVE: &str = "UPDATE record SET code = :code, due_at_ms = :due, closed_at_ms = :closed,
    received_at_ms = :received, needs_review = :needs_review, needs_newer = :needs_newer,
    name_key = :name_key WHERE document = :document";
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
const NEEDS_NEWER: &str = "SELECT document FROM record INDEXED BY record_newer WHERE needs_newer";
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
    /// Whether a newer program has written something that this one cannot read.
    pub needs_newer: bool,
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
    /// The words by which it is found.
    pub words: Words,
    /// The scans that it names, each hash once.
    pub attachments: Vec<Attachment>,
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

/// Writes a record, the words by which it is found and the scans that it names.
///
/// # Errors
///
/// [`StoreError::Stale`] if the stored version is not the one that the plan was computed from;
/// else what SQLite says.
pub fn put(tx: &mut Tx<'_>, plan: &Plan) -> Result<(), StoreError> {
    let (summary, words) = (&plan.summary, &plan.words);
    let before = before(tx, &summary.document)?;
    if before.as_ref().map(|before| &before.summary.version) != plan.computed_from.as_ref() {
        return Err(StoreError::Stale);
    }
    let what: [(&str, &dyn ToSql); 9] = [
        (":version", &summary.version.0),
        (":procedure", &summary.procedure),
        (":applicant", &summary.applicant),
        (":receiving", &summary.receiving_unit.0),
        (":competent", &summary.competent_unit.map(|unit| unit.0)),
        (":return", &summary.return_unit.map(|unit| unit.0)),
        (":status", &summary.status),
        (":changed", &summary.changed_at_ms),
        (":words", &words.text),
    ];
    let place: [(&str, &dyn ToSql); 7] = [
        (":code", &summary.code),
        (":due", &summary.due_at_ms),
        (":closed", &summary.closed_at_ms),
        (":received", &summary.received_at_ms),
        (":needs_review", &summary.needs_review),
        (":needs_newer", &summary.needs_newer),
        (":name_key", &words.name_key),
    ];
    let document: [(&str, &dyn ToSql); 1] = [(":document", &summary.document.0)];
    let write = |sql: &str, values: &[&[_]]| {
        tx.connection.prepare_cached(sql)?.execute(values.concat().as_slice())
    };
    let seq = match &before {
        None => {
            write(INSERT, &[&document, &what, &place])?;
            tx.connection.last_insert_rowid()
        }
        Some(before) => {
            write(UPDATE, &[&document, &what])?;
            if before.moves(plan) {
                write(MOVE, &[&document, &place])?;
            }
            before.seq
        }
    };
    words::replace(tx, seq, (before.as_ref().map_or("", |before| &before.words), &words.text))?;
    attachments::put(tx, &summary.document, &plan.attachments, summary.changed_at_ms)
}

/// A record as it stands.
struct Before {
    seq: i64,
    summary: Summary,
    words: String,
    name_key: Vec<u8>,
}

impl Before {
    /// Whether the plan gives it another place in lists.
    fn moves(&self, plan: &Plan) -> bool {
        let place = |one: &Summary| {
            let times = (one.due_at_ms, one.closed_at_ms, one.received_at_ms);
            (one.code.clone(), times, one.needs_review, one.needs_newer)
        };
        place(&self.summary) != place(&plan.summary) || self.name_key != plan.words.name_key
    }
}

fn before(tx: &mut Tx<'_>, document: &DocumentId) -> Result<Option<Before>, StoreError> {
    let mut statement = tx.connection.prepare_cached(BEFORE)?;
    let mut rows = statement.query(named_params! { ":document": document.0 })?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Before {
        seq: row.get("seq")?,
        summary: read_summary(row)?,
        words: row.get("words")?,
        name_key: row.get("name_key")?,
    }))
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

/// Removes a record with its words and scans; nothing happens if there is none.
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
    attachments::put(tx, document, &[], 0)
}

/// Dossiers with exactly this code; two when copies worked in the dark at once.
///
/// # Errors
///
/// What SQLite says.
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Vec<DocumentId>, StoreError> {
    documents(tx, BY_CODE, named_params! { ":code": code })
}

/// Dossiers in which a newer program has written something that this one cannot read.
///
/// # Errors
///
/// What SQLite says.
pub fn needing_newer(tx: &mut Tx<'_>) -> Result<Vec<DocumentId>, StoreError> {
    documents(tx, NEEDS_NEWER, &[])
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

fn documents(
    tx: &mut Tx<'_>,
    sql: &str,
    values: &[(&str, &dyn ToSql)],
) -> Result<Vec<DocumentId>, StoreError> {
    let mut statement = tx.connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(DocumentId(blob(row, "document")?));
    }
    Ok(documents)
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
        needs_newer: row.get("needs_newer")?,
        changed_at_ms: row.get("changed_at_ms")?,
    })
}
