//! A request that is still to be sent.

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http_body_util::Full;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use relay_auth::Secret;
use serde::Serialize;
use url::Url;
use url::form_urlencoded::{self, byte_serialize};

use super::body::Outgoing;
use super::origin::Origin;

/// A request, with what proves who asks. Nothing is checked before it is sent; its secrets show neither in `Debug`
/// nor in any error.
pub struct HttpRequest {
    method: Method,
    headers: Vec<(HeaderName, Secret)>,
    body: Outgoing,
    pub(super) origin: Origin,
    /// Whether it may reach the peer twice.
    pub(super) idempotent: bool,
    /// Why it cannot be sent.
    problem: Option<String>,
}

impl HttpRequest {
    /// A request without a body.
    pub fn new(method: Method, url: &Url) -> Self {
        let (headers, body, origin) = (Vec::new(), Outgoing::default(), Origin::of(url));
        let idempotent = method.is_idempotent();
        Self { method, headers, body, origin, idempotent, problem: None }
    }

    /// A `GET`.
    pub fn get(url: &Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A `POST`, whose body is still to be given.
    pub fn post(url: &Url) -> Self {
        Self::new(Method::POST, url)
    }

    /// Sends these bytes.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = Outgoing::Whole(Full::new(body.into()));
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// Sends a value as JSON, and asks for JSON.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body("application/json", body).header(ACCEPT.as_str(), "application/json"),
            Err(error) => {
                self.problem = Some(error.to_string());
                self
            }
        }
    }

    /// Sends fields as a form (`application/x-www-form-urlencoded`), and asks for JSON. What is secret in them is
    /// to be [redacted](Self::redacting).
    #[must_use]
    pub fn form(self, encoded: impl Into<Bytes>) -> Self {
        self.body("application/x-www-form-urlencoded", encoded).header(ACCEPT.as_str(), "application/json")
    }

    /// Sends these fields as a [form](Self::form).
    #[must_use]
    pub fn form_fields(self, fields: &[(&str, &str)]) -> Self {
        self.form(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }

    /// Sends what a stream gives as it comes, with this length, or in chunks where it is not known. An error of the
    /// stream breaks the request off.
    #[must_use]
    pub fn stream(
        mut self,
        content_type: &str,
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        self.body = Outgoing::Streamed { stream: stream.boxed(), length };
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match HeaderName::try_from(name) {
            Ok(name) => self.headers.push((name, Secret::new(value))),
            Err(error) => self.problem = Some(format!("{name}: {error}")),
        }
        self
    }

    /// One more header, whose value is never shown.
    #[must_use]
    pub fn secret_header(self, name: &str, value: &Secret) -> Self {
        self.redacting(value).header(name, value.expose())
    }

    /// `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &Secret) -> Self {
        self.redacting(token).header(AUTHORIZATION.as_str(), &format!("Bearer {}", token.expose()))
    }

    /// `Authorization: Basic`, as an OAuth client authenticates: both parts are form-encoded first (RFC 6749,
    /// 2.3.1).
    #[must_use]
    pub fn basic(self, client_id: &str, client_secret: &Secret) -> Self {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(client_id), encoded(client_secret.expose()));
        let pair = Secret::new(STANDARD.encode(pair));
        let value = format!("Basic {}", pair.expose());
        self.redacting(client_secret).redacting(&pair).header(AUTHORIZATION.as_str(), &value)
    }

    /// Never repeats this text in an error, and lets the request travel encrypted only; for secrets inside the body.
    #[must_use]
    pub fn redacting(mut self, secret: &Secret) -> Self {
        self.origin.hide(secret);
        self
    }

    /// This request may reach the peer twice without harm, though its method does not say so; such as a question that
    /// is asked with `POST`. It is sent again where a kept connection proves dead.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Where it goes, and the request itself, or why it cannot be made; a refused value is not repeated.
    pub(super) fn build(self, agent: Option<&str>) -> (Origin, Result<Request<Outgoing>, String>) {
        let request =
            head(&self, agent).and_then(|head| head.body(self.body).map_err(|error| error.to_string()));
        (self.origin, request)
    }
}

fn head(request: &HttpRequest, agent: Option<&str>) -> Result<hyper::http::request::Builder, String> {
    let url = request.origin.url();
    if let Some(problem) = &request.problem {
        return Err(problem.clone());
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("it begins with {}://, not with https://", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password".to_owned());
    }
    let host = url.host_str().ok_or("it names no host")?;
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let target = format!("{}{query}", url.path());
    let mut head = Request::builder().method(request.method.clone()).uri(target).header(HOST, host);
    for (name, value) in &request.headers {
        let refused = |error| format!("{name}: {error}");
        let mut value = HeaderValue::try_from(value.expose()).map_err(refused)?;
        value.set_sensitive(true);
        head = head.header(name, value);
    }
    Ok(agent.into_iter().fold(head, |head, agent| head.header(USER_AGENT, agent)))
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("host", &self.origin.url().host_str())
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
