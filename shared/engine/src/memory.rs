//! A program's memory: the writer, the readers, and what the rest of the program is told of each
//! commit: the registry as the stored statements have it, how far the journal goes, whether the
//! link is wanted.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hoso_identity::{DocumentId, Entry, Position, Realm};
use hoso_registry::{Placed, State, Statement, replay};
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    journal, ledger, link,
    readers::Readers,
    tables::{JournalTables, Standing},
    writer::{Commit, Hindrance, Tx, Writer, WriterThread},
};
use tokio::sync::watch;

use crate::admission::Registrar;

/// Clones share everything.
#[derive(Clone, Debug)]
pub struct Memory {
    writer: Writer,
    readers: Readers,
    schema: Schema,
    realm: Realm,
    crashed: bool,
    /// What the writer's next job decides by; it runs ahead of what is published by one commit.
    written: Arc<Mutex<Written>>,
    published: Arc<Published>,
}

/// What the jobs of the next commit have made.
#[derive(Clone, Debug)]
struct Written {
    state: Arc<State>,
    own: Own,
}

/// What a node's link acts upon.
#[derive(Clone, Copy, Debug)]
struct Own {
    journal_head: u64,
    link_wanted: bool,
}

/// What is durable.
#[derive(Debug)]
struct Published {
    state: watch::Sender<Arc<State>>,
    journal_head: watch::Sender<u64>,
    link_wanted: watch::Sender<bool>,
}

impl Memory {
    /// Takes a database, reads its statements and starts the writer. `realm` finds the one of the
    /// invitation, for a registry that is still empty; `committed` is called with the time of each
    /// commit.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub fn open(
        data: &Path,
        schema: Schema,
        realm: impl FnOnce(&mut Tx<'_>) -> Result<Realm, StoreError>,
        committed: impl Fn(Duration) + Send + 'static,
    ) -> Result<(Self, WriterThread), StoreError> {
        let database = Database::open(data, schema)?;
        let crashed = database.crashed();
        let readers = Readers::of(data);
        let (state, own) = readers
            .read(|tx| Ok::<_, StoreError>((Arc::new(registry(tx, schema)?), own(tx, schema)?)))?;
        let realm = match state.realm() {
            Some(realm) => realm,
            None => readers.read(realm)?,
        };
        let published = Arc::new(Published {
            state: watch::Sender::new(Arc::clone(&state)),
            journal_head: watch::Sender::new(own.journal_head),
            link_wanted: watch::Sender::new(own.link_wanted),
        });
        let written = Arc::new(Mutex::new(Written { state, own }));
        let (from, to) = (Arc::clone(&written), Arc::clone(&published));
        let (writer, thread) = Writer::start(database, move |commit| match commit {
            Commit::Durable(took) => {
                to.publish(&from);
                committed(took);
            }
            Commit::Undone => to.undo(&from),
        })?;
        Ok((Self { writer, readers, schema, realm, crashed, written, published }, thread))
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> Realm {
        self.realm
    }

    /// Whether the last process that worked on this database did not end in order.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.crashed
    }

    /// The registry as it is committed.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.published.state.borrow())
    }

    /// Sees the registry change.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<Arc<State>> {
        self.published.state.subscribe()
    }

    /// Sees a node's journal grow: its highest number, as it is committed.
    #[must_use]
    pub fn journal(&self) -> watch::Receiver<u64> {
        self.published.journal_head.subscribe()
    }

    /// Sees a node's link being switched, as it is committed.
    #[must_use]
    pub fn link_wanted(&self) -> watch::Receiver<bool> {
        self.published.link_wanted.subscribe()
    }

    /// Whether a commit has failed, so that nothing is saved until a new start.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.writer.is_dead()
    }

    /// Why the disk took nothing of the last commit, if it did not.
    #[must_use]
    pub fn hindrance(&self) -> Option<Hindrance> {
        self.writer.hindrance()
    }

    /// Writes in one transaction, with the registry's verdict at hand; gives the result when it is
    /// durable. `sender_ended`: nothing that was brought counts.
    ///
    /// # Errors
    ///
    /// The job's own, and [`StoreError`] of the commit.
    pub async fn write<R, E>(
        &self,
        sender_ended: bool,
        job: impl FnOnce(&mut Tx<'_>, &mut Registrar) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (written, schema, realm) = (Arc::clone(&self.written), self.schema, self.realm);
        let write = self.writer.write(move |tx| {
            let before = locked(&written).state.clone();
            let registrar = Registrar::new(before, realm);
            let mut registrar = if sender_ended { registrar.of_ended_sender() } else { registrar };
            let result = job(tx, &mut registrar)?;
            let (before, statements) = registrar.finish();
            let state = if statements > 0 { Arc::new(registry(tx, schema)?) } else { before };
            *locked(&written) = Written { state, own: own(tx, schema)? };
            Ok(result)
        });
        write.await
    }

    /// Reads one consistent state, off the async threads.
    ///
    /// # Errors
    ///
    /// The reader's own, or what SQLite says.
    pub async fn read<R, E>(
        &self,
        reader: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = self.readers.clone();
        let read = tokio::task::spawn_blocking(move || readers.read(reader));
        read.await.unwrap_or_else(|_| Err(StoreError::Dead.into()))
    }
}

impl Published {
    /// Publishes what has been written. Called by the writer between its commits, so that it is
    /// what is durable, and also when whoever asked for the write has gone away.
    fn publish(&self, written: &Mutex<Written>) {
        let Written { state: newest, own } = locked(written).clone();
        self.state.send_if_modified(|state| {
            let changed = !Arc::ptr_eq(state, &newest);
            *state = newest;
            changed
        });
        set(&self.journal_head, own.journal_head);
        set(&self.link_wanted, own.link_wanted);
    }

    /// Forgets what has been written since: the next job must decide by what is durable.
    fn undo(&self, written: &Mutex<Written>) {
        let own = Own {
            journal_head: *self.journal_head.borrow(),
            link_wanted: *self.link_wanted.borrow(),
        };
        *locked(written) = Written { state: Arc::clone(&self.state.borrow()), own };
    }
}

/// Tells a value, if it is another one.
fn set<T: PartialEq>(sender: &watch::Sender<T>, newest: T) {
    sender.send_if_modified(|value| {
        let changed = *value != newest;
        *value = newest;
        changed
    });
}

/// The data behind the lock; a panic elsewhere cannot have left it half written.
fn locked(written: &Mutex<Written>) -> MutexGuard<'_, Written> {
    written.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a node's link acts upon; a relay has no journal and dials nobody.
fn own(tx: &mut Tx<'_>, schema: Schema) -> Result<Own, StoreError> {
    match schema {
        Schema::Relay => Ok(Own { journal_head: 0, link_wanted: false }),
        Schema::Node => {
            Ok(Own { journal_head: journal::head(tx)?, link_wanted: link::wanted(tx)? })
        }
    }
}

/// A statement as it is stored, with its position.
type Stored = (Vec<u8>, Option<Position>);

/// The registry that the stored statements make.
fn registry(tx: &mut Tx<'_>, schema: Schema) -> Result<State, StoreError> {
    let stored: Vec<Stored> = match schema {
        Schema::Relay => ledger::statements(tx)?
            .into_iter()
            .map(|entry| (entry.bytes, Some(entry.position)))
            .collect(),
        Schema::Node => counting(tx)?,
    };
    let mut read: Vec<(Entry, Statement, Option<Position>)> = Vec::with_capacity(stored.len());
    for (bytes, position) in stored {
        let entry = Entry::decode(&bytes).map_err(|_| StoreError::Damaged("a statement"))?;
        // A kind of tomorrow is kept and says nothing to this program.
        if let Ok(statement) = Statement::decode(entry.header().kind, entry.payload()) {
            read.push((entry, statement, position));
        }
    }
    Ok(replay(read.iter().map(|(entry, statement, position)| Placed {
        header: entry.header(),
        id: entry.id(),
        statement,
        position: *position,
    })))
}

/// The statements at a node that have effect.
fn counting(tx: &mut Tx<'_>) -> Result<Vec<Stored>, StoreError> {
    let all = JournalTables::document(tx, &DocumentId::ZERO)?;
    let counting = all.into_iter().filter(|entry| entry.standing == Standing::Counts);
    Ok(counting.map(|entry| (entry.bytes, entry.position)).collect())
}
