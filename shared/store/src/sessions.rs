//! Who is logged in at this node. Only the hash of a token is kept.

use rusqlite::{Row, named_params};

use crate::{
    columns::{signed, unsigned},
    error::StoreError,
    fold::folded,
    writer::Tx,
};

const BEGIN: &str = "INSERT INTO session
    SELECT :hash, folded, :created_ms, :expires_ms, :last_used_ms, :locked
    FROM account WHERE folded = :account";
const FIND: &str = "SELECT account.username, session.* FROM session
    JOIN account ON account.folded = session.account WHERE token_hash = :hash";
const LOCK_ALL: &str = "UPDATE session SET locked = 1 WHERE locked = 0";
const END: &str = "DELETE FROM session WHERE token_hash = :hash";
const END_ALL_OF: &str = "DELETE FROM session WHERE account = :account";
const SWEEP: &str = "DELETE FROM session WHERE expires_ms <= :now_ms";

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub username: String,
    /// When it began, Unix milliseconds.
    pub created_ms: u64,
    /// When it ends, whatever is done until then.
    pub expires_ms: u64,
    /// When it was last used.
    pub last_used_ms: u64,
    /// Whether the password must be given again.
    pub locked: bool,
}

/// Begins a session. `false`: there is no account of that name.
///
/// # Errors
///
/// What SQLite says.
pub fn begin(tx: &mut Tx<'_>, token: &[u8], session: &Session) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(BEGIN)?;
    let begun = statement.execute(named_params! {
        ":hash": hash(token),
        ":account": folded(&session.username),
        ":created_ms": signed(session.created_ms),
        ":expires_ms": signed(session.expires_ms),
        ":last_used_ms": signed(session.last_used_ms),
        ":locked": session.locked,
    })?;
    Ok(begun == 1)
}

/// The session of that token, also one that is locked or has expired: the caller decides.
///
/// # Errors
///
/// What SQLite says.
pub fn find(tx: &mut Tx<'_>, token: &[u8]) -> Result<Option<Session>, StoreError> {
    let mut statement = tx.connection.prepare_cached(FIND)?;
    let mut rows = statement.query(named_params! { ":hash": hash(token) })?;
    rows.next()?.map(session).transpose()
}

/// Locks every session: at each start, since keys are in memory only.
///
/// # Errors
///
/// What SQLite says.
pub fn lock_all(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.connection.execute(LOCK_ALL, [])?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
///
/// What SQLite says.
pub fn end(tx: &mut Tx<'_>, token: &[u8]) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(END)?;
    statement.execute(named_params! { ":hash": hash(token) })?;
    Ok(())
}

/// Ends every session of an account: when it is disabled or its password changes.
///
/// # Errors
///
/// What SQLite says.
pub fn end_all_of(tx: &mut Tx<'_>, username: &str) -> Result<(), StoreError> {
    let mut statement = tx.connection.prepare_cached(END_ALL_OF)?;
    statement.execute(named_params! { ":account": folded(username) })?;
    Ok(())
}

/// Removes what has expired.
///
/// # Errors
///
/// What SQLite says.
pub fn sweep(tx: &mut Tx<'_>, now_ms: u64) -> Result<(), StoreError> {
    tx.connection.execute(SWEEP, named_params! { ":now_ms": signed(now_ms) })?;
    Ok(())
}

fn hash(token: &[u8]) -> [u8; 32] {
    *blake3::hash(token).as_bytes()
}

fn session(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        username: row.get("username")?,
        created_ms: unsigned(row.get("created_ms")?)?,
        expires_ms: unsigned(row.get("expires_ms")?)?,
        last_used_ms: unsigned(row.get("last_used_ms")?)?,
        locked: row.get("locked")?,
    })
}
