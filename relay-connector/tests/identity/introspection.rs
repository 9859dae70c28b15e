//! Tokens that are asked about.

use std::sync::Arc;

use relay_auth::Secret;
use relay_connector::{
    Fetch, FetchError, IdentityError, IdentitySettingsError, IntrospectionSettings, IntrospectionVerifier,
};
use serde_json::{Value, json};

use crate::issuer::{Issuer, Says};
use crate::{NOW, https, owner};

fn settings(url: &str) -> IntrospectionSettings {
    IntrospectionSettings::new(format!("{url}/introspect"))
        .with_client("relay", Secret::new("hunter2"))
        .with_tenant_claim("sub")
}

/// What becomes of a token about which this is answered.
async fn told(answer: &Value, audiences: &[&str]) -> Result<String, IdentityError> {
    let issuer = Issuer::start().await;
    issuer.says("/introspect", Says::Body(answer.to_string()));
    let audiences = audiences.iter().map(|&name| name.to_owned()).collect();
    let settings = settings(&issuer.url).with_audiences(audiences);
    owner(&IntrospectionVerifier::new(settings, https()).unwrap(), "t0ken").await
}

#[tokio::test]
async fn an_active_token_names_its_tenant_and_is_asked_about_with_the_clients_own_login() {
    let issuer = Issuer::start().await;
    issuer.says("/introspect", Says::Body(json!({"active": true, "sub": "home"}).to_string()));
    let verifier = IntrospectionVerifier::new(settings(&issuer.url), https()).unwrap();
    assert_eq!(owner(&verifier, "a token&active=true").await.as_deref(), Ok("home"));
    let asked = issuer.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body, "token=a+token%26active%3Dtrue&token_type_hint=access_token");
    assert_eq!(asked[0].authorization, "Basic cmVsYXk6aHVudGVyMg==");
    assert!(!format!("{verifier:?}").contains("hunter2"));
}

#[tokio::test]
async fn only_a_clear_yes_is_a_yes() {
    for no in [
        json!({"active": false, "sub": "home"}),
        json!({"active": "true", "sub": "home"}),
        json!({"sub": "home"}),
    ] {
        assert_eq!(told(&no, &[]).await, Err(IdentityError::Unknown), "{no}");
    }
    let old = json!({"active": true, "sub": "home", "exp": NOW.0 - 60});
    assert_eq!(told(&old, &[]).await, Err(IdentityError::Expired));
    let nobody = json!({"active": true});
    assert_eq!(told(&nobody, &[]).await, Err(IdentityError::NoTenant { claim: "sub".to_owned() }));
}

#[tokio::test]
async fn a_configured_audience_must_be_among_the_tokens() {
    let answer = |aud: Value| json!({"active": true, "sub": "home", "aud": aud});
    assert_eq!(told(&answer(json!(["relay", "x"])), &["relay"]).await.as_deref(), Ok("home"));
    assert_eq!(told(&answer(json!("x")), &["relay"]).await, Err(IdentityError::Audience));
    assert_eq!(told(&json!({"active": true, "sub": "home"}), &["relay"]).await, Err(IdentityError::Audience));
}

#[tokio::test]
async fn an_endpoint_that_answers_something_else_is_no_yes_and_no_no() {
    for says in [
        Says::Body("<html>".to_owned()),
        Says::Body("[true]".to_owned()),
        Says::Status(401),
        Says::Redirect("/elsewhere".to_owned()),
    ] {
        let issuer = Issuer::start().await;
        issuer.says("/introspect", says);
        let verifier = IntrospectionVerifier::new(settings(&issuer.url), https()).unwrap();
        let error = owner(&verifier, "t0ken").await.unwrap_err();
        assert!(matches!(error, IdentityError::Unavailable(_)), "{error}");
        assert!(!error.to_string().contains("t0ken"));
    }
}

#[tokio::test]
async fn a_flood_of_tokens_asks_sixteen_at_a_time() {
    struct Silent;
    impl Fetch for Silent {
        fn fetch(
            &self,
            _: relay_connector::FetchRequest,
        ) -> futures_util::future::BoxFuture<'_, Result<hyper::body::Bytes, FetchError>> {
            Box::pin(std::future::pending())
        }
    }
    let verifier = IntrospectionVerifier::new(settings("https://issuer.example"), Arc::new(Silent)).unwrap();
    let mut waiting: Vec<_> = (0..16).map(|_| Box::pin(owner(&verifier, "t0ken"))).collect();
    for question in &mut waiting {
        assert!(futures_util::poll!(question).is_pending());
    }
    assert_eq!(owner(&verifier, "t0ken").await, Err(IdentityError::Busy));
    waiting.pop();
    assert!(futures_util::poll!(Box::pin(owner(&verifier, "t0ken"))).is_pending());
}

#[test]
fn a_client_needs_both_its_id_and_its_secret() {
    for (id, secret) in [("relay", ""), ("", "hunter2")] {
        let half = settings("https://issuer.example").with_client(id, Secret::new(secret));
        let error = IntrospectionVerifier::new(half, https()).unwrap_err();
        assert_eq!(error, IdentitySettingsError::HalfAClient);
    }
    let open = settings("http://issuer.example");
    assert!(matches!(IntrospectionVerifier::new(open, https()), Err(IdentitySettingsError::Url { .. })));
}
