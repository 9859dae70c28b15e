//! The one HTTP client: over the same dialer as the link, so with the same proxies, roots and refusals.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use url::Url;

use crate::http_call::{Answer, Call};
use crate::{ApiError, ByteStream, Dial, Post};

/// From the call to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The largest answer taken, in bytes: 1 MiB.
const MAX_ANSWER: usize = 1024 * 1024;

/// The largest head of an answer taken, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// Sends [`Post`]s, each over a connection of its own. Redirects are never followed: what a request proves is
/// for its host alone.
#[derive(Clone)]
pub struct HttpClient {
    dialer: Arc<dyn Dial>,
    timeout: Duration,
    allow_plaintext: bool,
}

impl HttpClient {
    /// A client whose connections this dialer opens.
    pub fn new(dialer: Arc<dyn Dial>) -> Self {
        Self { dialer, timeout: TIMEOUT, allow_plaintext: false }
    }

    /// Waits this long for a whole answer, in place of 15 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets secrets travel unencrypted to another machine.
    #[must_use]
    pub fn allow_plaintext(mut self, allowed: bool) -> Self {
        self.allow_plaintext = allowed;
        self
    }

    /// Sends a request; the answer, where it is a 2xx.
    pub async fn send(&self, post: Post) -> Result<Answer, ApiError> {
        let call = Call::of(&post);
        relay_net::refuse_plaintext(&post.url, self.allow_plaintext)?;
        let request = post.request().map_err(|reason| call.unmakeable(reason))?;
        match tokio::time::timeout(self.timeout, self.exchange(&call, &post.url, request)).await {
            Ok(answered) => answered.map(|body| call.answered(body)),
            Err(_) => Err(ApiError::Timeout { url: call.name(), limit: self.timeout }),
        }
    }

    async fn exchange(
        &self,
        call: &Call,
        url: &Url,
        request: Request<Full<Bytes>>,
    ) -> Result<Bytes, ApiError> {
        let stream = self.dialer.dial(url).await.map_err(|error| call.undialed(&error))?;
        converse(call, stream, request).await
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("timeout", &self.timeout)
            .field("allow_plaintext", &self.allow_plaintext)
            .finish_non_exhaustive()
    }
}

/// One request and its answer. Whatever comes of it, the connection ends with it.
async fn converse(
    call: &Call,
    stream: Box<dyn ByteStream>,
    request: Request<Full<Bytes>>,
) -> Result<Bytes, ApiError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| call.unread(&error))?;
    let mut connection = pin!(connection);
    let mut answering = pin!(async {
        let answer = sender.send_request(request).await.map_err(|error| call.unread(&error))?;
        let (head, body) = answer.into_parts();
        if head.status.is_redirection() {
            return Err(call.redirected(&head.headers));
        }
        let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return ApiError::TooLarge { url: call.name(), max: MAX_ANSWER };
            }
            let reason = |error: &hyper::Error| call.unread(error);
            error
                .downcast_ref()
                .map_or_else(|| ApiError::Broken { url: call.name(), reason: error.to_string() }, reason)
        })?;
        let body = body.to_bytes();
        if head.status.is_success() { Ok(body) } else { Err(call.refused(head.status, &head.headers, &body)) }
    });
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            answered = &mut answering => return answered,
            // How it ended is told by whatever waits for its answer.
            _ = &mut connection, if open => open = false,
        }
    }
}
