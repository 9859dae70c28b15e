//! How often a growing answer is shown.

use std::time::Duration;

use tokio::time::Instant;

/// The first text waits this long for more, so that a quick answer is one message.
const FIRST: Duration = Duration::from_millis(150);

/// Then one edit a second, which every platform allows.
const STEADY: Duration = Duration::from_secs(1);

/// A platform that refuses is asked less and less often, down to this.
const SLOWEST: Duration = Duration::from_secs(30);

/// Refusals of one message after which it is given up.
const PATIENCE: u32 = 5;

/// When the next change may be shown.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    not_before: Instant,
    refusals: u32,
}

impl Pace {
    pub(super) fn starting(now: Instant) -> Self {
        Self { interval: STEADY, not_before: now + FIRST, refusals: 0 }
    }

    /// The earliest time for a change of a growing message.
    pub(super) fn next_change(&self) -> Instant {
        self.not_before
    }

    /// The earliest time for a message's last change, which waits for nothing but a refusal's pause.
    pub(super) fn next_final(&self, now: Instant) -> Instant {
        if self.refusals > 0 { self.not_before } else { now }
    }

    pub(super) fn accepted(&mut self, now: Instant) {
        self.refusals = 0;
        self.interval = (self.interval / 2).max(STEADY);
        self.not_before = now + self.interval;
    }

    /// Notes a refusal; `false` when it is time to give up.
    pub(super) fn refused(&mut self, now: Instant) -> bool {
        self.refusals += 1;
        self.not_before = now + self.interval;
        self.interval = (self.interval * 2).min(SLOWEST);
        self.refusals < PATIENCE
    }

    /// A new message starts: refusals of the last one do not count against it.
    pub(super) fn next_message(&mut self) {
        self.refusals = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[test]
    fn refusals_slow_the_pace_and_acceptance_brings_it_back() {
        let start = Instant::now();
        let at = |pace: &Pace| (pace.next_change() - start).as_millis();
        let mut pace = Pace::starting(start);
        assert_eq!((at(&pace), pace.next_final(start)), (150, start));
        pace.accepted(start);
        assert_eq!(at(&pace), 1_000);
        let pauses: Vec<_> = (0..4)
            .map(|_| {
                assert!(pace.refused(start));
                at(&pace)
            })
            .collect();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(
            pace.next_final(start),
            start + Duration::from_secs(8),
            "a last change waits for the pause too"
        );
        assert!(!pace.refused(start), "the fifth refusal is the last");
        pace.accepted(start);
        assert_eq!((at(&pace), pace.next_final(start)), (15_000, start));
        pace.accepted(start);
        assert_eq!(at(&pace), 7_500);
    }
}
