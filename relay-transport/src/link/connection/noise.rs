//! Faults of a peer that end nothing, reported without flooding the log.

use std::fmt::Display;

use relay_wire::FrameError;
use tracing::{info, warn};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerFault {
    NotUtf8,
    Malformed,
    NotAnObject,
    Missing,
    TooLong,
    /// No fault at all: a frame of a later contract, which is ignored.
    UnknownFrame,
    /// A result that nobody waits for: late, repeated, or for a request never made.
    StrayResult,
    /// A `going_idle_ack` that nobody asked for.
    StrayAck,
    /// More than one peer may make this side keep.
    Excess,
}

impl PeerFault {
    const ALL: [Self; 9] = [
        Self::NotUtf8,
        Self::Malformed,
        Self::NotAnObject,
        Self::Missing,
        Self::TooLong,
        Self::UnknownFrame,
        Self::StrayResult,
        Self::StrayAck,
        Self::Excess,
    ];

    /// Nothing that this side needed is missing.
    fn is_harmless(self) -> bool {
        matches!(self, Self::UnknownFrame | Self::StrayResult | Self::StrayAck)
    }

    pub(crate) fn of(error: &FrameError) -> Self {
        match error {
            FrameError::NotUtf8 { .. } => Self::NotUtf8,
            FrameError::NotAnObject => Self::NotAnObject,
            FrameError::Missing { .. } => Self::Missing,
            // And whatever a later version of the format tells apart.
            _ => Self::Malformed,
        }
    }
}

/// Counts faults; of each kind the first on a connection is logged, and the number of the rest at its end.
#[derive(Debug, Default)]
pub(crate) struct Noise {
    counts: [u64; PeerFault::ALL.len()],
}

impl Noise {
    /// Notes a fault. `what` must not quote what a person wrote.
    pub(crate) fn note(&mut self, fault: PeerFault, what: &impl Display) {
        if !self.is_first(fault) {
            return;
        }
        if fault.is_harmless() {
            info!("a frame was ignored: {what} (reported once a connection)");
        } else {
            warn!("a frame was skipped: {what} (reported once a connection)");
        }
    }

    /// Reports what was not logged one by one, and starts anew for the next connection.
    pub(crate) fn settle(&mut self) {
        for fault in PeerFault::ALL {
            let count = self.counts[fault as usize];
            if count > 1 && fault.is_harmless() {
                info!(?fault, count, "so many frames of the lost connection were ignored");
            } else if count > 1 {
                warn!(?fault, count, "so many frames of the lost connection were skipped");
            }
        }
        *self = Self::default();
    }

    /// Counts a fault; whether it is the first of its kind.
    fn is_first(&mut self, fault: PeerFault) -> bool {
        let count = &mut self.counts[fault as usize];
        *count += 1;
        *count == 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Noise, PeerFault};

    #[test]
    fn each_kind_of_fault_is_reported_once_a_connection() {
        let mut noise = Noise::default();
        for fault in PeerFault::ALL {
            assert!(noise.is_first(fault), "{fault:?}");
            assert!(!noise.is_first(fault), "{fault:?}");
        }
        noise.settle();
        assert!(noise.is_first(PeerFault::Malformed), "a new connection");
    }
}
