//! Why whoever knows an identity could not be asked.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// Why there is no answer of use. URLs are repeated without their query.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No whole answer in time.
    #[error("{url} did not answer within {limit:?}")]
    Timeout {
        /// Where.
        url: String,
        /// How long it had.
        limit: Duration,
    },
    /// No connection, or it broke.
    #[error("{url} cannot be reached ({reason})")]
    Connection {
        /// Where.
        url: String,
        /// What the system said.
        reason: String,
        /// The error behind that, where there is one.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// A redirect.
    #[error("{url} redirects, which is not followed; configure the final address")]
    Redirected {
        /// Where.
        url: String,
    },
    /// Another status than a success.
    #[error("{url} answered HTTP {status}")]
    Status {
        /// Where.
        url: String,
        /// The status.
        status: u16,
    },
    /// An answer beyond every reason.
    #[error("{url} answered with more than {max} bytes")]
    TooLarge {
        /// Where.
        url: String,
        /// The bound, in bytes.
        max: usize,
    },
    /// A success that says something else than was asked for, such as the page of a proxy.
    #[error("{url} answered something else than expected: {reason}")]
    Unusable {
        /// Where.
        url: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// They are equal where they say the same.
impl PartialEq for FetchError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for FetchError {}
