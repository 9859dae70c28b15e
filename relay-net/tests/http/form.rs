//! Forms, as identity providers take them.

use relay_auth::Secret;
use relay_net::{HttpError, HttpRequest};
use serde::Deserialize;

use crate::server::{answer, client};

#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
    expires_in: u64,
}

fn reply(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_client_authenticates_by_basic_with_both_parts_form_encoded() {
    let body = r#"{"access_token":"at","expires_in":300}"#;
    let (url, asked) = answer("relay+gateways", reply("200 OK", body)).await;
    let request = HttpRequest::post(&url)
        .form_fields(&[("grant_type", "client_credentials"), ("scope", "relay gateways")])
        .basic("my id", &Secret::new("p:ss w%rd"));
    let token: Token = client().call(request).await.expect("answered").json().expect("a token");
    assert_eq!((token.access_token.as_str(), token.expires_in), ("at", 300));
    let asked = asked.await.expect("served");
    // my+id:p%3Ass+w%25rd
    assert!(asked.contains("authorization: Basic bXkraWQ6cCUzQXNzK3clMjVyZA==\r\n"), "{asked}");
    assert!(asked.contains("content-type: application/x-www-form-urlencoded\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\ngrant_type=client_credentials&scope=relay+gateways"), "{asked}");
}

#[tokio::test]
async fn a_client_authenticates_by_form_and_by_a_header_of_its_own() {
    let (url, asked) = answer("a%3Db", reply("200 OK", "{}")).await;
    let request = HttpRequest::post(&url)
        .form_fields(&[("client_id", "me&you"), ("client_secret", "a=b")])
        .secret_header("x-nous-refresh-token", &Secret::new("rt"));
    client().call(request).await.expect("answered");
    let asked = asked.await.expect("served");
    assert!(asked.contains("x-nous-refresh-token: rt\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\nclient_id=me%26you&client_secret=a%3Db"), "{asked}");
}

#[tokio::test]
async fn what_a_provider_repeats_of_a_request_is_redacted_in_every_spelling() {
    let basic = "bWU6aHVudGVyJTI2Mg==";
    let said = format!(
        r#"{{"error":"invalid_client","error_description":"me hunter&2 hunter%262 Basic {basic} rt-1"}}"#
    );
    let (url, _) = answer("rt-1", reply("400 Bad Request", &said)).await;
    let request = HttpRequest::post(&url)
        .form_fields(&[("refresh_token", "rt-1")])
        .basic("me", &Secret::new("hunter&2"))
        .redacting(&Secret::new("rt-1"));
    let shown = format!("{request:?}");
    assert!(!shown.contains("hunter") && shown.contains("authorization"), "{shown}");
    let error = client().call(request).await.expect_err("refused");
    assert_eq!(error.status(), Some(400));
    assert_eq!(error.peer_message(), "invalid_client: me [redacted] [redacted] Basic [redacted] [redacted]");
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_not_sent() {
    for (url, told) in [
        ("https://me:hunter2@idp.invalid/token", "it holds a user name or password"),
        ("ftp://idp.invalid/token", "it begins with ftp://"),
    ] {
        let request = HttpRequest::post(&url.parse().expect("a URL"));
        let error = client().call(request).await.expect_err("refused");
        assert!(matches!(error, HttpError::Request { .. }), "{error:?}");
        assert!(error.to_string().contains(told) && !error.to_string().contains("hunter2"), "{error}");
    }
}
