//! What people type into fields, as the interface means it: amounts, counts, days and moments.

use hoso_registry::Day;
use serde_json::{Value, json};

use crate::times;

/// Names whose values are counts.
const NUMBERS: [&str; 4] = ["originals", "certified_copies", "photocopies", "sets"];
/// Names whose values are amounts in đồng.
const AMOUNTS: [&str; 1] = ["amount"];
/// Names whose values are times, typed without an offset.
const TIMES: [&str; 2] = ["received_at", "due_at"];
/// Names whose values are days, as people here write them.
const DAYS: [&str; 2] = ["birth_date", "date"];
/// Names of boxes to tick.
const TICKS: [&str; 3] = ["pauses", "from_agency", "post"];
/// What may stand after an amount; the longest first.
const CURRENCIES: [&str; 5] = ["đồng", "vnđ", "vnd", "₫", "đ"];

/// The value of what was typed in the field of this dotted name, or the word for why there is none.
pub(super) fn value_of(name: &str, text: &str) -> Result<Value, &'static str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    if NUMBERS.contains(&last) {
        return count_of(text).map(|count| json!(count)).ok_or("field-count");
    }
    if AMOUNTS.contains(&last) {
        return amount_of(text).map(|amount| json!(amount)).ok_or("field-amount");
    }
    if TICKS.contains(&last) {
        return Ok(json!(true));
    }
    if TIMES.contains(&last) {
        return moment_of(text).map(|moment| json!(moment)).ok_or("field-moment");
    }
    if DAYS.contains(&last) {
        return day_of(text).map(|day| json!(day)).ok_or("field-day");
    }
    Ok(json!(text))
}

/// A count: digits alone.
pub(super) fn count_of(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// An amount in whole đồng: `8000`, or in threes as `8.000`, `8,000` and `8 000`, each also with
/// its currency. What could mean a part of a đồng, or another amount, means none.
pub(super) fn amount_of(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let bare = CURRENCIES.iter().find_map(|currency| text.strip_suffix(currency));
    let bare = bare.unwrap_or(&text).trim();
    let divided = |sign: char| ['.', ','].contains(&sign) || sign.is_whitespace();
    let mut signs = bare.chars().filter(|sign| divided(*sign));
    let one_sign = signs.next().is_none_or(|first| signs.all(|other| other == first));
    let groups: Vec<&str> = bare.split(divided).collect();
    let in_threes = match groups.as_slice() {
        [_] => true,
        [first, others @ ..] => {
            (1..=3).contains(&first.len())
                && !first.starts_with('0')
                && others.iter().all(|group| group.len() == 3)
        }
        [] => false,
    };
    let number = groups.concat();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| one_sign && in_threes && digits)
}

/// A day as it is typed, `24/11/2026` or `24112026`, in the order of ISO 8601.
pub(super) fn day_of(text: &str) -> Option<String> {
    let divided = text.split(['/', '-', '.', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<&str> = divided.collect();
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !parts.iter().all(digits) {
        return None;
    }
    let day = match parts.as_slice() {
        [day, month, year] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        [all] if all.len() == 8 => {
            let part = |range| all.get(range).unwrap_or_default();
            format!("{}-{}-{}", part(4..8), part(2..4), part(0..2))
        }
        _ => return None,
    };
    Day::from_iso(&day).map(|_| day)
}

/// A moment as it is typed: a day as [`day_of`] reads it, then `08:00`, `8:00` or `0800`.
fn moment_of(text: &str) -> Option<String> {
    let (day, time) = text.trim().rsplit_once(' ')?;
    let (hour, minute) = time.split_once(':').or_else(|| time.split_at_checked(2))?;
    let moment = format!("{}T{hour:0>2}:{minute:0>2}:00+07:00", day_of(day)?);
    times::instant(&moment).map(|_| moment)
}

/// A minute of the day as it is written.
pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The form with this time where a new due time was typed as a day alone.
pub(super) fn timed(mut form: Vec<(String, String)>, minute: u16) -> Vec<(String, String)> {
    let days = form.iter_mut().filter(|(name, text)| name == "due_at" && day_of(text).is_some());
    days.for_each(|(_, text)| *text = format!("{} {}", text.trim(), clock(minute)));
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read_as_people_here_write_them() {
        for typed in ["24/11/1985", "24111985", "24-11-1985", "24.11.1985", " 24 / 11 / 1985 "] {
            assert_eq!(day_of(typed).as_deref(), Some("1985-11-24"), "{typed}");
        }
        assert_eq!(day_of("1/2/1990").as_deref(), Some("1990-02-01"));
        for other in ["1985-11-24", "1985", "hôm qua", "24/11/85", "31/02/2026", "11/24/2026"] {
            assert_eq!(day_of(other), None, "{other}");
        }
        for typed in ["24/11/2026 08:05", "24112026 0805", "24/11/2026 8:05"] {
            let read = moment_of(typed);
            assert_eq!(read.as_deref(), Some("2026-11-24T08:05:00+07:00"), "{typed}");
        }
        for other in ["sáng nay", "24/11/2026", "24/11/2026 25:00", "2026-11-24T08:05", "08:05"] {
            assert_eq!(moment_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_new_due_time_without_a_time_is_when_the_desk_closes() {
        let typed = |name: &str, text: &str| vec![(name.to_owned(), text.to_owned())];
        for (text, meant) in [
            ("01/06/2027", "01/06/2027 17:00"),
            (" 01062027 ", "01062027 17:00"),
            ("01/06/2027 09:30", "01/06/2027 09:30"),
            ("ngày mai", "ngày mai"),
        ] {
            assert_eq!(timed(typed("due_at", text), 17 * 60), typed("due_at", meant));
        }
        // When something was handed in is no matter of closing times.
        assert_eq!(
            timed(typed("received_at", "01/06/2027"), 1),
            typed("received_at", "01/06/2027")
        );
    }

    #[test]
    fn eight_thousand_is_read_however_it_is_written_and_nothing_else_is_taken_for_it() {
        for typed in [
            "8000",
            "8.000",
            "8 000",
            "8,000",
            "8\u{a0}000",
            "8\u{202f}000",
            "8.000đ",
            "8.000 đ",
            "8000 đồng",
            "8.000 ₫",
            "8 000 VNĐ",
            "8000VND",
            " 8.000 ",
            "8.000 Đ",
        ] {
            assert_eq!(amount_of(typed), Some(8_000), "{typed}");
            assert_eq!(value_of("amount", typed), Ok(json!(8_000)), "{typed}");
        }
        for (typed, amount) in [("0", 0), ("1.250.000", 1_250_000), ("12 500 000 đ", 12_500_000)] {
            assert_eq!(amount_of(typed), Some(amount), "{typed}");
        }
        for typed in [
            "8.00",
            "8,5",
            "8.0000",
            "8,00",
            "8.000,00",
            "8,000.00",
            "0.008",
            ".000",
            "8.",
            "8..000",
            "1.000 000",
            "1000.000",
            "-8000",
            "+8000",
            "8k",
            "8 nghìn",
            "đ",
            "",
            "99999999999999999999",
        ] {
            assert_eq!(amount_of(typed), None, "{typed}");
            assert_eq!(value_of("amount", typed), Err("field-amount"), "{typed}");
        }
    }

    #[test]
    fn a_count_is_digits_alone() {
        assert_eq!(count_of(" 2 "), Some(2));
        for typed in ["", "hai", "-1", "+1", "1,5", "70000"] {
            assert_eq!(count_of(typed), None, "{typed}");
        }
    }
}
