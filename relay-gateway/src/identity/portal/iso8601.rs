//! Points in time as `auth.json` writes them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use relay_auth::UnixSeconds;

/// Reads `2026-01-31T12:00:00`, with a fraction or without, then `Z`, an offset, or nothing, which means UTC.
/// `None` for anything else, and for what lies before 1970.
pub(super) fn read(text: &str) -> Option<UnixSeconds> {
    let text = text.trim();
    // A day alone is no point in time, though the calendar reads it as its midnight.
    text.split_once(['T', ' '])?;
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?,
    };
    u64::try_from(at.as_second()).ok().map(UnixSeconds)
}

/// Writes a point in time in UTC; one beyond the year 9999 as the last that a calendar has.
pub(super) fn written(at: UnixSeconds) -> String {
    let seconds = i64::try_from(at.0).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    at.display_with_offset(Offset::UTC).to_string()
}

#[cfg(test)]
mod tests {
    use relay_auth::UnixSeconds;

    use super::{read, written};

    #[test]
    fn a_time_is_read_in_every_form_that_is_written() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T07:30:00+00:00", 1_795_419_000),
            ("2026-11-23T07:30:00.123456+00:00", 1_795_419_000),
            ("2026-11-23 07:30:00", 1_795_419_000),
            ("2026-11-23T08:30:00+01:00", 1_795_419_000),
            ("2026-11-23T02:00:00.5-0530", 1_795_419_000),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
        ] {
            assert_eq!(read(text), Some(UnixSeconds(seconds)), "{text}");
        }
        for text in [
            "",
            "soon",
            "2026-11-23",
            "2026-13-01T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T00:00:00?",
            "1969-12-31T00:00:00Z",
            "2026-11-2\u{663}T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for seconds in (0..20_000_000_000_u64).step_by(86_399 * 7) {
            assert_eq!(read(&written(UnixSeconds(seconds))), Some(UnixSeconds(seconds)), "{seconds}");
        }
        assert_eq!(written(UnixSeconds(1_795_419_000)), "2026-11-23T07:30:00+00:00");
    }
}
