//! A gateway brought up under its owner's identity.

use std::sync::Arc;

use relay_auth::Secret;
use relay_net::{HttpClient, HttpError, TcpDialer};
use relay_transport::{ConnectorApi, ConnectorApiError, Provisioned};
use relay_wire::ProvisionRequest;

use crate::server::{answer, server};

fn request() -> ProvisionRequest {
    ProvisionRequest {
        gateway_id: "gw".to_owned(),
        platform: "discord".to_owned(),
        bot_id: "b1".to_owned(),
        gateway_endpoint: String::new(),
        route_keys: vec!["g1".to_owned()],
        instance_id: None,
        wake_url: None,
    }
}

/// What comes of this answer, and what was asked.
async fn provision(reply: String) -> (Result<Provisioned, ConnectorApiError>, String) {
    let (url, task) = server(reply).await;
    let api = ConnectorApi::over(HttpClient::new(Arc::new(TcpDialer::default())));
    let provisioned = api.provision(&url, &Secret::new("idp-hunter2"), &request()).await;
    if let Err(error) = &provisioned {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    (provisioned, task.await.expect("served"))
}

#[tokio::test]
async fn a_gateway_is_provisioned_with_these_bytes() {
    let body = r#"{"secret":"s1","deliveryKey":"d1","tenant":"acme","gatewayId":"gw-7","routeKeys":["g1"],"later":1}"#;
    let (provisioned, asked) = provision(answer("200 OK", body)).await;
    let provisioned = provisioned.expect("provisioned");
    assert_eq!(provisioned.secret.as_ref().map(Secret::expose), Some("s1"));
    assert_eq!(provisioned.delivery_key.as_ref().map(Secret::expose), Some("d1"));
    assert_eq!((provisioned.tenant.as_str(), provisioned.gateway_id.as_str()), ("acme", "gw-7"));
    assert_eq!(provisioned.route_keys, ["g1"]);
    assert!(!format!("{provisioned:?}").contains("s1"), "{provisioned:?}");
    assert!(asked.contains("authorization: Bearer idp-hunter2\r\n"), "{asked}");
    let sent =
        r#"{"gatewayId":"gw","platform":"discord","botId":"b1","gatewayEndpoint":"","routeKeys":["g1"]}"#;
    assert!(asked.ends_with(&format!("\r\n\r\n{sent}")), "{asked}");
}

#[tokio::test]
async fn a_secret_that_is_withheld_is_no_failure() {
    for body in [
        r#"{"secretIssued":false,"tenant":"acme"}"#,
        r#"{"secretIssued":false,"secret":null,"tenant":"acme"}"#,
        // Whatever stands there is none.
        r#"{"secretIssued":false,"secret":"s1","tenant":"acme"}"#,
    ] {
        let (provisioned, _) = provision(answer("200 OK", body)).await;
        let provisioned = provisioned.expect("provisioned");
        assert!(provisioned.secret.is_none(), "{body}");
        assert_eq!((provisioned.tenant.as_str(), provisioned.gateway_id.as_str()), ("acme", "gw"), "{body}");
    }
}

#[tokio::test]
async fn a_secret_that_is_missing_without_a_word_is_a_failure() {
    let (provisioned, _) = provision(answer("200 OK", r#"{"tenant":"acme"}"#)).await;
    assert!(
        matches!(provisioned, Err(ConnectorApiError::Http(HttpError::NotJson { .. }))),
        "{provisioned:?}"
    );
    for body in [r#"{"secret":" ","tenant":"acme"}"#, r#"{"secret":"","secretIssued":true}"#] {
        let (provisioned, _) = provision(answer("200 OK", body)).await;
        assert!(matches!(provisioned, Err(ConnectorApiError::BlankSecret { .. })), "{body}: {provisioned:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_what_was_refused() {
    let (refused, _) = provision(answer("401 Unauthorized", r#"{"error":"expired idp-hunter2"}"#)).await;
    let error = refused.expect_err("refused");
    let told = "did not accept the identity token (expired [redacted])";
    assert!(error.to_string().contains(told), "{error}");
    assert_eq!(error.peer_message(), "expired [redacted]");
    let (refused, _) = provision(answer("403 Forbidden", r#"{"error":"another tenant's"}"#)).await;
    let error = refused.expect_err("refused").to_string();
    assert!(error.contains("refused the provisioning (another tenant's)"), "{error}");
}
