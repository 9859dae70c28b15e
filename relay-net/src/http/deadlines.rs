//! How long an exchange may take, and the clock that holds it to that.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::traffic::Traffic;

/// The times that an exchange has; a missing one is no bound. Each is counted for itself, and the first to pass ends
/// the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// Resolving, connecting, proxy and TLS together.
    pub(super) connect: Option<Duration>,
    /// From the open connection to the head of the response; sending the request is within it.
    pub(super) first_byte: Option<Duration>,
    /// How long no byte may move in either direction once the connection is open. The one for streams.
    pub(super) silence: Option<Duration>,
    /// From the call to the last byte of the response.
    pub(super) total: Option<Duration>,
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

    /// Bounds the silence of an open connection too.
    #[must_use]
    pub const fn with_silence(mut self, limit: Duration) -> Self {
        self.silence = Some(limit);
        self
    }

    /// Bounds the whole exchange too.
    #[must_use]
    pub const fn with_total(mut self, limit: Duration) -> Self {
        self.total = Some(limit);
        self
    }
}

/// Holds one exchange to its deadlines.
#[derive(Debug)]
pub(super) struct Watch {
    deadlines: Deadlines,
    begun: Instant,
    /// Before there is a connection, no byte can move.
    traffic: Option<Traffic>,
}

impl Watch {
    pub(super) fn new(deadlines: Deadlines) -> Self {
        Self { deadlines, begun: Instant::now(), traffic: None }
    }

    /// From here on this connection is the one.
    pub(super) fn connected(&mut self, traffic: &Traffic) {
        traffic.restart();
        self.traffic = Some(traffic.clone());
    }

    /// That connection was none.
    pub(super) fn disconnected(&mut self) {
        self.traffic = None;
    }

    /// Does the work, or says which limit has passed. `limit` is that of this step.
    pub(super) async fn hold<T>(
        &self,
        limit: Option<Duration>,
        work: impl Future<Output = T>,
    ) -> Result<T, Duration> {
        let step = Instant::now();
        let last = || self.traffic.as_ref().map(|traffic| traffic.moved().last);
        let mut work = pin!(work);
        loop {
            let bounds = [
                (Some(step), false, limit),
                (Some(self.begun), false, self.deadlines.total),
                (last(), true, self.deadlines.silence),
            ];
            // A limit beyond what the clock can tell is none.
            let ends = bounds
                .into_iter()
                .filter_map(|(from, extends, limit)| Some((from?.checked_add(limit?)?, extends, limit?)));
            let Some((at, extends, limit)) = ends.min() else { return Ok(work.await) };
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = sleep_until(at) => {}
            }
            let moved = extends && last().is_some_and(|last| last + limit > at);
            if !moved {
                return Err(limit);
            }
        }
    }
}
