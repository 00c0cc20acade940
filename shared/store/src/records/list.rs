//! Pages of dossiers: narrowed, searched, in their order.

use hoso_identity::{DocumentId, UnitId};
use rusqlite::{ToSql, named_params};

use super::{COLUMNS, Summary, read_summary};
use crate::{
    error::StoreError,
    search,
    typed::{Method, decoded},
    writer::Tx,
};

/// When it is due; without a due time, after everything that has one.
const DUE: &str = "coalesce(due_at_ms, 9223372036854775807)";
/// The key of the name of that dossier's applicant; before all others if it is gone.
const NAME_OF: &str = "coalesce((SELECT name_key FROM record WHERE document = ?), x'')";
const HITS: &str = "SELECT count(*) FROM (SELECT 1 FROM record_word
    WHERE record_word MATCH :words LIMIT :limit)";
/// Of few hits each row is read and sorted.
const OF_FEW: &str = "FROM record_word CROSS JOIN record ON record.seq = record_word.rowid
    WHERE record_word MATCH ?";
/// Of many hits the rows are read in their order until the page is full.
const AMONG_MANY: &str = "WHERE seq IN (SELECT rowid FROM record_word WHERE record_word MATCH ?)";

/// Rows of one page at most.
pub const PAGE_MAX: usize = 200;
/// Hits from which on they are many.
const MANY: usize = 500;
/// Ranks of one reading of a query.
const RANKS: u8 = 3;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What was received last comes first.
    #[default]
    Newest,
    /// Only open dossiers; what is due first comes first, what has no due time last.
    Due,
    /// By the applicant: given name, family name, what is between, as Vietnamese readers look.
    Name,
}

/// The place of a row in the order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its rank: 0 without a query; with one, how well it answers, and as which typing method the
    /// query was read.
    pub rank: u8,
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
    /// Each of its words begins a word of the dossier, or is one if it is of one or two digits; any
    /// text is lawful. First come those of which it is a whole text, then those that have its words
    /// with their tones, then the others. Where it finds nothing, it is read as typed in Telex,
    /// then in VNI.
    pub query: String,
    /// Units that the query names: their dossiers are among the others.
    pub named_units: Vec<UnitId>,
    /// One of these; all if empty.
    pub statuses: Vec<u8>,
    /// By due time.
    pub due: DueRange,
    /// Received, decided or returned there.
    pub unit: Option<UnitId>,
    /// Only those that need review.
    pub needs_review: bool,
    /// In which order, within a rank.
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
        format!("{}.{}.{}", self.rank, self.at_ms, self.document)
    }

    /// The cursor of that word, or `None` for another.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (rank, rest) = text.split_once('.')?;
        let (time, document) = rest.split_once('.')?;
        let document = DocumentId::from_hex(document)?;
        Some(Self { rank: rank.parse().ok()?, at_ms: time.parse().ok()?, document })
    }
}

/// A page of the dossiers that the filter names, in its order.
///
/// # Errors
///
/// What SQLite says.
pub fn list(tx: &mut Tx<'_>, filter: &Filter) -> Result<Page, StoreError> {
    let limit = filter.limit.clamp(1, PAGE_MAX);
    let mut found = Found { rows: Vec::new(), most: limit.saturating_add(1) };
    if filter.query.trim().is_empty() {
        found.read(tx, filter, (0, None))?;
    } else {
        search(tx, filter, &mut found)?;
    }
    let more = found.rows.len() > limit;
    found.rows.truncate(limit);
    let last = found.rows.last().filter(|_| more);
    let next = last.map(|(rank, last)| Cursor {
        rank: *rank,
        at_ms: match filter.order {
            Order::Newest => last.received_at_ms,
            Order::Due => last.due_at_ms.unwrap_or(i64::MAX),
            // The key of a name stands in the row.
            Order::Name => 0,
        },
        document: last.document,
    });
    Ok(Page { items: found.rows.into_iter().map(|(_, row)| row).collect(), next })
}

/// Reads the query in one way after the other until something is found; what a page begins with
/// decides about the pages behind it.
fn search(tx: &mut Tx<'_>, filter: &Filter, found: &mut Found) -> Result<(), StoreError> {
    let readings = [
        Some(filter.query.clone()),
        decoded(&filter.query, Method::Telex),
        decoded(&filter.query, Method::Vni),
    ];
    let from = filter.after.map_or(0, |after| after.rank);
    for (first, reading) in (0_u8..).step_by(RANKS.into()).zip(readings) {
        let Some(reading) = reading.filter(|_| first.saturating_add(RANKS) > from) else {
            continue;
        };
        for (rank, asked) in search::ranks(&reading, &filter.named_units) {
            let rank = rank.saturating_add(first);
            if rank >= from {
                found.read(tx, filter, (rank, Some(&asked)))?;
            }
        }
        if !found.rows.is_empty() || filter.after.is_some() {
            break;
        }
    }
    Ok(())
}

/// Rows with their ranks, and how many are wanted.
struct Found {
    rows: Vec<(u8, Summary)>,
    most: usize,
}

impl Found {
    /// Adds what is found at a rank, as far as there is room.
    fn read(
        &mut self,
        tx: &mut Tx<'_>,
        filter: &Filter,
        (rank, asked): (u8, Option<&str>),
    ) -> Result<(), StoreError> {
        let room = self.most.saturating_sub(self.rows.len());
        if room == 0 {
            return Ok(());
        }
        let hits = asked.map(|asked| hits(tx, asked)).transpose()?;
        if hits == Some(0) {
            return Ok(());
        }
        let many = hits.is_some_and(|hits| hits >= MANY);
        let (sql, values) = query(filter, (rank, asked), many, room);
        let mut statement = tx.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values.iter()))?;
        while let Some(row) = rows.next()? {
            self.rows.push((rank, read_summary(row)?));
        }
        Ok(())
    }
}

/// How many rows are found so; no more than that they are many.
fn hits(tx: &mut Tx<'_>, asked: &str) -> Result<usize, StoreError> {
    let mut statement = tx.connection.prepare_cached(HITS)?;
    let limit = i64::try_from(MANY).unwrap_or(i64::MAX);
    let hits: i64 = statement
        .query_row(named_params! { ":words": asked, ":limit": limit }, |row| row.get(0))?;
    Ok(usize::try_from(hits).unwrap_or(MANY))
}

/// The query of a filter at a rank: fixed text for each condition, what the user gave only as
/// values.
fn query(
    filter: &Filter,
    (rank, asked): (u8, Option<&str>),
    many: bool,
    room: usize,
) -> (String, Vec<Box<dyn ToSql>>) {
    let (time, beyond, direction, index) = match filter.order {
        Order::Newest => ("received_at_ms", "<", " DESC", "record_newest"),
        Order::Due => (DUE, ">", "", "record_open"),
        Order::Name => ("name_key", ">", "", "record_by_name"),
    };
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut sql = match (asked, many) {
        (None, _) => format!("SELECT {COLUMNS} FROM record WHERE true"),
        (Some(_), false) => format!("SELECT {COLUMNS} {OF_FEW}"),
        (Some(_), true) => format!("SELECT {COLUMNS} FROM record INDEXED BY {index} {AMONG_MANY}"),
    };
    if let Some(asked) = asked {
        values.push(Box::new(asked.to_owned()));
    }
    narrow(filter, &mut sql, &mut values);
    if let Some(after) = filter.after.filter(|after| after.rank == rank) {
        let (place, value): (&str, Box<dyn ToSql>) = match filter.order {
            Order::Newest | Order::Due => ("?", Box::new(after.at_ms)),
            Order::Name => (NAME_OF, Box::new(after.document.0)),
        };
        sql.push_str(&format!(" AND ({time}, document) {beyond} ({place}, ?)"));
        values.push(value);
        values.push(Box::new(after.document.0));
    }
    sql.push_str(&format!(" ORDER BY {time}{direction}, document{direction} LIMIT ?"));
    values.push(Box::new(i64::try_from(room).unwrap_or(i64::MAX)));
    (sql, values)
}

/// Adds what narrows a list beside its query.
fn narrow(filter: &Filter, sql: &mut String, values: &mut Vec<Box<dyn ToSql>>) {
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
    if filter.order == Order::Due {
        sql.push_str(" AND closed_at_ms IS NULL");
    }
}

/// The texts of a filter's query, however many it finds.
#[cfg(test)]
pub(crate) fn queries_of(filter: &Filter) -> Vec<String> {
    let asked = (!filter.query.is_empty()).then_some("asked");
    [false, true].into_iter().map(|many| query(filter, (0, asked), many, 1).0).collect()
}
