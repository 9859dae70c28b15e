//! What is not sent, what is not followed, and what is said of it.

use relay_auth::Secret;
use relay_net::{HttpError, HttpRequest};

use crate::server::{answer, client};

#[tokio::test]
async fn a_refusal_is_repeated_without_the_secrets_that_it_repeats() {
    let reply = "HTTP/1.1 401 No\r\ncontent-length: 62\r\n\r\n{\"error\":\"invalid\",\"error_description\":\"hunter2&, hunter2%26\"}";
    let (url, _) = answer("\r\n\r\n", reply).await;
    let request = HttpRequest::get(&url).bearer(&Secret::new("hunter2&"));
    assert!(!format!("{request:?}").contains("hunter2"));
    let error = client().send(request).await.and_then(relay_net::HttpResponse::success).expect_err("refused");
    let HttpError::Status { status, message, .. } = &error else { panic!("{error}") };
    assert_eq!((*status, message.as_str()), (401, "invalid: [redacted], [redacted]"));
    assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("q=1"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let reply = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/other\r\ncontent-length: 0\r\n\r\n";
    let (url, _) = answer("\r\n\r\n", reply).await;
    let response = client().send(HttpRequest::get(&url)).await.expect("answered");
    assert_eq!(response.status(), 302);
    let error = response.success().expect_err("elsewhere").to_string();
    assert!(error.contains("redirects to http://127.0.0.1:1/other"), "{error}");
}

#[tokio::test]
async fn a_secret_travels_encrypted_and_what_cannot_be_sent_is_not() {
    let url = "http://192.0.2.1/x".parse().expect("a URL");
    let error =
        client().send(HttpRequest::get(&url).bearer(&Secret::new("t"))).await.expect_err("in the open");
    assert!(matches!(error, HttpError::Plaintext(_)), "{error}");
    let url = "https://idp.invalid/x".parse().expect("a URL");
    let request = HttpRequest::get(&url).secret_header("x-token", &Secret::new("hunter2\r\nx: y"));
    let error = client().send(request).await.expect_err("no header");
    assert!(matches!(error, HttpError::Request { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}
