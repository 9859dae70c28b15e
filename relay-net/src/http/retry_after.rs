//! When a peer that is busy wants to be asked again (RFC 9110, 10.2.3).

use std::time::Duration;

use relay_auth::UnixSeconds;

use super::http_date;

/// The longest wait that is believed, in seconds: a day. A peer that asks for more is asked again after that.
const LONGEST: u64 = 24 * 60 * 60;

/// A `Retry-After` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After this time.
    Seconds(u64),
    /// At this time, by the peer's clock.
    At(UnixSeconds),
}

impl RetryAfter {
    /// Reads the header: seconds, or an HTTP date in any of its three forms.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than a number has are a very long time.
            return Some(Self::Seconds(text.parse().unwrap_or(u64::MAX)));
        }
        http_date::parse(text).map(Self::At)
    }

    /// How long to wait from `now` on; at most a day, and nothing where the time is past.
    pub fn wait(self, now: UnixSeconds) -> Duration {
        let seconds = match self {
            Self::Seconds(seconds) => seconds,
            Self::At(then) => then.0.saturating_sub(now.0),
        };
        Duration::from_secs(seconds.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_auth::UnixSeconds;

    use super::RetryAfter;

    #[test]
    fn seconds_and_dates_are_understood_and_nothing_else_is() {
        let now = UnixSeconds(784_111_777 - 30);
        for (text, seconds) in [
            ("120", 120),
            (" 0 ", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
            ("Sun Nov  6 08:49:37 1994", 30),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("99999999999999999999999", 86_400),
            ("Sat, 06 Nov 2094 08:49:37 GMT", 86_400),
        ] {
            let wait = RetryAfter::parse(text).map(|retry| retry.wait(now));
            assert_eq!(wait, Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "-1", "1.5", "soon", "+3"] {
            assert_eq!(RetryAfter::parse(text), None, "{text}");
        }
    }
}
