//! A `POST` that is still to be sent.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use relay_auth::Secret;
use serde::Serialize;
use url::Url;
use url::form_urlencoded::{self, byte_serialize};

/// A `POST` of JSON or of a form, with what proves who asks. Nothing is checked before it is sent; its secrets
/// show neither in `Debug` nor in any error.
#[derive(Clone)]
pub struct Post {
    pub(crate) url: Url,
    headers: Vec<(HeaderName, Secret)>,
    body: PostBody,
    /// What no error may repeat: the secrets, and what became of them on their way into the request.
    pub(crate) secrets: Vec<Secret>,
    /// Why it cannot be sent.
    problem: Option<String>,
    pub(crate) names: Names,
}

/// What is sent.
#[derive(Clone)]
enum PostBody {
    Json(Vec<u8>),
    Form(String),
}

/// What the credentials of a request are called when they are refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    /// What a 401 is about.
    pub(crate) identity: &'static str,
    /// What a 400 or 403 is about.
    pub(crate) grant: &'static str,
}

impl Post {
    /// A JSON body.
    pub fn json(url: &Url, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::new(url, PostBody::Json(body)),
            Err(error) => {
                let problem = Some(error.to_string());
                Self { problem, ..Self::new(url, PostBody::Json(Vec::new())) }
            }
        }
    }

    /// An empty form (`application/x-www-form-urlencoded`), to be filled field by field.
    pub fn form(url: &Url) -> Self {
        Self::new(url, PostBody::Form(String::new()))
    }

    fn new(url: &Url, body: PostBody) -> Self {
        let names = Names { identity: "the credentials", grant: "the credentials" };
        Self { url: url.clone(), headers: Vec::new(), body, secrets: Vec::new(), problem: None, names }
    }

    /// One more field of the form.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        match &mut self.body {
            PostBody::Form(form) => {
                form_urlencoded::Serializer::new(form).append_pair(name, value);
            }
            PostBody::Json(_) => self.problem = Some(format!("the field {name} belongs into a form")),
        }
        self
    }

    /// One more field of the form, which is secret.
    #[must_use]
    pub fn secret_field(self, name: &str, value: &Secret) -> Self {
        self.secret(value).field(name, value.expose())
    }

    /// One more header, whose value is never shown.
    #[must_use]
    pub fn secret_header(mut self, name: &'static str, value: &Secret) -> Self {
        match HeaderName::try_from(name) {
            Ok(header) => self.headers.push((header, value.clone())),
            Err(error) => self.problem = Some(format!("{name}: {error}")),
        }
        self.secret(value)
    }

    /// `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(mut self, token: &Secret) -> Self {
        self.headers.push((AUTHORIZATION, Secret::new(format!("Bearer {}", token.expose()))));
        self.secret(token)
    }

    /// `Authorization: Basic`, as an OAuth client authenticates: both parts are form-encoded first (RFC 6749,
    /// 2.3.1).
    #[must_use]
    pub fn basic(mut self, client_id: &str, client_secret: &Secret) -> Self {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Secret::new(STANDARD.encode(format!(
            "{}:{}",
            encoded(client_id),
            encoded(client_secret.expose())
        )));
        self.headers.push((AUTHORIZATION, Secret::new(format!("Basic {}", pair.expose()))));
        self.secret(client_secret).secret(&pair)
    }

    /// What the errors call what was shown: `identity` where the answer is a 401, `grant` where it is a 400 or
    /// a 403. Both with their article.
    #[must_use]
    pub fn named(mut self, identity: &'static str, grant: &'static str) -> Self {
        self.names = Names { identity, grant };
        self
    }

    /// Never repeats this text in an error; for secrets that are inside the body.
    #[must_use]
    pub fn secret(mut self, secret: &Secret) -> Self {
        let encoded: String = byte_serialize(secret.expose().as_bytes()).collect();
        self.secrets.extend([secret.clone(), Secret::new(encoded)]);
        // The longer first: a secret may be the beginning of another.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        self
    }

    /// The request, or why it cannot be made; a refused value is not repeated.
    pub(crate) fn request(&self) -> Result<Request<Full<Bytes>>, String> {
        let url = &self.url;
        if let Some(problem) = &self.problem {
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
        let (kind, body) = match &self.body {
            PostBody::Json(body) => ("application/json", Bytes::from(body.clone())),
            PostBody::Form(form) => ("application/x-www-form-urlencoded", Bytes::from(form.clone())),
        };
        let mut request = Request::post(format!("{}{query}", url.path()))
            .header(HOST, host)
            .header(CONTENT_TYPE, kind)
            .header(ACCEPT, "application/json");
        for (name, value) in &self.headers {
            let refused = |error| format!("{name}: {error}");
            let mut value = HeaderValue::try_from(value.expose()).map_err(refused)?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        request.body(Full::from(body)).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("host", &self.url.host_str())
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
