//! Why a call of the connector's HTTP API failed.

use std::time::Duration;

use crate::{PlaintextRefused, RetryAfter};

/// What went wrong, where, and what to do. What the connector said is repeated in bounds and with its control
/// characters escaped; a token or secret never is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// A secret would have travelled unencrypted.
    #[error(transparent)]
    Plaintext(#[from] PlaintextRefused),
    /// The URL cannot be called, or a token holds what no header may.
    #[error("the request to {url} cannot be made ({reason}); correct the connector URL or the token")]
    Request {
        /// The URL, without its query.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// No answer in time.
    #[error("{url} did not answer within {limit:?}; check that the connector runs, then try again")]
    Timeout {
        /// The URL.
        url: String,
        /// How long it had.
        limit: Duration,
    },
    /// No connection.
    #[error("no connection to {url} ({reason}); check the URL, this machine's DNS and any firewall between")]
    Connect {
        /// The URL.
        url: String,
        /// What the system said.
        reason: String,
    },
    /// The proxy gave no way to the host.
    #[error("{url} was not called: {reason}")]
    Proxy {
        /// The URL.
        url: String,
        /// What is wrong with the proxy, and what to do.
        reason: String,
    },
    /// The host did not prove who it is.
    #[error(
        "TLS with {url} failed ({reason}); check the host's certificate, the URL and this machine's clock"
    )]
    Tls {
        /// The URL.
        url: String,
        /// What rustls said.
        reason: String,
    },
    /// The connection broke off before the whole answer was there.
    #[error("{url} broke off its answer ({reason}); try again")]
    Broken {
        /// The URL.
        url: String,
        /// What the HTTP layer said.
        reason: String,
    },
    /// What came is no HTTP.
    #[error("{url} answered with something else than HTTP ({reason}); check the URL and any proxy between")]
    NotHttp {
        /// The URL.
        url: String,
        /// What the HTTP layer said.
        reason: String,
    },
    /// HTTP 400.
    #[error("{url} found the request malformed{}; check {about} for missing or added characters", said(.error))]
    BadRequest {
        /// The URL.
        url: String,
        /// What the connector said; may be empty.
        error: String,
        /// What it is about, in words.
        about: &'static str,
    },
    /// HTTP 401.
    #[error("{url} did not accept {about}{}; log in again, or get a new one", said(.error))]
    Unauthorized {
        /// The URL.
        url: String,
        /// What the connector said; may be empty.
        error: String,
        /// What it is about, in words.
        about: &'static str,
    },
    /// HTTP 403.
    #[error(
        "{url} refused {about}{}; it may be used, expired or another's: ask for a new one",
        said(.error)
    )]
    Forbidden {
        /// The URL.
        url: String,
        /// What the connector said; may be empty.
        error: String,
        /// What it is about, in words.
        about: &'static str,
    },
    /// HTTP 3xx, which is never followed: the token is for this host alone.
    #[error(
        "{url} redirects to {location}, which is not followed; set the connector URL to the final address"
    )]
    Redirected {
        /// The URL.
        url: String,
        /// Where it points.
        location: String,
    },
    /// HTTP 429 or 503.
    #[error("{url} is busy (HTTP {status}{}); try again {}", also(.error), when(*.retry_after))]
    Busy {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// What the peer said; may be empty.
        error: String,
        /// When it wants to be asked again, where it says so.
        retry_after: Option<RetryAfter>,
    },
    /// Any other status than 2xx.
    #[error("{url} answered HTTP {status}{}; check that the URL leads to a connector, then try again", said(.error))]
    Status {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// What the connector said; may be empty.
        error: String,
    },
    /// An answer beyond every reason.
    #[error("{url} answered with more than {max} bytes; check that the URL leads to a connector")]
    TooLarge {
        /// The URL.
        url: String,
        /// The bound, in bytes.
        max: usize,
    },
    /// A success that is not the JSON of the contract, such as the page of a proxy.
    #[error(
        "{url} answered something else than the contract's JSON ({reason}); check that it leads to a connector"
    )]
    NotJson {
        /// The URL.
        url: String,
        /// What was expected.
        reason: String,
    },
    /// A success without a secret in it.
    #[error(
        "{url} answered without a secret, so the gateway is not enrolled; report it to the connector's operator"
    )]
    BlankSecret {
        /// The URL.
        url: String,
    },
}

impl ApiError {
    /// What the peer said of its refusal, without our secrets; an OAuth error begins with its code. Empty where
    /// it said nothing.
    pub fn said(&self) -> &str {
        match self {
            Self::BadRequest { error, .. }
            | Self::Unauthorized { error, .. }
            | Self::Forbidden { error, .. }
            | Self::Busy { error, .. }
            | Self::Status { error, .. } => error,
            _ => "",
        }
    }

    /// When a busy peer wants to be asked again.
    pub fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn also(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(", {error}") }
}

fn when(retry_after: Option<RetryAfter>) -> String {
    match retry_after {
        Some(RetryAfter::Seconds(seconds)) => format!("in {seconds} s"),
        _ => "later".to_owned(),
    }
}

fn said(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(" ({error})") }
}
