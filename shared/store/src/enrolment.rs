//! Invitations and requests to join, at the relay. Only the public half of an invitation is kept.

use hoso_identity::{NodeId, PublicKey, UnitId};
use rusqlite::{Row, Rows, named_params};

use crate::{
    columns::{blob, optional_blob, signed, unit, unsigned},
    error::StoreError,
    writer::Tx,
};

const INVITE: &str = "INSERT INTO invitation VALUES (:key, :unit, :made_by, :created_ms,
    :expires_ms, :auto_approve, NULL)";
const INVITATION: &str = "SELECT * FROM invitation WHERE key = :key";
const INVITATIONS: &str = "SELECT * FROM invitation ORDER BY created_ms DESC, key";
const SPEND: &str = "UPDATE invitation SET used_by = :by WHERE key = :key";
const REQUEST: &str = "INSERT INTO join_request VALUES (:transport, :invitation, :unit, :request,
    :words, :at_ms, 0, NULL)
    ON CONFLICT (transport) DO UPDATE SET invitation = excluded.invitation,
    unit = excluded.unit, request = excluded.request, words = excluded.words,
    at_ms = excluded.at_ms WHERE state = 0";
const BY_TRANSPORT: &str = "SELECT * FROM join_request WHERE transport = :transport";
const REQUESTS: &str = "SELECT * FROM join_request ORDER BY state, at_ms, transport";
const APPROVE: &str = "UPDATE join_request SET state = 1, node = :node
    WHERE transport = :transport AND state = 0";
const REVOKE: &str = "UPDATE join_request SET state = 2 WHERE transport = :transport";

/// An invitation for one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The public half of the key that the code gives.
    pub key: PublicKey,
    /// The unit that it is for.
    pub unit: UnitId,
    /// The operator who made it.
    pub made_by: String,
    /// When it was made, Unix milliseconds.
    pub created_ms: u64,
    /// From when on it is worth nothing.
    pub expires_ms: u64,
    /// Whether a request needs no operator.
    pub auto_approve: bool,
    /// The transport key of the node that used it.
    pub used_by: Option<PublicKey>,
}

/// What became of the use of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It is this node's, now or from before.
    Yours(Invitation),
    /// Another node has used it: refuse and alert.
    Used(Invitation),
    /// It has expired.
    Expired,
    /// There is none with that key for that unit.
    Unknown,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinState {
    /// An operator must decide.
    Pending,
    /// The node has its grants.
    Approved,
    /// It was turned down, or its node was ended.
    Revoked,
}

/// A node that asked to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The node's transport key: its name until it is approved.
    pub transport: PublicKey,
    /// The invitation that it used.
    pub invitation: PublicKey,
    /// The unit.
    pub unit: UnitId,
    /// The bytes of the request as they were signed.
    pub request: Vec<u8>,
    /// The words that both screens show.
    pub words: String,
    /// When it came, Unix milliseconds.
    pub at_ms: u64,
    /// Where it stands.
    pub state: JoinState,
    /// The node's id, once approved.
    pub node: Option<NodeId>,
}

/// Keeps a new invitation.
///
/// # Errors
///
/// What SQLite says, also when the key is known.
pub fn invite(tx: &mut Tx<'_>, invitation: &Invitation) -> Result<(), StoreError> {
    tx.connection.prepare_cached(INVITE)?.execute(named_params! {
        ":key": invitation.key.0,
        ":unit": invitation.unit.0,
        ":made_by": invitation.made_by,
        ":created_ms": signed(invitation.created_ms),
        ":expires_ms": signed(invitation.expires_ms),
        ":auto_approve": invitation.auto_approve,
    })?;
    Ok(())
}

/// The invitation with that key.
///
/// # Errors
///
/// What SQLite says.
pub fn invitation(tx: &mut Tx<'_>, key: &PublicKey) -> Result<Option<Invitation>, StoreError> {
    let mut statement = tx.connection.prepare_cached(INVITATION)?;
    let mut rows = statement.query(named_params! { ":key": key.0 })?;
    rows.next()?.map(read_invitation).transpose()
}

/// All invitations, newest first.
///
/// # Errors
///
/// What SQLite says.
pub fn invitations(tx: &mut Tx<'_>) -> Result<Vec<Invitation>, StoreError> {
    let mut statement = tx.connection.prepare_cached(INVITATIONS)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read_invitation(row)?);
    }
    Ok(all)
}

/// Uses an invitation for the node that asks; a node that asks again, because an answer was lost,
/// is told the same again. A request for another unit leaves the invitation as it was.
///
/// # Errors
///
/// What SQLite says.
pub fn spend(tx: &mut Tx<'_>, request: &JoinRequest) -> Result<Spent, StoreError> {
    let (key, by) = (request.invitation, request.transport);
    let found = invitation(tx, &key)?.filter(|found| found.unit == request.unit);
    let Some(mut found) = found else { return Ok(Spent::Unknown) };
    match found.used_by {
        Some(used_by) if used_by == by => return Ok(Spent::Yours(found)),
        Some(_) => return Ok(Spent::Used(found)),
        None if request.at_ms >= found.expires_ms => return Ok(Spent::Expired),
        None => {}
    }
    let mut statement = tx.connection.prepare_cached(SPEND)?;
    statement.execute(named_params! { ":key": key.0, ":by": by.0 })?;
    found.used_by = Some(by);
    Ok(Spent::Yours(found))
}

/// Keeps a request as pending, in place of an earlier pending one of the same key. `false`: that
/// key's request is decided already, and nothing changed.
///
/// # Errors
///
/// What SQLite says.
pub fn ask(tx: &mut Tx<'_>, request: &JoinRequest) -> Result<bool, StoreError> {
    let changed = tx.connection.prepare_cached(REQUEST)?.execute(named_params! {
        ":transport": request.transport.0,
        ":invitation": request.invitation.0,
        ":unit": request.unit.0,
        ":request": request.request,
        ":words": request.words,
        ":at_ms": signed(request.at_ms),
    })?;
    Ok(changed == 1)
}

/// The request of that transport key.
///
/// # Errors
///
/// What SQLite says.
pub fn request(tx: &mut Tx<'_>, transport: &PublicKey) -> Result<Option<JoinRequest>, StoreError> {
    let mut statement = tx.connection.prepare_cached(BY_TRANSPORT)?;
    let rows = statement.query(named_params! { ":transport": transport.0 })?;
    Ok(requests_in(rows)?.pop())
}

/// All requests: pending ones first, each kind oldest first.
///
/// # Errors
///
/// What SQLite says.
pub fn requests(tx: &mut Tx<'_>) -> Result<Vec<JoinRequest>, StoreError> {
    let mut statement = tx.connection.prepare_cached(REQUESTS)?;
    requests_in(statement.query([])?)
}

/// Approves a pending request, in the transaction that accepts the statement. `false`: there is no
/// pending one.
///
/// # Errors
///
/// What SQLite says.
pub fn approve(tx: &mut Tx<'_>, transport: &PublicKey, node: &NodeId) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(APPROVE)?;
    let changed =
        statement.execute(named_params! { ":transport": transport.0, ":node": node.0 })?;
    Ok(changed == 1)
}

/// Turns a request down, or notes that its node was ended. `false`: there is none.
///
/// # Errors
///
/// What SQLite says.
pub fn revoke(tx: &mut Tx<'_>, transport: &PublicKey) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(REVOKE)?;
    Ok(statement.execute(named_params! { ":transport": transport.0 })? == 1)
}

fn read_invitation(row: &Row<'_>) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        key: PublicKey(blob(row, "key")?),
        unit: unit(row.get("unit")?)?,
        made_by: row.get("made_by")?,
        created_ms: unsigned(row.get("created_ms")?)?,
        expires_ms: unsigned(row.get("expires_ms")?)?,
        auto_approve: row.get("auto_approve")?,
        used_by: optional_blob(row, "used_by")?.map(PublicKey),
    })
}

fn requests_in(mut rows: Rows<'_>) -> Result<Vec<JoinRequest>, StoreError> {
    let mut requests = Vec::new();
    while let Some(row) = rows.next()? {
        requests.push(JoinRequest {
            transport: PublicKey(blob(row, "transport")?),
            invitation: PublicKey(blob(row, "invitation")?),
            unit: unit(row.get("unit")?)?,
            request: row.get("request")?,
            words: row.get("words")?,
            at_ms: unsigned(row.get("at_ms")?)?,
            state: match row.get::<_, i64>("state")? {
                0 => JoinState::Pending,
                1 => JoinState::Approved,
                2 => JoinState::Revoked,
                _ => return Err(StoreError::Damaged("the state of a request")),
            },
            node: optional_blob(row, "node")?.map(NodeId),
        });
    }
    Ok(requests)
}
