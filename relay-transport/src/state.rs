//! Where a link stands.

use std::fmt;

/// The state of a link, as its watch channel publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Dialing, or waiting to dial.
    Connecting {
        /// Dials since the last healthy connection, counted from 1.
        attempt: u32,
    },
    /// The socket is open; the first descriptor is awaited.
    Handshaking,
    /// Messages flow.
    Live,
    /// The connector revoked this gateway. The link does not dial again.
    Disabled {
        /// Why, and what to do.
        reason: DisabledReason,
    },
    /// Closed by its owner.
    Closed,
}

/// Why a link stopped for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisabledReason {
    /// Two dials in a row were closed with 4401 after a handshake had once succeeded.
    Revoked {
        /// The connector's close reason.
        reason: String,
    },
    /// The configuration can never work, such as a secret that would travel in plaintext.
    Refused {
        /// What is wrong and what to change.
        reason: String,
    },
}

impl fmt::Display for DisabledReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked { reason } => write!(
                f,
                "the connector revoked this gateway ({}); enroll it again to get a new secret",
                if reason.is_empty() { "no reason given" } else { reason }
            ),
            Self::Refused { reason } => f.write_str(reason),
        }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { attempt } => write!(f, "connecting (attempt {attempt})"),
            Self::Handshaking => f.write_str("handshaking"),
            Self::Live => f.write_str("live"),
            Self::Disabled { reason } => write!(f, "relay disabled: {reason}"),
            Self::Closed => f.write_str("closed"),
        }
    }
}
