//! The counters of a station's days, bound in a file outside the database and its backups.
//!
//! No number is given before a bound at or above it is durable; after a crash or a restore the
//! count goes on above the bound, so that a number may be skipped and is never given twice. No day
//! is ever forgotten, so that a clock may jump to any day and back: a line of some 20 bytes a day
//! makes 75 KB in ten years.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{database::write_whole, error::StoreError};

/// The file's name in its directory.
pub const SERIALS_NAME: &str = "hoso.serials";
/// The last number of a day: four digits.
pub const COUNTER_MAX: u16 = 9999;
/// By how much a bound is raised.
const STEP: u16 = 64;
/// The first line of the file.
const TITLE: &str = "hoso serials 1";

/// The counters of this machine.
#[derive(Debug)]
pub struct Serials {
    directory: PathBuf,
    days: BTreeMap<(u16, u32), Counter>,
}

/// One station's day: `used` was given last here, up to `bound` may have been given before.
#[derive(Clone, Copy, Debug)]
struct Counter {
    used: u16,
    bound: u16,
}

impl Serials {
    /// Reads the bounds in this directory; none if there is no file yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if the file is not as it was written; then no number may be given
    /// before it is put back. Else what the system says.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(SERIALS_NAME);
        let days = match fs::read_to_string(&path) {
            Ok(text) => parse(&text).ok_or(StoreError::Damaged("hoso.serials"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(StoreError::Damaged("hoso.serials"));
            }
            Err(source) => return Err(StoreError::File { path, source }),
        };
        Ok(Self { directory: directory.to_owned(), days })
    }

    /// A number that was never given for this station and day, written YYYYMMDD; days may come in
    /// any order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exhausted`] after [`COUNTER_MAX`]; what the system says if the bound cannot
    /// be made durable: then no number was given.
    pub fn next(&mut self, station: u16, day: u32) -> Result<u16, StoreError> {
        let key = (station, day);
        let mut counter = self.days.get(&key).copied().unwrap_or(Counter { used: 0, bound: 0 });
        if counter.used >= COUNTER_MAX {
            return Err(StoreError::Exhausted { station, day });
        }
        counter.used = counter.used.saturating_add(1);
        if counter.used > counter.bound {
            counter.bound = counter.bound.saturating_add(STEP).min(COUNTER_MAX);
            self.write(key, counter.bound)?;
        }
        self.days.insert(key, counter);
        Ok(counter.used)
    }

    /// Notes that numbers up to these were given, by station and day, as the dossiers here show:
    /// for a file that was lost or is older than they.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn raise(&mut self, given: &BTreeMap<(u16, u32), u16>) -> Result<(), StoreError> {
        let mut raised = None;
        for (key, given) in given {
            let counter = self.days.entry(*key).or_insert(Counter { used: 0, bound: 0 });
            counter.used = counter.used.max(*given);
            if counter.used > counter.bound {
                counter.bound = counter.used;
                raised = Some((*key, counter.bound));
            }
        }
        raised.map_or(Ok(()), |(key, bound)| self.write(key, bound))
    }

    /// Makes the bounds durable with this one raised.
    fn write(&self, raised: (u16, u32), bound: u16) -> Result<(), StoreError> {
        let mut bounds: BTreeMap<(u16, u32), u16> =
            self.days.iter().map(|(key, counter)| (*key, counter.bound)).collect();
        bounds.insert(raised, bound);
        write_whole(&self.directory.join(SERIALS_NAME), render(&bounds).as_bytes())
    }
}

/// A title, a line per station and day, and the hash of all lines before.
fn render(bounds: &BTreeMap<(u16, u32), u16>) -> String {
    let mut text = format!("{TITLE}\n");
    for ((station, day), bound) in bounds {
        text.push_str(&format!("{station} {day} {bound}\n"));
    }
    let hash = blake3::hash(text.as_bytes());
    text.push_str(&format!("{hash}\n"));
    text
}

fn parse(text: &str) -> Option<BTreeMap<(u16, u32), Counter>> {
    let mut days = BTreeMap::new();
    let mut bounds = BTreeMap::new();
    let mut lines = text.lines();
    lines.next_back()?;
    for line in lines.skip(1) {
        let mut words = line.split(' ');
        let key = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let bound = words.next()?.parse().ok()?;
        days.insert(key, Counter { used: bound, bound });
        bounds.insert(key, bound);
    }
    // One form only: what renders otherwise was changed, cut short or is of another program.
    (render(&bounds) == text).then_some(days)
}
