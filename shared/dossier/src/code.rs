//! The code of a dossier, as it is printed on the slip: organisation, day of issue, serial.
//!
//! `H49.101-20261124-0010001` is the first code that station 1 of the unit `H49.101` gives on
//! 24 November 2026. Outside the official realm a letter stands before it. A node without a
//! station gives a provisional number, `H49.101-20261124-P1F0C2A77`, until a code is issued.

use std::{fmt, str::FromStr};

use hoso_registry::{Day, statement::RealmKind};
use thiserror::Error;

/// The highest station: three digits.
pub const STATION_MAX: u16 = 999;
/// The highest counter of a day: four digits.
pub const COUNTER_MAX: u16 = 9_999;
/// Characters of the longest organisation code.
const ORG_CHARS_MAX: usize = 17;

/// A code, or the number that stands in for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    realm: Realm,
    org: String,
    day: Day,
    serial: Serial,
}

/// The part that makes it unique within unit and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Serial {
    /// Given by a station: unique for ever.
    Station {
        /// From 1 to [`STATION_MAX`], unique within the unit.
        station: u16,
        /// From 1 to [`COUNTER_MAX`], never given twice by the station on one day.
        counter: u16,
    },
    /// Chance, where there is no station: replaced by `code_reissued`.
    Provisional([u8; 4]),
}

/// Which letter stands before the code. [`RealmKind`] has an order of its own meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Realm {
    Official,
    Trial,
    Training,
}

/// Why there is no such code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Neither of the two notations of organisation codes.
    #[error("the organisation code has none of the known notations")]
    Organisation,
    /// No such date, or not eight digits.
    #[error("the date of issue is no date in the form YYYYMMDD")]
    Day,
    /// Not seven digits with a station and a counter, and no provisional number.
    #[error("the serial is not a station and a counter in seven digits")]
    Serial,
}

impl Code {
    /// The code that a station gives.
    ///
    /// # Errors
    ///
    /// [`CodeError`] for an organisation code, station or counter that cannot be written.
    pub fn issued(
        realm: RealmKind,
        org: &str,
        day: Day,
        station: u16,
        counter: u16,
    ) -> Result<Self, CodeError> {
        Self::of(realm.into(), org, day, Serial::Station { station, counter })
    }

    /// The number that a node without a station gives; `chance` must be fresh.
    ///
    /// # Errors
    ///
    /// [`CodeError`] for an organisation code that cannot be written.
    pub fn provisional(
        realm: RealmKind,
        org: &str,
        day: Day,
        chance: [u8; 4],
    ) -> Result<Self, CodeError> {
        Self::of(realm.into(), org, day, Serial::Provisional(chance))
    }

    /// What the realm is for.
    #[must_use]
    pub fn realm_kind(&self) -> RealmKind {
        match self.realm {
            Realm::Official => RealmKind::Official,
            Realm::Trial => RealmKind::Trial,
            Realm::Training => RealmKind::Training,
        }
    }

    /// The organisation code of the unit that gave it.
    #[must_use]
    pub fn org(&self) -> &str {
        &self.org
    }

    /// The day of issue.
    #[must_use]
    pub fn day(&self) -> Day {
        self.day
    }

    /// Station and counter, or chance.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// Whether a code has yet to be issued.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        matches!(self.serial, Serial::Provisional(_))
    }

    fn of(realm: Realm, org: &str, day: Day, serial: Serial) -> Result<Self, CodeError> {
        if !is_org(org) {
            return Err(CodeError::Organisation);
        }
        if day.number() == 0 {
            return Err(CodeError::Day);
        }
        if let Serial::Station { station, counter } = serial {
            let fits = (1..=STATION_MAX).contains(&station) && (1..=COUNTER_MAX).contains(&counter);
            if !fits {
                return Err(CodeError::Serial);
            }
        }
        Ok(Self { realm, org: org.to_owned(), day, serial })
    }
}

impl From<RealmKind> for Realm {
    fn from(kind: RealmKind) -> Self {
        match kind {
            RealmKind::Official => Self::Official,
            RealmKind::Trial => Self::Trial,
            RealmKind::Training => Self::Training,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(letter) = self.realm_kind().code_prefix() {
            write!(out, "{letter}")?;
        }
        write!(out, "{}-{:08}-", self.org, self.day.number())?;
        match self.serial {
            Serial::Station { station, counter } => write!(out, "{station:03}{counter:04}"),
            Serial::Provisional(chance) => write!(out, "P{:08X}", u32::from_be_bytes(chance)),
        }
    }
}

impl FromStr for Code {
    type Err = CodeError;

    /// Reads exactly what [`Code`]'s `Display` writes.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut parts = text.splitn(3, '-');
        let (org, day, serial) = (parts.next(), parts.next(), parts.next());
        let (realm, org) = realm_and_org(org.unwrap_or_default()).ok_or(CodeError::Organisation)?;
        let day = digits(day.unwrap_or_default(), 8).and_then(Day::from_number);
        let serial = self::serial(serial.unwrap_or_default()).ok_or(CodeError::Serial)?;
        Self::of(realm, org, day.ok_or(CodeError::Day)?, serial)
    }
}

/// Splits the letter of the realm off. No organisation code is a letter before another one.
fn realm_and_org(text: &str) -> Option<(Realm, &str)> {
    if is_org(text) {
        return Some((Realm::Official, text));
    }
    let trial = text.strip_prefix('T').map(|org| (Realm::Trial, org));
    let training = || text.strip_prefix('H').map(|org| (Realm::Training, org));
    trial.or_else(training).filter(|(_, org)| is_org(org))
}

fn serial(text: &str) -> Option<Serial> {
    if let Some(chance) = text.strip_prefix('P') {
        let plain = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        let fits = chance.len() == 8 && chance.bytes().all(plain);
        let number = fits.then(|| u32::from_str_radix(chance, 16).ok()).flatten()?;
        return Some(Serial::Provisional(number.to_be_bytes()));
    }
    let number = digits(text, 7)?;
    let part = |part: u32| u16::try_from(part).ok();
    Some(Serial::Station { station: part(number / 10_000)?, counter: part(number % 10_000)? })
}

/// Exactly so many decimal digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// Whether it is an organisation code in one of the two notations: `H49.05.03` (Decision 20/2020)
/// or `000.00.05.H49` (QCVN 102:2016).
fn is_org(text: &str) -> bool {
    let number = |part: &str, shortest: usize| {
        (shortest..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let province = |part: &str| match part.as_bytes() {
        [letter, tens, ones] => {
            letter.is_ascii_uppercase() && tens.is_ascii_digit() && ones.is_ascii_digit()
        }
        _ => false,
    };
    if text.len() > ORG_CHARS_MAX {
        return false;
    }
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        [unit, section, department, ministry] if province(ministry) => {
            unit.len() == 3 && number(unit, 3) && number(section, 2) && number(department, 2)
        }
        [first, rest @ ..] => {
            province(first) && rest.len() <= 3 && rest.iter().all(|part| number(part, 1))
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Day {
        Day::from_iso("2026-11-24").unwrap()
    }

    #[test]
    fn a_code_says_unit_day_station_and_counter() {
        let code = Code::issued(RealmKind::Official, "H49.101", day(), 1, 1).unwrap();
        assert_eq!(code.to_string(), "H49.101-20261124-0010001");
        assert_eq!(code.to_string().parse(), Ok(code));
    }

    #[test]
    fn no_rehearsal_code_looks_official() {
        for (realm, text) in [
            (RealmKind::Trial, "TH49.101-20261124-0129999"),
            (RealmKind::Training, "HH49.101-20261124-0129999"),
        ] {
            let code = Code::issued(realm, "H49.101", day(), 12, 9_999).unwrap();
            assert_eq!(code.to_string(), text);
            assert_eq!(text.parse::<Code>().unwrap().realm_kind(), realm);
        }
        let reversed = "H000.00.05.H49-20261124-0010001".parse::<Code>().unwrap();
        assert_eq!((reversed.realm_kind(), reversed.org()), (RealmKind::Training, "000.00.05.H49"));
    }

    #[test]
    fn a_provisional_number_is_read_back_and_never_taken_for_a_code() {
        let chance = [0x1f, 0x0c, 0x2a, 0x77];
        let code = Code::provisional(RealmKind::Official, "H49.101", day(), chance).unwrap();
        assert_eq!(code.to_string(), "H49.101-20261124-P1F0C2A77");
        assert_eq!(code.to_string().parse::<Code>(), Ok(code.clone()));
        assert!(code.is_provisional());
    }

    #[test]
    fn what_cannot_be_written_is_not_read() {
        for bad in [
            "",
            "H49.101",
            "H49.101-20261124-001000",
            "H49.101-20261124-00100011",
            "H49.101-20261324-0010001",
            "H49.101-20261124-0000001",
            "H49.101-20261124-0010000",
            "H49.101-20261124-P1f0c2a77",
            "H49.101-20261124-P+F0C2A77",
            "h49.101-20261124-0010001",
            "XH49.101-20261124-0010001",
            "H49.1.2.3.4-20261124-0010001",
            "H49.101-20261124-001-0001",
        ] {
            assert!(bad.parse::<Code>().is_err(), "{bad}");
        }
        let station = Code::issued(RealmKind::Official, "H49", day(), 1_000, 1);
        assert_eq!(station, Err(CodeError::Serial));
    }
}
