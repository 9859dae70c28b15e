//! The connector's HTTP routes beside the socket (contract, HTTP routes).

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use relay_auth::Secret;
use relay_wire::{EnrollRequest, EnrollResponse, ErrorBody, GatewayId};
use rustls::ClientConfig;
use serde_json::{Map, Value};
use url::Url;

use crate::printable::printable;
use crate::{ApiError, plaintext};

/// From the call to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The largest answer taken, in bytes: 1 MiB.
const MAX_ANSWER: usize = 1024 * 1024;

/// Calls a connector's HTTP API. Redirects are never followed.
#[derive(Clone)]
pub struct ConnectorApi {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
    allow_plaintext: bool,
}

/// What a gateway gets for its enrollment token.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Signs the gateway's upgrade tokens.
    pub secret: Secret,
    /// Signs deliveries over HTTP; superseded by the socket.
    pub delivery_key: Option<Secret>,
    /// The tenant that the token was minted for; may be empty.
    pub tenant: String,
    /// The gateway's name as the connector keeps it.
    pub gateway_id: GatewayId,
}

impl ConnectorApi {
    /// A client with this TLS configuration; see [`default_tls`](crate::default_tls).
    pub fn new(tls: &Arc<ClientConfig>) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(ClientConfig::clone(tls))
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, timeout: TIMEOUT, allow_plaintext: false }
    }

    /// Waits this long for a whole answer, in place of 15 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets tokens travel unencrypted to another machine.
    #[must_use]
    pub fn allow_plaintext(mut self, allowed: bool) -> Self {
        self.allow_plaintext = allowed;
        self
    }

    /// Redeems an enrollment token at `url`, which ends in `/relay/enroll`. `bearer` is the identity token of
    /// the person who enrolls, where the connector asks for one.
    pub async fn enroll(
        &self,
        url: &Url,
        token: &Secret,
        gateway_id: &GatewayId,
        bearer: Option<&Secret>,
    ) -> Result<Enrolled, ApiError> {
        let call = Call { url, secrets: [Some(token), bearer] };
        let body = serde_json::to_vec(&EnrollRequest {
            enrollment_token: token.expose().to_owned(),
            gateway_id: gateway_id.as_str().to_owned(),
        })
        .map_err(|error| call.unmakeable(&error))?;
        let answer = self.post(&call, bearer, body).await?;
        let answer: EnrollResponse = call.read(&answer)?;
        if answer.secret.trim().is_empty() {
            return Err(ApiError::BlankSecret { url: call.name() });
        }
        let delivery_key = Some(answer.delivery_key).filter(|key| !key.trim().is_empty()).map(Secret::new);
        let gateway_id =
            if answer.gateway_id.is_empty() { gateway_id.clone() } else { answer.gateway_id.into() };
        Ok(Enrolled { secret: answer.secret.into(), delivery_key, tenant: answer.tenant, gateway_id })
    }

    /// Posts JSON; the body of a 2xx answer.
    async fn post(&self, call: &Call<'_>, bearer: Option<&Secret>, body: Vec<u8>) -> Result<Bytes, ApiError> {
        plaintext::check(call.url, self.allow_plaintext)?;
        let mut request = Request::post(call.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(Full::from(body))
            .map_err(|error| call.unmakeable(&error))?;
        if let Some(bearer) = bearer {
            // The error of a refused value does not repeat it.
            let mut value = HeaderValue::try_from(format!("Bearer {}", bearer.expose()))
                .map_err(|error| call.unmakeable(&error))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        match tokio::time::timeout(self.timeout, self.exchange(call, request)).await {
            Ok(answered) => answered,
            Err(_) => Err(ApiError::Timeout { url: call.name(), limit: self.timeout }),
        }
    }

    async fn exchange(&self, call: &Call<'_>, request: Request<Full<Bytes>>) -> Result<Bytes, ApiError> {
        let answer = self.client.request(request).await.map_err(|error| {
            let (url, connecting) = (call.name(), error.is_connect());
            match tls_reason(&error) {
                Some(reason) => ApiError::Tls { url, reason },
                None if connecting => ApiError::Connect { url, reason: innermost(&error) },
                None => ApiError::Broken { url, reason: innermost(&error) },
            }
        })?;
        let status = answer.status();
        if status.is_redirection() {
            let location = answer.headers().get(LOCATION).map(HeaderValue::as_bytes).unwrap_or_default();
            let location = call.quote(&String::from_utf8_lossy(location));
            return Err(ApiError::Redirected { url: call.name(), location });
        }
        let collected = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = collected.map_err(|error| {
            if error.is::<LengthLimitError>() {
                ApiError::TooLarge { url: call.name(), max: MAX_ANSWER }
            } else {
                ApiError::Broken { url: call.name(), reason: innermost(error.as_ref()) }
            }
        })?;
        let body = body.to_bytes();
        if status.is_success() { Ok(body) } else { Err(call.refused(status, &body)) }
    }
}

impl fmt::Debug for ConnectorApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorApi").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// One call, for its errors: where it went, and what none of them may repeat.
struct Call<'c> {
    url: &'c Url,
    secrets: [Option<&'c Secret>; 2],
}

impl Call<'_> {
    /// The URL for people: without a query or a password that may stand in it.
    fn name(&self) -> String {
        format!("{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }

    /// A text of the connector, without our own secrets that it may have sent back.
    fn quote(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.into_iter().flatten().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.expose(), "[redacted]");
        }
        printable(text.trim())
    }

    fn unmakeable(&self, error: &dyn StdError) -> ApiError {
        ApiError::Request { url: self.name(), reason: error.to_string() }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> ApiError {
        let said = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().error;
        let (url, error) = (self.name(), self.quote(&said));
        match status {
            StatusCode::BAD_REQUEST => ApiError::BadRequest { url, error },
            StatusCode::UNAUTHORIZED => ApiError::Unauthorized { url, error },
            StatusCode::FORBIDDEN => ApiError::Forbidden { url, error },
            _ => ApiError::Status { url, status: status.as_u16(), error },
        }
    }

    /// Reads a body, where null means the same as absent. The parser's message is not repeated whole: it may
    /// quote the body, which holds a secret.
    fn read<T: serde::de::DeserializeOwned>(&self, body: &[u8]) -> Result<T, ApiError> {
        let not_json = |reason: &str| ApiError::NotJson { url: self.name(), reason: reason.to_owned() };
        let mut fields: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| not_json("it is no JSON object"))?;
        fields.retain(|_, value| !value.is_null());
        serde_json::from_value(Value::Object(fields))
            .map_err(|_| not_json("a field is missing or of the wrong type"))
    }
}

/// What rustls said, when it is what failed.
fn tls_reason(error: &(dyn StdError + 'static)) -> Option<String> {
    causes(error).find_map(carried_tls).map(|tls| printable(&tls.to_string()))
}

/// I/O errors carry TLS errors, and each other, without naming them as their source.
fn carried_tls<'e>(cause: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = cause;
    loop {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        cause = cause.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

/// The last cause, which is the one that says something.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(|cause| printable(&cause.to_string())).unwrap_or_default()
}

fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| StdError::source(*error))
}
