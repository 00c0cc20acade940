//! Entries by their positions, at node and relay: what healing lists, compares and believes.

use hoso_identity::{DocumentId, EntryId, Epoch, Position, Scope, UnitId};
use rusqlite::{Row, Rows, named_params};

use crate::{
    columns::{blob, position, signed, unsigned},
    error::StoreError,
    tables::{LedgerHead, Placed, RowOf, Visit},
    writer::Tx,
};

const STATEMENTS_AT_NODE: &str = "SELECT document, id, epoch_generation, epoch_random, number
    FROM entry WHERE document = zeroblob(16) AND number IS NOT NULL ORDER BY id";
/// By the order of the audience, as in the other program: only the entries of each document are
/// sorted, not all of them.
const UNIT_AT_NODE: &str = "SELECT audience.document, entry.id, entry.epoch_generation,
    entry.epoch_random, entry.number FROM audience
    CROSS JOIN entry ON entry.document = audience.document
    WHERE audience.unit = :unit AND entry.number IS NOT NULL
    ORDER BY audience.document, entry.id";
const OF_DOCUMENT: &str = "SELECT id, epoch_generation, epoch_random, number FROM entry
    WHERE document = :document AND number IS NOT NULL ORDER BY id";
const DOCUMENTS_OF: &str = "SELECT document FROM audience WHERE unit = :unit
    AND document > :after ORDER BY document LIMIT :limit";
const SET_ROWS: &str = "UPDATE entry SET feed_row = :row WHERE document = :document
    AND number IS NOT NULL AND (feed_row IS NULL OR NOT :only_missing)";
const LOWER_MARK: &str = "UPDATE to_apply SET feed_row = 1
    WHERE document = :document AND feed_row > 1";
const STATEMENTS_AT_RELAY: &str = "SELECT document, id, epoch_generation, epoch_random, number
    FROM entry WHERE document = zeroblob(16) ORDER BY id";
const UNIT_AT_RELAY: &str = "SELECT audience.document, entry.id, entry.epoch_generation,
    entry.epoch_random, entry.number FROM audience
    CROSS JOIN entry ON entry.document = audience.document
    WHERE audience.unit = :unit ORDER BY audience.document, entry.id";
const TAKEN: &str = "SELECT coalesce(max(seq), 0) FROM entry";
const WITH_NUMBERS: &str = "SELECT seq, id, epoch_generation, epoch_random, number FROM entry
    WHERE document = :document ORDER BY id";
const END_EPOCH: &str = "INSERT INTO ended_epoch VALUES (:generation, :random, :number)
    ON CONFLICT DO UPDATE SET number = max(number, excluded.number)";
const LAST_POSITION: &str = "SELECT * FROM ended_epoch
    WHERE (epoch_generation, epoch_random) <= (:generation, :random)
    ORDER BY epoch_generation DESC, epoch_random DESC LIMIT 1";

/// Shows what has a position in a scope of a node.
pub(crate) fn at_node(tx: &mut Tx<'_>, scope: Scope, visit: Visit<'_>) -> Result<(), StoreError> {
    list(tx, (STATEMENTS_AT_NODE, UNIT_AT_NODE), scope, visit)
}

/// Shows what a ledger has in a scope.
pub(crate) fn at_relay(tx: &mut Tx<'_>, scope: Scope, visit: Visit<'_>) -> Result<(), StoreError> {
    list(tx, (STATEMENTS_AT_RELAY, UNIT_AT_RELAY), scope, visit)
}

/// What has a position in a document of a node.
pub(crate) fn of_document(
    tx: &mut Tx<'_>,
    document: &DocumentId,
) -> Result<Vec<Placed>, StoreError> {
    let mut statement = tx.connection.prepare_cached(OF_DOCUMENT)?;
    let mut rows = statement.query(named_params! { ":document": document.0 })?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(placed(row)?);
    }
    Ok(entries)
}

/// Sets rows and marks of the next documents of a scope; gives the last one.
pub(crate) fn set_rows(
    tx: &mut Tx<'_>,
    row: RowOf,
    after: Option<&DocumentId>,
    documents_max: usize,
) -> Result<Option<DocumentId>, StoreError> {
    let documents = match (row.scope, after) {
        (Scope::Province, None) => vec![DocumentId::ZERO],
        (Scope::Province, Some(_)) => Vec::new(),
        (Scope::Unit(unit), after) => documents_of(tx, unit, after, documents_max)?,
    };
    let mut set = tx.connection.prepare_cached(SET_ROWS)?;
    let mut lower = tx.connection.prepare_cached(LOWER_MARK)?;
    for document in &documents {
        set.execute(named_params! {
            ":row": signed(row.row),
            ":document": document.0,
            ":only_missing": row.only_missing,
        })?;
        lower.execute(named_params! { ":document": document.0 })?;
    }
    Ok(documents.last().copied())
}

/// How many entries a ledger has taken.
pub(crate) fn taken(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let mut statement = tx.connection.prepare_cached(TAKEN)?;
    unsigned(statement.query_row([], |row| row.get(0))?)
}

/// What a ledger has of a document, with the order in which it was taken.
pub(crate) fn with_numbers(
    tx: &mut Tx<'_>,
    document: &DocumentId,
) -> Result<Vec<(Placed, u64)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(WITH_NUMBERS)?;
    let mut rows = statement.query(named_params! { ":document": document.0 })?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push((placed(row)?, unsigned(row.get("seq")?)?));
    }
    Ok(entries)
}

/// Keeps where a life of the ledger ended.
pub(crate) fn end_epoch(tx: &mut Tx<'_>, last: &LedgerHead) -> Result<(), StoreError> {
    tx.connection.prepare_cached(END_EPOCH)?.execute(named_params! {
        ":generation": last.epoch.generation,
        ":random": last.epoch.random,
        ":number": signed(last.number),
    })?;
    Ok(())
}

/// Where the newest life ended that is not newer than this one.
pub(crate) fn last_position(
    tx: &mut Tx<'_>,
    epoch: &Epoch,
) -> Result<Option<Position>, StoreError> {
    let mut statement = tx.connection.prepare_cached(LAST_POSITION)?;
    let mut rows = statement
        .query(named_params! { ":generation": epoch.generation, ":random": epoch.random })?;
    rows.next()?.map_or(Ok(None), position)
}

fn list(
    tx: &mut Tx<'_>,
    (statements, unit): (&str, &str),
    scope: Scope,
    visit: Visit<'_>,
) -> Result<(), StoreError> {
    match scope {
        Scope::Province => listed(tx.connection.prepare_cached(statements)?.query([])?, visit),
        Scope::Unit(of) => {
            let mut statement = tx.connection.prepare_cached(unit)?;
            listed(statement.query(named_params! { ":unit": of.0 })?, visit)
        }
    }
}

/// Shows entries that come in the order of their documents, one document at a time.
fn listed(mut rows: Rows<'_>, visit: Visit<'_>) -> Result<(), StoreError> {
    let mut current = None;
    let mut entries: Vec<Placed> = Vec::new();
    while let Some(row) = rows.next()? {
        let document = DocumentId(blob(row, "document")?);
        if let Some(before) = current.replace(document).filter(|before| *before != document) {
            visit(before, &entries);
            entries.clear();
        }
        entries.push(placed(row)?);
    }
    if let Some(last) = current {
        visit(last, &entries);
    }
    Ok(())
}

/// Documents of a unit behind that one, in their order.
fn documents_of(
    tx: &mut Tx<'_>,
    unit: UnitId,
    after: Option<&DocumentId>,
    documents_max: usize,
) -> Result<Vec<DocumentId>, StoreError> {
    let after = after.map(|after| after.0.to_vec()).unwrap_or_default();
    let limit = i64::try_from(documents_max).unwrap_or(i64::MAX);
    let mut statement = tx.connection.prepare_cached(DOCUMENTS_OF)?;
    let mut rows =
        statement.query(named_params! { ":unit": unit.0, ":after": after, ":limit": limit })?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(DocumentId(blob(row, "document")?));
    }
    Ok(documents)
}

fn placed(row: &Row<'_>) -> Result<Placed, StoreError> {
    Ok((EntryId(blob(row, "id")?), position(row)?.ok_or(StoreError::Damaged("a position"))?))
}
