//! The time of day, as an argument.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use relay_auth::UnixSeconds;

/// Tells the time of day, in whole seconds: what tokens are checked and minted at, and what rows are aged by.
///
/// It jumps when the machine's clock is set. Timeouts and pauses belong to tokio's clock, which does not.
#[derive(Clone, Default)]
pub struct Clock(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    System,
    Given(Arc<dyn Fn() -> UnixSeconds + Send + Sync>),
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock of somebody else's, such as a simulation's.
    pub fn from_fn(now: impl Fn() -> UnixSeconds + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(now)))
    }

    /// A clock that stands still.
    pub fn fixed(now: UnixSeconds) -> Self {
        Self::from_fn(move || now)
    }

    /// The time.
    pub fn now(&self) -> UnixSeconds {
        match &self.0 {
            Source::System => UnixSeconds::from_system(SystemTime::now()),
            Source::Given(now) => now(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.0 {
            Source::System => "system",
            Source::Given(_) => "given",
        };
        f.debug_tuple("Clock").field(&format_args!("{source}")).finish()
    }
}

/// A clock that stands still until it is set. Its clones, and the clocks made of it, show the same time.
#[derive(Clone, Debug, Default)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    /// A clock that shows this time.
    pub fn new(now: UnixSeconds) -> Self {
        Self(Arc::new(AtomicU64::new(now.0)))
    }

    /// Sets it, forwards or back.
    pub fn set(&self, now: UnixSeconds) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves it on by whole seconds; what is less than one is lost.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    /// The time that it shows.
    pub fn now(&self) -> UnixSeconds {
        UnixSeconds(self.0.load(Ordering::SeqCst))
    }

    /// It, as code under test takes it.
    pub fn clock(&self) -> Clock {
        let shown = self.clone();
        Clock::from_fn(move || shown.now())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use relay_auth::UnixSeconds;

    use super::{Clock, TestClock};

    #[test]
    fn the_system_clock_shows_the_machines_time() {
        let before = UnixSeconds::from_system(SystemTime::now());
        let now = Clock::system().now();
        assert!(before <= now && now <= UnixSeconds::from_system(SystemTime::now()));
    }

    #[test]
    fn a_test_clock_and_the_clocks_made_of_it_move_together() {
        let shown = TestClock::new(UnixSeconds(1_000));
        let clock = shown.clock();
        assert_eq!(clock.now(), UnixSeconds(1_000));
        shown.advance(Duration::from_millis(2_900));
        assert_eq!(clock.now(), UnixSeconds(1_002));
        shown.clone().set(UnixSeconds(5));
        assert_eq!((clock.clone().now(), shown.now()), (UnixSeconds(5), UnixSeconds(5)));
        assert_eq!(Clock::fixed(UnixSeconds(7)).now(), UnixSeconds(7));
    }

    #[test]
    fn it_prints_where_its_time_comes_from() {
        assert_eq!(format!("{:?}", Clock::system()), "Clock(system)");
        assert_eq!(format!("{:?}", TestClock::default().clock()), "Clock(given)");
    }
}
