//! A request's body as JSON, bounded in time and size.

use axum::extract::Request;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::Limits;
use crate::server::routes::answer::{Refused, error};

/// Reads the body; `shape` says what it must be, since the parser's own words could quote a token.
pub(super) async fn read<T: DeserializeOwned>(
    request: Request,
    limits: &Limits,
    shape: &'static str,
) -> Result<T, Refused> {
    let refused = |status, message: &str| Err(error(status, message).into());
    if !is_json(request.headers()) {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the Content-Type must be application/json");
    }
    let body = Limited::new(request.into_body(), limits.body).collect();
    let body = match timeout(limits.request, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(reason)) if reason.is::<LengthLimitError>() => {
            let message = format!("the body is longer than the {} bytes that this route takes", limits.body);
            return refused(StatusCode::PAYLOAD_TOO_LARGE, &message);
        }
        Ok(Err(_)) => return refused(StatusCode::BAD_REQUEST, "the body could not be read to its end"),
        Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    };
    match serde_json::from_slice(&body) {
        Ok(body) => Ok(body),
        Err(_) => refused(StatusCode::BAD_REQUEST, shape),
    }
}

/// What does not say what it is, is taken for JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let Ok(kind) = kind.to_str() else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{CONTENT_TYPE, HeaderValue};

    use super::is_json;

    #[test]
    fn json_is_json_in_any_case_and_with_parameters_and_forms_are_not() {
        let accepted =
            |kind| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]));
        assert!(accepted("application/json") && accepted("Application/JSON; charset=utf-8"));
        assert!(!accepted("text/plain") && !accepted("application/x-www-form-urlencoded") && !accepted(""));
        assert!(is_json(&HeaderMap::new()));
    }
}
