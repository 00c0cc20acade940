//! What a transaction asks for once, however many entries it takes.

use std::collections::BTreeMap;

use hoso_identity::{DocumentId, Scope, UnitId};
use rusqlite::Connection;

use crate::{
    error::StoreError,
    tables::{LedgerHead, ScopePoint},
};

const ANY_WAITS: &str = "SELECT EXISTS (SELECT 1 FROM waiting)";

/// The ends of ledger and feeds as this transaction has read or moved them, and the audience that
/// it read last.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(super) head: Option<LedgerHead>,
    pub(super) feeds: BTreeMap<Scope, ScopePoint>,
    pub(super) audience: Option<(DocumentId, Vec<UnitId>)>,
    /// Whether anything may wait: `false` only if nothing does.
    pub(super) waits: Option<bool>,
}

impl Ends {
    /// Whether anything may wait at the relay.
    pub(super) fn waits(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        if let Some(waits) = self.waits {
            return Ok(waits);
        }
        let mut statement = connection.prepare_cached(ANY_WAITS)?;
        let waits = statement.query_row([], |row| row.get(0))?;
        self.waits = Some(waits);
        Ok(waits)
    }
}
