//! A policy declared by a gateway under its own name.

use std::sync::Arc;

use relay_auth::{Secret, UnixSeconds, VerifyList, verify};
use relay_net::{HttpClient, TcpDialer};
use relay_transport::{ConnectorApi, ConnectorApiError, Credentials};
use relay_wire::PolicyRequest;
use url::Url;

use crate::server::{answer, server};

const NOW: UnixSeconds = UnixSeconds(1_754_700_000);

async fn declare(url: &Url) -> Result<(), ConnectorApiError> {
    let credentials = Credentials::new("gw".parse().unwrap(), Secret::new("topsecret"));
    let policy = PolicyRequest {
        platform: "discord".to_owned(),
        require_address: true,
        free_response_scopes: vec!["c1".to_owned()],
        allow_other_bots: false,
    };
    ConnectorApi::over(HttpClient::new(Arc::new(TcpDialer::default())))
        .declare_policy(url, &credentials, NOW, &policy)
        .await
}

#[tokio::test]
async fn a_policy_is_declared_under_a_fresh_token_and_any_success_will_do() {
    for reply in
        [answer("200 OK", r#"{"ok":true}"#), answer("204 No Content", ""), answer("201 Created", "stored")]
    {
        let (url, task) = server(reply).await;
        declare(&url).await.expect("declared");
        let asked = task.await.expect("served");
        let sent = r#"{"platform":"discord","requireAddress":true,"freeResponseScopes":["c1"],"allowOtherBots":false}"#;
        assert!(asked.ends_with(&format!("\r\n\r\n{sent}")), "{asked}");
        let token = asked.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
        let verified = verify(token.expect("a bearer"), &VerifyList::new(Secret::new("topsecret")), NOW);
        assert_eq!(verified.expect("a good token").payload, "gw");
    }
}

#[tokio::test]
async fn a_policy_that_is_refused_says_so_without_the_token() {
    let (url, task) = server(answer("401 Unauthorized", r#"{"error":"who are you"}"#)).await;
    let error = declare(&url).await.expect_err("refused");
    assert!(error.to_string().contains("did not accept the gateway's secret (who are you)"), "{error}");
    let asked = task.await.expect("served");
    let token = asked.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).expect("a bearer");
    assert!(!format!("{error:?}").contains(token), "{error:?}");
}
