//! What waits on the link, how much it is, and how long it will take, as people say it.

use fluent_bundle::FluentArgs;
use hoso_engine::web::Words;
use serde_json::Value;

use super::{frame::minutes_in_words, scans::mebibytes};

/// Minutes from which on nobody wants to know more: 30 days.
const LONG_MINUTES: i64 = 30 * 1_440;

/// Entries and scans apart, each in a sentence; nothing of what does not wait.
pub(super) fn lines(words: &Words, status: &Value) -> Vec<String> {
    let number = |at: &str| status.get(at).and_then(Value::as_u64);
    let is_up = status.get("link").and_then(Value::as_str) == Some("up");
    let line = |key: &str, bytes: &str, seconds: &str| {
        let size = number(bytes).filter(|bytes| *bytes > 0).map(mebibytes)?;
        let mut values = FluentArgs::new();
        values.set("size", size);
        let time = match number(seconds).filter(|_| is_up) {
            Some(seconds) => about(words, seconds),
            None if is_up => words.say("backlog-unknown"),
            None => words.say("backlog-later"),
        };
        Some(format!("{} {time}", words.say_with(key, &values)))
    };
    let without_room = || {
        let count = number("blobs_without_room").filter(|count| is_up && *count > 0)?;
        Some(words.say_with("backlog-scans-room", &[("count", count)].into_iter().collect()))
    };
    let lines = [
        line("backlog-entries", "pending_bytes", "pending_seconds"),
        line("backlog-scans-up", "blob_bytes_up", "blob_seconds_up"),
        without_room(),
        line("backlog-scans-down", "blob_bytes_down", "blob_seconds_down"),
    ];
    lines.into_iter().flatten().collect()
}

/// A time that is not known exactly, and is not said as if it were.
fn about(words: &Words, seconds: u64) -> String {
    let minutes = i64::try_from(seconds.div_ceil(60)).unwrap_or(i64::MAX);
    if minutes <= 1 {
        return words.say("backlog-soon");
    }
    if minutes > LONG_MINUTES {
        return words.say("backlog-long");
    }
    let lasting = minutes_in_words(words, rounded(minutes));
    words.say_with("backlog-about", &[("lasting", lasting)].into_iter().collect())
}

/// To single minutes up to ten, then to five and fifteen of them, to hours, and to days.
fn rounded(minutes: i64) -> i64 {
    let step = match minutes {
        ..=10 => 1,
        11..=60 => 5,
        61..=120 => 15,
        121..=2_880 => 60,
        _ => 1_440,
    };
    minutes.saturating_add(step / 2) / step * step
}

#[cfg(test)]
mod tests {
    use hoso_engine::web::{Language, Speech};
    use serde_json::json;

    use super::*;

    fn said(language: Language, status: &Value) -> String {
        let locales =
            [include_str!("../../../locales/vi.ftl"), include_str!("../../../locales/en.ftl")];
        let speech = Speech::new(locales[0], locales[1]);
        lines(speech.of(language), status).join("\n")
    }

    fn scans(seconds: u64) -> Value {
        json!({ "link": "up", "blob_bytes_up": 1, "blob_seconds_up": seconds })
    }

    #[test]
    fn a_time_is_said_as_people_say_it_and_never_more_exactly_than_it_is_known() {
        for (seconds, vietnamese) in [
            (0, "chưa tới một phút"),
            (60, "chưa tới một phút"),
            (61, "khoảng 2 phút"),
            (12 * 60 + 20, "khoảng 15 phút"),
            (100 * 60, "khoảng 105 phút"),
            (2 * 3600 + 500, "khoảng 2 giờ"),
            (47 * 3600 + 3000, "khoảng 2 ngày"),
            (5 * 86_400 + 40_000, "khoảng 5 ngày"),
            (40 * 86_400, "hơn một tháng"),
            (u64::MAX, "hơn một tháng"),
        ] {
            let said = said(Language::Vietnamese, &scans(seconds));
            assert!(said.contains(vietnamese), "{seconds} s: {said}");
        }
        assert!(said(Language::English, &scans(7_200)).contains("about 2 hours"));
    }

    #[test]
    fn entries_and_scans_are_said_apart_and_what_does_not_wait_is_not_said() {
        let english = |status| said(Language::English, &status);
        assert_eq!(english(json!({ "link": "up", "pending_bytes": 0, "blob_bytes_up": 0 })), "");
        let said = english(json!({
            "link": "up", "pending_bytes": 2_000_000, "pending_seconds": 200,
            "blob_bytes_up": 3_000_000_000_u64, "blob_bytes_down": 7_000_000
        }));
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert!(lines[0].contains("2,0 MB") && lines[0].contains("about 4 minutes"), "{said}");
        assert!(lines[1].contains("not known yet") && lines[2].contains("not known yet"), "{said}");
        let full = english(json!({ "link": "up", "blob_bytes_up": 5, "blobs_without_room": 2 }));
        assert!(full.contains("no room now for 2 scans"), "{full}");
        let away = english(json!({ "link": "down", "pending_bytes": 5, "pending_seconds": 200 }));
        assert!(away.contains("when there is a connection") && !away.contains("about"), "{away}");
    }
}
