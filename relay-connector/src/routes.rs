//! The HTTP side: which request is answered how (contract, HTTP routes).

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use relay_wire::{EnrollRequest, ErrorBody};
use serde::Serialize;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use crate::EnrollError;
use crate::authentication::{Authenticated, authenticate};
use crate::close::Closing;
use crate::connector::Shared;

pub(crate) type Answer = Response<Full<Bytes>>;

/// A socket that becomes a WebSocket once its answer is written.
pub(crate) struct Upgrade {
    pub(crate) on: OnUpgrade,
    /// Whose it is, or how it is closed: a rejected gateway reads its verdict as a close code.
    pub(crate) verdict: Result<Authenticated, Closing>,
}

/// Answers one request.
pub(crate) async fn answer(request: Request<Incoming>, shared: &Shared) -> (Answer, Option<Upgrade>) {
    let route = request.uri().path().strip_prefix(&shared.base_path).unwrap_or_default().to_owned();
    if request.headers().contains_key(UPGRADE) {
        return upgrade(request, &route, shared).await;
    }
    let answer = match (request.method(), route.as_str()) {
        (&Method::GET, "/relay") => {
            let told = "this is a WebSocket endpoint; connect a gateway to it";
            with_header(error(StatusCode::UPGRADE_REQUIRED, told), UPGRADE, "websocket")
        }
        (_, "/relay") => wrong_method("GET"),
        (&Method::POST, "/relay/enroll") => enroll(request, shared).await,
        (_, "/relay/enroll") => wrong_method("POST"),
        _ => error(StatusCode::NOT_FOUND, "there is nothing here; this connector serves /relay"),
    };
    (answer, None)
}

async fn upgrade(mut request: Request<Incoming>, route: &str, shared: &Shared) -> (Answer, Option<Upgrade>) {
    if route != "/relay" {
        return (error(StatusCode::BAD_REQUEST, "only /relay can be upgraded; dial that path"), None);
    }
    let response = match create_response_with_body(&request, Full::default) {
        Ok(response) => response,
        Err(reason) => {
            return (error(StatusCode::BAD_REQUEST, format!("not a WebSocket handshake: {reason}")), None);
        }
    };
    let verdict = match authenticate(request.headers(), shared.store.as_ref(), (shared.clock)()).await {
        Ok(verdict) => verdict,
        Err(reason) => {
            tracing::error!(%reason, "a gateway could not be looked up");
            return (error(StatusCode::SERVICE_UNAVAILABLE, "the gateway cannot be looked up now"), None);
        }
    };
    if let Err(reason) = &verdict {
        tracing::info!(?reason, "a gateway is rejected");
    }
    (response, Some(Upgrade { on: hyper::upgrade::on(&mut request), verdict }))
}

async fn enroll(request: Request<Incoming>, shared: &Shared) -> Answer {
    let body = Limited::new(request.into_body(), shared.limits.body).collect();
    let body = match timeout(shared.limits.request, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(reason)) if reason.is::<LengthLimitError>() => {
            return error(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long for an enrollment");
        }
        Ok(Err(_)) => return error(StatusCode::BAD_REQUEST, "the body could not be read to its end"),
        Err(_) => return error(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    };
    let Ok(request) = serde_json::from_slice::<EnrollRequest>(&body) else {
        // The parser's own words could quote the token.
        let told = "the body must be a JSON object with the texts enrollmentToken and gatewayId";
        return error(StatusCode::BAD_REQUEST, told);
    };
    match shared.enroll(request).await {
        Ok(response) => {
            tracing::info!(gateway = ?response.gateway_id, tenant = response.tenant, "a gateway is enrolled");
            json(StatusCode::OK, &response)
        }
        Err(reason) => {
            tracing::info!(%reason, "an enrollment is refused");
            let status = match reason {
                EnrollError::GatewayId => StatusCode::BAD_REQUEST,
                EnrollError::TokenInvalid
                | EnrollError::TokenExpired
                | EnrollError::TokenUsed
                | EnrollError::ForeignGateway => StatusCode::FORBIDDEN,
                EnrollError::Random(_) | EnrollError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            error(status, reason.to_string())
        }
    }
}

fn wrong_method(allowed: &'static str) -> Answer {
    let told = format!("only {allowed} is answered here");
    with_header(error(StatusCode::METHOD_NOT_ALLOWED, told), ALLOW, allowed)
}

fn error(status: StatusCode, told: impl Into<String>) -> Answer {
    json(status, &ErrorBody { error: told.into() })
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(body).expect("bodies are plain data");
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    with_header(answer, CONTENT_TYPE, "application/json")
}

fn with_header(mut answer: Answer, name: HeaderName, value: &'static str) -> Answer {
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
    answer
}
