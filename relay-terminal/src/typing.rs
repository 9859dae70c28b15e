//! Whether an agent is shown to be at work.

use std::time::{Duration, Instant};

/// How long typing is shown when nobody clears it; an agent at work says so again before that.
const SHOWN_FOR: Duration = Duration::from_secs(10);

/// Typing that ends by itself.
#[derive(Debug, Default)]
pub(crate) struct TypingIndicator {
    until: Option<Instant>,
}

impl TypingIndicator {
    pub(crate) fn show(&mut self, now: Instant) {
        self.until = Some(now + SHOWN_FOR);
    }

    pub(crate) fn clear(&mut self) {
        self.until = None;
    }

    pub(crate) fn is_shown(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// When it ends by itself, while it is shown.
    pub(crate) fn ends_at(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::TypingIndicator;

    #[test]
    fn typing_is_over_when_cleared_or_after_ten_seconds() {
        let now = Instant::now();
        let mut typing = TypingIndicator::default();
        assert!(!typing.is_shown(now));
        typing.show(now);
        assert!(typing.is_shown(now + Duration::from_millis(9_999)));
        assert!(!typing.is_shown(now + Duration::from_secs(10)));
        assert_eq!(typing.ends_at(now + Duration::from_secs(10)), None);

        typing.show(now + Duration::from_secs(5));
        assert!(typing.is_shown(now + Duration::from_secs(14)), "said again, it lasts again");
        typing.clear();
        assert!(!typing.is_shown(now));
    }
}
