//! What waits and what was refused at the relay: for pages, metrics and operators.

use hoso_identity::{EntryId, NodeId, Reason, WaitingFor};
use rusqlite::named_params;

use crate::{
    columns::{blob, optional_blob, signed, unsigned, waiting_to_bytes},
    error::StoreError,
    writer::Tx,
};

const WAITING_OF: &str = "SELECT count(*) FROM waiting WHERE origin_node = :node";
const REFUSED_OF: &str = "SELECT count(*) FROM quarantine WHERE origin_node = :node";
const REFUSED: &str = "SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY reason";
const WAITING: &str = "SELECT count(*) FROM waiting";
const FOR_OPERATOR: &str = "SELECT count(*) FROM waiting WHERE substr(what, 1, 2) = :kind";
const LONG: &str = "SELECT id, origin_node FROM waiting
    WHERE since_ms < :before AND substr(what, 1, 2) <> :kind ORDER BY since_ms LIMIT :limit";
const HAND_OVER: &str = "UPDATE waiting SET what = :what WHERE id = :id";

/// Entries that are handed over in one transaction.
const HANDED_MAX: u32 = 1000;

/// How many entries of this node wait, and how many are in quarantine.
///
/// # Errors
///
/// What SQLite says.
pub fn troubled(tx: &mut Tx<'_>, node: &NodeId) -> Result<(u64, u64), StoreError> {
    let count = |sql| -> Result<u64, StoreError> {
        let mut statement = tx.connection.prepare_cached(sql)?;
        unsigned(statement.query_row(named_params! { ":node": node.0 }, |row| row.get(0))?)
    };
    Ok((count(WAITING_OF)?, count(REFUSED_OF)?))
}

/// How many entries were refused, by reason.
///
/// # Errors
///
/// What SQLite says.
pub fn refused(tx: &mut Tx<'_>) -> Result<Vec<(Reason, u64)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(REFUSED)?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let reason = Reason::from_number(row.get(0)?).ok_or(StoreError::Damaged("a reason"))?;
        counts.push((reason, unsigned(row.get(1)?)?));
    }
    Ok(counts)
}

/// How many entries wait, and how many of them for an operator.
///
/// # Errors
///
/// What SQLite says.
pub fn waiting(tx: &mut Tx<'_>) -> Result<(u64, u64), StoreError> {
    let all: i64 = tx.connection.prepare_cached(WAITING)?.query_row([], |row| row.get(0))?;
    let kind = named_params! { ":kind": for_operator() };
    let mut statement = tx.connection.prepare_cached(FOR_OPERATOR)?;
    let handed: i64 = statement.query_row(kind, |row| row.get(0))?;
    Ok((unsigned(all)?, unsigned(handed)?))
}

/// Hands to an operator what has waited since before that time. Gives the nodes that the entries
/// came from, one for each entry.
///
/// # Errors
///
/// What SQLite says.
pub fn hand_over(tx: &mut Tx<'_>, before_ms: u64) -> Result<Vec<Option<NodeId>>, StoreError> {
    let mut long = Vec::new();
    let mut statement = tx.connection.prepare_cached(LONG)?;
    let mut rows = statement.query(named_params! {
        ":before": signed(before_ms),
        ":kind": for_operator(),
        ":limit": HANDED_MAX,
    })?;
    while let Some(row) = rows.next()? {
        let id = EntryId(blob(row, "id")?);
        long.push((id, optional_blob(row, "origin_node")?.map(NodeId)));
    }
    let mut hand = tx.connection.prepare_cached(HAND_OVER)?;
    for (id, _) in &long {
        let what = waiting_to_bytes(&WaitingFor::Operator(*id));
        hand.execute(named_params! { ":id": id.0, ":what": what })?;
    }
    Ok(long.into_iter().map(|(_, node)| node).collect())
}

/// How the bytes begin of what waits for an operator, whichever entry it is.
fn for_operator() -> Vec<u8> {
    waiting_to_bytes(&WaitingFor::Operator(EntryId::ZERO)).into_iter().take(2).collect()
}
