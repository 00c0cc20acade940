//! What the relay's operators watch: how each node stands, and what someone must look at.

use hoso_identity::{Incarnation, NodeId, UnitId};
use rusqlite::{OptionalExtension, Row, Rows, named_params};

use crate::{
    columns::{blob, optional_blob, signed, unit, unsigned},
    error::StoreError,
    writer::Tx,
};

const PUT_STATUS: &str = "INSERT OR REPLACE INTO node_status VALUES (:node, :connected,
    :last_seen_ms, :incarnation, :entries, :bytes, :oldest, :waiting, :refused, :skew, :version,
    :scans)";
const STATUS: &str = "SELECT * FROM node_status WHERE node = :node";
const STATUSES: &str = "SELECT * FROM node_status ORDER BY node";
const DISCONNECT_ALL: &str = "UPDATE node_status SET connected = 0 WHERE connected = 1";
const OPEN: &str = "SELECT id FROM alert WHERE kind = :kind AND unit IS :unit
    AND detail = :detail AND acknowledged_ms IS NULL";
const AGAIN: &str = "UPDATE alert SET last_ms = :at_ms, times = times + 1 WHERE id = :id";
const RAISE: &str = "INSERT INTO alert (kind, unit, detail, first_ms, last_ms, times)
    VALUES (:kind, :unit, :detail, :at_ms, :at_ms, 1)";
const ALERTS: &str = "SELECT * FROM alert WHERE acknowledged_ms IS NULL OR :all
    ORDER BY last_ms DESC, id DESC LIMIT :limit";
const ACKNOWLEDGE: &str = "UPDATE alert SET acknowledged_by = :by, acknowledged_ms = :at_ms
    WHERE id = :id AND acknowledged_ms IS NULL";

/// How a node stands, as it and the relay saw last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node.
    pub node: NodeId,
    /// Whether a session is open.
    pub connected: bool,
    /// When it was heard last, Unix milliseconds.
    pub last_seen_ms: u64,
    /// The copy of its database.
    pub incarnation: Option<Incarnation>,
    /// Entries that it had not sent.
    pub backlog_entries: u64,
    /// Their bytes.
    pub backlog_bytes: u64,
    /// When the oldest of them was made, Unix milliseconds by its clock.
    pub oldest_pending_ms: Option<u64>,
    /// Entries of it that wait at the relay.
    pub waiting: u64,
    /// Entries of it that the relay has refused.
    pub refused: u64,
    /// Its clock less the relay's.
    pub clock_skew_ms: i64,
    /// The version of its program.
    pub version: String,
    /// Scans that are on their way to it or from it.
    pub scans: u64,
}

/// Something that someone must look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: i64,
    /// A stable code.
    pub kind: String,
    /// The unit that it is about.
    pub unit: Option<UnitId>,
    /// What more there is to say, without personal data.
    pub detail: String,
    /// When it was first seen, Unix milliseconds.
    pub first_ms: u64,
    /// When it was last seen.
    pub last_ms: u64,
    /// How often it was seen.
    pub times: u64,
    /// Who acknowledged it and when.
    pub acknowledged: Option<(String, u64)>,
}

/// Replaces what is known of a node.
///
/// # Errors
///
/// What SQLite says.
pub fn put_status(tx: &mut Tx<'_>, status: &NodeStatus) -> Result<(), StoreError> {
    tx.connection.prepare_cached(PUT_STATUS)?.execute(named_params! {
        ":node": status.node.0,
        ":connected": status.connected,
        ":last_seen_ms": signed(status.last_seen_ms),
        ":incarnation": status.incarnation.map(|incarnation| incarnation.0),
        ":entries": signed(status.backlog_entries),
        ":bytes": signed(status.backlog_bytes),
        ":oldest": status.oldest_pending_ms.map(signed),
        ":waiting": signed(status.waiting),
        ":refused": signed(status.refused),
        ":skew": status.clock_skew_ms,
        ":version": status.version,
        ":scans": signed(status.scans),
    })?;
    Ok(())
}

/// What is known of a node.
///
/// # Errors
///
/// What SQLite says.
pub fn status(tx: &mut Tx<'_>, node: &NodeId) -> Result<Option<NodeStatus>, StoreError> {
    let mut statement = tx.connection.prepare_cached(STATUS)?;
    Ok(statuses_in(statement.query(named_params! { ":node": node.0 })?)?.pop())
}

/// What is known of all nodes.
///
/// # Errors
///
/// What SQLite says.
pub fn statuses(tx: &mut Tx<'_>) -> Result<Vec<NodeStatus>, StoreError> {
    let mut statement = tx.connection.prepare_cached(STATUSES)?;
    statuses_in(statement.query([])?)
}

/// Notes that no session is open: at each start.
///
/// # Errors
///
/// What SQLite says.
pub fn disconnect_all(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.connection.execute(DISCONNECT_ALL, [])?;
    Ok(())
}

/// Raises an alert, or counts the open one of the same kind, unit and detail once more.
///
/// # Errors
///
/// What SQLite says.
pub fn raise(
    tx: &mut Tx<'_>,
    kind: &str,
    unit: Option<UnitId>,
    detail: &str,
    at_ms: u64,
) -> Result<i64, StoreError> {
    let unit = unit.map(|unit| unit.0);
    let mut statement = tx.connection.prepare_cached(OPEN)?;
    let same = named_params! { ":kind": kind, ":unit": unit, ":detail": detail };
    let open: Option<i64> = statement.query_row(same, |row| row.get(0)).optional()?;
    if let Some(id) = open {
        let mut statement = tx.connection.prepare_cached(AGAIN)?;
        statement.execute(named_params! { ":id": id, ":at_ms": signed(at_ms) })?;
        return Ok(id);
    }
    tx.connection.prepare_cached(RAISE)?.execute(named_params! {
        ":kind": kind,
        ":unit": unit,
        ":detail": detail,
        ":at_ms": signed(at_ms),
    })?;
    Ok(tx.connection.last_insert_rowid())
}

/// Alerts that nobody has acknowledged, or all; newest first, at most `limit`.
///
/// # Errors
///
/// What SQLite says.
pub fn alerts(tx: &mut Tx<'_>, all: bool, limit: u32) -> Result<Vec<Alert>, StoreError> {
    let mut statement = tx.connection.prepare_cached(ALERTS)?;
    let mut rows = statement.query(named_params! { ":all": all, ":limit": limit })?;
    let mut alerts = Vec::new();
    while let Some(row) = rows.next()? {
        alerts.push(alert(row)?);
    }
    Ok(alerts)
}

/// Acknowledges an alert. `false`: there is no open one of that number.
///
/// # Errors
///
/// What SQLite says.
pub fn acknowledge(tx: &mut Tx<'_>, id: i64, by: &str, at_ms: u64) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(ACKNOWLEDGE)?;
    let changed =
        statement.execute(named_params! { ":id": id, ":by": by, ":at_ms": signed(at_ms) })?;
    Ok(changed == 1)
}

fn statuses_in(mut rows: Rows<'_>) -> Result<Vec<NodeStatus>, StoreError> {
    let mut statuses = Vec::new();
    while let Some(row) = rows.next()? {
        let oldest: Option<i64> = row.get("oldest_pending_ms")?;
        statuses.push(NodeStatus {
            node: NodeId(blob(row, "node")?),
            connected: row.get("connected")?,
            last_seen_ms: unsigned(row.get("last_seen_ms")?)?,
            incarnation: optional_blob(row, "incarnation")?.map(Incarnation),
            backlog_entries: unsigned(row.get("backlog_entries")?)?,
            backlog_bytes: unsigned(row.get("backlog_bytes")?)?,
            oldest_pending_ms: oldest.map(unsigned).transpose()?,
            waiting: unsigned(row.get("waiting")?)?,
            refused: unsigned(row.get("refused")?)?,
            clock_skew_ms: row.get("clock_skew_ms")?,
            version: row.get("version")?,
            scans: unsigned(row.get("scans")?)?,
        });
    }
    Ok(statuses)
}

fn alert(row: &Row<'_>) -> Result<Alert, StoreError> {
    let about: Option<i64> = row.get("unit")?;
    let by: Option<String> = row.get("acknowledged_by")?;
    let acknowledged = match by {
        Some(by) => Some((by, unsigned(row.get("acknowledged_ms")?)?)),
        None => None,
    };
    Ok(Alert {
        id: row.get("id")?,
        kind: row.get("kind")?,
        unit: about.map(unit).transpose()?,
        detail: row.get("detail")?,
        first_ms: unsigned(row.get("first_ms")?)?,
        last_ms: unsigned(row.get("last_ms")?)?,
        times: unsigned(row.get("times")?)?,
        acknowledged,
    })
}
