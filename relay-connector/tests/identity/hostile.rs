//! Issuers that are not what they should be.

use std::sync::Arc;
use std::time::Duration;

use relay_connector::{FetchError, HttpsFetch, IdentityError};
use serde_json::json;

use crate::issuer::{DISCOVERY, Issuer, KEYS, Says};
use crate::signer::{Signer, claims};
use crate::{https, owner, verifier};

/// What becomes of a good token when one path of its issuer says this.
async fn with(path: &str, says: impl FnOnce(&Issuer) -> Says) -> FetchError {
    let key = Signer::ed25519();
    let issuer = Issuer::with_keys(&[key.jwk("k")]).await;
    issuer.says(path, says(&issuer));
    let verifier = verifier(&issuer.url, https());
    let error = owner(&verifier, &key.token("k", &claims(&issuer.url))).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    let IdentityError::Unavailable(error) = error else { panic!("{error}") };
    error
}

#[tokio::test]
async fn a_page_where_keys_should_be_is_told() {
    let page = || Says::Body("<!doctype html><title>Sign in</title>".to_owned());
    for path in [DISCOVERY, KEYS] {
        assert!(matches!(with(path, |_| page()).await, FetchError::Unusable { .. }), "{path}");
    }
    for keys in ["{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#] {
        assert!(
            matches!(with(KEYS, |_| Says::Body(keys.to_owned())).await, FetchError::Unusable { .. }),
            "{keys}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for path in [DISCOVERY, KEYS] {
        let mut elsewhere = None;
        let error = with(path, |issuer| {
            elsewhere = Some(format!("{}/elsewhere", issuer.url));
            issuer.says("/elsewhere", Says::Body(json!({"keys": []}).to_string()));
            Says::Redirect(elsewhere.clone().unwrap())
        });
        assert!(matches!(error.await, FetchError::Redirected { .. }), "{path}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let error = with(KEYS, |_| Says::Body(" ".repeat(512 * 1024 + 1))).await;
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_failing_issuer_and_one_that_is_not_there_are_told_apart() {
    assert!(matches!(with(KEYS, |_| Says::Status(500)).await, FetchError::Status { status: 500, .. }));
    let url = Issuer::start().await.url.clone();
    let verifier = verifier(&url, https());
    let error = owner(&verifier, &Signer::ed25519().token("k", &claims(&url))).await.unwrap_err();
    // Its listener may take a moment to go; it is gone or it knows nothing.
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn a_silent_issuer_is_given_up() {
    let key = Signer::ed25519();
    let issuer = Issuer::with_keys(&[key.jwk("k")]).await;
    issuer.says(KEYS, Says::Nothing);
    let fetch = HttpsFetch::new().with_timeout(Duration::from_millis(50));
    let verifier = verifier(&issuer.url, Arc::new(fetch));
    let error = owner(&verifier, &key.token("k", &claims(&issuer.url))).await.unwrap_err();
    assert!(matches!(error, IdentityError::Unavailable(FetchError::Timeout { .. })), "{error}");
}

#[tokio::test]
async fn a_document_of_another_issuer_or_with_keys_on_an_open_line_is_refused() {
    let other = |issuer: &Issuer| json!({"issuer": "https://other.example", "jwks_uri": format!("{}{KEYS}", issuer.url)});
    let error = with(DISCOVERY, |issuer| Says::Body(other(issuer).to_string())).await;
    assert!(error.to_string().contains("another issuer"), "{error}");
    let open = |issuer: &Issuer| json!({"issuer": issuer.url, "jwks_uri": "http://keys.example/keys"});
    let error = with(DISCOVERY, |issuer| Says::Body(open(issuer).to_string())).await;
    assert!(error.to_string().contains("not encrypted"), "{error}");
}

#[tokio::test]
async fn a_huge_token_is_refused_before_anybody_is_asked() {
    let key = Signer::ed25519();
    let issuer = Issuer::with_keys(&[key.jwk("k")]).await;
    let mut claims = claims(&issuer.url);
    claims["groups"] = json!("x".repeat(16 * 1024));
    let error = owner(&verifier(&issuer.url, https()), &key.token("k", &claims)).await.unwrap_err();
    assert!(matches!(error, IdentityError::TooLong { .. }), "{error}");
    assert!(issuer.asked().is_empty());
}
