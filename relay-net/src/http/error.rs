//! Why an HTTP exchange gave nothing of use.

use std::time::Duration;

use crate::{DialError, PlaintextRefused, RetryAfter};

/// What went wrong, where, and what to do. URLs are named without their query; what the peer said is repeated in
/// bounds and with its control characters escaped; a secret never is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// A secret would have travelled unencrypted.
    #[error(transparent)]
    Plaintext(#[from] PlaintextRefused),
    /// The URL cannot be called, or a header or the body cannot be sent.
    #[error("the request to {url} cannot be made ({reason}); correct the URL or the credentials")]
    Request {
        /// The URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// One of the deadlines has passed.
    #[error("{url} did not answer within {limit:?}; check that it runs, then try again")]
    Timeout {
        /// The URL.
        url: String,
        /// How long it had.
        limit: Duration,
    },
    /// No connection.
    #[error("{url} was not called: {source}")]
    Dial {
        /// The URL.
        url: String,
        /// Why there is none.
        source: Box<DialError>,
    },
    /// The connection broke off before the whole response was there.
    #[error("{url} broke off its answer ({reason}); try again")]
    Broken {
        /// The URL.
        url: String,
        /// What the HTTP layer said.
        reason: String,
        /// The same, whole.
        source: hyper::Error,
    },
    /// What came is no HTTP.
    #[error("{url} answered with something else than HTTP ({reason}); check the URL and any proxy between")]
    NotHttp {
        /// The URL.
        url: String,
        /// What the HTTP layer said.
        reason: String,
        /// The same, whole.
        source: hyper::Error,
    },
    /// A response beyond the bound.
    #[error("{url} answered with more than {max} bytes; check the URL")]
    TooLarge {
        /// The URL.
        url: String,
        /// The bound, in bytes.
        max: usize,
    },
    /// HTTP 3xx, which is never followed: what a request proves is for its host alone.
    #[error("{url} redirects to {location}, which is not followed; configure the final address")]
    Redirected {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// Where it points.
        location: String,
    },
    /// Any other status than 2xx.
    #[error("{}", refusal(.url, *.status, .message, *.retry_after))]
    Status {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// What the peer said; may be empty.
        message: String,
        /// When it wants to be asked again, where it says so.
        retry_after: Option<RetryAfter>,
    },
    /// A success that is not the JSON that was asked for, such as the page of a proxy.
    #[error(
        "{url} answered something else than the JSON expected ({reason}); check the URL and any proxy between"
    )]
    NotJson {
        /// The URL.
        url: String,
        /// What was expected.
        reason: &'static str,
    },
}

impl HttpError {
    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Redirected { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What the peer said of its refusal, without our secrets; an OAuth error begins with its code. Empty where it
    /// said nothing.
    pub fn peer_message(&self) -> &str {
        match self {
            Self::Status { message, .. } => message,
            _ => "",
        }
    }

    /// When a peer that refused wants to be asked again, where it says so.
    pub fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn refusal(url: &str, status: u16, said: &str, retry_after: Option<RetryAfter>) -> String {
    if matches!(status, 429 | 503) {
        let said = if said.is_empty() { String::new() } else { format!(", {said}") };
        return match retry_after {
            Some(RetryAfter::Seconds(seconds)) => {
                format!("{url} is busy (HTTP {status}{said}); try again in {seconds} s")
            }
            _ => format!("{url} is busy (HTTP {status}{said}); try again later"),
        };
    }
    let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
    let remedy = match status {
        401 => "check the credentials",
        403 => "check what the credentials allow",
        400..500 => "check the URL and what is sent there",
        _ => "check the URL, then try again",
    };
    format!("{url} answered HTTP {status}{said}; {remedy}")
}
