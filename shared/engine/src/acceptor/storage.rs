//! What the sessions of a relay ask of its storage.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use hoso_identity::{Realm, UnitId};
use hoso_registry::State;
use hoso_store::{StoreError, rules::greeting::Chance, tables::LedgerTables, writer::Tx};
use hoso_sync::{relay::Output, wire::Hello};
use tokio::sync::watch;

use crate::{
    admission::{ReadAhead, Registrar},
    memory::Memory,
    relay_host::{self, Answer, Caller, Done, Session},
};

/// Sessions are served from here. Each call is one transaction, and what it gives is durable.
#[async_trait]
pub trait Storage: Debug + Send + Sync + 'static {
    /// The realm of the entries that are kept here.
    fn realm(&self) -> Realm;

    /// The registry as it is committed.
    fn state(&self) -> Arc<State>;

    /// Sees the registry change.
    fn states(&self) -> watch::Receiver<Arc<State>>;

    /// Whether a commit has failed, so that nothing is saved until a new start.
    fn is_dead(&self) -> bool;

    /// The units that share a dossier with this one.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn neighbours(&self, unit: UnitId) -> Result<Vec<UnitId>, StoreError>;

    /// Decides how a session begins; with the chance that it may need and the time, Unix
    /// milliseconds.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn greet(
        &self,
        caller: Caller,
        hello: Hello,
        chance: (Chance, u64),
    ) -> Result<Answer, StoreError>;

    /// Does one piece of work of a greeted session; with the entries of it that were read before.
    ///
    /// # Errors
    ///
    /// As the storage fails; then nothing of it is kept.
    async fn work(
        &self,
        session: Session,
        output: Output,
        ahead: ReadAhead,
        now_ms: u64,
    ) -> Result<Done, StoreError>;
}

#[async_trait]
impl Storage for Memory {
    fn realm(&self) -> Realm {
        Self::realm(self)
    }

    fn state(&self) -> Arc<State> {
        Self::state(self)
    }

    fn states(&self) -> watch::Receiver<Arc<State>> {
        Self::states(self)
    }

    fn is_dead(&self) -> bool {
        Self::is_dead(self)
    }

    async fn neighbours(&self, unit: UnitId) -> Result<Vec<UnitId>, StoreError> {
        self.read(move |tx| LedgerTables::neighbours(tx, unit)).await
    }

    async fn greet(
        &self,
        caller: Caller,
        hello: Hello,
        chance: (Chance, u64),
    ) -> Result<Answer, StoreError> {
        let state = Self::state(self);
        self.write(false, move |tx, _| relay_host::greet(tx, &state, caller, &hello, chance)).await
    }

    async fn work(
        &self,
        session: Session,
        output: Output,
        ahead: ReadAhead,
        now_ms: u64,
    ) -> Result<Done, StoreError> {
        if relay_host::only_reads(&output) {
            let mut registrar = Registrar::new(Self::state(self), self.realm());
            let read = move |tx: &mut Tx<'_>| {
                relay_host::work(tx, &mut registrar, &session, output, now_ms)
            };
            return self.read(read).await;
        }
        let ended = session.ended;
        let write = move |tx: &mut Tx<'_>, registrar: &mut Registrar| {
            registrar.has_read(ahead);
            relay_host::work(tx, registrar, &session, output, now_ms)
        };
        self.write(ended, write).await
    }
}
