//! When a result is owed. Where the law leaves room, this is the reading that is printed beside
//! the due time:
//!
//! 1. A day counts if the clock runs at the closing time of that working day; the day of reception
//!    never counts. 2. Received on a day off: the next working day is day 1. 3. Same-day: received
//!    before the cut-off, due at closing of that day, otherwise at closing of the next working
//!    day. 4. Calendar days: the last one moves to the next working day. 5. Due at the closing
//!    time of the competent unit's desk. 6. A supplement restarts the count with the first working
//!    day after everything is there, or resumes it; payments and stops always resume. 7. By
//!    announcement: no due time. 8. Days of a year that is not decided make the due time
//!    uncertain. 9. The clock is UTC+7 whatever the machine's zone.

mod count;

use hoso_registry::{
    Calendar,
    statement::{Supplement, Term},
};
use time::{Date, OffsetDateTime, UtcOffset};

use self::count::Count;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Milliseconds by which the wall clock in Vietnam is ahead of UTC.
const AHEAD_MS: i64 = 7 * 60 * MINUTE_MS;
/// Days of the longest extension that pauses move: ten years.
const EXTENSION_DAYS_MAX: i32 = 3_660;

/// What a procedure and the competent desk say of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How long it may take.
    pub term: Term,
    /// What a supplement does to the count.
    pub supplement: Supplement,
    /// Until when a same-day dossier is due the same day, minutes after midnight at UTC+7.
    pub cutoff_minute: u16,
    /// When the competent desk closes, minutes after midnight at UTC+7.
    pub closing_minute: u16,
}

/// Why the clock stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseKind {
    /// Papers are missing.
    Supplement,
    /// A payment is awaited, or the dossier is stopped.
    Other,
}

/// A time during which the clock stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub kind: PauseKind,
    /// From when, Unix milliseconds.
    pub from_ms: i64,
    /// Until when, Unix milliseconds; `None` while it lasts.
    pub until_ms: Option<i64>,
}

/// A due time that was given by decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// When it was given, Unix milliseconds.
    pub given_ms: i64,
    /// Until when, Unix milliseconds.
    pub due_ms: i64,
}

/// Why a day counts or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepReason {
    /// The day of reception, or of the last paper: counting begins after it.
    Reception,
    /// A working day.
    Working,
    /// A Saturday that makes up for a day off.
    WorkingSaturday,
    /// A Saturday or Sunday.
    Weekend,
    /// A day off on a weekday.
    OffDay,
    /// A day of a term in calendar days.
    CalendarDay,
    /// The clock stood still at closing time.
    Paused,
    /// The last day was no working day: this one takes its place.
    Moved,
    /// From this day on the days are not listed one by one.
    Further,
    /// Until this day, twenty years on, too few days counted: there is no due time.
    Beyond,
}

impl StepReason {
    /// All.
    pub const ALL: &'static [Self] = &[
        Self::Reception,
        Self::Working,
        Self::WorkingSaturday,
        Self::Weekend,
        Self::OffDay,
        Self::CalendarDay,
        Self::Paused,
        Self::Moved,
        Self::Further,
        Self::Beyond,
    ];

    /// The stable code of the interface.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Reception => "reception",
            Self::Working => "working",
            Self::WorkingSaturday => "working_saturday",
            Self::Weekend => "weekend",
            Self::OffDay => "off_day",
            Self::CalendarDay => "calendar_day",
            Self::Paused => "paused",
            Self::Moved => "moved",
            Self::Further => "further",
            Self::Beyond => "beyond",
        }
    }
}

/// One day on the way to the due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The day at UTC+7.
    pub date: Date,
    /// Whether it counts.
    pub counted: bool,
    /// Why.
    pub reason: StepReason,
}

/// When a result is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Unix milliseconds; `None` by announcement, while a pause lasts that began in time, and
    /// where twenty years hold too few days that count.
    pub at_ms: Option<i64>,
    /// Whether every day on the way belongs to a year whose calendar is decided.
    pub certain: bool,
    /// The days on the way, in order: the first thousand of them.
    pub steps: Vec<Step>,
}

/// Computes the due time of a dossier that was received at that moment, Unix milliseconds.
#[must_use]
pub fn due(
    rule: &Rule,
    calendar: &Calendar,
    received_ms: i64,
    pauses: &[Pause],
    extensions: &[Extension],
) -> Due {
    let mut count = Count::new(rule, calendar, pauses, true);
    let at_ms = counted(rule, &mut count, received_ms, pauses);
    let certain = count.certain;
    let at_ms = at_ms.and_then(|at_ms| owed(at_ms, &mut count, pauses, extensions));
    Due { at_ms, certain, steps: count.steps }
}

/// The same moment without the days on the way, which costs less.
#[must_use]
pub fn due_ms(
    rule: &Rule,
    calendar: &Calendar,
    received_ms: i64,
    pauses: &[Pause],
    extensions: &[Extension],
) -> Option<i64> {
    let mut count = Count::new(rule, calendar, pauses, false);
    let at_ms = counted(rule, &mut count, received_ms, pauses)?;
    owed(at_ms, &mut count, pauses, extensions)
}

/// When the days of the rule have passed; a pause that lasts is left out.
fn counted(rule: &Rule, count: &mut Count<'_>, received_ms: i64, pauses: &[Pause]) -> Option<i64> {
    let restarted =
        (rule.supplement == Supplement::Restart).then(|| last_supplement(pauses)).flatten();
    let from_ms = restarted.unwrap_or(received_ms);
    match rule.term {
        Term::ByAnnouncement => None,
        Term::SameDay => count.same_day(from_ms, restarted.is_some()),
        Term::WorkingDays(days) => count.working_days(from_ms, days),
        Term::CalendarDays(days) => count.calendar_days(from_ms, days),
    }
}

/// The latest of the counted moment and the extensions. While a pause lasts nothing is owed; what
/// was owed before it began is late all the same.
fn owed(
    counted_ms: i64,
    count: &mut Count<'_>,
    pauses: &[Pause],
    extensions: &[Extension],
) -> Option<i64> {
    let mut at_ms = counted_ms;
    count.lists = false;
    for extension in extensions {
        at_ms = at_ms.max(extended(extension, count)?);
    }
    let mut lasting = pauses.iter().filter(|pause| pause.until_ms.is_none());
    lasting.all(|pause| at_ms < pause.from_ms).then_some(at_ms)
}

/// The due time of an extension: each working day on whose closing the clock stood still since it
/// was given moves it by one working day, as rule 1 does with a term.
fn extended(extension: &Extension, count: &mut Count<'_>) -> Option<i64> {
    let days = local_date(extension.given_ms).zip(local_date(extension.due_ms));
    let Some((mut date, last)) = days else { return Some(extension.due_ms) };
    let mut lost = 0_u32;
    if last.to_julian_day().saturating_sub(date.to_julian_day()) > EXTENSION_DAYS_MAX {
        return Some(extension.due_ms);
    }
    while date < last {
        date = date.next_day()?;
        lost = lost.saturating_add(u32::from(count.is_lost(date)));
    }
    if lost == 0 {
        return Some(extension.due_ms);
    }
    count.after(last, lost, true).map(|date| count.closing(date))
}

/// The day of this moment at UTC+7, if dates can hold it.
#[must_use]
pub fn local_date(at_ms: i64) -> Option<Date> {
    let offset = UtcOffset::from_hms(7, 0, 0).ok()?;
    let moment = OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000)).ok()?;
    moment.checked_to_offset(offset).map(OffsetDateTime::date)
}

/// The moment of that minute of a day at UTC+7, Unix milliseconds.
#[must_use]
pub fn moment(date: Date, minute: u16) -> i64 {
    let days = i64::from(date.to_julian_day())
        .saturating_sub(i64::from(OffsetDateTime::UNIX_EPOCH.date().to_julian_day()));
    days.saturating_mul(DAY_MS)
        .saturating_add(i64::from(minute).saturating_mul(MINUTE_MS))
        .saturating_sub(AHEAD_MS)
}

/// When the last paper of the last supplement came.
fn last_supplement(pauses: &[Pause]) -> Option<i64> {
    let supplements = pauses.iter().filter(|pause| pause.kind == PauseKind::Supplement);
    supplements.filter_map(|pause| pause.until_ms).max()
}

#[cfg(test)]
mod tests {
    use hoso_registry::{Day, catalogue};

    use super::*;

    const CLOSING: u16 = 17 * 60;

    fn calendar() -> Calendar {
        let text = include_str!("../../../deploy/data/holidays.toml");
        Calendar::of(&catalogue::calendars(text).unwrap())
    }

    /// The rule of a procedure of the project's catalogue.
    fn rule(code: &str) -> Rule {
        let text = include_str!("../../../deploy/data/procedures.csv");
        let all = catalogue::procedures(text, |_| Some(hoso_identity::UnitId(1_001))).unwrap();
        let procedure = all.into_iter().find(|procedure| procedure.code == code).unwrap();
        Rule {
            term: procedure.term,
            supplement: procedure.supplement,
            cutoff_minute: procedure.cutoff_minute,
            closing_minute: CLOSING,
        }
    }

    fn date(text: &str) -> Date {
        Day::from_iso(text).unwrap().0
    }

    /// `2026-11-20 10:00` at UTC+7.
    fn at(text: &str) -> i64 {
        let (day, clock) = text.split_once(' ').unwrap();
        let mut parts = clock.split(':').map(|part| part.parse::<u16>().unwrap());
        let minute = parts.next().unwrap() * 60 + parts.next().unwrap();
        moment(date(day), minute) + i64::from(parts.next().unwrap_or(0)) * 1000
    }

    fn due_day(rule: &Rule, received: &str, pauses: &[Pause]) -> Date {
        let due = due(rule, &calendar(), at(received), pauses, &[]).at_ms.unwrap();
        let day = local_date(due).unwrap();
        assert_eq!(due, moment(day, CLOSING));
        day
    }

    #[test]
    fn the_worked_cases_of_working_days() {
        let three = rule("1.001022");
        assert_eq!(due_day(&three, "2026-11-20 10:00", &[]), date("2026-11-26"));
        assert_eq!(due_day(&three, "2026-02-13 10:00", &[]), date("2026-02-25"));
        assert_eq!(due_day(&three, "2026-11-21 09:00", &[]), date("2026-11-26"));
        assert_eq!(due_day(&rule("1.004845"), "2026-08-20 10:00", &[]), date("2026-08-22"));
        assert_eq!(due_day(&rule("1.011607"), "2026-04-10 10:00", &[]), date("2026-04-28"));
    }

    #[test]
    fn a_same_day_dossier_is_due_the_same_day_until_the_cut_off_and_a_working_day_later_after_it() {
        let same_day = rule("1.001193");
        assert_eq!(due_day(&same_day, "2026-11-23 14:59:59", &[]), date("2026-11-23"));
        assert_eq!(due_day(&same_day, "2026-11-23 15:00:00", &[]), date("2026-11-25"));
        assert_eq!(due_day(&same_day, "2026-11-24 09:00", &[]), date("2026-11-25"));
    }

    #[test]
    fn a_supplement_restarts_or_resumes_as_the_procedure_says() {
        let pause = Pause {
            kind: PauseKind::Supplement,
            from_ms: at("2026-11-10 09:00"),
            until_ms: Some(at("2026-11-12 14:00")),
        };
        let restart = Rule { supplement: Supplement::Restart, ..rule("1.001022") };
        assert_eq!(due_day(&restart, "2026-11-09 10:00", &[pause]), date("2026-11-17"));
        let resume = Rule { supplement: Supplement::Resume, ..restart };
        assert_eq!(due_day(&resume, "2026-11-09 10:00", &[pause]), date("2026-11-16"));
        let payment = Pause { kind: PauseKind::Other, ..pause };
        assert_eq!(due_day(&restart, "2026-11-09 10:00", &[payment]), date("2026-11-16"));
    }

    #[test]
    fn nothing_is_due_by_announcement_or_while_a_pause_lasts() {
        let announced = Rule { term: Term::ByAnnouncement, ..rule("1.001022") };
        assert_eq!(due(&announced, &calendar(), at("2026-11-09 10:00"), &[], &[]).at_ms, None);
        let lasting =
            Pause { kind: PauseKind::Other, from_ms: at("2026-11-10 09:00"), until_ms: None };
        let waiting = due(&rule("1.001022"), &calendar(), at("2026-11-09 10:00"), &[lasting], &[]);
        assert_eq!(waiting.at_ms, None);
    }

    #[test]
    fn a_dossier_that_is_late_stays_late_while_a_pause_lasts() {
        let three = rule("1.001022");
        let owed = moment(date("2026-11-12"), CLOSING);
        let lasting = |from_ms| Pause { kind: PauseKind::Other, from_ms, until_ms: None };
        let due = |pauses: &[Pause], extensions: &[Extension]| {
            due(&three, &calendar(), at("2026-11-09 10:00"), pauses, extensions).at_ms
        };
        assert_eq!(due(&[lasting(owed + 1)], &[]), Some(owed));
        assert_eq!(due(&[lasting(owed)], &[]), None, "the clock stood still at closing time");
        let moved = Extension { given_ms: owed - 1, due_ms: owed + DAY_MS };
        assert_eq!(due(&[lasting(owed + 1)], &[moved]), None, "it had been moved on");
    }

    #[test]
    fn a_pause_without_a_sensible_end_gives_no_due_time_and_a_short_list_that_says_why() {
        let three = rule("1.001022");
        let (from_ms, received) = (at("2026-11-10 09:00"), at("2026-11-09 10:00"));
        let until =
            |until_ms| [Pause { kind: PauseKind::Other, from_ms, until_ms: Some(until_ms) }];
        let never = due(&three, &calendar(), received, &until(crate::event::INSTANT_MAX_MS), &[]);
        assert_eq!(never.at_ms, None);
        assert_eq!(never.steps.last().unwrap().reason, StepReason::Beyond);
        assert!(never.steps.len() < 1_010, "{}", never.steps.len());
        let late = until(at("2036-11-10 09:00"));
        let decade = due(&three, &calendar(), received, &late, &[]);
        assert_eq!(decade.at_ms, Some(moment(date("2036-11-12"), CLOSING)));
        assert_eq!(decade.at_ms, due_ms(&three, &calendar(), received, &late, &[]));
        assert_eq!(decade.steps.last().unwrap().reason, StepReason::Further);
        assert!(decade.steps.len() < 1_010 && !decade.certain, "{}", decade.steps.len());
        let given = Extension { given_ms: received, due_ms: at("2026-11-20 10:00") };
        let end = until(crate::event::INSTANT_MAX_MS);
        assert_eq!(due_ms(&three, &calendar(), received, &end, &[given]), None);
    }

    proptest::proptest! {
        #[test]
        fn days_that_are_passed_at_once_count_like_days_that_are_taken_one_by_one(
            hours in proptest::collection::vec((0..1_500_i64, 0..300_i64), 0..6),
            days in 1..25_u16,
            working in proptest::bool::ANY,
        ) {
            const HOUR_MS: i64 = 60 * MINUTE_MS;
            let received = at("2026-11-09 10:00");
            let pauses: Vec<Pause> = hours.iter().map(|(from, lasts)| Pause {
                kind: PauseKind::Other,
                from_ms: received + from * HOUR_MS,
                until_ms: Some(received + (from + lasts) * HOUR_MS),
            }).collect();
            let term = if working { Term::WorkingDays(days) } else { Term::CalendarDays(days) };
            let (rule, calendar) = (Rule { term, ..rule("1.001022") }, calendar());
            let due = due(&rule, &calendar, received, &pauses, &[]);
            let mut day = date("2026-11-09");
            let (mut left, mut listed) = (days, vec![day]);
            while left > 0 {
                day = day.next_day().unwrap();
                listed.push(day);
                let closing = moment(day, CLOSING);
                let still = pauses.iter().any(|pause| {
                    pause.from_ms <= closing && closing < pause.until_ms.unwrap()
                });
                left -= u16::from(!still && (!working || calendar.is_working_day(day)));
            }
            if !calendar.is_working_day(day) {
                day = calendar.next_working_day(day).unwrap();
                listed.push(day);
            }
            proptest::prop_assert_eq!(due.at_ms, Some(moment(day, CLOSING)));
            proptest::prop_assert_eq!(due.steps.iter().map(|s| s.date).collect::<Vec<_>>(), listed);
            let plain = due_ms(&rule, &calendar, received, &pauses, &[]);
            proptest::prop_assert_eq!(due.at_ms, plain);
        }
    }

    #[test]
    fn calendar_days_end_on_a_working_day() {
        let ten = Rule { term: Term::CalendarDays(10), ..rule("1.001022") };
        assert_eq!(due_day(&ten, "2026-11-10 10:00", &[]), date("2026-11-20"));
        assert_eq!(due_day(&ten, "2026-11-11 10:00", &[]), date("2026-11-23"));
    }

    #[test]
    fn a_due_time_that_runs_into_a_year_that_is_not_decided_is_uncertain() {
        let thirty = Rule { term: Term::WorkingDays(30), ..rule("1.001022") };
        assert!(!due(&thirty, &calendar(), at("2026-12-10 10:00"), &[], &[]).certain);
        assert!(due(&rule("1.001022"), &calendar(), at("2026-11-20 10:00"), &[], &[]).certain);
    }

    #[test]
    fn every_step_says_why_it_counts() {
        let due = due(&rule("1.001022"), &calendar(), at("2026-11-20 10:00"), &[], &[]);
        let reasons: Vec<(bool, &str)> =
            due.steps.iter().map(|step| (step.counted, step.reason.code())).collect();
        let expected = [
            (false, "reception"),
            (false, "weekend"),
            (false, "weekend"),
            (true, "working"),
            (false, "off_day"),
            (true, "working"),
            (true, "working"),
        ];
        assert_eq!(reasons, expected);
    }

    #[test]
    fn days_begin_at_midnight_in_vietnam_whatever_the_zone_of_the_machine() {
        let midnight = moment(date("2026-11-24"), 0);
        assert_eq!(local_date(midnight), Some(date("2026-11-24")));
        assert_eq!(local_date(midnight - 1), Some(date("2026-11-23")));
    }
}
