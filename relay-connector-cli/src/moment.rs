//! Times as people and programs read them.

use std::time::{Duration, UNIX_EPOCH};

use relay_auth::UnixSeconds;

/// The last second of the year 9999: what RFC 3339 can still write.
const LAST: u64 = 253_402_300_799;

/// The second in RFC 3339, in UTC; one beyond the year 9999 as that year's last.
pub(crate) fn rfc3339(time: UnixSeconds) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(time.0.min(LAST));
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use relay_auth::UnixSeconds;

    use super::rfc3339;

    #[test]
    fn seconds_become_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_754_700_000, "2025-08-09T00:40:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(UnixSeconds(seconds)), text);
        }
    }
}
