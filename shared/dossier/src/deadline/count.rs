//! One count of days on its way.

use hoso_registry::{Calendar, calendar::DayKind};
use time::{Date, Duration};

use super::{Pause, Rule, Step, StepReason, local_date, moment};

/// Days within which a due time is looked for: twenty years.
const DAYS_MAX: i64 = 7_305;
/// Days that are listed at most.
const STEPS_MAX: usize = 1_000;

/// One count on its way.
pub(super) struct Count<'a> {
    rule: &'a Rule,
    calendar: &'a Calendar,
    /// When the clock stood still: apart from each other, ascending, `until` not included.
    halts: Vec<(i64, i64)>,
    /// Whether the days are listed.
    pub(super) lists: bool,
    /// Whether every day so far belongs to a year that is decided.
    pub(super) certain: bool,
    /// The days so far.
    pub(super) steps: Vec<Step>,
}

impl<'a> Count<'a> {
    /// A count that has not begun. A pause that lasts is left out: nothing is owed within it.
    pub(super) fn new(
        rule: &'a Rule,
        calendar: &'a Calendar,
        pauses: &[Pause],
        lists: bool,
    ) -> Self {
        let ended = pauses.iter().filter_map(|pause| Some((pause.from_ms, pause.until_ms?)));
        let mut ended: Vec<(i64, i64)> = ended.collect();
        ended.sort_unstable();
        let mut halts: Vec<(i64, i64)> = Vec::with_capacity(ended.len());
        for (from, until) in ended {
            match halts.last_mut().filter(|last| from <= last.1) {
                Some(last) => last.1 = last.1.max(until),
                None => halts.push((from, until)),
            }
        }
        Self { rule, calendar, halts, lists, certain: true, steps: Vec::new() }
    }

    pub(super) fn same_day(&mut self, from_ms: i64, restarted: bool) -> Option<i64> {
        let date = local_date(from_ms)?;
        let in_time = from_ms < moment(date, self.rule.cutoff_minute);
        if in_time && !restarted && self.take(date, true) {
            return Some(self.closing(date));
        }
        if !in_time || restarted {
            self.step(date, false, StepReason::Reception);
        }
        self.after(date, 1, true).map(|date| self.closing(date))
    }

    pub(super) fn working_days(&mut self, from_ms: i64, days: u16) -> Option<i64> {
        let date = local_date(from_ms)?;
        self.step(date, false, StepReason::Reception);
        self.after(date, u32::from(days), true).map(|date| self.closing(date))
    }

    pub(super) fn calendar_days(&mut self, from_ms: i64, days: u16) -> Option<i64> {
        let date = local_date(from_ms)?;
        self.step(date, false, StepReason::Reception);
        let mut date = self.after(date, u32::from(days), false)?;
        if !self.calendar.is_working_day(date) {
            date = self.calendar.next_working_day(date)?;
            self.step(date, false, StepReason::Moved);
        }
        Some(self.closing(date))
    }

    /// The last of so many days after this one that count; `None` beyond the days that are looked
    /// at, and then a step says so.
    pub(super) fn after(&mut self, date: Date, days: u32, working_days: bool) -> Option<Date> {
        let last = date.checked_add(Duration::days(DAYS_MAX)).unwrap_or(Date::MAX);
        let (mut date, mut left) = (date, days);
        while left > 0 {
            date = self.pass_halt(date, working_days, last);
            let Some(next) = date.next_day().filter(|next| *next <= last) else {
                self.steps.push(Step { date: last, counted: false, reason: StepReason::Beyond });
                return None;
            };
            date = next;
            left = left.saturating_sub(u32::from(self.take(date, working_days)));
        }
        Some(date)
    }

    /// The last of the days after this one at whose closing the clock stands still without a
    /// break: they are listed, and need not be looked at one by one.
    fn pass_halt(&mut self, date: Date, working_days: bool, last: Date) -> Date {
        let Some(next) = date.next_day() else { return date };
        let Some((_, until)) = self.halt_at(self.closing(next)) else { return date };
        let end = local_date(until).unwrap_or(last);
        let closed = if self.closing(end) < until { Some(end) } else { end.previous_day() };
        let passed = closed.unwrap_or(last).min(last);
        let mut listed = next;
        while self.lists && listed <= passed && self.steps.len() <= STEPS_MAX {
            let reason = self.reason(listed, working_days);
            self.step(listed, false, reason);
            let Some(following) = listed.next_day() else { break };
            listed = following;
        }
        let years = next.year()..=passed.year();
        let decided = |year| Date::from_ordinal_date(year, 1).is_ok_and(|day| self.decided(day));
        self.certain &= years.into_iter().all(decided);
        passed
    }

    /// Takes one day; gives whether it counts.
    fn take(&mut self, date: Date, working_days: bool) -> bool {
        let reason = self.reason(date, working_days);
        let counted = matches!(
            reason,
            StepReason::Working | StepReason::WorkingSaturday | StepReason::CalendarDay
        );
        self.step(date, counted, reason);
        counted
    }

    fn reason(&self, date: Date, working_days: bool) -> StepReason {
        match self.calendar.day(date).kind {
            DayKind::Weekend if working_days => StepReason::Weekend,
            DayKind::OffDay if working_days => StepReason::OffDay,
            _ if self.is_paused(date) => StepReason::Paused,
            _ if !working_days => StepReason::CalendarDay,
            DayKind::WorkingSaturday => StepReason::WorkingSaturday,
            DayKind::Weekday | DayKind::Weekend | DayKind::OffDay => StepReason::Working,
        }
    }

    /// Lists a day, as long as there is room; then one step says that more follow.
    fn step(&mut self, date: Date, counted: bool, reason: StepReason) {
        self.certain &= self.decided(date);
        if !self.lists {
            return;
        }
        match self.steps.len().cmp(&STEPS_MAX) {
            std::cmp::Ordering::Less => self.steps.push(Step { date, counted, reason }),
            std::cmp::Ordering::Equal => {
                self.steps.push(Step { date, counted: false, reason: StepReason::Further });
            }
            std::cmp::Ordering::Greater => {}
        }
    }

    fn decided(&self, date: Date) -> bool {
        self.calendar.day(date).is_certain()
    }

    pub(super) fn closing(&self, date: Date) -> i64 {
        moment(date, self.rule.closing_minute)
    }

    /// Whether a working day does not count because the clock stands still at its closing.
    pub(super) fn is_lost(&self, date: Date) -> bool {
        self.is_paused(date) && self.calendar.is_working_day(date)
    }

    fn is_paused(&self, date: Date) -> bool {
        self.halt_at(self.closing(date)).is_some()
    }

    /// The time without a running clock in which this moment lies.
    fn halt_at(&self, at_ms: i64) -> Option<(i64, i64)> {
        let begun = self.halts.partition_point(|(from, _)| *from <= at_ms);
        let halt = begun.checked_sub(1).and_then(|last| self.halts.get(last).copied());
        halt.filter(|(_, until)| at_ms < *until)
    }
}
