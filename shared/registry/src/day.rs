//! A calendar date with one byte form: the number `YYYYMMDD`.

use std::fmt;

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};
use time::{Date, Month};

/// A date of the years 1 to 9999, without a time zone: dates of the registry are meant at UTC+7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

impl Day {
    /// Reads `YYYY-MM-DD`; `None` for anything else and for dates that do not exist.
    #[must_use]
    pub fn from_iso(text: &str) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| {
            text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
            return None;
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        Self::of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }

    /// The date as the number `YYYYMMDD`; zero for dates outside the years 1 to 9999.
    #[must_use]
    pub fn number(self) -> u32 {
        let year = u32::try_from(self.0.year()).ok().filter(|year| (1..=9999).contains(year));
        let month = u32::from(u8::from(self.0.month()));
        let shifted = |number: u32, next: u32| number.checked_mul(100)?.checked_add(next);
        year.and_then(|year| shifted(shifted(year, month)?, u32::from(self.0.day()))).unwrap_or(0)
    }

    /// The date of a number `YYYYMMDD`; `None` if there is no such date.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        let month = u8::try_from(number / 100 % 100).ok()?;
        let day = u8::try_from(number % 100).ok()?;
        Self::of(i32::try_from(number / 10_000).ok()?, month, day)
    }

    fn of(year: i32, month: u8, day: u8) -> Option<Self> {
        if !(1..=9999).contains(&year) {
            return None;
        }
        Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let month = u8::from(self.0.month());
        write!(out, "{:04}-{month:02}-{:02}", self.0.year(), self.0.day())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl<C> Encode<C> for Day {
    fn encode<W: Write>(
        &self,
        out: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        out.u32(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Day {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Self::from_number(from.u32()?).ok_or_else(|| DecodeError::message("no such date"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_back_from_its_text_and_its_number() {
        let day = Day::from_iso("2026-11-24").unwrap();
        assert_eq!(day.number(), 20_261_124);
        assert_eq!(Day::from_number(20_261_124), Some(day));
        assert_eq!(day.to_string(), "2026-11-24");
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for bad in
            ["2026-02-29", "2026-13-01", "2026-1-01", "0000-01-01", "24/11/2026", "", "+026-01-01"]
        {
            assert_eq!(Day::from_iso(bad), None, "{bad}");
        }
        for bad in [0, 20_260_229, 20_261_301, u32::MAX] {
            assert_eq!(Day::from_number(bad), None, "{bad}");
        }
    }
}
