//! When an agent that failed is started again, and when no more.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;

/// The failures of late.
#[derive(Debug, Default)]
pub(crate) struct Failures(VecDeque<Instant>);

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another start, after this wait.
    Retry(Duration),
    /// Nothing by itself.
    GiveUp,
}

impl Failures {
    /// Another failure, now.
    pub(crate) fn add(&mut self, limits: &Limits, now: Instant) -> Next {
        self.0.push_back(now);
        while self.0.front().is_some_and(|first| now.duration_since(*first) > limits.failures_within) {
            self.0.pop_front();
        }
        if self.0.len() >= limits.failures {
            return Next::GiveUp;
        }
        let doublings = u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX).min(16);
        Next::Retry((limits.backoff * 2_u32.pow(doublings)).min(limits.backoff_most))
    }

    /// The agent answered: what was before does not count any more.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Failures, Next};
    use crate::limits::Limits;

    #[test]
    fn waits_double_up_to_a_minute_and_the_fifth_failure_in_five_minutes_is_the_last() {
        let limits = Limits::default();
        let now = Instant::now();
        let mut failures = Failures::default();
        let next: Vec<_> = (0..5).map(|_| failures.add(&limits, now)).collect();
        let retry = |seconds| Next::Retry(Duration::from_secs(seconds));
        assert_eq!(next, [retry(1), retry(2), retry(4), retry(8), Next::GiveUp]);

        let many = Limits { failures: 100, ..limits };
        let mut failures = Failures::default();
        let last = (0..20).map(|_| failures.add(&many, now)).last();
        assert_eq!(last, Some(retry(60)));
    }

    #[test]
    fn failures_far_apart_are_each_the_first() {
        let limits = Limits::default();
        let mut failures = Failures::default();
        for hour in 0..10 {
            let now = Instant::now() + Duration::from_secs(3600 * hour);
            assert_eq!(failures.add(&limits, now), Next::Retry(Duration::from_secs(1)));
        }
    }
}
