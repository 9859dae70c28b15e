//! Points in time as tokens and signatures carry them.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnixSeconds(pub u64);

impl UnixSeconds {
    /// This many seconds later; the last representable second when there is none later.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The second that `time` falls into. A clock before 1970 reads as 0, where every token with an expiry
    /// is still good and no signed delivery is: such a clock is reported by whoever verifies.
    pub fn from_system(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl From<u64> for UnixSeconds {
    fn from(seconds: u64) -> Self {
        Self(seconds)
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_system_time_is_cut_to_its_second() {
        let time = UNIX_EPOCH + Duration::from_millis(1_750_000_000_999);
        assert_eq!(UnixSeconds::from_system(time), UnixSeconds(1_750_000_000));
    }

    #[test]
    fn a_clock_before_1970_reads_as_zero() {
        assert_eq!(UnixSeconds::from_system(UNIX_EPOCH - Duration::from_secs(1)), UnixSeconds(0));
    }

    #[test]
    fn adding_stops_at_the_last_second() {
        assert_eq!(UnixSeconds(u64::MAX).plus(300), UnixSeconds(u64::MAX));
        assert_eq!(UnixSeconds(1).plus(300), UnixSeconds(301));
    }

    #[test]
    fn it_displays_as_plain_digits() {
        assert_eq!(UnixSeconds(1_754_700_300).to_string(), "1754700300");
    }
}
