//! How an issuer is asked: a seam, so that a verifier can be tested without a network.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use relay_auth::Secret;
use url::Url;

use crate::access::identity::FetchError;

/// What is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
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

/// A URL as it is named in errors and logs.
pub(super) fn name(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}
