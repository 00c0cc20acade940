//! A data directory for one test, opened as a program opens it.

use std::path::Path;

use hoso_store::{
    StoreError,
    database::{Database, Schema},
    readers::Readers,
    writer::{Tx, Writer, WriterThread},
};
use tempfile::TempDir;

/// A running store over a directory of its own.
pub(crate) struct Scene {
    pub(crate) directory: TempDir,
    running: Option<(Writer, WriterThread)>,
    schema: Schema,
}

impl Scene {
    pub(crate) fn node() -> Self {
        Self::of(Schema::Node)
    }

    pub(crate) fn relay() -> Self {
        Self::of(Schema::Relay)
    }

    fn of(schema: Schema) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let running = Some(start(directory.path(), schema).unwrap());
        Self { directory, running, schema }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.running.as_ref().unwrap().0
    }

    /// Writes in one transaction and waits for its commit.
    pub(crate) fn write<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> R {
        self.try_write(job).unwrap()
    }

    pub(crate) fn try_write<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.writer().write_blocking(job)
    }

    pub(crate) fn read<R>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<R, StoreError>) -> R {
        Readers::of(self.path()).read(job).unwrap()
    }

    /// Ends orderly.
    pub(crate) fn close(&mut self) {
        if let Some((writer, thread)) = self.running.take() {
            drop(writer);
            thread.join().unwrap();
        }
    }

    /// Ends orderly and begins again.
    pub(crate) fn reopen(&mut self) {
        self.close();
        self.running = Some(start(self.path(), self.schema).unwrap());
    }
}

/// Opens a directory and starts its writer.
pub(crate) fn start(path: &Path, schema: Schema) -> Result<(Writer, WriterThread), StoreError> {
    Writer::start(Database::open(path, schema)?, |_| {})
}
