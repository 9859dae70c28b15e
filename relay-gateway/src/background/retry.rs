//! When to ask a connector again for something that the gateway can do without meanwhile.

use std::time::Duration;

use relay_runtime::{Clock, Random};
use relay_transport::{Backoff, ConnectorApiError};
use tokio_util::sync::CancellationToken;

/// The longest that a busy connector is obeyed.
const LONGEST: Duration = Duration::from_mins(15);

/// Waits that grow: of all the gateways that find a connector down, none is in a hurry.
pub(crate) struct Retry {
    backoff: Backoff,
    random: Random,
    attempt: u32,
}

impl Retry {
    pub(crate) fn new(random: Random) -> Self {
        let backoff = Backoff::new(Duration::from_secs(2), Duration::from_mins(5));
        Self { backoff, random, attempt: 0 }
    }

    /// Waits until the next attempt, and as long as the connector has asked for; `false` when there is none any
    /// more.
    pub(crate) async fn wait(&mut self, asked: Option<Duration>, shutdown: &CancellationToken) -> bool {
        self.attempt = self.attempt.saturating_add(1);
        let wait = self.backoff.delay(self.attempt, self.random.number());
        let wait = wait.max(asked.unwrap_or_default().min(LONGEST));
        tokio::select! {
            () = shutdown.cancelled() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }
}

/// How long a busy connector asks to be left alone.
pub(crate) fn asked(error: &ConnectorApiError, clock: &Clock) -> Option<Duration> {
    error.retry_after().map(|after| after.wait(clock.now()))
}
