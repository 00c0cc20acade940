//! What the relay keeps for its operators: accounts, invitations, requests to join, contact with
//! nodes, and who did what. None of it syncs.

use hoso_identity::{EntryId, NodeId, PublicKey, UnitId};
use rusqlite::{Row, named_params};

use crate::{
    columns::{blob, signed, unit, unsigned},
    error::StoreError,
    writer::Tx,
};

const PUT_OPERATOR: &str = "INSERT INTO operator VALUES (:name, :grant, :key, :roles, :disabled,
    :since_ms) ON CONFLICT (name) DO UPDATE SET grant_id = excluded.grant_id,
    wrapped_key = excluded.wrapped_key, roles = excluded.roles, disabled = excluded.disabled";
const OPERATOR: &str = "SELECT * FROM operator WHERE name = :name";
const OPERATORS: &str = "SELECT * FROM operator ORDER BY name";
const PUT_INVITATION: &str = "INSERT INTO invitation VALUES (:key, :unit, :until_ms, :approve, 0)";
const INVITATION: &str = "SELECT * FROM invitation WHERE key = :key";
const USE_INVITATION: &str = "UPDATE invitation SET used = 1 WHERE key = :key";
const PUT_REQUEST: &str = "INSERT INTO join_request VALUES (:transport, :unit, :bytes, :at_ms, 0)";
const REQUEST: &str = "SELECT * FROM join_request WHERE transport = :transport";
const REQUESTS: &str = "SELECT * FROM join_request ORDER BY at_ms";
const DECIDE: &str = "UPDATE join_request SET decided = 1 WHERE transport = :transport";
const PUT_CONTACT: &str = "INSERT INTO contact VALUES (:node, :seen_ms, :entries, :bytes, :waiting,
    :refused) ON CONFLICT (node) DO UPDATE SET seen_ms = excluded.seen_ms,
    backlog_entries = excluded.backlog_entries, backlog_bytes = excluded.backlog_bytes,
    waiting = excluded.waiting, refused = excluded.refused";
const CONTACTS: &str = "SELECT * FROM contact";
const AUDIT: &str = "INSERT INTO audit (at_ms, who, what, subject) VALUES (:at_ms, :who, :what,
    :subject)";

/// Someone who logs in at the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRow {
    /// The log-in name.
    pub name: String,
    /// The grant of their key.
    pub grant: EntryId,
    /// Their key under their password.
    pub wrapped_key: Vec<u8>,
    /// Codes of their roles, separated by commas.
    pub roles: String,
    /// Whether they may not log in any more.
    pub disabled: bool,
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
}

/// An invitation as the relay knows it: without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    /// The public half of its key.
    pub key: PublicKey,
    /// The unit that it is bound to.
    pub unit: UnitId,
    /// Until when it lives, Unix milliseconds.
    pub until_ms: u64,
    /// Whether whoever uses it is approved at once.
    pub approve: bool,
    /// Whether it was used.
    pub used: bool,
}

/// A stored request to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// The transport key of the node.
    pub transport: PublicKey,
    /// The unit.
    pub unit: UnitId,
    /// The signed request.
    pub bytes: Vec<u8>,
    /// When it came, Unix milliseconds.
    pub at_ms: u64,
    /// Whether it was approved or refused.
    pub decided: bool,
}

/// The last contact with a node and what it reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// The node.
    pub node: NodeId,
    /// When it was heard, Unix milliseconds.
    pub seen_ms: u64,
    /// Entries that it had not sent.
    pub backlog_entries: u64,
    /// Their bytes.
    pub backlog_bytes: u64,
    /// Entries that wait there.
    pub waiting: u64,
    /// Entries that are refused there.
    pub refused: u64,
}

/// Keeps or replaces an account.
///
/// # Errors
///
/// What SQLite says.
pub fn put_operator(tx: &mut Tx<'_>, operator: &OperatorRow) -> Result<(), StoreError> {
    tx.connection.prepare_cached(PUT_OPERATOR)?.execute(named_params! {
        ":name": operator.name,
        ":grant": operator.grant.0,
        ":key": operator.wrapped_key,
        ":roles": operator.roles,
        ":disabled": operator.disabled,
        ":since_ms": signed(operator.since_ms),
    })?;
    Ok(())
}

/// The account of that name.
///
/// # Errors
///
/// What SQLite says, or that the row cannot be.
pub fn operator(tx: &mut Tx<'_>, name: &str) -> Result<Option<OperatorRow>, StoreError> {
    let mut statement = tx.connection.prepare_cached(OPERATOR)?;
    let mut rows = statement.query(named_params! { ":name": name })?;
    rows.next()?.map(operator_row).transpose()
}

/// All accounts by name.
///
/// # Errors
///
/// What SQLite says, or that a row cannot be.
pub fn operators(tx: &mut Tx<'_>) -> Result<Vec<OperatorRow>, StoreError> {
    all(tx, OPERATORS, operator_row)
}

/// Keeps a new invitation.
///
/// # Errors
///
/// What SQLite says.
pub fn put_invitation(tx: &mut Tx<'_>, invitation: &InvitationRow) -> Result<(), StoreError> {
    tx.connection.prepare_cached(PUT_INVITATION)?.execute(named_params! {
        ":key": invitation.key.0,
        ":unit": invitation.unit.0,
        ":until_ms": signed(invitation.until_ms),
        ":approve": invitation.approve,
    })?;
    Ok(())
}

/// The invitation with that key.
///
/// # Errors
///
/// What SQLite says, or that the row cannot be.
pub fn invitation(tx: &mut Tx<'_>, key: &PublicKey) -> Result<Option<InvitationRow>, StoreError> {
    let mut statement = tx.connection.prepare_cached(INVITATION)?;
    let mut rows = statement.query(named_params! { ":key": key.0 })?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(InvitationRow {
        key: *key,
        unit: unit(row.get("unit")?)?,
        until_ms: unsigned(row.get("until_ms")?)?,
        approve: row.get("approve")?,
        used: row.get("used")?,
    }))
}

/// Marks an invitation as used and keeps the request that used it.
///
/// # Errors
///
/// What SQLite says; also when the transport key has asked before.
pub fn put_request(
    tx: &mut Tx<'_>,
    invitation: &PublicKey,
    request: &RequestRow,
) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached(USE_INVITATION)?
        .execute(named_params! { ":key": invitation.0 })?;
    tx.connection.prepare_cached(PUT_REQUEST)?.execute(named_params! {
        ":transport": request.transport.0,
        ":unit": request.unit.0,
        ":bytes": request.bytes,
        ":at_ms": signed(request.at_ms),
    })?;
    Ok(())
}

/// The request of that transport key.
///
/// # Errors
///
/// What SQLite says, or that the row cannot be.
pub fn request(tx: &mut Tx<'_>, transport: &PublicKey) -> Result<Option<RequestRow>, StoreError> {
    let mut statement = tx.connection.prepare_cached(REQUEST)?;
    let mut rows = statement.query(named_params! { ":transport": transport.0 })?;
    rows.next()?.map(request_row).transpose()
}

/// All requests, oldest first.
///
/// # Errors
///
/// What SQLite says, or that a row cannot be.
pub fn requests(tx: &mut Tx<'_>) -> Result<Vec<RequestRow>, StoreError> {
    all(tx, REQUESTS, request_row)
}

/// Notes that a request was decided.
///
/// # Errors
///
/// What SQLite says.
pub fn decide_request(tx: &mut Tx<'_>, transport: &PublicKey) -> Result<(), StoreError> {
    tx.connection.prepare_cached(DECIDE)?.execute(named_params! { ":transport": transport.0 })?;
    Ok(())
}

/// Keeps or replaces the last contact with a node.
///
/// # Errors
///
/// What SQLite says.
pub fn put_contact(tx: &mut Tx<'_>, contact: &ContactRow) -> Result<(), StoreError> {
    tx.connection.prepare_cached(PUT_CONTACT)?.execute(named_params! {
        ":node": contact.node.0,
        ":seen_ms": signed(contact.seen_ms),
        ":entries": signed(contact.backlog_entries),
        ":bytes": signed(contact.backlog_bytes),
        ":waiting": signed(contact.waiting),
        ":refused": signed(contact.refused),
    })?;
    Ok(())
}

/// The last contact with each node.
///
/// # Errors
///
/// What SQLite says, or that a row cannot be.
pub fn contacts(tx: &mut Tx<'_>) -> Result<Vec<ContactRow>, StoreError> {
    all(tx, CONTACTS, |row| {
        Ok(ContactRow {
            node: NodeId(blob(row, "node")?),
            seen_ms: unsigned(row.get("seen_ms")?)?,
            backlog_entries: unsigned(row.get("backlog_entries")?)?,
            backlog_bytes: unsigned(row.get("backlog_bytes")?)?,
            waiting: unsigned(row.get("waiting")?)?,
            refused: unsigned(row.get("refused")?)?,
        })
    })
}

/// Notes who did what. Rows are only ever added.
///
/// # Errors
///
/// What SQLite says.
pub fn note(
    tx: &mut Tx<'_>,
    at_ms: u64,
    who: &str,
    what: &str,
    subject: &str,
) -> Result<(), StoreError> {
    tx.connection.prepare_cached(AUDIT)?.execute(named_params! {
        ":at_ms": signed(at_ms),
        ":who": who,
        ":what": what,
        ":subject": subject,
    })?;
    Ok(())
}

fn all<T>(
    tx: &mut Tx<'_>,
    sql: &str,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = tx.connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn operator_row(row: &Row<'_>) -> Result<OperatorRow, StoreError> {
    Ok(OperatorRow {
        name: row.get("name")?,
        grant: EntryId(blob(row, "grant_id")?),
        wrapped_key: row.get("wrapped_key")?,
        roles: row.get("roles")?,
        disabled: row.get("disabled")?,
        since_ms: unsigned(row.get("since_ms")?)?,
    })
}

fn request_row(row: &Row<'_>) -> Result<RequestRow, StoreError> {
    Ok(RequestRow {
        transport: PublicKey(blob(row, "transport")?),
        unit: unit(row.get("unit")?)?,
        bytes: row.get("bytes")?,
        at_ms: unsigned(row.get("at_ms")?)?,
        decided: row.get("decided")?,
    })
}
