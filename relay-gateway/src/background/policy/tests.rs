//! Declaring policies to a connector that answers as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};

use relay_auth::Secret;
use relay_config::ConnectorUrl;
use relay_runtime::Clock;
use relay_transport::{ConnectorApi, Credentials};
use relay_wire::PolicyRequest;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Declaration;
use crate::identity::rig::{Endpoint, always, http};

fn policy(platform: &str) -> PolicyRequest {
    PolicyRequest {
        platform: platform.to_owned(),
        require_address: true,
        free_response_scopes: vec!["c1".to_owned()],
        allow_other_bots: false,
    }
}

fn declaration(endpoint: &Endpoint, platforms: &[&str]) -> (Declaration, watch::Sender<Option<Credentials>>) {
    let (sender, credentials) = watch::channel(None);
    let declaration = Declaration {
        url: ConnectorUrl::parse(&endpoint.url).expect("a URL").policy(),
        policies: platforms.iter().map(|platform| policy(platform)).collect(),
        api: ConnectorApi::over(http()),
        clock: Clock::system(),
        random: always(0),
        credentials,
    };
    (declaration, sender)
}

fn known() -> Credentials {
    Credentials::new("gw".parse().unwrap(), Secret::new("s"))
}

#[tokio::test]
async fn a_policy_is_declared_once_the_secret_is_known_and_again_until_it_is_stored() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let endpoint = Endpoint::start(|call, _| {
        CALLS.store(call, Ordering::Relaxed);
        (if call < 4 { 500 } else { 200 }, "{}".to_owned())
    });
    let (declaration, sender) = declaration(&endpoint, &["discord"]);
    let running = tokio::spawn(declaration.run(CancellationToken::new()));
    tokio::task::yield_now().await;
    assert_eq!(CALLS.load(Ordering::Relaxed), 0, "nobody is known to declare it");
    sender.send_replace(Some(known()));
    running.await.expect("it ends");
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests[0].starts_with("POST /relay/policy HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("authorization: Bearer "), "{}", requests[0]);
    let body =
        r#"{"platform":"discord","requireAddress":true,"freeResponseScopes":["c1"],"allowOtherBots":false}"#;
    assert!(requests[0].ends_with(body), "{}", requests[0]);
}

#[tokio::test]
async fn a_policy_that_no_connector_takes_is_given_up_and_the_next_is_declared() {
    let endpoint = Endpoint::start(|call, _| match call {
        1 => (404, "{}".to_owned()),
        2 => (400, "{}".to_owned()),
        _ => (200, "{}".to_owned()),
    });
    let (declaration, sender) = declaration(&endpoint, &["discord", "telegram", "slack"]);
    sender.send_replace(Some(known()));
    declaration.run(CancellationToken::new()).await;
    let platforms = ["discord", "telegram", "slack"];
    assert!(endpoint.requests().iter().zip(platforms).all(|(request, platform)| request.contains(platform)));
    assert_eq!(endpoint.requests().len(), 3);
}

#[tokio::test]
async fn where_all_is_at_its_default_nothing_is_sent_and_an_end_is_an_end() {
    let endpoint = Endpoint::start(|_, _| (500, "{}".to_owned()));
    let (nothing, sender) = declaration(&endpoint, &[]);
    sender.send_replace(Some(known()));
    nothing.run(CancellationToken::new()).await;
    let (unknown, _sender) = declaration(&endpoint, &["discord"]);
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    unknown.run(shutdown).await;
    let (orphaned, sender) = declaration(&endpoint, &["discord"]);
    drop(sender);
    orphaned.run(CancellationToken::new()).await;
    assert!(endpoint.requests().is_empty());
}
