//! Why a call of the connector's HTTP API failed.

use relay_net::{HttpError, RetryAfter};

/// What went wrong, where, and what to do. What the connector said is repeated in bounds and with its control
/// characters escaped; a token or secret never is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectorApiError {
    /// HTTP 400.
    #[error(
        "{url} found the request malformed{}; check {about} for missing or added characters",
        in_brackets(.source)
    )]
    Malformed {
        /// The URL, without its query.
        url: String,
        /// What it is about, in words.
        about: &'static str,
        /// What the connector answered.
        source: HttpError,
    },
    /// HTTP 401.
    #[error("{url} did not accept {about}{}; log in again, or get a new one", in_brackets(.source))]
    Unauthorized {
        /// The URL, without its query.
        url: String,
        /// What it is about, in words.
        about: &'static str,
        /// What the connector answered.
        source: HttpError,
    },
    /// HTTP 403.
    #[error(
        "{url} refused {about}{}; it may be used, expired or another's: ask for a new one",
        in_brackets(.source)
    )]
    Forbidden {
        /// The URL, without its query.
        url: String,
        /// What it is about, in words.
        about: &'static str,
        /// What the connector answered.
        source: HttpError,
    },
    /// A success without a secret in it.
    #[error(
        "{url} answered without a secret, so the gateway is not enrolled; report it to the connector's operator"
    )]
    BlankSecret {
        /// The URL, without its query.
        url: String,
    },
    /// The call did not come through, or its answer is none of the contract's.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// What the credentials of a call are called when they are refused, both with their article.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subjects {
    /// What a 401 is about.
    pub(super) identity: &'static str,
    /// What a 400 or 403 is about.
    pub(super) grant: &'static str,
}

impl Subjects {
    /// What a failed call means.
    pub(super) fn explain(self, error: HttpError) -> ConnectorApiError {
        let HttpError::Status { url, status, .. } = &error else { return error.into() };
        let (url, status) = (url.clone(), *status);
        match status {
            400 => ConnectorApiError::Malformed { url, about: self.grant, source: error },
            401 => ConnectorApiError::Unauthorized { url, about: self.identity, source: error },
            403 => ConnectorApiError::Forbidden { url, about: self.grant, source: error },
            _ => error.into(),
        }
    }
}

impl ConnectorApiError {
    /// What the connector said of its refusal, without our secrets. Empty where it said nothing.
    pub fn peer_message(&self) -> &str {
        match self {
            Self::Malformed { source, .. }
            | Self::Unauthorized { source, .. }
            | Self::Forbidden { source, .. }
            | Self::Http(source) => source.peer_message(),
            Self::BlankSecret { .. } => "",
        }
    }

    /// When a busy connector wants to be asked again.
    pub fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Http(error) if matches!(error.status(), Some(429 | 503)) => error.retry_after(),
            _ => None,
        }
    }
}

fn in_brackets(error: &HttpError) -> String {
    if error.peer_message().is_empty() { String::new() } else { format!(" ({})", error.peer_message()) }
}
