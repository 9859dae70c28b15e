//! How long to wait before the next dial.

use std::time::Duration;

/// Exponential backoff with full jitter: a wait between nothing and a ceiling that doubles with each attempt,
/// so that gateways which lost their connector together do not return together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    max: Duration,
}

impl Default for Backoff {
    /// From 1 s to 30 s.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(30))
    }
}

impl Backoff {
    /// A ceiling of `first` after the first failed attempt, and of `max` at the highest.
    pub const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max }
    }

    /// The ceiling after the first failed attempt.
    pub const fn first(&self) -> Duration {
        self.first
    }

    /// The highest ceiling.
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// The wait after `attempt` dials, counted from 1, where `random` is uniform over all of `u64`.
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let ceiling = self.ceiling(attempt).as_nanos();
        let nanos = (ceiling.min(u128::from(u64::MAX)) * u128::from(random)) >> 64;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn the_ceiling_doubles_from_one_second_to_thirty() {
        let table = [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (u32::MAX, 30)];
        for (attempt, seconds) in table {
            let longest = Backoff::default().delay(attempt, u64::MAX);
            let ceiling = Duration::from_secs(seconds);
            assert!(longest <= ceiling, "attempt {attempt}: {longest:?}");
            assert!(longest + Duration::from_nanos(2) >= ceiling, "attempt {attempt}: {longest:?}");
        }
    }

    #[test]
    fn the_jitter_is_full_from_nothing_to_the_ceiling() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(3, 0), Duration::ZERO);
        assert_eq!(backoff.delay(3, 1 << 62), Duration::from_secs(1));
        assert_eq!(backoff.delay(3, 1 << 63), Duration::from_secs(2));
    }

    #[test]
    fn absurd_settings_do_not_overflow() {
        let endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(endless.delay(u32::MAX, u64::MAX) > Duration::from_secs(1));
    }
}
