//! From the dial to the first descriptor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relay_auth::{Secret, UnixSeconds, VerifyList, verify};
use relay_runtime::Clock;
use relay_transport::{
    CredentialSource, Credentials, DisabledReason, LinkConfig, LinkState, RelayTransport as _,
};
use relay_wire::{CommandSpec, Hello, Identity};
use tokio::time::Instant;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use url::Url;

use crate::connector::{DESCRIPTOR, NOW, config, live, start};

/// The plain configuration, at another address.
fn at(url: Url) -> LinkConfig {
    let identity = Identity { platform: "discord".into(), bot_id: "b1".into() };
    LinkConfig::new(url, identity).with_dialer(Arc::clone(config().dialer()))
}

fn credentials() -> Credentials {
    Credentials::new("gw:1".parse().unwrap(), Secret::new("topsecret"))
}

#[tokio::test(start_paused = true)]
async fn each_identity_gets_its_own_hello_and_the_first_is_the_default() {
    let commands = vec![CommandSpec { name: "stop".into(), description: "Stop".into(), options: None }];
    let hello = Hello { platform: "discord".into(), bot_id: "b2".into(), command_manifest: Some(commands) };
    let config = config()
        .with_identity(Identity { platform: "telegram".into(), bot_id: String::new() })
        .with_identity(hello);
    let mut fixture = start(config);
    let mut peer = fixture.connector.accept().await;
    assert_eq!(peer.path, "/relay");
    assert_eq!(peer.line().await, "{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b1\"}\n");
    assert_eq!(peer.line().await, "{\"type\":\"hello\",\"platform\":\"telegram\",\"botId\":\"\"}\n");
    assert_eq!(
        peer.line().await,
        "{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b2\",\
         \"command_manifest\":[{\"name\":\"stop\",\"description\":\"Stop\"}]}\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_is_minted_for_every_dial() {
    let clock = AtomicU64::new(NOW.0);
    let config = config()
        .with_credentials(credentials())
        .with_clock(Clock::from_fn(move || UnixSeconds(clock.fetch_add(1_000, Ordering::Relaxed))));
    let mut fixture = start(config);
    let secrets = VerifyList::new(Secret::new("topsecret"));
    for dial in 0..2 {
        let peer = fixture.connector.accept().await;
        let bearer = peer.authorization.as_deref().expect("a token");
        let token = bearer.strip_prefix("Bearer ").expect("a bearer token");
        let now = NOW.plus(dial * 1_000);
        assert_eq!(verify(token, &secrets, now.plus(300)).expect("genuine").payload, "gw:1");
        assert!(verify(token, &secrets, now.plus(301)).is_err(), "good for 300 s");
        peer.close(1001, "").await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_credentials_no_token_is_sent() {
    let mut fixture = start(config());
    assert_eq!(fixture.connector.accept().await.authorization, None);
}

#[tokio::test(start_paused = true)]
async fn the_first_descriptor_makes_the_link_live_and_later_ones_refresh_it() {
    let mut fixture = start(config());
    assert_eq!(*fixture.link.state().borrow(), LinkState::Connecting { attempt: 1 });
    let mut peer = fixture.connector.accept().await;
    fixture.reach(&LinkState::Handshaking).await;
    assert!(fixture.link.descriptors().is_empty());
    peer.send(DESCRIPTOR).await;
    fixture.reach(&LinkState::Live).await;
    assert_eq!(fixture.link.descriptors().of("discord").max_message_length, 2000);

    peer.send(&DESCRIPTOR.replace("2000", "1500")).await;
    peer.send(&crate::connector::inbound("after", None)).await;
    fixture.text().await;
    assert_eq!(fixture.link.descriptors().of("discord").max_message_length, 1500);
}

#[tokio::test(start_paused = true)]
async fn descriptors_stand_while_the_link_reconnects() {
    let (mut fixture, peer) = live(config()).await;
    drop(peer);
    fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })).await;
    assert_eq!(fixture.link.descriptors().of("discord").max_message_length, 2000);
    let mut peer = fixture.connector.accept().await;
    fixture.reach(&LinkState::Handshaking).await;
    assert_eq!(fixture.link.descriptors().of("discord").max_message_length, 2000);
    peer.send(&DESCRIPTOR.replace("2000", "1500")).await;
    fixture.reach(&LinkState::Live).await;
    assert_eq!(fixture.link.descriptors().of("discord").max_message_length, 1500);
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_never_describes_itself_is_left_and_dialed_again() {
    let mut fixture = start(config());
    let mut peer = fixture.connector.accept().await;
    let start = Instant::now();
    assert_eq!(peer.close_code().await, 1008);
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    let _peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_answer_the_upgrade_is_left_and_dialed_again() {
    let mut fixture = start(config());
    let _silent = fixture.connector.dialed().await;
    let start = Instant::now();
    fixture.connector.live().await;
    // The limit of a dial, then half of the first backoff.
    assert_eq!(start.elapsed(), Duration::from_millis(15_500));
}

#[tokio::test(start_paused = true)]
async fn no_status_at_the_upgrade_is_final_and_no_redirect_is_followed() {
    for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "503 Unavailable"]
    {
        let mut fixture = start(config().with_credentials(credentials()));
        fixture.connector.answer(&format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")).await;
        let _peer = fixture.connector.live().await;
        fixture.reach(&LinkState::Live).await;
    }
    let mut fixture = start(config());
    fixture.connector.answer("HTTP/1.1 302 Found\r\nlocation: ws://elsewhere/relay\r\n\r\n").await;
    let waiting = fixture.reach_any(|state| *state != LinkState::Connecting { attempt: 1 }).await;
    assert_eq!(waiting, LinkState::Connecting { attempt: 2 });
    assert_eq!(fixture.connector.accept().await.path, "/relay");
}

#[tokio::test(start_paused = true)]
async fn a_page_in_place_of_the_upgrade_is_dialed_again() {
    for page in ["HTTP/1.1 200 OK\r\n\r\n<html>", "HTTP/1.1 101 Switching\r\n\r\n", "SSH-2.0-x\r\n\r\n", ""] {
        let mut fixture = start(config());
        fixture.connector.answer(page).await;
        fixture.connector.live().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_not_sent_in_plaintext_to_another_machine() {
    let url = Url::parse("ws://connector.example/relay").expect("a URL");
    let elsewhere = at(url).with_credentials(credentials());

    let mut fixture = start(elsewhere.clone());
    let state = fixture.reach_any(|state| matches!(state, LinkState::Disabled { .. })).await;
    let LinkState::Disabled { reason: DisabledReason::Refused { reason } } = state else { panic!("{state}") };
    assert!(reason.contains("wss://"), "{reason}");
    assert!(fixture.deliveries.events().recv().await.is_none());
    fixture.link.close().await;
    fixture.task.await;

    let allowed = elsewhere.clone().with_plaintext(true);
    assert!(start(allowed).connector.accept().await.authorization.is_some());
    let without = elsewhere.with_credentials(CredentialSource::None);
    assert!(start(without).connector.accept().await.authorization.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_url_that_is_no_websocket_is_refused() {
    let url = Url::parse("https://connector.example/relay").expect("a URL");
    let config = at(url);
    let fixture = start(config);
    let state = fixture.reach_any(|state| matches!(state, LinkState::Disabled { .. })).await;
    assert!(state.to_string().contains("https://"), "{state}");
}

#[test]
fn a_configuration_shows_neither_secret_nor_query() {
    let url = Url::parse("ws://user:hunter2@localhost/relay?key=hunter2").expect("a URL");
    let config = at(url).with_credentials(credentials());
    let shown = format!("{config:?}");
    assert!(!shown.contains("topsecret") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_wants_to_be_left_alone_is_left_alone_so_long() {
    // Half of the backoff's ceiling comes on top, and a day is more than is believed.
    for (asks, wait) in [("30", 30_500), ("86400", 600_500), ("soon", 500)] {
        let mut fixture = start(config());
        let head = format!("HTTP/1.1 503 Busy\r\nretry-after: {asks}\r\ncontent-length: 0\r\n\r\n");
        fixture.connector.answer(&head).await;
        let start = Instant::now();
        fixture.connector.dialed().await;
        assert_eq!(start.elapsed().as_millis(), wait, "{asks}");
    }
}

#[tokio::test(start_paused = true)]
#[allow(clippy::result_large_err, reason = "the callback's type is given")]
async fn an_extension_that_was_not_offered_is_not_accepted() {
    let mut fixture = start(config());
    let stream = fixture.connector.dialed().await;
    let choose = |_: &Request, mut response: Response| {
        let deflate = HeaderValue::from_static("permessage-deflate");
        response.headers_mut().insert("sec-websocket-extensions", deflate);
        Ok(response)
    };
    let _socket = accept_hdr_async(stream, choose).await.expect("an upgrade");
    fixture.reach(&LinkState::Connecting { attempt: 2 }).await;
    let why = fixture.link.last_disconnect().borrow().clone().expect("it was refused").to_string();
    assert!(why.contains("it chose an extension that was not offered: permessage-deflate"), "{why}");
}
