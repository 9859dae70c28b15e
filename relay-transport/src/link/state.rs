//! Where a link stands.

use std::fmt;

/// The state of a link, as its watch channel publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// `going_idle` was sent. Everything is still served: what comes, and what is asked for.
    Draining,
    /// There is no connection, on purpose. A request, [`Link::wake`](crate::Link::wake) or, after
    /// [`Link::hibernate`](crate::Link::hibernate), time brings one about.
    Hibernating,
    /// The connector revoked this gateway. The link does not dial again.
    Disabled {
        /// Why, and what to do.
        reason: DisabledReason,
    },
    /// Closed by its owner.
    Closed,
}

impl LinkState {
    /// One word for it, for status pages and counters.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting { .. } => "connecting",
            Self::Handshaking => "handshaking",
            Self::Live => "live",
            Self::Draining => "draining",
            Self::Hibernating => "hibernating",
            Self::Disabled { .. } => "disabled",
            Self::Closed => "closed",
        }
    }

    /// Whether actions are written as they are asked for.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Live | Self::Draining)
    }

    /// Whether the link has ended for good.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Disabled { .. } | Self::Closed)
    }
}

/// Why a link stopped for good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
            Self::Draining => f.write_str("draining"),
            Self::Hibernating => f.write_str("hibernating"),
            Self::Disabled { reason } => write!(f, "relay disabled: {reason}"),
            Self::Closed => f.write_str("closed"),
        }
    }
}
