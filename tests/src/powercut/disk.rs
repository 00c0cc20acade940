//! A disk that knows what was written and what was synced.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rand::{Rng, RngExt};

use super::recorder::Record;

/// Bytes that are written whole or not at all.
const SECTOR: usize = 512;

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Synced,
    /// Everything.
    Written,
    /// Each sector with this chance in a hundred.
    Torn(u32),
}

/// The files of one directory.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: Vec<Contents>,
    /// Names as they are on the disk.
    synced: BTreeMap<String, usize>,
    /// Names as the program sees them.
    names: BTreeMap<String, usize>,
    /// Changes of names since the last sync of their directory, in order.
    changes: Vec<Change>,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    synced: Vec<u8>,
    writes: Vec<Write>,
}

#[derive(Clone, Debug)]
enum Write {
    At(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug)]
enum Change {
    Link(String, usize),
    Unlink(String),
    Rename(String, String),
}

impl Change {
    fn is_in(&self, directory: &str) -> bool {
        let (Self::Link(name, _) | Self::Unlink(name) | Self::Rename(_, name)) = self;
        name.rsplit_once('/').map_or("", |(parent, _)| parent) == directory
    }

    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Link(name, file) => drop(names.insert(name.clone(), *file)),
            Self::Unlink(name) => drop(names.remove(name)),
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

impl Disk {
    /// The disk under a directory of which all is synced.
    ///
    /// # Panics
    ///
    /// When the directory cannot be read.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        let mut disk = Self::default();
        for entry in fs::read_dir(directory).expect("a directory") {
            let path: PathBuf = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            if path.is_file() && !name.ends_with("-shm") {
                let synced = fs::read(&path).expect("a file");
                disk.names.insert(name, disk.files.len());
                disk.files.push(Contents { synced, writes: Vec::new() });
            }
        }
        disk.synced = disk.names.clone();
        disk
    }

    /// Does what was written down; marks do nothing.
    pub fn follow(&mut self, record: &Record) {
        match record {
            Record::Write { name, at, bytes } => {
                self.file(name).writes.push(Write::At(*at, bytes.clone()));
            }
            Record::Truncate { name, length } => {
                self.file(name).writes.push(Write::Length(*length));
            }
            Record::Sync { name } => {
                let file = self.file(name);
                for write in std::mem::take(&mut file.writes) {
                    land(&mut file.synced, &write, &mut |_| true);
                }
            }
            Record::SyncDirectory { name } => {
                let (synced, open) =
                    std::mem::take(&mut self.changes).into_iter().partition(|it| it.is_in(name));
                self.changes = open;
                let synced: Vec<Change> = synced;
                synced.iter().for_each(|change| change.apply(&mut self.synced));
            }
            Record::Rename { from, to } => self.change(Change::Rename(from.clone(), to.clone())),
            Record::Unlink { name } => self.change(Change::Unlink(name.clone())),
            Record::Create { name } => {
                self.files.push(Contents::default());
                self.change(Change::Link(name.clone(), self.files.len() - 1));
            }
            Record::Mark { .. } => {}
        }
    }

    /// The files as a cut leaves them.
    pub fn after(&self, cut: Cut, dice: &mut impl Rng) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.synced.clone();
        let some = match cut {
            Cut::Synced => 0,
            Cut::Written => self.changes.len(),
            Cut::Torn(_) => dice.random_range(0..=self.changes.len()),
        };
        self.changes.iter().take(some).for_each(|change| change.apply(&mut names));
        let left = |file: usize, dice: &mut _| {
            let contents = &self.files[file];
            let mut bytes = contents.synced.clone();
            for write in &contents.writes {
                land(&mut bytes, write, &mut |_| match cut {
                    Cut::Synced => false,
                    Cut::Written => true,
                    Cut::Torn(chance) => RngExt::random_ratio(dice, chance, 100),
                });
            }
            bytes
        };
        names.into_iter().map(|(name, file)| (name, left(file, dice))).collect()
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    fn file(&mut self, name: &str) -> &mut Contents {
        let file = *self.names.get(name).unwrap_or_else(|| panic!("{name} was never made"));
        &mut self.files[file]
    }
}

/// Lets the parts of a write arrive that `arrives` lets through.
fn land(bytes: &mut Vec<u8>, write: &Write, arrives: &mut dyn FnMut(usize) -> bool) {
    match write {
        Write::Length(length) => {
            if arrives(*length) {
                bytes.resize(*length, 0);
            }
        }
        Write::At(at, new) => {
            let (mut place, mut rest) = (*at, new.as_slice());
            while !rest.is_empty() {
                let room = (SECTOR - place % SECTOR).min(rest.len());
                let (sector, later) = rest.split_at(room);
                if arrives(place) {
                    if bytes.len() < place + room {
                        bytes.resize(place + room, 0);
                    }
                    bytes[place..place + room].copy_from_slice(sector);
                }
                (place, rest) = (place + room, later);
            }
        }
    }
}
