//! The library that is preloaded into the programs, and the log that it writes.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// The library's source.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/powercut/recorder.c");
/// The kind of a record that the test writes itself.
const MARK: u8 = 100;

/// One program's recorder: what its processes do to one directory.
#[derive(Clone, Debug)]
pub struct Recorder {
    library: PathBuf,
    directory: PathBuf,
    log: Option<PathBuf>,
    faults: PathBuf,
}

/// What is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Bytes at a place of a file.
    Write {
        /// The file.
        name: String,
        /// The place.
        at: usize,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The file has this length from now on.
    Truncate {
        /// The file.
        name: String,
        /// Bytes.
        length: usize,
    },
    /// A file's contents were synced.
    Sync {
        /// The file.
        name: String,
    },
    /// A directory's names were synced.
    SyncDirectory {
        /// The directory, empty for the recorded one.
        name: String,
    },
    /// A file has a new name.
    Rename {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
    },
    /// A name is gone.
    Unlink {
        /// The name.
        name: String,
    },
    /// A new empty file.
    Create {
        /// The name.
        name: String,
    },
    /// What the test has seen acknowledged.
    Mark {
        /// In the words of the test.
        text: String,
    },
}

impl Recorder {
    /// Builds the library beside the directory that it shall watch.
    ///
    /// # Panics
    ///
    /// When the C compiler is missing or refuses.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        let library = directory.with_extension("recorder.so");
        let faults = directory.with_extension("faults");
        fs::create_dir_all(&faults).expect("a directory for faults");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", SOURCE, "-o"])
            .arg(&library)
            .arg("-ldl")
            .status();
        assert!(built.is_ok_and(|status| status.success()), "cc cannot build {SOURCE}");
        Self { library, directory: directory.to_owned(), log: None, faults }
    }

    /// The same, writing a log.
    #[must_use]
    pub fn with_log(mut self) -> Self {
        self.log = Some(self.directory.with_extension("record"));
        self
    }

    /// What the program's environment needs.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut environment = vec![
            ("LD_PRELOAD", self.library.clone()),
            ("HOSO_RECORD_DIR", self.directory.clone()),
            ("HOSO_FAULT_DIR", self.faults.clone()),
        ];
        environment.extend(self.log.clone().map(|log| ("HOSO_RECORD_LOG", log)));
        environment
    }

    /// Begins or ends a fault: `eio`, `enospc`, `erofs` or `hang`.
    ///
    /// # Panics
    ///
    /// When the file that stands for it cannot be made or removed.
    pub fn fault(&self, name: &str, begins: bool) {
        let file = self.faults.join(name);
        let done = if begins { fs::write(file, "") } else { fs::remove_file(file) };
        done.expect("a fault begins or ends");
    }

    /// Sets the wall clock of the program: `+315360000` or `-315360000` seconds from the true one,
    /// `=0` for one that stands still at that second of 1970; `None` for the true one.
    ///
    /// # Panics
    ///
    /// When the file that stands for it cannot be made or removed.
    pub fn clock(&self, says: Option<&str>) {
        let (file, draft) = (self.faults.join("clock"), self.faults.join("clock.new"));
        let done = match says {
            Some(says) => fs::write(&draft, says).and_then(|()| fs::rename(&draft, &file)),
            None => fs::remove_file(&file),
        };
        done.expect("a clock is set");
    }

    /// Writes down what was acknowledged. Every cut from here on must leave it.
    ///
    /// # Panics
    ///
    /// When the log cannot be written.
    pub fn mark(&self, text: &str) {
        let mut record = Vec::new();
        let count = |number: usize| u32::try_from(number).expect("a short mark").to_le_bytes();
        record.extend(count(1 + 16 + 4 + text.len()));
        record.push(MARK);
        record.extend([0; 16]);
        record.extend(count(text.len()));
        record.extend(text.as_bytes());
        let mut options = File::options();
        let log = options.append(true).create(true).open(self.log());
        log.and_then(|mut log| log.write_all(&record)).expect("a mark is written");
    }

    /// Everything that was written down.
    ///
    /// # Panics
    ///
    /// When the log is not one.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let bytes = fs::read(self.log()).expect("the log is there");
        let mut rest = bytes.as_slice();
        let mut records = Vec::new();
        while !rest.is_empty() {
            let length = number(take(&mut rest, 4));
            records.push(read(take(&mut rest, length)));
        }
        records
    }

    fn log(&self) -> &Path {
        self.log.as_deref().expect("a recorder with a log")
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn read(mut rest: &[u8]) -> Record {
    let kind = number(take(&mut rest, 1));
    let at = number(take(&mut rest, 8));
    take(&mut rest, 8);
    let length = number(take(&mut rest, 4));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("names are UTF-8");
    let name = text(take(&mut rest, length));
    match kind {
        1 => Record::Write { name, at, bytes: rest.to_vec() },
        2 => Record::Truncate { name, length: at },
        3 => Record::Sync { name },
        4 => Record::SyncDirectory { name },
        5 => Record::Rename { from: name, to: text(rest) },
        6 => Record::Unlink { name },
        7 => Record::Create { name },
        _ => {
            assert_eq!(kind, usize::from(MARK), "a record of an unknown kind");
            Record::Mark { text: name }
        }
    }
}
