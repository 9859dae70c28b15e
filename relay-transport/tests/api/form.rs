//! Forms, as identity providers take them.

use std::sync::Arc;

use relay_auth::Secret;
use relay_transport::{ApiError, HttpClient, Post, TcpDialer};
use serde::Deserialize;

use crate::server::{answer, server};

#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
    expires_in: u64,
}

fn client() -> HttpClient {
    HttpClient::new(Arc::new(TcpDialer::default()))
}

#[tokio::test]
async fn a_client_authenticates_by_basic_with_both_parts_form_encoded() {
    let (url, task) = server(answer("200 OK", r#"{"access_token":"at","expires_in":300}"#)).await;
    let post = Post::form(&url)
        .field("grant_type", "client_credentials")
        .field("scope", "relay gateways")
        .basic("my id", &Secret::new("p:ss w%rd"));
    let token: Token = client().send(post).await.expect("answered").json().expect("a token");
    assert_eq!((token.access_token.as_str(), token.expires_in), ("at", 300));
    let asked = task.await.expect("served");
    // my+id:p%3Ass+w%25rd
    assert!(asked.contains("authorization: Basic bXkraWQ6cCUzQXNzK3clMjVyZA==\r\n"), "{asked}");
    assert!(asked.contains("content-type: application/x-www-form-urlencoded\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\ngrant_type=client_credentials&scope=relay+gateways"), "{asked}");
}

#[tokio::test]
async fn a_client_authenticates_by_form_and_by_a_header_of_its_own() {
    let (url, task) = server(answer("200 OK", "{}")).await;
    let post = Post::form(&url)
        .field("client_id", "me&you")
        .secret_field("client_secret", &Secret::new("a=b"))
        .secret_header("x-nous-refresh-token", &Secret::new("rt"));
    client().send(post).await.expect("answered");
    let asked = task.await.expect("served");
    assert!(asked.contains("x-nous-refresh-token: rt\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\nclient_id=me%26you&client_secret=a%3Db"), "{asked}");
}

#[tokio::test]
async fn what_a_provider_repeats_of_a_request_is_redacted_in_every_spelling() {
    let basic = "bWU6aHVudGVyJTI2Mg==";
    let said = format!(
        r#"{{"error":"invalid_client","error_description":"me hunter&2 hunter%262 Basic {basic} rt-1"}}"#
    );
    let (url, _) = server(answer("400 Bad Request", &said)).await;
    let post = Post::form(&url)
        .basic("me", &Secret::new("hunter&2"))
        .secret_field("refresh_token", &Secret::new("rt-1"))
        .named("the client id and secret", "the client id and secret");
    let shown = format!("{post:?}");
    assert!(!shown.contains("hunter") && shown.contains("authorization"), "{shown}");
    let error = client().send(post).await.expect_err("refused");
    let told = "invalid_client: me [redacted] [redacted] Basic [redacted] [redacted]";
    assert_eq!(error.said(), told);
    assert!(matches!(error, ApiError::BadRequest { .. }), "{error:?}");
    assert!(error.to_string().contains("check the client id and secret for"), "{error}");
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_not_sent() {
    for (url, told) in [
        ("https://me:hunter2@idp.invalid/token", "it holds a user name or password"),
        ("ftp://idp.invalid/token", "it begins with ftp://"),
    ] {
        let post = Post::form(&url.parse().expect("a URL"));
        let error = client().send(post).await.expect_err("refused").to_string();
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
    let url = "https://idp.invalid/token".parse().expect("a URL");
    let post = Post::json(&url, &1).field("a", "b");
    assert!(client().send(post).await.expect_err("refused").to_string().contains("belongs into a form"));
    let post = Post::form(&url).secret_header("x-token", &Secret::new("hunter2\r\nx: y"));
    let error = client().send(post).await.expect_err("refused");
    assert!(matches!(error, ApiError::Request { .. }), "{error:?}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_client_secret_does_not_travel_in_plaintext_to_another_machine() {
    let url = "http://192.0.2.1/token".parse().expect("a URL");
    let post = Post::form(&url).secret_field("client_secret", &Secret::new("hunter2"));
    let error = client().send(post).await.expect_err("refused");
    assert!(matches!(error, ApiError::Plaintext(_)), "{error:?}");
}
