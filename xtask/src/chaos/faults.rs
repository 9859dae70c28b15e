//! What went wrong on purpose, in numbers.

use std::fmt;
use std::time::Duration;

/// Counts what was done to a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) cuts: u64,
    pub(crate) connections_cut: u64,
    pub(crate) stalls: u64,
    pub(crate) stalled: Duration,
    pub(crate) gateway_kills: u64,
    pub(crate) connector_kills: u64,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cuts of {} connections, {} stalls of {:.1} s together, SIGKILL for the gateway {} times and for \
             the connector {} times",
            self.cuts,
            self.connections_cut,
            self.stalls,
            self.stalled.as_secs_f64(),
            self.gateway_kills,
            self.connector_kills
        )
    }
}
