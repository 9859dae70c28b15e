//! How long an exchange may take, and the clock that holds it to that.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The times that an exchange has; a missing one is no bound. Each is counted for itself, and the first to pass ends
/// the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadlines {
    /// Resolving, connecting, proxy and TLS together.
    pub connect: Option<Duration>,
    /// From the open connection to the head of the response; sending the request is within it.
    pub first_byte: Option<Duration>,
    /// How long no byte may move in either direction once the connection is open. The one for streams.
    pub silence: Option<Duration>,
    /// From the call to the last byte of the response.
    pub total: Option<Duration>,
}

impl Deadlines {
    /// This long for everything.
    pub const fn total(limit: Duration) -> Self {
        Self { connect: None, first_byte: None, silence: None, total: Some(limit) }
    }

    /// As long as it takes while bytes move, and this long while none does; the same for the connection.
    pub const fn silence(limit: Duration) -> Self {
        Self { connect: Some(limit), first_byte: None, silence: Some(limit), total: None }
    }

    /// Bounds the dial too.
    #[must_use]
    pub const fn with_connect(mut self, limit: Duration) -> Self {
        self.connect = Some(limit);
        self
    }

    /// Bounds the wait for the head of the response too.
    #[must_use]
    pub const fn with_first_byte(mut self, limit: Duration) -> Self {
        self.first_byte = Some(limit);
        self
    }

    /// Bounds the whole exchange too.
    #[must_use]
    pub const fn with_total(mut self, limit: Duration) -> Self {
        self.total = Some(limit);
        self
    }
}

/// When bytes last moved.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    pub(super) fn moved(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds one exchange to its deadlines.
#[derive(Debug)]
pub(super) struct Watch {
    deadlines: Deadlines,
    begun: Instant,
    pub(super) progress: Progress,
    /// Before there is a connection, no byte can move.
    connected: bool,
}

impl Watch {
    pub(super) fn new(deadlines: Deadlines) -> Self {
        let begun = Instant::now();
        Self { deadlines, begun, progress: Progress(Arc::new(Mutex::new(begun))), connected: false }
    }

    pub(super) fn connected(&mut self) {
        self.connected = true;
        self.progress.moved();
    }

    /// Does the work, or says which limit has passed. `limit` is that of this step.
    pub(super) async fn hold<T>(
        &self,
        limit: Option<Duration>,
        work: impl Future<Output = T>,
    ) -> Result<T, Duration> {
        let step = Instant::now();
        let silence = self.deadlines.silence.filter(|_| self.connected);
        let mut work = pin!(work);
        loop {
            let bounds = [
                (step, false, limit),
                (self.begun, false, self.deadlines.total),
                (self.progress.last(), true, silence),
            ];
            // A limit beyond what the clock can tell is none.
            let ends = bounds
                .into_iter()
                .filter_map(|(from, extends, limit)| Some((from.checked_add(limit?)?, extends, limit?)));
            let Some((at, extends, limit)) = ends.min() else { return Ok(work.await) };
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = sleep_until(at) => {}
            }
            let moved = extends && self.progress.last() + limit > at;
            if !moved {
                return Err(limit);
            }
        }
    }
}
