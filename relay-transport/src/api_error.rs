//! Why a call of the connector's HTTP API failed.

use std::time::Duration;

use crate::PlaintextRefused;

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
    /// HTTP 400.
    #[error("{url} found the request malformed{}; check the token for missing or added characters", said(.error))]
    BadRequest {
        /// The URL.
        url: String,
        /// What the connector said; may be empty.
        error: String,
    },
    /// HTTP 401.
    #[error("{url} did not accept the identity token{}; log in again, or get a new one", said(.error))]
    Unauthorized {
        /// The URL.
        url: String,
        /// What the connector said; may be empty.
        error: String,
    },
    /// HTTP 403.
    #[error(
        "{url} refused the enrollment token{}; it may be used, expired or another's: ask for a new one",
        said(.error)
    )]
    Forbidden {
        /// The URL.
        url: String,
        /// What the connector said; may be empty.
        error: String,
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

fn said(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(" ({error})") }
}
