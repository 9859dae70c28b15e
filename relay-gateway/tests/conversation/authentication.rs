//! Who is let in, and by which address.

use relay_adapter::AdapterSettings;
use relay_auth::Secret;
use relay_gateway::Exit;
use relay_transport::LinkState;
use tokio_util::sync::CancellationToken;

use crate::harness::{GATEWAY, Relay, Server, start_gateway};
use crate::platform::Platform;

#[tokio::test]
async fn every_form_of_the_address_is_dialed_at_relay() {
    let server = Server::start(Platform::new("discord")).await;
    let secret = server.enroll(GATEWAY).await;
    let address = server.address;
    for url in [
        format!("http://{address}"),
        format!("http://{address}/"),
        format!("http://{address}/relay"),
        format!("ws://{address}"),
        format!("ws://{address}/relay/"),
        format!("{address}"),
    ] {
        let shutdown = CancellationToken::new();
        let gateway = start_gateway(&url, secret.clone(), AdapterSettings::default(), &shutdown);
        assert!(gateway.live().await, "{url}");
        shutdown.cancel();
        assert_eq!(gateway.stopped().await, Exit::Done, "{url}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_secret_never_gets_a_descriptor_and_the_gateway_tries_again() {
    let server = Server::start(Platform::new("discord")).await;
    server.enroll(GATEWAY).await;
    let shutdown = CancellationToken::new();
    let wrong = Secret::new("not the secret");
    let gateway =
        start_gateway(&format!("http://{}", server.address), wrong, AdapterSettings::default(), &shutdown);
    let mut state = gateway.state();
    let retried = state
        .wait_for(|state| {
            assert_ne!(*state, LinkState::Live);
            matches!(state, LinkState::Connecting { attempt } if *attempt > 1)
        })
        .await;
    assert!(retried.is_ok(), "closed with 4401 before any descriptor is retryable");
    drop(retried);
    shutdown.cancel();
    assert_eq!(gateway.stopped().await, Exit::Done);
    server.stop().await;
}

#[tokio::test]
async fn a_gateway_whose_secret_was_revoked_stops_for_good() {
    let relay = Relay::start().await;
    // The connector keeps one secret beside the newest, so two rotations end the first.
    relay.server.enroll(GATEWAY).await;
    relay.server.enroll(GATEWAY).await;
    relay.cut_connection();
    assert_eq!(relay.gateway.stopped().await, Exit::Refused);
    relay.server.stop().await;
}
