//! Backups of a live database, and putting one in its place.
//!
//! A backup is one file of one committed state, with a watermark that a plain copy lacks and the
//! key files that stand beside the database; nobody but its owner may read it. A restore prepares
//! the new database completely beside the old one, makes it durable, and then puts it in place; a
//! restore that was cut short after that point is finished by the next opening. What was replaced
//! stays as `hoso.db.replaced` until the next restore.

mod keys;

use std::{
    ffi::c_int,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use hoso_identity::{Epoch, Incarnation};
use rusqlite::{
    Connection, OpenFlags, TransactionBehavior,
    backup::{Backup, StepResult},
    named_params,
};

use crate::{
    columns::{blob, fixed, signed, unsigned},
    database::{self, DATABASE_NAME, Schema, remove, shared_memory_name, sync_directory},
    error::StoreError,
    log::{self, MARKER_NAME},
    meta,
    writer::Tx,
};

const MARK: &str = "CREATE TABLE watermark (
    made_at_ms INTEGER NOT NULL,
    source BLOB NOT NULL,
    generation INTEGER NOT NULL,
    life BLOB NOT NULL
) STRICT";
const PUT_MARK: &str = "INSERT INTO watermark VALUES (:made_at_ms, :source, :generation, :life)";
const NODE_LIFE: &str = "SELECT incarnation FROM facts WHERE one = 1";
const RELAY_LIFE: &str = "SELECT epoch_generation, epoch_random FROM head WHERE one = 1";
const BEGIN_READING: &str = "SELECT count(*) FROM sqlite_schema";
const READ_MARK: &str = "SELECT * FROM watermark";
const REMOVE_MARK: &str = "DROP TABLE watermark";

/// The name of the time of the last backup.
const NOTED: &str = "backup";
/// Pages of the database, 4 KiB each, that are copied between two looks.
const STEP_PAGES: c_int = 256;
/// Bytes of a backup that are copied between two looks.
const PART_BYTES: u64 = 1024 * 1024;
/// A database that is complete and durable, to be put in place by the next opening.
pub(crate) const RESTORED_NAME: &str = "hoso.db.restored";
/// What a restore is still working on.
const UNFINISHED_NAME: &str = "hoso.db.unfinished";
/// What the last restore replaced.
pub(crate) const REPLACED_NAME: &str = "hoso.db.replaced";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// When it was made, Unix milliseconds.
    pub made_at_ms: u64,
    /// The database that it was made from, as [`meta::DATABASE`] names it; empty if it does not.
    pub source: Vec<u8>,
    /// Of which life of that database.
    pub life: Life,
    /// The names of the key files that are in it.
    pub keys: Vec<&'static str>,
}

/// One life of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// A node's.
    Node(Incarnation),
    /// A relay's.
    Relay(Epoch),
}

/// Makes a backup of the database in `data` as a new file, while it is in use or not. Afterwards
/// the file is durable. `go_on` is told how much is done of all, and may stop it.
///
/// # Errors
///
/// [`StoreError::Exists`] rather than writing over a file, [`StoreError::Stopped`]; what SQLite and
/// the system say. Then there is no file.
pub fn backup(
    data: &Path,
    schema: Schema,
    file: &Path,
    made_at_ms: u64,
    go_on: impl FnMut(u64, u64) -> bool,
) -> Result<Watermark, StoreError> {
    if fs::symlink_metadata(file).is_ok() {
        return Err(StoreError::Exists(file.to_owned()));
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = file.with_file_name(name);
    let marked =
        copy(data, &part, go_on).and_then(|copy| mark(copy, (data, schema), &part, made_at_ms));
    let made = marked.and_then(|mark| {
        if fs::symlink_metadata(file).is_ok() {
            return Err(StoreError::Exists(file.to_owned()));
        }
        rename(&part, file)?;
        sync_directory(parent(file))?;
        Ok(mark)
    });
    if made.is_err() {
        remove(&part)?;
    }
    made
}

/// Notes in the database that it was backed up.
///
/// # Errors
///
/// What SQLite says.
pub fn note(tx: &mut Tx<'_>, made_at_ms: u64) -> Result<(), StoreError> {
    meta::put_meta(tx, NOTED, &made_at_ms.to_be_bytes())
}

/// When the database was last backed up, Unix milliseconds; none since it began.
///
/// # Errors
///
/// What SQLite says.
pub fn noted(tx: &mut Tx<'_>) -> Result<Option<u64>, StoreError> {
    let bytes = meta::meta(tx, NOTED)?;
    let time = bytes.as_deref().map(fixed).transpose()?;
    Ok(time.map(u64::from_be_bytes))
}

/// Checks a backup completely and reads its watermark. Changes nothing.
///
/// # Errors
///
/// [`StoreError::Backup`] for what is no backup, is damaged or is of the other program,
/// [`StoreError::Newer`] for one of a newer program.
pub fn verify(file: &Path, schema: Schema) -> Result<Watermark, StoreError> {
    check(file, file, schema)
}

/// Puts a backup in place of the database in `data`, and its key files where they are missing.
/// `before_served` runs in the restored database and commits with it: it must mint the new
/// incarnation or epoch. `copied` is told how many bytes are there of all.
///
/// # Errors
///
/// [`StoreError::InUse`] while a process works on the directory; [`StoreError::OtherKey`]; as
/// [`verify`]; `before_served`'s own; what SQLite and the system say. Until the end of a successful
/// call the old database stays.
pub fn restore<E: From<StoreError>>(
    data: &Path,
    schema: Schema,
    file: &Path,
    before_served: impl FnOnce(&mut Tx<'_>) -> Result<(), E>,
    copied: impl FnMut(u64, u64),
) -> Result<Watermark, E> {
    let lock = database::lock(data)?;
    let unfinished = data.join(UNFINISHED_NAME);
    remove(&unfinished)?;
    let restored = copy_file(file, &unfinished, copied)
        .map_err(E::from)
        .and_then(|()| prepare(&unfinished, (data, schema), file, before_served));
    if restored.is_err() {
        remove(&unfinished)?;
    }
    let (mark, keys) = restored?;
    keys::put(data, &keys)?;
    rename(&unfinished, &data.join(RESTORED_NAME))?;
    sync_directory(data)?;
    finish(data)?;
    drop(lock);
    Ok(mark)
}

/// Puts a restored database in place, if one stands ready. Every step may be cut short and begun
/// again: the log of the old database never meets the new one.
pub(crate) fn finish(data: &Path) -> Result<(), StoreError> {
    let restored = data.join(RESTORED_NAME);
    if !exists(&restored)? {
        return Ok(());
    }
    let (database, log) = (data.join(DATABASE_NAME), data.join(log::name(DATABASE_NAME)));
    let replaced_log = data.join(log::name(REPLACED_NAME));
    if exists(&database)? {
        remove(&replaced_log)?;
        rename(&database, &data.join(REPLACED_NAME))?;
    }
    if exists(&log)? {
        rename(&log, &replaced_log)?;
    }
    remove(&data.join(shared_memory_name(DATABASE_NAME)))?;
    remove(&data.join(MARKER_NAME))?;
    sync_directory(data)?;
    rename(&restored, &data.join(DATABASE_NAME))?;
    sync_directory(data)
}

/// Copies one committed state into a new file, some pages at a time.
fn copy(
    data: &Path,
    part: &Path,
    mut go_on: impl FnMut(u64, u64) -> bool,
) -> Result<Connection, StoreError> {
    // What an earlier try has left may be open to others.
    remove(part)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(part).map_err(at(part))?;
    let mut source = database::reader(data)?;
    // One snapshot for all steps, however busy the writer is.
    let snapshot = source.transaction()?;
    snapshot.query_row(BEGIN_READING, [], |_| Ok(()))?;
    let mut copy = Connection::open(part)?;
    {
        let backup = Backup::new(&snapshot, &mut copy)?;
        loop {
            match backup.step(STEP_PAGES)? {
                StepResult::Done => break,
                StepResult::More => {}
                // Both databases are ours alone: whatever it is, this is no backup.
                StepResult::Busy | StepResult::Locked | _ => return Err(StoreError::Stopped),
            }
            let progress = backup.progress();
            let all = u64::try_from(progress.pagecount).unwrap_or(0);
            let left = u64::try_from(progress.remaining).unwrap_or(0);
            if !go_on(all.saturating_sub(left), all) {
                return Err(StoreError::Stopped);
            }
        }
    }
    Ok(copy)
}

/// Marks a copy as a backup, with the keys in it, and makes it durable.
fn mark(
    mut copy: Connection,
    (data, schema): (&Path, Schema),
    part: &Path,
    made_at_ms: u64,
) -> Result<Watermark, StoreError> {
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let transaction = copy.transaction()?;
    let mut mark = mark_of(&mut Tx::over(&transaction), schema, made_at_ms)?;
    write_mark(&transaction, &mark)?;
    keys::pack(data, schema, &transaction)?;
    mark.keys = names(&keys::packed(&transaction, schema)?);
    transaction.commit()?;
    copy.close().map_err(|(_, error)| StoreError::Sql(error))?;
    sync_file(part)?;
    Ok(mark)
}

/// Makes the restored database complete and durable under a name of its own.
fn prepare<E: From<StoreError>>(
    unfinished: &Path,
    (data, schema): (&Path, Schema),
    file: &Path,
    before_served: impl FnOnce(&mut Tx<'_>) -> Result<(), E>,
) -> Result<(Watermark, keys::Keys), E> {
    let mark = check(unfinished, file, schema)?;
    let mut connection = Connection::open(unfinished).map_err(StoreError::from)?;
    let keys = keys::unpack(&connection, schema)?;
    keys::compare(data, &keys)?;
    database::migrate(&mut connection, schema, schema.migrations())?;
    {
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(StoreError::from)?;
        transaction.execute(REMOVE_MARK, []).map_err(StoreError::from)?;
        log::reset(&transaction)?;
        before_served(&mut Tx::over(&transaction))?;
        transaction.commit().map_err(StoreError::from)?;
    }
    connection.close().map_err(|(_, error)| StoreError::Sql(error))?;
    sync_file(unfinished)?;
    Ok((mark, keys))
}

/// Copies a backup to where it shall stand, whatever its mode was.
fn copy_file(from: &Path, to: &Path, mut copied: impl FnMut(u64, u64)) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(at(from))?;
    let all = source.metadata().map_err(at(from))?.len();
    let mut options = OpenOptions::new();
    let target = options.write(true).create_new(true).mode(0o600).open(to);
    let mut target = target.map_err(at(to))?;
    let mut done = 0_u64;
    loop {
        let part = io::copy(&mut Read::by_ref(&mut source).take(PART_BYTES), &mut target);
        let part = part.map_err(at(from))?;
        if part == 0 {
            return Ok(());
        }
        done = done.saturating_add(part);
        copied(done, all);
    }
}

/// Checks the backup at `path`; errors name it as `named`.
fn check(path: &Path, named: &Path, schema: Schema) -> Result<Watermark, StoreError> {
    let unusable = || StoreError::Backup(named.to_owned());
    // Opening a copy that still names a log would leave files beside it.
    if !stands_alone(path).map_err(at(named))? {
        return Err(unusable());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|_| unusable())?;
    match database::version(&connection, schema, schema.migrations().len()) {
        Ok(1..) => {}
        Err(newer @ StoreError::Newer { .. }) => return Err(newer),
        Ok(_) | Err(_) => return Err(unusable()),
    }
    let verdict = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
    let verdict: String = verdict.map_err(|_| unusable())?;
    if verdict != "ok" {
        return Err(unusable());
    }
    read_mark(&connection, schema).map_err(|_| unusable())
}

/// Whether the file is a database that needs no log: bytes 18 and 19 of SQLite's header.
fn stands_alone(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(20).read_to_end(&mut start)?;
    Ok(start.starts_with(b"SQLite format 3\0") && start.ends_with(&[1, 1]) && start.len() == 20)
}

/// Which life of a database this is; none before it has begun. Every schema that there ever was can
/// be asked.
pub(crate) fn life(connection: &Connection, schema: Schema) -> Result<Option<Life>, StoreError> {
    let sql = match schema {
        Schema::Node => NODE_LIFE,
        Schema::Relay => RELAY_LIFE,
    };
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(match schema {
        Schema::Node => Life::Node(Incarnation(blob(row, "incarnation")?)),
        Schema::Relay => {
            let generation = row.get("epoch_generation")?;
            Life::Relay(Epoch { generation, random: blob(row, "epoch_random")? })
        }
    }))
}

fn mark_of(tx: &mut Tx<'_>, schema: Schema, made_at_ms: u64) -> Result<Watermark, StoreError> {
    let life = life(tx.connection, schema)?.ok_or(StoreError::Damaged("life"))?;
    let source = meta::meta(tx, meta::DATABASE)?.unwrap_or_default();
    Ok(Watermark { made_at_ms, source, life, keys: Vec::new() })
}

fn names(keys: &keys::Keys) -> Vec<&'static str> {
    keys.iter().map(|(name, _)| *name).collect()
}

fn write_mark(connection: &Connection, mark: &Watermark) -> Result<(), StoreError> {
    let (generation, life) = match mark.life {
        Life::Node(incarnation) => (0, incarnation.0.to_vec()),
        Life::Relay(epoch) => (epoch.generation, epoch.random.to_vec()),
    };
    connection.execute_batch(MARK)?;
    connection.execute(
        PUT_MARK,
        named_params! {
            ":made_at_ms": signed(mark.made_at_ms),
            ":source": mark.source,
            ":generation": generation,
            ":life": life,
        },
    )?;
    Ok(())
}

fn read_mark(connection: &Connection, schema: Schema) -> Result<Watermark, StoreError> {
    let mut statement = connection.prepare(READ_MARK)?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or(StoreError::Damaged("watermark"))?;
    let life = match schema {
        Schema::Node => Life::Node(Incarnation(blob(row, "life")?)),
        Schema::Relay => {
            let generation = row.get("generation")?;
            Life::Relay(Epoch { generation, random: blob(row, "life")? })
        }
    };
    let made_at_ms = unsigned(row.get("made_at_ms")?)?;
    let keys = names(&keys::packed(connection, schema)?);
    Ok(Watermark { made_at_ms, source: row.get("source")?, life, keys })
}

fn parent(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(at(from))
}

fn sync_file(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(at(path))
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path: PathBuf = path.to_owned();
    move |source| StoreError::File { path, source }
}
