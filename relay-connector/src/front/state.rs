//! How a front stands.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use relay_auth::UnixSeconds;
use tokio::sync::watch;

use crate::Clock;

/// Whether a front's platform is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontState {
    /// The platform was not reached yet.
    #[default]
    Starting,
    /// What people write comes in.
    Live,
    /// It does not, or not all of it; the front goes on trying.
    Degraded {
        /// Since when, for whatever reasons.
        since: UnixSeconds,
        /// Why, at last, and what to do about it.
        why: String,
    },
    /// Nothing comes in until somebody mends it and starts the connector again.
    Fatal {
        /// Why.
        why: String,
        /// What to do about it.
        remedy: String,
    },
}

/// What only a person can mend: a revoked token, a permission that was never given.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{why}; {remedy}")]
pub struct FrontError {
    why: String,
    remedy: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl FrontError {
    /// Says what is wrong and what to do about it.
    pub fn new(why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { why: why.into(), remedy: remedy.into(), source: None }
    }

    /// The same with what it comes from.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What is wrong.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What to do about it.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

/// Publishes how a front stands.
#[derive(Clone)]
pub struct FrontStateSender {
    state: watch::Sender<FrontState>,
    clock: Clock,
}

impl FrontStateSender {
    pub(crate) fn new(state: watch::Sender<FrontState>, clock: Clock) -> Self {
        Self { state, clock }
    }

    /// What people write comes in.
    pub fn live(&self) {
        self.set(FrontState::Live);
    }

    /// It does not, for this reason and with this remedy in one sentence. The time since when stays while it lasts.
    pub fn degraded(&self, why: impl Into<String>) {
        let since = match &*self.state.borrow() {
            FrontState::Degraded { since, .. } => *since,
            _ => self.clock.now(),
        };
        self.set(FrontState::Degraded { since, why: why.into() });
    }

    /// How the front stands now.
    pub fn current(&self) -> FrontState {
        self.state.borrow().clone()
    }

    pub(crate) fn starting(&self) {
        self.set(FrontState::Starting);
    }

    pub(crate) fn fatal(&self, error: &FrontError) {
        self.set(FrontState::Fatal { why: error.why.clone(), remedy: error.remedy.clone() });
    }

    fn set(&self, state: FrontState) {
        self.state.send_if_modified(|now| {
            let is_new = *now != state;
            *now = state;
            is_new
        });
    }
}

impl fmt::Debug for FrontStateSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FrontStateSender").field(&self.current()).finish()
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::UnixSeconds;
    use relay_runtime::TestClock;
    use tokio::sync::watch;

    use super::{FrontState, FrontStateSender};

    #[test]
    fn a_front_is_degraded_since_the_first_of_its_troubles() {
        let time = TestClock::new(UnixSeconds(10));
        let (sender, mut states) = watch::channel(FrontState::Starting);
        let state = FrontStateSender::new(sender, time.clock());
        state.degraded("no route");
        time.set(UnixSeconds(20));
        state.degraded("502");
        let degraded = FrontState::Degraded { since: UnixSeconds(10), why: "502".to_owned() };
        assert_eq!(*states.borrow_and_update(), degraded);
        state.degraded("502");
        assert!(!states.has_changed().unwrap(), "nothing new is not told again");
        state.live();
        state.degraded("502");
        assert!(matches!(state.current(), FrontState::Degraded { since: UnixSeconds(20), .. }));
    }
}
