//! Upgrade, token, hello and descriptor over real sockets.

mod rig;

use relay_auth::{Expiry, Secret};
use relay_connector::{Delivery, Limits};
use rig::{DESCRIPTOR, HELLO, NOW, Rig};
use tokio_tungstenite::tungstenite::Error;

#[tokio::test]
async fn a_hello_is_answered_with_the_descriptor_of_its_platform() {
    let rig = Rig::start().await;
    let mut peer = rig.gateway("gw").await;
    peer.send(HELLO).await;
    assert_eq!(peer.line().await, DESCRIPTOR);
}

#[tokio::test]
async fn a_gateway_that_names_no_platform_gets_the_first_fronts_descriptor() {
    let rig = Rig::start().await;
    let mut peer = rig.gateway("gw").await;
    peer.send("{\"type\":\"hello\",\"platform\":\"relay\",\"botId\":\"\"}\n").await;
    assert_eq!(peer.line().await, DESCRIPTOR);
    rig.say("hello", Delivery::Delivered(1)).await;
}

#[tokio::test]
async fn a_wrong_secret_is_accepted_at_the_upgrade_and_closed_as_unauthorized() {
    let rig = Rig::start().await;
    rig.enroll("gw").await;
    let token = Rig::upgrade_token("gw", &Secret::new("wrong"));
    assert_eq!(rig.dial(&token).await.closed().await, (4401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn an_unknown_gateway_garbage_and_no_token_at_all_are_unauthorized_too() {
    let rig = Rig::start().await;
    let unknown = Rig::upgrade_token("nobody", &Secret::new("s"));
    for token in [Some(unknown.as_str()), Some("garbage"), None] {
        let mut peer = rig.dial_at("/relay", token).await.unwrap();
        assert_eq!(peer.closed().await, (4401, "unauthorized".to_owned()));
    }
}

#[tokio::test]
async fn only_a_genuine_token_is_called_expired() {
    let rig = Rig::start().await;
    let secret = rig.enroll("gw").await;
    let old = Expiry::At((NOW.0 - 1).into());
    let genuine = relay_auth::mint("gw", &secret, old);
    assert_eq!(rig.dial(&genuine).await.closed().await, (4401, "expired".to_owned()));
    let forged = relay_auth::mint("gw", &Secret::new("wrong"), old);
    assert_eq!(rig.dial(&forged).await.closed().await, (4401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn any_other_path_is_no_upgrade() {
    let rig = Rig::start().await;
    let secret = rig.enroll("gw").await;
    let token = Rig::upgrade_token("gw", &secret);
    for path in ["/", "/relay/", "/relay/enroll", "/relayed", "/base/relay"] {
        let Err(Error::Http(response)) = rig.dial_at(path, Some(&token)).await else {
            panic!("{path} was upgraded")
        };
        assert_eq!(response.status(), 400, "{path}");
    }
}

#[tokio::test]
async fn below_a_base_path_everything_moves_there() {
    let rig = Rig::with(|builder| builder.base_path("/base/")).await;
    let secret = rig.enroll("gw").await;
    let token = Rig::upgrade_token("gw", &secret);
    let mut peer = rig.dial_at("/base/relay", Some(&token)).await.unwrap();
    peer.send(HELLO).await;
    assert_eq!(peer.line().await, DESCRIPTOR);
    assert!(rig.dial_at("/relay", Some(&token)).await.is_err());
}

#[tokio::test]
async fn the_secret_before_a_rotation_still_opens_and_the_one_before_that_does_not() {
    let rig = Rig::start().await;
    let first = rig.enroll("gw").await;
    let second = rig.enroll("gw").await;
    for secret in [&first, &second] {
        let mut peer = rig.dial(&Rig::upgrade_token("gw", secret)).await;
        peer.send(HELLO).await;
        assert_eq!(peer.line().await, DESCRIPTOR);
    }
    rig.enroll("gw").await;
    let mut peer = rig.dial(&Rig::upgrade_token("gw", &first)).await;
    assert_eq!(peer.closed().await, (4401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn a_platform_without_a_front_closes_the_connection_with_its_name() {
    let rig = Rig::start().await;
    let mut peer = rig.gateway("gw").await;
    peer.send("{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b\"}\n").await;
    assert_eq!(peer.closed().await, (1008, "platform not served: discord".to_owned()));
}

#[tokio::test]
async fn a_gateway_that_dials_again_takes_the_place_of_its_older_connection() {
    let rig = Rig::start().await;
    let secret = rig.enroll("gw").await;
    let mut older = rig.dial(&Rig::upgrade_token("gw", &secret)).await;
    older.send(HELLO).await;
    older.line().await;
    let mut newer = rig.dial(&Rig::upgrade_token("gw", &secret)).await;
    assert_eq!(older.closed().await, (1008, "duplicate session".to_owned()));
    newer.send(HELLO).await;
    assert_eq!(newer.line().await, DESCRIPTOR);
    rig.say("hello", Delivery::Delivered(1)).await;
    assert!(newer.line().await.contains("\"text\":\"hello\""));
}

#[tokio::test]
async fn a_gateway_without_a_hello_is_not_kept() {
    let hello = std::time::Duration::from_millis(1);
    let rig = Rig::with_limits(Limits::default().with_hello(hello)).await;
    let mut peer = rig.gateway("gw").await;
    assert_eq!(peer.closed().await, (1008, "no hello".to_owned()));
}

#[tokio::test]
async fn a_gateway_announces_no_more_identities_than_the_bound() {
    let rig = Rig::with_limits(Limits::default().with_identities(2)).await;
    let mut peer = rig.gateway("gw").await;
    for bot in ["a", "b", "b"] {
        peer.send(&format!("{{\"type\":\"hello\",\"platform\":\"local\",\"botId\":\"{bot}\"}}\n")).await;
        assert_eq!(peer.line().await, DESCRIPTOR);
    }
    peer.send("{\"type\":\"hello\",\"platform\":\"local\",\"botId\":\"c\"}\n").await;
    assert_eq!(peer.closed().await, (1008, "too many identities".to_owned()));
}

#[tokio::test]
async fn the_shutdown_says_going_away_and_ends() {
    let mut rig = Rig::start().await;
    let mut peer = rig.ready("gw").await;
    rig.shut_down();
    assert_eq!(peer.closed().await, (1001, "going away".to_owned()));
    // Reading on sends this end's half of the closing handshake.
    assert!(futures_util::StreamExt::next(&mut peer.socket).await.is_none());
    (&mut rig.serving).await.unwrap();
}
