//! What every image must be: it opens, it is whole, and it holds what was acknowledged.

use std::path::Path;

use hoso_identity::{DocumentId, Entry, Kind};
use hoso_registry::EventKind;
use hoso_store::{
    StoreError, backup,
    database::{self, Database, Schema},
    readers::Readers,
    serial::Serials,
    tables::{JournalTables, LedgerTables, Standing},
    writer::Tx,
};

/// Something that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// So many changes of a dossier.
    Entries(DocumentId, usize),
    /// A number of a code: station, day, counter.
    Number(u16, u32, u16),
    /// A backup in a file of this name.
    Backup(String),
}

/// What the test has written down: a promise, or that a restore takes the later ones back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Something was acknowledged.
    Promise(Promise),
    /// A backup is about to be put in place: what was promised after it is lost on purpose.
    BackTo(String),
}

impl Mark {
    /// As it stands in the log.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Promise(promise) => promise.to_text(),
            Self::BackTo(name) => format!("back {name}"),
        }
    }

    /// What stands in the log.
    ///
    /// # Panics
    ///
    /// For other words.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        match text.strip_prefix("back ") {
            Some(name) => Self::BackTo(name.to_owned()),
            None => Self::Promise(Promise::of_text(text)),
        }
    }

    /// What holds from here on.
    pub fn follow(self, held: &mut Vec<Promise>) {
        match self {
            Self::Promise(promise) => held.push(promise),
            Self::BackTo(name) => {
                let made =
                    held.iter().position(|promise| *promise == Promise::Backup(name.clone()));
                held.truncate(made.map_or(0, |made| made + 1));
            }
        }
    }
}

impl Promise {
    fn to_text(&self) -> String {
        match self {
            Self::Entries(document, count) => format!("entries {document} {count}"),
            Self::Number(station, day, counter) => format!("number {station} {day} {counter}"),
            Self::Backup(name) => format!("backup {name}"),
        }
    }

    fn of_text(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |text: &str| text.parse::<u32>().expect("a number");
        match words.as_slice() {
            ["entries", document, count] => {
                let document = DocumentId::from_hex(document).expect("a dossier");
                Self::Entries(document, count.parse().expect("a count"))
            }
            ["number", station, day, counter] => {
                let short = |text| u16::try_from(number(text)).expect("a short number");
                Self::Number(short(station), number(day), short(counter))
            }
            ["backup", name] => Self::Backup((*name).to_owned()),
            _ => panic!("no promise: {text}"),
        }
    }
}

/// Holds an image against what was acknowledged before the cut; gives what is wrong.
///
/// # Errors
///
/// In words.
pub fn judge(image: &Path, schema: Schema, promises: &[Promise]) -> Result<(), String> {
    let database = Database::open(image, schema).map_err(|error| format!("open: {error}"))?;
    let whole: Result<_, StoreError> = Readers::of(image).read(|tx| {
        database::whole(tx)?;
        let entries = promises.iter().filter_map(|promise| match promise {
            Promise::Entries(document, count) => Some((document, *count)),
            Promise::Number(..) | Promise::Backup(_) => None,
        });
        for (document, count) in entries {
            let found = held(tx, schema, document)?;
            if found < count {
                return Ok(Some(format!("{document} has {found} of {count} changes")));
            }
        }
        Ok(None)
    });
    match whole {
        Err(error) => return Err(format!("read: {error}")),
        Ok(Some(lost)) => return Err(lost),
        Ok(None) => {}
    }
    drop(database);
    for promise in promises {
        match promise {
            Promise::Number(station, day, counter) => {
                let next =
                    Serials::open(image).and_then(|mut serials| serials.next(*station, *day));
                let next = next.map_err(|error: StoreError| format!("serials: {error}"))?;
                if next <= *counter {
                    return Err(format!("number {next} of {station} would be given again"));
                }
            }
            Promise::Backup(name) => {
                let verified = backup::verify(&image.join(name), schema);
                verified.map_err(|error| format!("{name}: {error}"))?;
            }
            Promise::Entries(..) => {}
        }
    }
    Ok(())
}

/// How many changes of a dossier count there: that somebody has read it is promised to nobody.
fn held(tx: &mut Tx<'_>, schema: Schema, document: &DocumentId) -> Result<usize, StoreError> {
    let is_change = |kind: Kind| kind != EventKind::Opened.kind();
    match schema {
        Schema::Relay => {
            let mut found = 0;
            for id in LedgerTables::document(tx, document)? {
                let entry = LedgerTables::entry(tx, &id)?;
                let entry = entry.and_then(|entry| Entry::decode(&entry.bytes).ok());
                found += usize::from(entry.is_some_and(|entry| is_change(entry.header().kind)));
            }
            Ok(found)
        }
        Schema::Node => {
            let entries = JournalTables::document(tx, document)?.into_iter();
            let counts = entries.filter(|entry| entry.standing == Standing::Counts);
            Ok(counts.filter(|entry| is_change(entry.kind)).count())
        }
    }
}
