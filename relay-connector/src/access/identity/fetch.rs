//! How an issuer is asked: a seam, so that a verifier can be tested without a network.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use relay_auth::Secret;
use url::Url;

/// What is asked.
#[derive(Clone, Debug)]
pub enum FetchRequest {
    /// `GET` of a JSON document.
    Document(Url),
    /// `POST` of a form.
    Form {
        /// Where.
        url: Url,
        /// The value of the header `Authorization`, if any.
        authorization: Option<Secret>,
        /// The form, encoded. It holds a token.
        form: Secret,
    },
}

/// Asks.
pub trait Fetch: Send + Sync + 'static {
    /// The body of the answer, if its status is a success. Redirects are not followed: what is sent is for one
    /// host.
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Result<Bytes, FetchError>>;
}

/// Why there is no answer of use. URLs are repeated without their query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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

/// A URL as it is named in errors and logs.
pub(super) fn name(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}
