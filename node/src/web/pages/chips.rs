//! Chips: a word with the colour and the icon of what it means.

use fluent_bundle::FluentArgs;
use hoso_dossier::{axes::Status, deadline::local_date};
use hoso_engine::web::Words;

use super::frame::moment;
use crate::times;

/// Days ahead that count as soon.
const SOON_DAYS: i64 = 3;
/// Codes of the states in which the time stands still.
const PAUSING: [&str; 3] = ["supplement", "payment", "stopped"];

/// A word, its tone and its icon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chip {
    /// `safe`, `wait`, `soon`, `late`, `review`, `away`, `plain`, or empty for mere text.
    pub(super) tone: &'static str,
    /// The name of the icon.
    pub(super) icon: &'static str,
    pub(super) word: String,
}

impl Chip {
    /// A chip of this tone.
    pub(super) fn new(tone: &'static str, icon: &'static str, word: String) -> Self {
        Self { tone, icon, word }
    }
}

/// What is known of a due time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due<'a> {
    /// When, as the interface writes it; empty if there is none.
    pub(super) at: &'a str,
    /// The code of the timeliness.
    pub(super) timeliness: &'a str,
    /// The code of the status.
    pub(super) status: &'a str,
}

/// The business status.
pub(super) fn status(words: &Words, code: &str) -> Chip {
    let (tone, icon) = match Status::from_code(code) {
        Some(Status::Supplement | Status::Payment) => ("wait", "clock"),
        Some(Status::Stopped) => ("away", "pause"),
        Some(Status::Done) => ("safe", "check"),
        Some(
            Status::New
            | Status::Accepted
            | Status::NotAccepted
            | Status::Processing
            | Status::Withdrawn
            | Status::Returned,
        )
        | None => ("plain", ""),
    };
    Chip::new(tone, icon, words.say(&format!("status-{}", code.replace('_', "-"))))
}

/// How a dossier stands to its due time at this moment.
pub(super) fn due(words: &Words, due: Due<'_>, now_ms: i64) -> Chip {
    let days = days_left(due.at, now_ms).unwrap_or_default();
    let said = |key: &str| {
        let mut values = FluentArgs::new();
        values.set("days", days.abs());
        values.set("time", due.at.get(11..16).unwrap_or_default().to_owned());
        words.say_with(key, &values)
    };
    match (due.timeliness, days) {
        ("open_late", 0) => Chip::new("late", "warn", said("chip-late-today")),
        ("open_late", _) => Chip::new("late", "warn", said("chip-late")),
        ("open_in_time", 0) => Chip::new("soon", "clock", said("chip-today")),
        ("open_in_time", 1..=SOON_DAYS) => Chip::new("soon", "clock", said("chip-left")),
        ("open_in_time", _) => Chip::new("", "clock", said("chip-left")),
        ("none", _) => undue(words, due.status),
        ("late", _) => Chip::new("", "warn", words.say("timeliness-late")),
        (closed, _) => {
            Chip::new("", "check", words.say(&format!("timeliness-{}", closed.replace('_', "-"))))
        }
    }
}

/// What stands where there is no due time: the time stands still, or there never was one.
pub(super) fn undue(words: &Words, status: &str) -> Chip {
    match PAUSING.contains(&status) {
        true => Chip::new("away", "pause", words.say("chip-paused")),
        false => Chip::new("", "", words.say("due-none")),
    }
}

/// Calendar days from today to the day of that instant; negative when it has passed.
fn days_left(at: &str, now_ms: i64) -> Option<i64> {
    let (day, today) = (local_date(times::instant(at)?)?, local_date(now_ms)?);
    Some((day - today).whole_days())
}

/// When it is due, as people read it, or that it is not.
pub(super) fn due_moment(words: &Words, at: &str) -> String {
    if at.is_empty() { words.say("due-none") } else { moment(at) }
}

#[cfg(test)]
mod tests {
    use hoso_engine::web::{Language, Speech};

    use super::*;

    #[test]
    fn a_due_chip_says_how_many_days_are_left_or_over_by_the_calendar_of_the_office() {
        let speech = Speech::new(
            include_str!("../../../locales/vi.ftl"),
            include_str!("../../../locales/en.ftl"),
        );
        let words = speech.of(Language::Vietnamese);
        // 23:30 in the office is still yesterday's afternoon in UTC.
        let now_ms = times::instant("2026-11-24T23:30:00+07:00").unwrap();
        for (at, timeliness, tone, word) in [
            ("2026-11-24T17:00:00+07:00", "open_late", "late", "Quá hạn từ 17:00 hôm nay"),
            ("2026-11-21T17:00:00+07:00", "open_late", "late", "Quá hạn 3 ngày"),
            ("2026-11-24T23:59:00+07:00", "open_in_time", "soon", "Hôm nay 23:59"),
            ("2026-11-25T07:30:00+07:00", "open_in_time", "soon", "Còn 1 ngày"),
            ("2026-11-27T17:00:00+07:00", "open_in_time", "soon", "Còn 3 ngày"),
            ("2026-11-28T17:00:00+07:00", "open_in_time", "", "Còn 4 ngày"),
            ("", "none", "away", "Tạm dừng tính hạn"),
        ] {
            let chip = due(words, Due { at, timeliness, status: "supplement" }, now_ms);
            assert_eq!((chip.tone, chip.word.as_str()), (tone, word), "{at}");
        }
    }
}
