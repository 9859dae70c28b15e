//! Exit codes, after sysexits.h where it has one.

use std::process::ExitCode;

use relay_net::{DialError, HttpError};
use relay_transport::ConnectorApiError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Done,
    /// No gateway runs from this home (the LSB's code for a status).
    NotRunning,
    /// Something went wrong that no other code names.
    Failed,
    /// The connector finds a request malformed (`EX_DATAERR`).
    Malformed,
    /// The connector does not accept the identity that is shown to it (`EX_NOUSER`).
    NoIdentity,
    /// The connector's host did not prove who it is (`EX_NOHOST`).
    Tls,
    /// The connector cannot be reached or does not answer; trying again may help (`EX_UNAVAILABLE`).
    Unavailable,
    /// What the connector answered is not the protocol (`EX_PROTOCOL`).
    Protocol,
    /// The connector did not answer in time (`EX_TEMPFAIL`).
    TimedOut,
    /// The connector does not accept this token or secret (`EX_NOPERM`).
    Refused,
    /// The configuration has to be changed first (`EX_CONFIG`).
    Config,
    /// A file could not be written (`EX_CANTCREAT`).
    CannotWrite,
    /// The inbox cannot be used: damaged, in use by another gateway, or not writable (`EX_IOERR`).
    Inbox,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::NotRunning => 3,
            Self::Malformed => 65,
            Self::NoIdentity => 67,
            Self::Tls => 68,
            Self::Unavailable => 69,
            Self::CannotWrite => 73,
            Self::Inbox => 74,
            Self::TimedOut => 75,
            Self::Protocol => 76,
            Self::Refused => 77,
            Self::Config => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<&ConnectorApiError> for Exit {
    fn from(error: &ConnectorApiError) -> Self {
        match error {
            ConnectorApiError::Http(error)
            | ConnectorApiError::Malformed { source: error, .. }
            | ConnectorApiError::Unauthorized { source: error, .. }
            | ConnectorApiError::Forbidden { source: error, .. } => error.into(),
            ConnectorApiError::BlankSecret { .. } => Self::Protocol,
            _ => Self::Failed,
        }
    }
}

impl From<&HttpError> for Exit {
    fn from(error: &HttpError) -> Self {
        match error {
            HttpError::Plaintext(_) | HttpError::Request { .. } | HttpError::Redirected { .. } => {
                Self::Config
            }
            HttpError::Status { status: 400, .. } => Self::Malformed,
            HttpError::Status { status: 401, .. } => Self::NoIdentity,
            HttpError::Status { status: 403, .. } => Self::Refused,
            HttpError::NotHttp { .. } | HttpError::NotJson { .. } | HttpError::TooLarge { .. } => {
                Self::Protocol
            }
            HttpError::Timeout { .. } => Self::TimedOut,
            HttpError::Dial { source, .. } => match **source {
                DialError::NoHost => Self::Config,
                DialError::Tls { .. } | DialError::TlsSetup { .. } => Self::Tls,
                _ => Self::Unavailable,
            },
            // It broke off, or it is busy or out of order.
            _ => Self::Unavailable,
        }
    }
}
