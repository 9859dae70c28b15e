//! Where a request goes, for its errors and its response: the name of its URL, and what neither may repeat.

use hyper::header::{HeaderMap, HeaderValue, LOCATION};
use relay_auth::Secret;
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::HttpError;
use crate::{DialError, printable};

/// The place that a request was made for, and the secrets that went there.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    url: Url,
    secrets: Vec<Secret>,
}

impl Origin {
    pub(super) fn of(url: &Url) -> Self {
        Self { url: url.clone(), secrets: Vec::new() }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The scheme, host and port, by which connections are kept.
    pub(super) fn key(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether anything travels that must not be read on its way.
    pub(super) fn is_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Never repeats this text, nor what a form makes of it.
    pub(super) fn hide(&mut self, secret: &Secret) {
        let encoded: String = byte_serialize(secret.expose().as_bytes()).collect();
        self.secrets.extend([secret.clone(), Secret::new(encoded)]);
        // The longer first: a secret may be the beginning of another.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    /// The URL for people: without a query or a password that may stand in it.
    pub(super) fn name(&self) -> String {
        format!("{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }

    /// A text of the peer, without our own secrets that it may have sent back.
    pub(super) fn quote(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.expose(), "[redacted]");
        }
        printable(text.trim())
    }

    /// Where a redirect points.
    pub(super) fn location(&self, headers: &HeaderMap) -> String {
        let location = headers.get(LOCATION).map(HeaderValue::as_bytes).unwrap_or_default();
        self.quote(&String::from_utf8_lossy(location))
    }

    /// What a refusal says: `error`, and `error_description` of OAuth (RFC 6749, 5.2).
    pub(super) fn peer_message(&self, body: &[u8]) -> String {
        let fields: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let texts = ["error", "error_description"].map(|name| fields.get(name).and_then(Value::as_str));
        let texts: Vec<_> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        self.quote(&texts.join(": "))
    }

    pub(super) fn unmakeable(&self, reason: impl Into<String>) -> HttpError {
        HttpError::Request { url: self.name(), reason: reason.into() }
    }

    pub(super) fn undialed(&self, source: DialError) -> HttpError {
        HttpError::Dial { url: self.name(), source: Box::new(source) }
    }

    pub(super) fn unread(&self, source: hyper::Error) -> HttpError {
        let url = self.name();
        if source.is_parse() || source.is_parse_status() {
            HttpError::NotHttp { url, reason: innermost(&source), source }
        } else {
            HttpError::Broken { url, reason: innermost(&source), source }
        }
    }
}

/// The last cause, which is the one that says something.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .map(|cause| printable(&cause.to_string()))
        .unwrap_or_default()
}
