//! The HTTP client: over the dialer that everything goes out by, so with the same proxies, roots and refusals.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::deadlines::Watch;
use super::exchange::Exchange;
use super::{Deadlines, HttpError, HttpRequest, HttpResponse, StreamedResponse};
use crate::{Dial, refuse_plaintext};

/// From the call to the last byte of the response.
const TOTAL: Duration = Duration::from_secs(15);

/// The largest response taken, in bytes: 1 MiB.
const MAX_BODY: usize = 1024 * 1024;

/// Sends [`HttpRequest`]s, each over a connection of its own. Redirects are never followed: what a request proves is
/// for its host alone.
#[derive(Clone)]
pub struct HttpClient {
    dialer: Arc<dyn Dial>,
    deadlines: Deadlines,
    max_body: usize,
    allow_plaintext: bool,
    agent: Option<Arc<str>>,
}

impl HttpClient {
    /// A client whose connections this dialer opens; 15 s for a whole exchange, 1 MiB for a response.
    pub fn new(dialer: Arc<dyn Dial>) -> Self {
        let deadlines = Deadlines::total(TOTAL);
        Self { dialer, deadlines, max_body: MAX_BODY, allow_plaintext: false, agent: None }
    }

    /// Gives each exchange these times.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Takes responses of up to so many bytes.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Says in `User-Agent` who asks; without this nothing is said.
    #[must_use]
    pub fn with_user_agent(mut self, agent: &str) -> Self {
        self.agent = Some(agent.into());
        self
    }

    /// Lets secrets travel unencrypted to another machine.
    #[must_use]
    pub fn allow_plaintext(mut self, allowed: bool) -> Self {
        self.allow_plaintext = allowed;
        self
    }

    /// Sends a request and waits for the whole response, whatever its status.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.open(request).await?.whole().await
    }

    /// Sends a request; the whole response, where it is a 2xx. The body of a redirect is not waited for.
    pub async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.open(request).await?;
        if response.is_redirect() {
            return Err(response.redirected());
        }
        response.whole().await?.success()
    }

    /// Sends a request and waits for the head of the response, whatever its status.
    pub async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, HttpError> {
        if request.origin.is_secret() {
            refuse_plaintext(request.origin.url(), self.allow_plaintext)?;
        }
        let (origin, request) = request.build(self.agent.as_deref());
        let request = request.map_err(|reason| origin.unmakeable(reason))?;
        let mut watch = Watch::new(self.deadlines);
        let timeout = |limit| HttpError::Timeout { url: origin.name(), limit };
        let dialing = self.dialer.dial(origin.url());
        let dialed = watch.hold(self.deadlines.connect, dialing).await.map_err(timeout)?;
        let stream = dialed.map_err(|error| origin.undialed(error))?;
        watch.connected();
        let begun = Exchange::begin(stream, watch.progress.clone(), request);
        let answered = watch.hold(self.deadlines.first_byte, begun).await.map_err(timeout)?;
        let (exchange, response) = answered.map_err(|error| origin.unread(error))?;
        let (head, body) = response.into_parts();
        let (status, headers) = (head.status, head.headers);
        Ok(StreamedResponse { status, headers, origin, exchange, body, watch, max: self.max_body, come: 0 })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("deadlines", &self.deadlines)
            .field("max_body", &self.max_body)
            .field("allow_plaintext", &self.allow_plaintext)
            .finish_non_exhaustive()
    }
}
