//! Deadlines as somebody with a calendar and a pencil computes them, each with its reason.

use hoso_dossier::deadline::{Pause, PauseKind, Rule, due, moment};
use hoso_registry::{
    Calendar, Day, catalogue,
    statement::{Supplement, Term},
};

const CASES: &str = include_str!("../../testdata/deadlines.txt");
const MINUTE_MS: i64 = 60_000;

/// `17:00` in minutes after midnight.
fn minute(clock: &str) -> u16 {
    let (hour, minute) = clock.split_once(':').unwrap();
    hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
}

/// `2026-11-02 08:00` at UTC+7.
fn at(text: &str) -> i64 {
    let (day, clock) = text.trim().split_once(' ').unwrap();
    moment(Day::from_iso(day).unwrap().0, 0) + i64::from(minute(clock)) * MINUTE_MS
}

fn rule(text: &str) -> Rule {
    let mut parts = text.split('+');
    let term = parts.next().unwrap();
    let days = |prefix: &str| term.strip_prefix(prefix).and_then(|days| days.parse().ok());
    let term = match (days("wd"), days("cd")) {
        (Some(days), _) => Term::WorkingDays(days),
        (None, Some(days)) => Term::CalendarDays(days),
        (None, None) => {
            assert_eq!(term, "same");
            Term::SameDay
        }
    };
    let mut rule = Rule {
        term,
        supplement: Supplement::Restart,
        cutoff_minute: minute("15:00"),
        closing_minute: minute("17:00"),
    };
    for part in parts {
        match part {
            "resume" => rule.supplement = Supplement::Resume,
            clock => rule.closing_minute = minute(clock),
        }
    }
    rule
}

fn pauses(text: &str) -> Vec<Pause> {
    let listed = text.split(';').map(str::trim).filter(|pause| *pause != "-");
    let pause = |text: &str| {
        let (kind, span) = text.split_once(' ').unwrap();
        let (from, until) = span.split_once("..").unwrap();
        Pause {
            kind: if kind == "S" { PauseKind::Supplement } else { PauseKind::Other },
            from_ms: at(from),
            until_ms: Some(at(until)),
        }
    };
    listed.map(pause).collect()
}

#[test]
fn every_deadline_is_the_one_that_a_person_with_a_calendar_finds() {
    let holidays = include_str!("../../../../deploy/data/holidays.toml");
    let calendar = Calendar::of(&catalogue::calendars(holidays).unwrap());
    let (mut seen, mut wrong) = (0, Vec::new());
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [term, received, stopped, expected, reason] = parts[..] else { panic!("{line}") };
        let rule = rule(term);
        let found = due(&rule, &calendar, at(received), &pauses(stopped), &[]);
        let day = Day::from_iso(expected.trim_end_matches('?')).unwrap().0;
        let closing = moment(day, rule.closing_minute);
        if (found.at_ms, found.certain) != (Some(closing), !expected.ends_with('?')) {
            let days: Vec<String> = found.steps.iter().map(|step| step.date.to_string()).collect();
            wrong.push(format!("{line}\n  found {:?} {days:?}: {reason}", found.at_ms));
        }
        seen += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(seen, 53, "cases of the table");
}
