//! Answers, and the words they are made of.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use relay_wire::ErrorBody;
use serde::Serialize;

pub(crate) type HttpResponse = Response;

/// An answer other than the one that was asked for.
pub(super) struct Refused(Box<HttpResponse>);

impl From<HttpResponse> for Refused {
    fn from(answer: HttpResponse) -> Self {
        Self(Box::new(answer))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> HttpResponse {
        *self.0
    }
}

pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Body::from(bytes.into())
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_vec(body).expect("bodies are plain data");
    let mut answer = Response::new(whole(body));
    *answer.status_mut() = status;
    with_header(answer, CONTENT_TYPE, "application/json")
}

pub(super) fn error(status: StatusCode, message: impl Into<String>) -> HttpResponse {
    json(status, &ErrorBody { error: message.into() })
}

/// 401, in the words of the challenge that a bearer token answers.
pub(super) fn unauthorized(message: impl Into<String>) -> HttpResponse {
    with_header(error(StatusCode::UNAUTHORIZED, message), WWW_AUTHENTICATE, "Bearer")
}

pub(super) fn wrong_method(allowed: &'static str) -> HttpResponse {
    let message = format!("only {allowed} is answered here");
    with_header(error(StatusCode::METHOD_NOT_ALLOWED, message), ALLOW, allowed)
}

pub(super) fn with_header(mut answer: HttpResponse, name: HeaderName, value: &'static str) -> HttpResponse {
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
    answer
}
