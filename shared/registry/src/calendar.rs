//! Which days are worked on, and how certain that is.

use std::collections::BTreeMap;

use time::{Date, Weekday};

use crate::statement::{CalendarStatus, CalendarYear};

/// The calendars of some years, one version of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<u16, CalendarYear>,
}

/// Why a day is worked on or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayKind {
    /// An ordinary Monday to Friday: worked on.
    Weekday,
    /// A Saturday that makes up for a day off: worked on.
    WorkingSaturday,
    /// An ordinary Saturday or Sunday: off.
    Weekend,
    /// A Monday to Friday that is off.
    OffDay,
}

/// How much is known about a day's year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum YearCertainty {
    /// Its calendar is decided and published.
    Official,
    /// Its calendar is computed or proposed.
    Probable,
    /// It has no calendar: Mondays to Fridays are taken as working days.
    Missing,
}

/// One day as the calendar sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayFacts {
    /// Why it is worked on or not.
    pub kind: DayKind,
    /// How much is known about its year.
    pub certainty: YearCertainty,
}

impl DayFacts {
    /// Whether the day is worked on.
    #[must_use]
    pub fn is_working(self) -> bool {
        matches!(self.kind, DayKind::Weekday | DayKind::WorkingSaturday)
    }

    /// Whether the day's calendar is decided.
    #[must_use]
    pub fn is_certain(self) -> bool {
        self.certainty == YearCertainty::Official
    }
}

impl Calendar {
    /// The calendar of these years; of two versions of one year the later in the list holds.
    #[must_use]
    pub fn of<'a>(years: impl IntoIterator<Item = &'a CalendarYear>) -> Self {
        Self { years: years.into_iter().map(|year| (year.year, year.clone())).collect() }
    }

    /// What kind of day it is, and how certain that is.
    #[must_use]
    pub fn day(&self, date: Date) -> DayFacts {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let ordinary = if weekend { DayKind::Weekend } else { DayKind::Weekday };
        let year = u16::try_from(date.year()).ok().and_then(|year| self.years.get(&year));
        let Some(year) = year else {
            return DayFacts { kind: ordinary, certainty: YearCertainty::Missing };
        };
        let kind = if year.off_days.iter().any(|day| day.0 == date) {
            DayKind::OffDay
        } else if year.working_saturdays.iter().any(|day| day.0 == date) {
            DayKind::WorkingSaturday
        } else {
            ordinary
        };
        let certainty = match year.status {
            CalendarStatus::Official => YearCertainty::Official,
            CalendarStatus::Probable => YearCertainty::Probable,
        };
        DayFacts { kind, certainty }
    }

    /// Whether the day is worked on; [`Calendar::day`] says how certain that is.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        self.day(date).is_working()
    }

    /// The first working day after this one; `None` at the end of the years that dates can hold.
    #[must_use]
    pub fn next_working_day(&self, after: Date) -> Option<Date> {
        let mut date = after;
        loop {
            date = date.next_day()?;
            if self.is_working_day(date) {
                return Some(date);
            }
        }
    }
}

impl CalendarYear {
    /// Days off on weekdays less Saturdays worked: the year's holidays by law, as far as they
    /// fall or are moved onto weekdays.
    #[must_use]
    pub fn balance(&self) -> i64 {
        let count = |days: usize| i64::try_from(days).unwrap_or(i64::MAX);
        count(self.off_days.len()).saturating_sub(count(self.working_saturdays.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue, day::Day};

    fn calendar() -> Calendar {
        let text = include_str!("../../../deploy/data/holidays.toml");
        Calendar::of(&catalogue::calendars(text).unwrap())
    }

    fn date(text: &str) -> Date {
        Day::from_iso(text).unwrap().0
    }

    #[test]
    fn the_culture_day_of_2026_is_off_and_the_swapped_saturday_is_worked() {
        let calendar = calendar();
        assert_eq!(calendar.day(date("2026-11-24")).kind, DayKind::OffDay);
        assert_eq!(calendar.day(date("2026-08-22")).kind, DayKind::WorkingSaturday);
        assert_eq!(calendar.day(date("2026-08-29")).kind, DayKind::Weekend);
        assert!(calendar.day(date("2026-11-25")).is_working());
        assert_eq!(calendar.next_working_day(date("2026-02-13")), Some(date("2026-02-23")));
    }

    #[test]
    fn a_year_that_is_not_decided_or_not_known_is_never_certain() {
        let calendar = calendar();
        assert_eq!(calendar.day(date("2026-03-02")).certainty, YearCertainty::Official);
        assert_eq!(calendar.day(date("2027-03-02")).certainty, YearCertainty::Probable);
        let unknown = calendar.day(date("2035-03-02"));
        assert_eq!(unknown.certainty, YearCertainty::Missing);
        assert!(unknown.is_working() && !unknown.is_certain());
    }

    #[test]
    fn days_off_are_weekdays_and_made_up_for_on_saturdays_so_that_the_year_balances() {
        for year in calendar().years.values() {
            let expected = if year.year == 2025 { 11 } else { 12 };
            assert_eq!(year.balance(), expected, "{}", year.year);
            for day in &year.off_days {
                assert!(!matches!(day.0.weekday(), Weekday::Saturday | Weekday::Sunday), "{day}");
            }
            for day in &year.working_saturdays {
                assert_eq!(day.0.weekday(), Weekday::Saturday, "{day}");
            }
        }
    }
}
