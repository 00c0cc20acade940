//! Who may log in: staff at a node, operators at a relay. Names are unique in their folded
//! spelling.

use hoso_identity::{EntryId, PersonId};
use rusqlite::{Row, named_params};

use crate::{
    columns::{blob, signed, unsigned},
    error::StoreError,
    fold::folded,
    writer::Tx,
};

const ADD: &str = "INSERT OR IGNORE INTO account VALUES (:folded, :username, :person, :grant,
    :key, :display_name, :roles, :disabled, :created_ms)";
const PUT: &str = "UPDATE account SET username = :username, person = :person,
    grant_entry = :grant, wrapped_key = :key, display_name = :display_name, roles = :roles,
    disabled = :disabled WHERE folded = :folded";
const GET: &str = "SELECT * FROM account WHERE folded = :folded";
const BY_PERSON: &str = "SELECT * FROM account WHERE person = :person ORDER BY folded";
const LIST: &str = "SELECT * FROM account ORDER BY folded";
const DISABLE: &str = "UPDATE account SET disabled = :disabled WHERE folded = :folded";

/// One person at this place.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The name to log in with, as it was given.
    pub username: String,
    /// The person.
    pub person: PersonId,
    /// The statement that empowers the key.
    pub grant: EntryId,
    /// The key, sealed with the password.
    pub wrapped_key: Vec<u8>,
    /// The name that others see.
    pub display_name: String,
    /// The roles as the caller writes them.
    pub roles: String,
    /// Whether nobody may log in with it any more.
    pub disabled: bool,
    /// When it was made, Unix milliseconds.
    pub created_ms: u64,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Account").field("person", &self.person).finish_non_exhaustive()
    }
}

/// Adds an account. `false`: the name is taken, in this or another spelling, and nothing changed.
///
/// # Errors
///
/// What SQLite says.
pub fn add(tx: &mut Tx<'_>, account: &Account) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(ADD)?;
    let added = statement.execute(named_params! {
        ":folded": folded(&account.username),
        ":username": account.username,
        ":person": account.person.0,
        ":grant": account.grant.0,
        ":key": account.wrapped_key,
        ":display_name": account.display_name,
        ":roles": account.roles,
        ":disabled": account.disabled,
        ":created_ms": signed(account.created_ms),
    })?;
    Ok(added == 1)
}

/// Replaces all of an account but the time at which it was made: a new password, key or grant.
/// `false`: there is none of that name.
///
/// # Errors
///
/// What SQLite says.
pub fn put(tx: &mut Tx<'_>, account: &Account) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(PUT)?;
    let changed = statement.execute(named_params! {
        ":folded": folded(&account.username),
        ":username": account.username,
        ":person": account.person.0,
        ":grant": account.grant.0,
        ":key": account.wrapped_key,
        ":display_name": account.display_name,
        ":roles": account.roles,
        ":disabled": account.disabled,
    })?;
    Ok(changed == 1)
}

/// The account of that name in any spelling.
///
/// # Errors
///
/// What SQLite says.
pub fn get(tx: &mut Tx<'_>, username: &str) -> Result<Option<Account>, StoreError> {
    let mut statement = tx.connection.prepare_cached(GET)?;
    let mut rows = statement.query(named_params! { ":folded": folded(username) })?;
    rows.next()?.map(account).transpose()
}

/// The accounts of a person.
///
/// # Errors
///
/// What SQLite says.
pub fn by_person(tx: &mut Tx<'_>, person: &PersonId) -> Result<Vec<Account>, StoreError> {
    let mut statement = tx.connection.prepare_cached(BY_PERSON)?;
    accounts(statement.query(named_params! { ":person": person.0 })?)
}

/// All accounts by name.
///
/// # Errors
///
/// What SQLite says.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Account>, StoreError> {
    let mut statement = tx.connection.prepare_cached(LIST)?;
    accounts(statement.query([])?)
}

/// Disables or enables an account. `false`: there is none of that name.
///
/// # Errors
///
/// What SQLite says.
pub fn set_disabled(tx: &mut Tx<'_>, username: &str, disabled: bool) -> Result<bool, StoreError> {
    let mut statement = tx.connection.prepare_cached(DISABLE)?;
    let changed =
        statement.execute(named_params! { ":folded": folded(username), ":disabled": disabled })?;
    Ok(changed == 1)
}

fn accounts(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Account>, StoreError> {
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(account(row)?);
    }
    Ok(accounts)
}

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        username: row.get("username")?,
        person: PersonId(blob(row, "person")?),
        grant: EntryId(blob(row, "grant_entry")?),
        wrapped_key: row.get("wrapped_key")?,
        display_name: row.get("display_name")?,
        roles: row.get("roles")?,
        disabled: row.get("disabled")?,
        created_ms: unsigned(row.get("created_ms")?)?,
    })
}
