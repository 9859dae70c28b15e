//! The response to a request: as it comes, or whole.

use std::fmt;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderMap, RETRY_AFTER};
use relay_auth::UnixSeconds;
use serde::de::DeserializeOwned;

use super::connection::HttpConnection;
use super::deadlines::Watch;
use super::http_date;
use super::origin::Origin;
use super::pool::Pool;
use super::{HttpError, RetryAfter};

/// A response whose head is here and whose body is still coming. Read to its end it leaves its connection to the next
/// request; dropped before, it ends the connection.
#[derive(Debug)]
pub struct StreamedResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) origin: Origin,
    /// `None` once the body has come to its end.
    pub(super) connection: Option<HttpConnection>,
    pub(super) pool: Pool,
    pub(super) body: Incoming,
    pub(super) watch: Watch,
    /// The bound of the body, in bytes, and what has come of it.
    pub(super) max: usize,
    pub(super) come: usize,
}

/// A whole response. It may hold secrets, so it does not show.
pub struct HttpResponse {
    status: StatusCode,
    headers: HeaderMap,
    origin: Origin,
    body: Bytes,
}

impl StreamedResponse {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's value, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What time it is at the peer, where it says so (`Date`).
    pub fn date(&self) -> Option<UnixSeconds> {
        http_date::parse(self.header(DATE.as_str())?)
    }

    pub(super) fn is_redirect(&self) -> bool {
        self.status.is_redirection()
    }

    pub(super) fn redirected(&self) -> HttpError {
        let (url, location) = (self.origin.name(), self.origin.location(&self.headers));
        HttpError::Redirected { url, status: self.status(), location }
    }

    /// The next piece of the body; `None` at its end. Cancel safe.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let Some(connection) = &mut self.connection else { return Ok(None) };
            let next = connection.drive(self.body.frame());
            let frame = match self.watch.hold(None, next).await {
                Ok(None) => {
                    if let Some(connection) = self.connection.take() {
                        self.pool.put(&self.origin.key(), connection).await;
                    }
                    return Ok(None);
                }
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return Err(self.origin.unread(error)),
                Err(limit) => return Err(HttpError::Timeout { url: self.origin.name(), limit }),
            };
            // Trailers say nothing that anybody here asks for.
            let Ok(data) = frame.into_data() else { continue };
            self.come = self.come.saturating_add(data.len());
            if self.come > self.max {
                return Err(HttpError::TooLarge { url: self.origin.name(), max: self.max });
            }
            return Ok(Some(data));
        }
    }

    /// Waits for the rest of the body.
    pub async fn whole(mut self) -> Result<HttpResponse, HttpError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        let Self { status, headers, origin, .. } = self;
        Ok(HttpResponse { status, headers, origin, body: body.into() })
    }
}

impl HttpResponse {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's value, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What time it is at the peer, where it says so (`Date`).
    pub fn date(&self) -> Option<UnixSeconds> {
        http_date::parse(self.header(DATE.as_str())?)
    }

    /// Where it came from: the URL for people, without a query or a password that may stand in it.
    pub fn url(&self) -> String {
        self.origin.name()
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The response, where it is a 2xx.
    pub fn success(self) -> Result<Self, HttpError> {
        let (url, status) = (self.origin.name(), self.status());
        if self.status.is_success() {
            Ok(self)
        } else if self.status.is_redirection() {
            Err(HttpError::Redirected { url, status, location: self.origin.location(&self.headers) })
        } else {
            let retry_after = self.header(RETRY_AFTER.as_str()).and_then(RetryAfter::parse);
            Err(HttpError::Status { url, status, message: self.origin.peer_message(&self.body), retry_after })
        }
    }

    /// Reads the body as JSON. The parser's message is not repeated: it may quote the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let reason = "it is no JSON, or a field is missing or of the wrong type";
        serde_json::from_slice(&self.body).map_err(|_| self.not_json(reason))
    }

    /// The body is JSON, but not what was expected, for this reason.
    pub fn not_json(&self, reason: &'static str) -> HttpError {
        HttpError::NotJson { url: self.origin.name(), reason }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
