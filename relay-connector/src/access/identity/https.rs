//! Asking over HTTPS: rustls with ring, bounded in time and size.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use url::Url;

use crate::access::identity::fetch::name;
use crate::access::identity::{Fetch, FetchError, FetchRequest, IdentitySettingsError};

/// How long a whole exchange may take. A gateway gives up on its own request after 15 s.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 512 * 1024;

const AGENT: &str = concat!("relay-connector/", env!("CARGO_PKG_VERSION"));

/// Fetches with the root certificates of this machine and those bundled with the program.
pub struct HttpsFetch {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl HttpsFetch {
    /// Reads this machine's certificates.
    pub fn new() -> Result<Self, IdentitySettingsError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let native = rustls_native_certs::load_native_certs();
        let (added, unusable) = roots.add_parsable_certificates(native.certs);
        tracing::debug!(
            added,
            unusable,
            errors = native.errors.len(),
            "the machine's root certificates were read"
        );
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| IdentitySettingsError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, timeout: TIMEOUT })
    }

    /// Waits this long for a whole answer instead of 10 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn exchange(&self, url: &Url, request: Request<Full<Bytes>>) -> Result<Bytes, FetchError> {
        let broken =
            |error: &dyn StdError| FetchError::Connection { url: name(url), reason: innermost(error) };
        let answer = self.client.request(request).await.map_err(|error| broken(&error))?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(FetchError::Redirected { url: name(url) });
        }
        if !status.is_success() {
            return Err(FetchError::Status { url: name(url), status: status.as_u16() });
        }
        match Limited::new(answer.into_body(), MAX_ANSWER).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(FetchError::TooLarge { url: name(url), max: MAX_ANSWER })
            }
            Err(error) => Err(broken(error.as_ref())),
        }
    }
}

impl fmt::Debug for HttpsFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsFetch").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Fetch for HttpsFetch {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Result<Bytes, FetchError>> {
        async move {
            let (url, request) = http(request)?;
            timeout(self.timeout, self.exchange(&url, request))
                .await
                .unwrap_or_else(|_| Err(FetchError::Timeout { url: name(&url), limit: self.timeout }))
        }
        .boxed()
    }
}

fn http(request: FetchRequest) -> Result<(Url, Request<Full<Bytes>>), FetchError> {
    let (method, url, authorization, form) = match request {
        FetchRequest::Document(url) => (Method::GET, url, None, None),
        FetchRequest::Form { url, authorization, form } => (Method::POST, url, authorization, Some(form)),
    };
    let unusable = |reason| FetchError::Unusable { url: name(&url), reason };
    let mut head = Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, AGENT);
    if form.is_some() {
        head = head.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::from_str(authorization.expose())
            .map_err(|_| unusable("the client's credentials do not fit into a header"))?;
        value.set_sensitive(true);
        head = head.header(AUTHORIZATION, value);
    }
    let body = form.map_or_else(Bytes::new, |form| Bytes::copy_from_slice(form.expose().as_bytes()));
    let request = head.body(Full::new(body)).map_err(|_| unusable("it is no URL of HTTP"))?;
    Ok((url, request))
}

/// The last cause, which is the one that says something.
fn innermost(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().escape_debug().to_string()
}
