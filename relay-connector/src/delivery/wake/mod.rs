//! Waking: a sleeping instance's first buffered event makes the connector call its wake URL (contract, Waking).

#[cfg(feature = "wake")]
mod address;
#[cfg(feature = "wake")]
mod http;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

#[cfg(feature = "wake")]
pub use self::http::HttpWake;
use crate::{Instance, Subscriber};

/// Calls under way at once, over all instances. Beyond it an instance is woken by its next event.
const CALLS: usize = 16;

/// Why a wake URL was not called, or what came of it. No text of these holds more of a URL than its origin: path
/// and query may be credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WakeError {
    /// Nothing that could be called.
    #[error("the wake URL is no http or https URL; provision the gateway with another")]
    Url,
    /// Its host has no address that may be called.
    #[error(
        "{origin} is at {address}, which is no public address; whoever may provision could reach into this network \
         by it. Allow private addresses if that is meant"
    )]
    Refused {
        /// Scheme, host and port.
        origin: String,
        /// The address that was found.
        address: String,
    },
    /// Nobody took the call.
    #[error("{origin} could not be called: {why}")]
    Unreachable {
        /// Scheme, host and port.
        origin: String,
        /// What failed.
        why: String,
        /// The error behind that, where there is one that says no more of the URL either.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Somebody took it and did not like it.
    #[error("{origin} answered {status}")]
    Status {
        /// Scheme, host and port.
        origin: String,
        /// The status; redirects are not followed.
        status: u16,
    },
}

/// They are equal where they say the same.
impl PartialEq for WakeError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for WakeError {}

/// Makes one call to a wake URL.
pub trait Wake: Send + Sync + 'static {
    /// Calls it, without payload and without credentials. The future is dropped when that takes too long.
    fn wake(&self, url: &str) -> BoxFuture<'static, Result<(), WakeError>>;
}

/// Calls wake URLs, now and then.
pub(crate) struct Waker {
    /// Without one, nobody is called.
    wake: Option<Arc<dyn Wake>>,
    /// How long an instance is left alone after a call.
    cooldown: Duration,
    /// How long a call may take.
    patience: Duration,
    calls: Arc<Semaphore>,
    /// When each instance was called last; those whose time is over are forgotten.
    called: Mutex<BTreeMap<Instance, Instant>>,
}

impl Waker {
    pub(crate) fn new(wake: Option<Arc<dyn Wake>>, cooldown: Duration, patience: Duration) -> Self {
        Self { wake, cooldown, patience, calls: Arc::new(Semaphore::new(CALLS)), called: Mutex::default() }
    }

    /// Something waits for an instance that is not there. It is called unless that was done a moment ago; nobody
    /// waits for the answer.
    pub(crate) fn poke(&self, sleeper: &Subscriber) {
        let Some(wake) = self.wake.as_ref().filter(|_| !sleeper.wake_urls.is_empty()) else { return };
        let now = Instant::now();
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        called.retain(|_, at| *at + self.cooldown > now);
        if called.contains_key(&sleeper.instance) {
            return;
        }
        let Ok(permit) = Arc::clone(&self.calls).try_acquire_owned() else { return };
        called.insert(sleeper.instance.clone(), now);
        drop(called);
        let (instance, patience) = (sleeper.instance.clone(), self.patience);
        let calls: Vec<_> = sleeper.wake_urls.iter().map(|url| wake.wake(url)).collect();
        tokio::spawn(async move {
            for call in calls {
                match timeout(patience, call).await {
                    Ok(Ok(())) => tracing::debug!(%instance, "a sleeping instance was called"),
                    Ok(Err(error)) => tracing::warn!(%instance, %error, "a sleeping instance was not woken"),
                    Err(_) => tracing::warn!(%instance, "a sleeping instance's wake URL does not answer"),
                }
            }
            drop(permit);
        });
    }
}
