//! Times as the interface writes them: RFC 3339 at UTC+7, whatever the machine's zone.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// The instant as text, to the second.
pub(crate) fn text(at_ms: i64) -> Option<String> {
    let offset = UtcOffset::from_hms(7, 0, 0).ok()?;
    let moment = OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000)).ok()?;
    moment.checked_to_offset(offset)?.format(&Rfc3339).ok()
}

/// The instant of a text with any offset, Unix milliseconds.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    moment.unix_timestamp().checked_mul(1000)?.checked_add(i64::from(moment.millisecond()))
}

/// The wall clock, Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(hoso_engine::clock::now_ms()).unwrap_or(i64::MAX)
}

/// The instant of an unsigned count as text.
pub(crate) fn text_of(at_ms: u64) -> Option<String> {
    text(i64::try_from(at_ms).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_at_the_provinces_offset_and_read_with_any() {
        assert_eq!(text(1_795_143_600_000).as_deref(), Some("2026-11-20T10:00:00+07:00"));
        assert_eq!(instant("2026-11-20T03:00:00Z"), Some(1_795_143_600_000));
        assert_eq!(instant("yesterday"), None);
    }

    /// Runs the tests about times in this program again, on a machine set to that zone.
    fn holds_in(zone: &str) {
        let program = std::env::current_exe().unwrap();
        for claim in [
            "times::tests::times_are_written_at_the_provinces_offset_and_read_with_any",
            "web::pages::chips::tests::\
             a_due_chip_says_how_many_days_are_left_or_over_by_the_calendar_of_the_office",
        ] {
            let mut run = std::process::Command::new(&program);
            let output = run.env("TZ", zone).args(["--exact", claim]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{zone}: {said}");
        }
    }

    #[test]
    fn times_are_those_of_the_province_whatever_zone_the_machine_is_set_to() {
        for zone in ["America/New_York", "Pacific/Kiritimati", "UTC", ""] {
            holds_in(zone);
        }
    }
}
