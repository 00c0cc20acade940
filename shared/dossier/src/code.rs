//! The code on a slip: organisation code, day of issue, serial of seven digits: the station (3)
//! and its counter of the day (4). A letter before it marks rehearsals.

use std::fmt;

use hoso_registry::statement::RealmKind;
use thiserror::Error;
use time::Date;

/// The highest station.
pub const STATION_MAX: u16 = 999;
/// The highest counter of a day.
pub const COUNTER_MAX: u16 = 9_999;
/// Characters of the longest organisation code.
const ORGANISATION_CHARS_MAX: usize = 32;

/// A dossier's code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// `T` in trial, `H` in training, nothing in the official realm.
    pub prefix: Option<char>,
    /// The receiving unit's organisation code, such as `H49.12`.
    pub organisation: String,
    /// The day of issue at UTC+7.
    pub day: Date,
    /// The station, 1 to [`STATION_MAX`]; unique within the unit.
    pub station: u16,
    /// The station's counter of that day, 1 to [`COUNTER_MAX`].
    pub counter: u16,
}

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Not organisation, day and serial with hyphens between them.
    #[error("a code is ORGANISATION-YYYYMMDD-SERIAL")]
    Form,
    /// The day does not exist.
    #[error("the code's day does not exist")]
    Day,
    /// Not seven digits, or station or counter zero.
    #[error("the code's serial is seven digits: station and counter, neither of them zero")]
    Serial,
}

impl Code {
    /// The code of a unit in a realm.
    ///
    /// # Errors
    ///
    /// [`CodeError`] for what no code can hold.
    pub fn new(
        realm: RealmKind,
        organisation: &str,
        day: Date,
        station: u16,
        counter: u16,
    ) -> Result<Self, CodeError> {
        let fits = (1..=ORGANISATION_CHARS_MAX).contains(&organisation.len())
            && organisation.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '.');
        if !fits {
            return Err(CodeError::Form);
        }
        if !(0..=9_999).contains(&day.year()) {
            return Err(CodeError::Day);
        }
        if !(1..=STATION_MAX).contains(&station) || !(1..=COUNTER_MAX).contains(&counter) {
            return Err(CodeError::Serial);
        }
        let organisation = organisation.to_owned();
        Ok(Self { prefix: realm.code_prefix(), organisation, day, station, counter })
    }

    /// Reads what [`Code`] displays.
    ///
    /// # Errors
    ///
    /// [`CodeError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut parts = text.rsplitn(3, '-');
        let (Some(serial), Some(day), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(CodeError::Form);
        };
        let (realm, organisation) = realm_of(rest);
        let (station, counter) = serial_of(serial)?;
        Self::new(realm, organisation, day_of(day)?, station, counter)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prefix) = self.prefix {
            write!(out, "{prefix}-")?;
        }
        let (year, month, date) = self.day.to_calendar_date();
        let (month, station, counter) = (u8::from(month), self.station, self.counter);
        write!(out, "{}-{year:04}{month:02}{date:02}-{station:03}{counter:04}", self.organisation)
    }
}

/// The realm that a leading letter marks, and the organisation code after it.
fn realm_of(text: &str) -> (RealmKind, &str) {
    match text.split_once('-') {
        Some(("T", organisation)) => (RealmKind::Trial, organisation),
        Some(("H", organisation)) => (RealmKind::Training, organisation),
        Some(_) | None => (RealmKind::Official, text),
    }
}

fn day_of(text: &str) -> Result<Date, CodeError> {
    let number = digits(text, 8).ok_or(CodeError::Form)?;
    let year = i32::try_from(number / 10_000).map_err(|_| CodeError::Day)?;
    let month = u8::try_from(number / 100 % 100).map_err(|_| CodeError::Day)?;
    let month = time::Month::try_from(month).map_err(|_| CodeError::Day)?;
    let day = u8::try_from(number % 100).map_err(|_| CodeError::Day)?;
    Date::from_calendar_date(year, month, day).map_err(|_| CodeError::Day)
}

fn serial_of(text: &str) -> Result<(u16, u16), CodeError> {
    let number = digits(text, 7).ok_or(CodeError::Serial)?;
    let station = u16::try_from(number / 10_000).map_err(|_| CodeError::Serial)?;
    let counter = u16::try_from(number % 10_000).map_err(|_| CodeError::Serial)?;
    Ok((station, counter))
}

/// The number of exactly so many decimal digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let right = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| right)
}

#[cfg(test)]
mod tests {
    use hoso_registry::Day;
    use proptest::prelude::*;

    use super::*;

    fn day() -> Date {
        Day::from_iso("2026-11-24").unwrap().0
    }

    #[test]
    fn a_code_names_organisation_day_station_and_counter_and_marks_rehearsals() {
        let official = Code::new(RealmKind::Official, "H49.12", day(), 1, 7).unwrap();
        assert_eq!(official.to_string(), "H49.12-20261124-0010007");
        let trial = Code::new(RealmKind::Trial, "H49.12", day(), 12, 9_999).unwrap();
        assert_eq!(trial.to_string(), "T-H49.12-20261124-0129999");
        assert_eq!(Code::parse("T-H49.12-20261124-0129999"), Ok(trial));
    }

    #[test]
    fn what_is_no_code_is_refused_with_its_reason() {
        for (text, error) in [
            ("", CodeError::Form),
            ("H49.12-20261124", CodeError::Form),
            ("X-H49-20261124-0010001", CodeError::Form),
            ("H49-2026112-0010001", CodeError::Form),
            ("H49-20260230-0010001", CodeError::Day),
            ("H49-20261124-001001", CodeError::Serial),
            ("H49-20261124-0000001", CodeError::Serial),
            ("H49-20261124-0010000", CodeError::Serial),
            ("H49-20261124-+010001", CodeError::Serial),
        ] {
            assert_eq!(Code::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_code_is_read_back_and_no_other_text_is_taken_for_one(
            realm in prop::sample::select(RealmKind::ALL),
            station in 1_u16..=STATION_MAX,
            counter in 1_u16..=COUNTER_MAX,
            noise in ".{0,40}",
        ) {
            let code = Code::new(realm, "H49.12", day(), station, counter).unwrap();
            prop_assert_eq!(Code::parse(&code.to_string()), Ok(code));
            if let Ok(read) = Code::parse(&noise) {
                prop_assert_eq!(read.to_string(), noise);
            }
        }
    }
}
