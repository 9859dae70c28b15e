//! Enrolling, and what every call makes of the answers that it gets.

use std::sync::Arc;
use std::time::Duration;

use relay_auth::Secret;
use relay_net::{DialError, HttpClient, HttpError, TcpDialer};
use relay_transport::{ConnectorApi, ConnectorApiError, Enrolled};
use relay_wire::GatewayId;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use url::Url;

use crate::server::{answer, server};

fn api() -> ConnectorApi {
    ConnectorApi::over(HttpClient::new(Arc::new(TcpDialer::default())))
}

async fn enroll(url: &Url) -> Result<Enrolled, ConnectorApiError> {
    let (token, bearer) = (Secret::new("tok-hunter2"), Secret::new("idp-hunter2"));
    api().enroll(url, &token, &GatewayId::new("gw").unwrap(), Some(&bearer)).await
}

fn dial_error(error: &ConnectorApiError) -> &DialError {
    let ConnectorApiError::Http(HttpError::Dial { source, .. }) = error else { panic!("{error}") };
    source
}

async fn failure(reply: impl Into<Vec<u8>>) -> ConnectorApiError {
    let (url, task) = server(reply).await;
    let error = enroll(&url).await.expect_err("not enrolled");
    task.await.expect("served");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    error
}

#[tokio::test]
async fn a_token_is_redeemed_with_these_bytes() {
    let body = r#"{"secret":"s1","deliveryKey":"d1","tenant":"acme","gatewayId":"gw-7","later":{"x":1}}"#;
    let (url, task) = server(answer("200 OK", body)).await;
    let enrolled = enroll(&url).await.expect("enrolled");
    assert_eq!(enrolled.secret.expose(), "s1");
    assert_eq!(enrolled.delivery_key.as_ref().map(Secret::expose), Some("d1"));
    assert_eq!((enrolled.tenant.as_str(), enrolled.gateway_id.as_str()), ("acme", "gw-7"));
    let request = task.await.expect("served");
    assert!(request.starts_with("POST /relay/enroll HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer idp-hunter2\r\n"), "{request}");
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    assert!(
        request.ends_with("\r\n\r\n{\"enrollmentToken\":\"tok-hunter2\",\"gatewayId\":\"gw\"}"),
        "{request}"
    );
    assert!(!format!("{enrolled:?}").contains("s1"), "{enrolled:?}");
}

#[tokio::test]
async fn what_the_answer_leaves_out_or_nulls_is_filled_in() {
    let (url, task) =
        server(answer("201 Created", r#"{"secret":"s1","deliveryKey":null,"tenant":null}"#)).await;
    let enrolled =
        api().enroll(&url, &Secret::new("t"), &GatewayId::new("gw").unwrap(), None).await.expect("enrolled");
    assert!(enrolled.delivery_key.is_none());
    assert_eq!((enrolled.tenant.as_str(), enrolled.gateway_id.as_str()), ("", "gw"));
    assert!(!task.await.expect("served").contains("authorization"));
}

#[tokio::test]
async fn each_refusal_has_its_own_variant_and_says_what_to_do() {
    let error = failure(answer("401 Unauthorized", r#"{"error":"unknown issuer"}"#)).await;
    assert!(matches!(error, ConnectorApiError::Unauthorized { .. }), "{error:?}");
    assert!(error.to_string().contains("(unknown issuer); log in again"), "{error}");

    let error = failure(answer("403 Forbidden", r#"{"error":"token used"}"#)).await;
    assert!(matches!(error, ConnectorApiError::Forbidden { .. }), "{error:?}");
    assert!(error.to_string().contains("(token used); it may be used, expired"), "{error}");

    let error = failure(answer("400 Bad Request", "")).await;
    assert!(matches!(error, ConnectorApiError::Malformed { .. }), "{error:?}");

    let error = failure(answer("502 Bad Gateway", "<html>")).await;
    assert!(matches!(error, ConnectorApiError::Http(HttpError::Status { status: 502, .. })), "{error:?}");
}

#[tokio::test]
async fn what_the_server_says_is_bounded_escaped_and_rid_of_our_tokens() {
    let said = format!(r#"{{"error":"bad tok-hunter2 / idp-hunter2\u001b[31m\n{}"}}"#, "x".repeat(5_000));
    let error = failure(answer("403 Forbidden", &said)).await;
    let message = error.to_string();
    assert!(message.contains("bad [redacted] / [redacted]\\u{1b}[31m\\u{a}xxx"), "{message}");
    assert!(message.len() < 500, "{} bytes", message.len());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let reply = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n";
    let error = failure(reply).await;
    assert!(
        matches!(&error, ConnectorApiError::Http(HttpError::Redirected { location, .. }) if location == "http://127.0.0.1:1/elsewhere"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_page_instead_of_json_is_told_as_such() {
    for body in ["<html>Welcome</html>", "[]", "\"s\"", "", r#"{"secret":7}"#, r#"{"gatewayId":"gw"}"#] {
        let error = failure(answer("200 OK", body)).await;
        assert!(matches!(error, ConnectorApiError::Http(HttpError::NotJson { .. })), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_blank_secret_is_no_secret() {
    let error = failure(answer("200 OK", r#"{"secret":"  "}"#)).await;
    assert!(matches!(error, ConnectorApiError::BlankSecret { .. }), "{error:?}");
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let mut reply = b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n".to_vec();
    reply.resize(2_000_000, b' ');
    let error = failure(reply).await;
    assert!(
        matches!(error, ConnectorApiError::Http(HttpError::TooLarge { max: 1_048_576, .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_told_as_such() {
    let error = failure("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"sec").await;
    assert!(matches!(error, ConnectorApiError::Http(HttpError::Broken { .. })), "{error:?}");
    let error = failure("").await;
    assert!(matches!(error, ConnectorApiError::Http(HttpError::Broken { .. })), "{error:?}");
}

#[tokio::test]
async fn nobody_at_the_port_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let url = Url::parse(&format!("http://127.0.0.1:{port}/relay/enroll")).expect("a URL");
    let error = enroll(&url).await.expect_err("nobody listens");
    assert!(matches!(dial_error(&error), DialError::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_tls_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("written");
        stream
    });
    let url = Url::parse(&format!("https://127.0.0.1:{port}/relay/enroll")).expect("a URL");
    let error = enroll(&url).await.expect_err("that was no TLS");
    assert!(matches!(dial_error(&error), DialError::Tls { .. }), "{error:?}");
    drop(plain.await);
}

#[tokio::test]
async fn a_server_that_says_nothing_runs_out_of_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/relay/enroll")).expect("a URL");
    let limit = Duration::from_millis(1);
    let called =
        api().with_timeout(limit).enroll(&url, &Secret::new("t"), &GatewayId::new("gw").unwrap(), None).await;
    let ConnectorApiError::Http(HttpError::Timeout { url: named, limit: had }) = called.expect_err("silence")
    else {
        panic!("nobody answered")
    };
    assert_eq!((named, had), (url.to_string(), limit));
}

#[tokio::test]
async fn a_token_does_not_travel_in_plaintext_to_another_machine() {
    let url = Url::parse("http://192.0.2.1/relay/enroll").expect("a URL");
    let error = enroll(&url).await.expect_err("refused");
    assert!(matches!(error, ConnectorApiError::Http(HttpError::Plaintext(_))), "{error:?}");
    assert!(error.to_string().contains("https://"), "{error}");
}

#[tokio::test]
async fn a_bearer_that_is_no_header_is_not_repeated_in_the_error() {
    let url = Url::parse("http://127.0.0.1:1/relay/enroll").expect("a URL");
    let bearer = Secret::new("hunter2\n");
    let error = api()
        .enroll(&url, &Secret::new("t"), &GatewayId::new("gw").unwrap(), Some(&bearer))
        .await
        .expect_err("no header");
    assert!(matches!(error, ConnectorApiError::Http(HttpError::Request { .. })), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}
