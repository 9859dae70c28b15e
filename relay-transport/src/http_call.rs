//! One call, for its errors and its answer: where it went, and what neither may repeat.

use std::fmt;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use relay_auth::Secret;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use crate::http_post::Names;
use crate::{ApiError, DialError, Post, RetryAfter};
use relay_net::printable;

/// Where a call went.
pub(crate) struct Call {
    url: Url,
    secrets: Vec<Secret>,
    names: Names,
}

/// The body of a 2xx answer. It may hold secrets, so it does not show.
pub struct Answer {
    call: Call,
    body: Bytes,
}

impl Call {
    pub(crate) fn of(post: &Post) -> Self {
        Self { url: post.url.clone(), secrets: post.secrets.clone(), names: post.names }
    }

    /// The URL for people: without a query or a password that may stand in it.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }

    /// A text of the peer, without our own secrets that it may have sent back.
    fn quote(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.expose(), "[redacted]");
        }
        printable(text.trim())
    }

    pub(crate) fn unmakeable(&self, reason: impl Into<String>) -> ApiError {
        ApiError::Request { url: self.name(), reason: reason.into() }
    }

    pub(crate) fn undialed(&self, error: &DialError) -> ApiError {
        let url = self.name();
        match error {
            DialError::NoHost => self.unmakeable("it names no host"),
            DialError::Resolve { source, .. } | DialError::Connect { source, .. } => {
                ApiError::Connect { url, reason: printable(&source.to_string()) }
            }
            DialError::Tls { source, .. } => ApiError::Tls { url, reason: printable(&source.to_string()) },
            DialError::Proxy { .. } | DialError::ProxyUrl(_) => {
                ApiError::Proxy { url, reason: error.to_string() }
            }
            DialError::TlsSetup { reason } => ApiError::Tls { url, reason: printable(reason) },
            other => ApiError::Connect { url, reason: other.to_string() },
        }
    }

    pub(crate) fn unread(&self, error: &hyper::Error) -> ApiError {
        let (url, reason) = (self.name(), innermost(error));
        if error.is_parse() || error.is_parse_status() {
            ApiError::NotHttp { url, reason }
        } else {
            ApiError::Broken { url, reason }
        }
    }

    /// Where the peer would have us go instead.
    pub(crate) fn redirected(&self, headers: &HeaderMap) -> ApiError {
        let location = headers.get(LOCATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let location = self.quote(&String::from_utf8_lossy(location));
        ApiError::Redirected { url: self.name(), location }
    }

    /// What a status outside 2xx and 3xx means.
    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ApiError {
        let (url, error) = (self.name(), self.quote(&said(body)));
        let Names { identity, grant } = self.names;
        match status {
            StatusCode::BAD_REQUEST => ApiError::BadRequest { url, error, about: grant },
            StatusCode::UNAUTHORIZED => ApiError::Unauthorized { url, error, about: identity },
            StatusCode::FORBIDDEN => ApiError::Forbidden { url, error, about: grant },
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let retry_after = retry_after.and_then(RetryAfter::parse);
                ApiError::Busy { url, status: status.as_u16(), error, retry_after }
            }
            _ => ApiError::Status { url, status: status.as_u16(), error },
        }
    }

    pub(crate) fn answered(self, body: Bytes) -> Answer {
        Answer { call: self, body }
    }
}

impl Answer {
    /// Reads the body, a JSON object in which null means the same as absent. The parser's message is not
    /// repeated whole: it may quote the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.read(self.fields()?)
    }

    /// Reads fields that came with this answer.
    pub(crate) fn read<T: DeserializeOwned>(&self, fields: Map<String, Value>) -> Result<T, ApiError> {
        serde_json::from_value(Value::Object(fields))
            .map_err(|_| self.not_json("a field is missing or of the wrong type"))
    }

    /// The fields of the body that are not null.
    pub(crate) fn fields(&self) -> Result<Map<String, Value>, ApiError> {
        let mut fields: Map<String, Value> =
            serde_json::from_slice(&self.body).map_err(|_| self.not_json("it is no JSON object"))?;
        fields.retain(|_, value| !value.is_null());
        Ok(fields)
    }

    /// A success without the secret that it is about.
    pub(crate) fn blank_secret(&self) -> ApiError {
        ApiError::BlankSecret { url: self.call.name() }
    }

    fn not_json(&self, reason: &str) -> ApiError {
        ApiError::NotJson { url: self.call.name(), reason: reason.to_owned() }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// What a refusal says: `error` of the contract, and `error_description` of OAuth (RFC 6749, 5.2).
fn said(body: &[u8]) -> String {
    let fields: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let texts = ["error", "error_description"].map(|name| fields.get(name).and_then(Value::as_str));
    let texts: Vec<_> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    texts.join(": ")
}

/// The last cause, which is the one that says something.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .map(|cause| printable(&cause.to_string()))
        .unwrap_or_default()
}
