//! The HTTP client: over the dialer that everything goes out by, so with the same proxies, roots and refusals.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};

use super::body::Outgoing;
use super::connection::HttpConnection;
use super::deadlines::Watch;
use super::origin::Origin;
use super::pool::Pool;
use super::{Deadlines, HttpError, HttpRequest, HttpResponse, PoolLimits, StreamedResponse};
use crate::{Dial, refuse_plaintext};

/// From the call to the last byte of the response.
const TOTAL: Duration = Duration::from_secs(15);

/// The largest response taken, in bytes: 1 MiB.
const MAX_BODY: usize = 1024 * 1024;

/// Sends [`HttpRequest`]s. Redirects are never followed: what a request proves is for its host alone.
///
/// A connection whose response was read to its end is kept for the next request to its origin, within
/// [`PoolLimits`]; clones share what is kept. Where a kept connection proves dead before a byte of the response came,
/// the request is sent once more, on a new one, if nothing of it was written or it may arrive twice: by its method, or
/// because it is marked [`idempotent`](HttpRequest::idempotent) and holds no stream.
#[derive(Clone)]
pub struct HttpClient {
    dialer: Arc<dyn Dial>,
    deadlines: Deadlines,
    max_body: usize,
    allow_plaintext: bool,
    agent: Option<Arc<str>>,
    pool: Pool,
}

impl HttpClient {
    /// A client whose connections this dialer opens; 15 s for a whole exchange, 1 MiB for a response.
    pub fn new(dialer: Arc<dyn Dial>) -> Self {
        let deadlines = Deadlines::total(TOTAL);
        let pool = Pool::new(PoolLimits::default());
        Self { dialer, deadlines, max_body: MAX_BODY, allow_plaintext: false, agent: None, pool }
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

    /// Keeps connections within these bounds, beginning with none.
    #[must_use]
    pub fn with_pool(mut self, limits: PoolLimits) -> Self {
        self.pool = Pool::new(limits);
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
        let idempotent = request.idempotent;
        let (origin, request) = request.build(self.agent.as_deref());
        let mut request = request.map_err(|reason| origin.unmakeable(reason))?;
        let mut watch = Watch::new(self.deadlines);
        let timeout = |limit| HttpError::Timeout { url: origin.name(), limit };
        if let Some(mut kept) = self.pool.take(&origin.key()).await {
            watch.connected(kept.traffic());
            let copy = copy(&request);
            let answered =
                watch.hold(self.deadlines.first_byte, kept.send(request)).await.map_err(timeout)?;
            let mut error = match answered {
                Ok(response) => return Ok(self.streamed(origin, kept, response, watch)),
                Err(error) => error,
            };
            let moved = kept.traffic().moved();
            let harmless = moved.read == 0 && (idempotent || moved.written == 0);
            request = match error.take_message().or_else(|| copy.filter(|_| harmless)) {
                Some(unsent) => unsent,
                None => return Err(origin.unread(error.into_error())),
            };
            watch.disconnected();
        }
        let dialing = self.dialer.dial(origin.url());
        let dialed = watch.hold(self.deadlines.connect, dialing).await.map_err(timeout)?;
        let stream = dialed.map_err(|error| origin.undialed(error))?;
        let mut connection = HttpConnection::over(stream).await.map_err(|error| origin.unread(error))?;
        watch.connected(connection.traffic());
        let sending = connection.send(request);
        match watch.hold(self.deadlines.first_byte, sending).await.map_err(timeout)? {
            Ok(response) => Ok(self.streamed(origin, connection, response, watch)),
            Err(error) => Err(origin.unread(error.into_error())),
        }
    }

    fn streamed(
        &self,
        origin: Origin,
        connection: HttpConnection,
        response: Response<Incoming>,
        watch: Watch,
    ) -> StreamedResponse {
        let (head, body) = response.into_parts();
        StreamedResponse {
            status: head.status,
            headers: head.headers,
            origin,
            connection: Some(connection),
            pool: self.pool.clone(),
            body,
            watch,
            max: self.max_body,
            come: 0,
        }
    }
}

/// The same request once more, where its body does not come from a stream.
fn copy(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let mut copy = Request::new(request.body().copy()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("deadlines", &self.deadlines)
            .field("max_body", &self.max_body)
            .field("allow_plaintext", &self.allow_plaintext)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
