//! A few connections that only read, beside the writer.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;

use crate::{database, error::StoreError, writer::Tx};

/// Connections at once: reading is the processor's work, so more would only take turns, and each
/// has a cache of its own.
const CONNECTIONS_MAX: usize = 8;

/// The pool. Clones share it.
#[derive(Clone, Debug)]
pub struct Readers {
    data: PathBuf,
    pool: Arc<Pool>,
}

#[derive(Debug, Default)]
struct Pool {
    connections: Mutex<Connections>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Connections {
    idle: Vec<Connection>,
    lent: usize,
}

/// A place in the pool, given back also when the reader panics.
struct Lent<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut connections = self.pool.locked();
        connections.lent = connections.lent.saturating_sub(1);
        connections.idle.extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}

impl Pool {
    /// The data behind the lock; a panic elsewhere cannot have left it half written.
    fn locked(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place.
    fn lend(&self) -> Lent<'_> {
        let full = |connections: &mut Connections| connections.lent >= CONNECTIONS_MAX;
        let waiting = self.returned.wait_while(self.locked(), full);
        let mut connections = waiting.unwrap_or_else(PoisonError::into_inner);
        connections.lent = connections.lent.saturating_add(1);
        let connection = connections.idle.pop();
        drop(connections);
        Lent { pool: self, connection }
    }
}

impl Readers {
    /// Readers of the database in this directory.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self { data: data.to_owned(), pool: Arc::default() }
    }

    /// Reads one consistent state. Blocks; call it off the async threads.
    ///
    /// # Errors
    ///
    /// The reader's own, or what SQLite says.
    pub fn read<R, E: From<StoreError>>(
        &self,
        reader: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut lent = self.pool.lend();
        let mut connection = match lent.connection.take() {
            Some(connection) => connection,
            None => database::reader(&self.data)?,
        };
        let result = {
            let snapshot = connection.transaction().map_err(StoreError::from)?;
            reader(&mut Tx::over(&snapshot))
        };
        lent.connection = Some(connection);
        result
    }
}
