//! A few connections that only read, beside the writer.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;

use crate::{database, error::StoreError, writer::Tx};

/// Connections kept for reuse.
const KEPT: usize = 8;

/// The pool. Clones share it.
#[derive(Clone, Debug)]
pub struct Readers {
    data: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Readers of the database in this directory.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self { data: data.to_owned(), idle: Arc::default() }
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
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => database::reader(&self.data)?,
        };
        let result = {
            let snapshot = connection.transaction().map_err(StoreError::from)?;
            reader(&mut Tx::over(&snapshot))
        };
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }
}
