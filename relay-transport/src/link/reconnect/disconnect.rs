//! The end of a connection, or of a dial that brought none.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::{DisconnectReason, Initiator};

/// What ended a connection, and how long it had been live.
#[derive(Debug)]
pub struct Disconnect {
    reason: DisconnectReason,
    lived: Duration,
}

impl Disconnect {
    /// Of a connection that was live for so long; zero where the handshake was never done.
    pub fn new(reason: DisconnectReason, lived: Duration) -> Self {
        Self { reason, lived }
    }

    /// Why.
    pub fn reason(&self) -> &DisconnectReason {
        &self.reason
    }

    /// By whom.
    pub fn initiator(&self) -> Initiator {
        self.reason.initiator()
    }

    /// How long the connection had been live; zero where the handshake was never done.
    pub fn lived(&self) -> Duration {
        self.lived
    }
}

impl Error for Disconnect {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.source()
    }
}

impl fmt::Display for Disconnect {
    /// The reason, with what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}
