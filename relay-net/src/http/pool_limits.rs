//! How many connections are kept for later, and for how long.

use std::time::Duration;

/// The bounds of a client's pool. What is beyond them is closed, the longest unused first; connections in use are not
/// counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Kept for one scheme, host and port. 4.
    pub(super) per_origin: usize,
    /// Kept at all. 64.
    pub(super) total: usize,
    /// How long one may be unused. 30 s: most servers close after a minute, some after 5 s.
    pub(super) idle: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { per_origin: 4, total: 64, idle: Duration::from_secs(30) }
    }
}

impl PoolLimits {
    /// Nothing is kept: each request has a connection of its own.
    pub const fn none() -> Self {
        Self { per_origin: 0, total: 0, idle: Duration::ZERO }
    }

    /// Keeps so many for one scheme, host and port.
    #[must_use]
    pub const fn with_per_origin(mut self, connections: usize) -> Self {
        self.per_origin = connections;
        self
    }

    /// Keeps so many at all.
    #[must_use]
    pub const fn with_total(mut self, connections: usize) -> Self {
        self.total = connections;
        self
    }

    /// Keeps one for so long without use.
    #[must_use]
    pub const fn with_idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// How many are kept for one scheme, host and port.
    pub const fn per_origin(&self) -> usize {
        self.per_origin
    }

    /// How many are kept at all.
    pub const fn total(&self) -> usize {
        self.total
    }

    /// How long one may be unused.
    pub const fn idle(&self) -> Duration {
        self.idle
    }
}
