//! A newer program on the database of an older one: of every schema that there ever was a database
//! is made by the migrations, which never change, with rows as they were then. It becomes today's
//! without losing anything, and leaves a backup for the older program.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hoso_store::{
    StoreError,
    backup::{self, Life},
    database::{self, Database, Schema},
    readers::Readers,
    tables::{JournalTables, LedgerTables},
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    processes::child,
    rows_of_then::{BYTES, ENTRY, EPOCH, LIFE, OF_A_NODE, OF_A_RELAY, RowsOfThen, spelled},
    scene::start,
};

/// Where the migrations are.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/migrations");

/// A schema of the past, or today's.
#[derive(Clone, Copy, Debug)]
struct Then {
    schema: Schema,
    number: usize,
}

/// All of them, the oldest of each program first.
fn all() -> Vec<Then> {
    let of = |schema| (1..=migrations(schema).len()).map(move |number| Then { schema, number });
    of(Schema::Node).chain(of(Schema::Relay)).collect()
}

/// The node's schema of that number.
fn node(number: usize) -> Then {
    Then { schema: Schema::Node, number }
}

/// The migrations of a program, in their order.
fn migrations(schema: Schema) -> Vec<String> {
    let program = if schema == Schema::Node { "node" } else { "relay" };
    let files = fs::read_dir(Path::new(MIGRATIONS).join(program)).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

impl Then {
    /// A directory as a program of that schema left it in order.
    fn left(self) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let file = Connection::open(directory.path().join("hoso.db")).unwrap();
        file.pragma_update(None, "synchronous", "OFF").unwrap();
        for (number, step) in (1..=self.number).zip(migrations(self.schema)) {
            file.execute_batch(&step).unwrap();
            for rows in self.rows().iter().filter(|rows| rows.since == number) {
                file.execute_batch(&spelled(rows.put)).unwrap();
            }
        }
        let id = if self.schema == Schema::Node { 0x486f_736e } else { 0x486f_7372 };
        file.pragma_update(None, "application_id", id).unwrap();
        file.pragma_update(None, "user_version", i64::try_from(self.number).unwrap()).unwrap();
        file.execute_batch("PRAGMA journal_mode = WAL").unwrap();
        file.close().unwrap();
        fs::write(directory.path().join("hoso.open"), "1 closed").unwrap();
        directory
    }

    fn rows(self) -> &'static [RowsOfThen] {
        if self.schema == Schema::Node { OF_A_NODE } else { OF_A_RELAY }
    }

    fn is_todays(self) -> bool {
        self.number == migrations(self.schema).len()
    }

    /// Where the older program's backup stands.
    fn backup(self, directory: &Path) -> PathBuf {
        directory.join(format!("hoso.db.schema-{}", self.number))
    }

    /// Opens the directory as today's program does, and looks whether all of it is there.
    fn has_everything(self, directory: &Path) {
        let (writer, thread) = start(directory, self.schema).unwrap();
        let read = Readers::of(directory).read(|tx| {
            database::whole(tx)?;
            match self.schema {
                Schema::Node => {
                    assert_eq!(tx.facts()?.incarnation, LIFE);
                    let journal = tx.journal_after(0, 9)?;
                    let told = journal.iter().map(|entry| (entry.id, entry.bytes.as_slice()));
                    assert!(told.eq([(ENTRY, BYTES)]));
                }
                Schema::Relay => {
                    assert_eq!(tx.head()?.epoch, EPOCH);
                    let entry = LedgerTables::entry(tx, &ENTRY)?.unwrap();
                    assert_eq!((entry.bytes.as_slice(), entry.position.number), (BYTES, 41));
                }
            }
            Ok::<_, StoreError>(())
        });
        read.unwrap();
        drop(writer);
        thread.join().unwrap();
        let file = Connection::open(directory.join("hoso.db")).unwrap();
        assert_eq!(version(&file), migrations(self.schema).len());
        for rows in self.rows().iter().filter(|rows| rows.since <= self.number) {
            let asked = format!("SELECT count(*) FROM {}", spelled(rows.now));
            let found: i64 = file.query_row(&asked, [], |row| row.get(0)).unwrap();
            assert_eq!(found, 1, "{self:?}: {asked}");
        }
    }
}

fn version(file: &Connection) -> usize {
    let number: i64 = file.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    usize::try_from(number).unwrap()
}

/// The tables and indexes of a database, but for those that make it a backup.
fn shape(file: &Connection) -> Vec<String> {
    let mut statement = file
        .prepare(
            "SELECT coalesce(sql, name) FROM sqlite_schema
            WHERE tbl_name NOT IN ('watermark', 'key_file') ORDER BY name",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_schema_that_there_ever_was_becomes_todays_with_everything_in_it() {
    for then in all() {
        let directory = then.left();
        then.has_everything(directory.path());
    }
}

#[test]
fn no_table_of_today_is_without_rows_of_the_time_when_it_came() {
    for then in all().into_iter().filter(|then| then.is_todays()) {
        let directory = then.left();
        let file = Connection::open(directory.path().join("hoso.db")).unwrap();
        let mut statement = file
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
                AND name NOT GLOB 'record_word*'",
            )
            .unwrap();
        let tables = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            let counted = format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1)");
            let rows: i64 = file.query_row(&counted, [], |row| row.get(0)).unwrap();
            assert_eq!(rows, 1, "{table} has none in rows_of_then.rs");
        }
    }
}

#[test]
fn before_a_schema_is_changed_a_backup_is_made_that_the_older_program_can_restore() {
    for then in all() {
        let directory = then.left();
        fs::write(directory.path().join("age.key"), b"a key").unwrap();
        let before = shape(&Connection::open(directory.path().join("hoso.db")).unwrap());
        then.has_everything(directory.path());
        let file = then.backup(directory.path());
        assert_eq!(file.exists(), !then.is_todays(), "{then:?}");
        if then.is_todays() {
            continue;
        }
        let mark = backup::verify(&file, then.schema).unwrap();
        let life = match then.schema {
            Schema::Node => Life::Node(LIFE),
            Schema::Relay => Life::Relay(EPOCH),
        };
        assert_eq!((mark.life, mark.keys.as_slice()), (life, ["age.key"].as_slice()));
        let copy = Connection::open(&file).unwrap();
        assert_eq!(version(&copy), then.number, "as the older program knows it");
        assert_eq!(shape(&copy), before, "{then:?}");
        copy.close().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let none = |_: &mut hoso_store::writer::Tx<'_>| Ok::<_, StoreError>(());
        backup::restore(elsewhere.path(), then.schema, &file, none, |_, _| {}).unwrap();
        then.has_everything(elsewhere.path());
    }
}

#[test]
fn of_several_changes_only_the_last_ones_backup_is_kept() {
    let directory = node(3).left();
    fs::write(node(1).backup(directory.path()), b"of long ago").unwrap();
    node(3).has_everything(directory.path());
    assert!(!node(1).backup(directory.path()).exists());
    assert!(node(3).backup(directory.path()).exists());
}

#[test]
fn a_step_that_fails_leaves_the_database_as_before_it_and_the_backup_of_the_first_start() {
    let steps = migrations(Schema::Node);
    let failing = 1 + steps.iter().position(|step| step.contains("record_newer")).unwrap();
    let then = node(failing - 3);
    let directory = then.left();
    let planted = |sql: &str| {
        let file = Connection::open(directory.path().join("hoso.db")).unwrap();
        file.execute_batch(sql).unwrap();
        (version(&file), shape(&file))
    };
    // The step makes an index of this name after its other work.
    planted("CREATE INDEX record_newer ON record (document)");
    let failed = Database::open(directory.path(), Schema::Node).unwrap_err();
    assert!(matches!(failed, StoreError::Sql(_)), "{failed}");
    let (number, shape) = planted("");
    assert_eq!(number, failing - 1, "the steps before it are done");
    assert!(!shape.iter().any(|sql| sql.contains("needs_newer INTEGER")), "it has left nothing");
    let first = fs::read(then.backup(directory.path())).unwrap();
    planted("DROP INDEX record_newer");
    then.has_everything(directory.path());
    assert_eq!(fs::read(then.backup(directory.path())).unwrap(), first);
    assert!(!node(failing - 1).backup(directory.path()).exists(), "no program knows that one");
    assert!(!directory.path().join("hoso.db.upgrading").exists());
}

#[test]
fn a_change_of_schema_that_was_killed_half_way_is_finished_at_the_next_start() {
    const KILLS: u64 = 12;
    const STEP_BYTES: u64 = 16 * 1024;
    let (newest, then) = (migrations(Schema::Node).len(), node(2));
    let (mut untouched, mut half, mut whole) = (0, 0, 0);
    for kill in 0..KILLS {
        let directory = then.left();
        let mut upgrader = child("upgrader", directory.path()).spawn().unwrap();
        let path = directory.path();
        let begun = || path.join("hoso.db.upgrading").exists();
        let grown = || fs::metadata(path.join("hoso.db-wal")).map_or(0, |log| log.len());
        while !(begun() && grown() >= STEP_BYTES * kill) {
            if upgrader.try_wait().unwrap().is_some() {
                break;
            }
        }
        // It may have ended meanwhile.
        upgrader.kill().unwrap();
        upgrader.wait().unwrap();
        let file = Connection::open(path.join("hoso.db")).unwrap();
        file.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .unwrap();
        match version(&file) {
            number if number == then.number => untouched += 1,
            number if number == newest => whole += 1,
            number => {
                assert!((then.number..newest).contains(&number));
                half += 1;
            }
        }
        file.close().unwrap();
        assert_eq!(
            backup::verify(&then.backup(path), Schema::Node).unwrap().life,
            Life::Node(LIFE)
        );
        then.has_everything(path);
        let copy = Connection::open(then.backup(path)).unwrap();
        assert_eq!(version(&copy), then.number, "after kill {kill}");
    }
    println!("   {KILLS} kills while upgrading: {untouched} before, {half} between, {whole} after");
    assert!(half > 0, "no kill fell between two steps");
}

/// What the child does that is killed.
pub(crate) fn upgrade(directory: &Path) {
    drop(Database::open(directory, Schema::Node).unwrap());
}

#[test]
fn who_has_gone_back_to_the_older_program_gets_a_new_backup_at_the_next_change() {
    let then = node(5);
    let directory = then.left();
    fs::write(then.backup(directory.path()), b"from which the older program went on").unwrap();
    fs::write(directory.path().join("hoso.db.upgrading"), b"5").unwrap();
    then.has_everything(directory.path());
    assert!(backup::verify(&then.backup(directory.path()), Schema::Node).is_ok());
}

#[test]
fn an_older_program_refuses_a_newer_database_and_names_the_backup_from_before_the_change() {
    let then = node(7);
    let directory = then.left();
    then.has_everything(directory.path());
    let file = Connection::open(directory.path().join("hoso.db")).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    file.close().unwrap();
    let refused = Database::open(directory.path(), Schema::Node).unwrap_err();
    let StoreError::Newer { found: 99, before, .. } = &refused else { panic!("{refused}") };
    assert_eq!(before.as_deref(), Some(then.backup(directory.path()).as_path()));
    let sentence = refused.to_string();
    assert!(sentence.contains("hoso.db.schema-7"), "{sentence}");
    // A backup that is newer than this program helps nobody.
    fs::rename(then.backup(directory.path()), node(98).backup(directory.path())).unwrap();
    let refused = Database::open(directory.path(), Schema::Node).unwrap_err();
    assert!(matches!(refused, StoreError::Newer { before: None, .. }), "{refused}");
}

#[test]
fn a_schema_is_not_changed_where_its_backup_cannot_be_written() {
    let then = node(1);
    let directory = then.left();
    let before = fs::read(directory.path().join("hoso.db")).unwrap();
    // Something stands where the backup is to be written.
    fs::create_dir_all(directory.path().join("hoso.db.schema-1.part/full")).unwrap();
    let refused = Database::open(directory.path(), Schema::Node).unwrap_err();
    assert!(matches!(refused, StoreError::File { .. }), "{refused}");
    assert_eq!(fs::read(directory.path().join("hoso.db")).unwrap(), before);
}
