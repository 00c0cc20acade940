//! When the unit's desks are open. Deadlines do not follow from this: they end at the closing time
//! that the registry names.

use hoso_engine::command::Problem;
use hoso_registry::calendar::{Calendar, DayKind};
use hoso_store::{
    StoreError,
    fold::folded,
    openings::{self, Opening},
};
use time::{Date, Weekday};

use super::{Failed, Office, storage};

/// The bits of Monday to Friday.
const WORKING_WEEK: u8 = 0b1_1111;

/// The bit of a weekday, Monday the lowest.
pub(crate) fn bit(weekday: Weekday) -> u8 {
    1 << weekday.number_days_from_monday()
}

/// Whether these hours hold on that day, `YYYYMMDD`.
pub(crate) fn holds(opening: &Opening, day: u32) -> bool {
    opening.first_day <= day && opening.last_day.is_none_or(|last| day <= last)
}

/// What is open on one day, by point and then by time; `day` is the date as `YYYYMMDD`.
pub(crate) fn open_on<'a>(
    openings: &'a [Opening],
    calendar: &Calendar,
    (date, day): (Date, u32),
) -> Vec<&'a Opening> {
    let kind = calendar.day(date).kind;
    if kind == DayKind::OffDay {
        return Vec::new();
    }
    let in_force: Vec<_> = openings.iter().filter(|opening| holds(opening, day)).collect();
    let on = |weekday: Weekday| {
        let open = in_force.iter().copied();
        open.filter(|opening| opening.weekdays & bit(weekday) != 0).collect::<Vec<_>>()
    };
    let mut open = on(date.weekday());
    // A Saturday that makes up for a day off is worked like the day before, unless it has hours
    // of its own.
    if open.is_empty() && kind == DayKind::WorkingSaturday {
        open = on(Weekday::Friday);
    }
    open.sort_by_key(|opening| (folded(&opening.point), opening.opens_min));
    open
}

/// Why these hours cannot stand beside those that are there.
fn objection(new: &Opening, others: &[Opening]) -> Option<Problem> {
    if new.point.trim().is_empty() {
        return Some(Problem::new("hours-point", "a desk point needs a name"));
    }
    if new.weekdays == 0 {
        return Some(Problem::new("hours-days", "hours need a day of the week"));
    }
    if new.opens_min >= new.closes_min {
        return Some(Problem::new("hours-order", "a desk closes after it opens"));
    }
    if new.last_day.is_some_and(|last| last < new.first_day) {
        return Some(Problem::new("hours-validity", "the last day is before the first"));
    }
    let last = |opening: &Opening| opening.last_day.unwrap_or(u32::MAX);
    let meets = |other: &&Opening| {
        folded(&other.point) == folded(&new.point)
            && other.weekdays & new.weekdays != 0
            && other.first_day <= last(new)
            && new.first_day <= last(other)
            && other.opens_min < new.closes_min
            && new.opens_min < other.closes_min
    };
    others.iter().find(meets).map(|_| {
        let text = "that desk is open at these hours already, or its hours contradict them";
        Problem::new("hours-overlap", text)
    })
}

impl Office {
    /// All hours of the unit's desks.
    pub(crate) async fn openings(&self) -> Result<Vec<Opening>, StoreError> {
        self.memory.read(openings::list).await
    }

    /// Whether a desk has hours on every day from Monday to Friday, now or later; `day` is today
    /// as `YYYYMMDD`.
    pub(crate) async fn opens_all_week(&self, day: u32) -> Result<bool, StoreError> {
        let openings = self.openings().await?;
        let to_come = openings.iter().filter(|each| each.last_day.is_none_or(|last| day <= last));
        let days = to_come.fold(0, |days, opening| days | opening.weekdays);
        Ok(days & WORKING_WEEK == WORKING_WEEK)
    }

    /// Adds hours to a desk, unless they contradict others.
    pub(crate) async fn add_opening(&self, opening: Opening) -> Result<(), Problem> {
        let added = self.memory.write(false, move |tx, _| {
            match objection(&opening, &openings::list(tx)?) {
                Some(problem) => Err(Failed(problem)),
                None => Ok(openings::add(tx, &opening)?),
            }
        });
        added.await.map_err(|failed: Failed| failed.0)
    }

    /// Takes hours away.
    pub(crate) async fn remove_opening(&self, id: i64) -> Result<(), Problem> {
        let removed = self.memory.write(false, move |tx, _| openings::remove(tx, id).map(|_| ()));
        removed.await.map_err(|error: StoreError| storage(&error))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const WEEK: u8 = 0b1_1111;
    const SATURDAY: u8 = 0b10_0000;

    fn hours(weekdays: u8, opens_min: u16, closes_min: u16) -> Opening {
        Opening {
            id: 0,
            point: "Quầy 1".to_owned(),
            weekdays,
            opens_min,
            closes_min,
            first_day: 20_260_416,
            last_day: Some(20_261_015),
        }
    }

    fn code(new: &Opening, others: &[Opening]) -> Option<String> {
        objection(new, others).map(|problem| problem.code)
    }

    #[test]
    fn hours_that_contradict_others_of_the_same_desk_are_refused() {
        let there = [hours(WEEK, 420, 690), hours(WEEK, 810, 1020)];
        assert_eq!(code(&hours(WEEK, 690, 810), &there), None, "the break at noon is free");
        let overlap = Some("hours-overlap".to_owned());
        assert_eq!(code(&hours(WEEK, 680, 700), &there), overlap);
        assert_eq!(code(&hours(SATURDAY, 420, 690), &there), None);
        let winter = Opening { first_day: 20_261_016, last_day: None, ..hours(WEEK, 450, 690) };
        assert_eq!(code(&winter, &there), None, "the season begins when the other has ended");
        let early = Opening { first_day: 20_261_015, ..winter };
        assert_eq!(code(&early, &there), overlap);
        let elsewhere = Opening { point: "Quầy 2".to_owned(), ..hours(WEEK, 420, 690) };
        assert_eq!(code(&elsewhere, &there), None);
        let spelled = Opening { point: "quay 1".to_owned(), ..hours(WEEK, 420, 690) };
        assert_eq!(code(&spelled, &there), overlap, "the same desk in another spelling");
    }

    #[test]
    fn hours_that_make_no_sense_are_refused_each_with_its_own_word() {
        for (new, expected) in [
            (Opening { point: " ".to_owned(), ..hours(WEEK, 420, 690) }, "hours-point"),
            (hours(0, 420, 690), "hours-days"),
            (hours(WEEK, 690, 690), "hours-order"),
            (Opening { last_day: Some(20_260_415), ..hours(WEEK, 420, 690) }, "hours-validity"),
        ] {
            assert_eq!(code(&new, &[]).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_day_off_is_closed_and_a_saturday_has_hours_of_its_own_or_those_of_friday() {
        let there = [hours(WEEK, 420, 690)];
        let calendar = Calendar::of(&[hoso_registry::statement::CalendarYear {
            year: 2026,
            status: hoso_registry::statement::CalendarStatus::Official,
            off_days: vec![hoso_registry::Day(date!(2026 - 09 - 02))],
            working_saturdays: vec![hoso_registry::Day(date!(2026 - 08 - 22))],
        }]);
        let open = |openings: &[Opening], date: Date| {
            let day = hoso_registry::Day(date).number();
            open_on(openings, &calendar, (date, day)).len()
        };
        assert_eq!(open(&there, date!(2026 - 09 - 01)), 1);
        assert_eq!(open(&there, date!(2026 - 09 - 02)), 0, "a public holiday");
        assert_eq!(open(&there, date!(2026 - 09 - 05)), 0, "an ordinary Saturday");
        assert_eq!(open(&there, date!(2026 - 08 - 22)), 1, "a Saturday that is worked");
        let desks = [hours(WEEK, 420, 690), hours(SATURDAY, 450, 690)];
        assert_eq!(open(&desks, date!(2026 - 09 - 05)), 1, "a Saturday desk");
        assert_eq!(open(&there, date!(2026 - 10 - 16)), 0, "the season is over");
    }
}
