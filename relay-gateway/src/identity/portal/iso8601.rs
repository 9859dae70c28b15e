//! Points in time as `auth.json` writes them.

use relay_auth::UnixSeconds;

const DAY: i64 = 86_400;

/// Reads `2026-01-31T12:00:00`, with a fraction or without, then `Z`, an offset, or nothing, which means UTC.
/// `None` for anything else, and for what lies before 1970.
pub(super) fn read(text: &str) -> Option<UnixSeconds> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => (&time[..at], offset(&time[at..])?),
        None => (time, 0),
    };
    let mut time = time.split('.').next()?.splitn(3, ':').map(number);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day) && (1970..=9999).contains(&year);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * DAY + hour * 3_600 + minute * 60 + second - offset;
    u64::try_from(seconds).ok().map(UnixSeconds)
}

/// Writes a point in time in UTC.
pub(super) fn written(at: UnixSeconds) -> String {
    let seconds = i64::try_from(at.0).unwrap_or(i64::MAX / 2);
    let (days, rest) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Seconds east of UTC.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) =
        if let Some(rest) = text.strip_prefix('+') { (1, rest) } else { (-1, text.strip_prefix('-')?) };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None => rest.split_at_checked(2)?,
    };
    let minutes = if minutes.is_empty() { 0 } else { number(minutes)? };
    Some(sign * (number(hours)? * 3_600 + minutes * 60))
}

/// Days since 1970-01-01 of a day in the Gregorian calendar. Years begin in March, so that the leap day is the
/// last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
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
