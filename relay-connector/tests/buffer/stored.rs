//! Stored first, taken then: what a front is told when the store is slow, and when it fails.

use futures_util::FutureExt as _;
use relay_connector::{DeliverError, Delivery, SqliteStore};
use relay_wire::Identity;
use rusqlite::Connection;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn until_it_is_stored_the_front_is_not_told_and_nobody_is_sent_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let rig = Rig::in_memory(SqliteStore::open(&path).unwrap(), |builder| builder).await;
    let mut peer = rig.ready("gw").await;
    // Another program holds the file: what is to be written waits.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut saying = std::pin::pin!(rig.front.say("c1", "hello"));
    for _ in 0..20 {
        assert!(saying.as_mut().now_or_never().is_none(), "it was told before it was stored");
        peer.nothing_more().await;
    }
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(saying.await.unwrap().delivery, Delivery::Delivered(1));
    assert_eq!(peer.take().await, "hello");
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_with_the_file_and_sent_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let rig = Rig::in_memory(SqliteStore::open_inline(&path).unwrap(), |builder| builder).await;
    let mut peer = rig.ready("gw").await;
    rig.say("before", Delivery::Delivered(1)).await;
    assert_eq!(peer.take().await, "before");
    peer.nothing_more().await;
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch(
            "DROP TRIGGER delivery_appended; CREATE TRIGGER stop BEFORE INSERT ON deliveries BEGIN \
         SELECT RAISE(ABORT, 'the disk says no'); END",
        )
        .unwrap();
    let refused = rig.front.say("c1", "lost?").await.unwrap_err();
    assert!(matches!(refused, DeliverError::Store(_)), "{refused}");
    assert!(refused.to_string().contains("connector.db"), "{refused}");
    peer.nothing_more().await;
}

#[tokio::test]
async fn a_line_that_no_gateway_would_read_is_refused() {
    let limits = relay_connector::Limits::default().with_line(1_000);
    let rig = crate::rig(limits).await;
    let mut peer = rig.ready("gw").await;
    let refused = rig.front.say("c1", &"x".repeat(1_000)).await.unwrap_err();
    assert!(matches!(refused, DeliverError::TooLong { max: 1_000, .. }), "{refused}");
    peer.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn of_several_gateways_of_one_instance_the_newest_gets_it_and_another_one_when_that_is_gone() {
    let rig = crate::rig(crate::window(32)).await;
    let mut secrets = Vec::new();
    for gateway in ["one", "two"] {
        let secret = relay_auth::Secret::new(gateway);
        let provisioning = relay_connector::Provisioning::new(
            gateway.parse().unwrap(),
            relay_connector::Tenant::default(),
            secret.clone(),
            Identity { platform: "local".to_owned(), bot_id: String::new() },
            crate::rig::NOW,
        )
        .with_instance_id(Some("agent".to_owned()));
        rig.connector.store().provision(provisioning).await.unwrap();
        secrets.push((gateway, secret));
    }
    let mut peers = Vec::new();
    for (gateway, secret) in &secrets {
        let mut peer = rig.dial(&Rig::upgrade_token(gateway, secret)).await;
        peer.send(crate::rig::HELLO).await;
        assert_eq!(peer.line().await, crate::rig::DESCRIPTOR);
        peers.push(peer);
    }
    crate::say_all(&rig, &["1", "2"], Delivery::Delivered(1)).await;
    let mut two = peers.pop().unwrap();
    let mut one = peers.pop().unwrap();
    assert_eq!(two.take().await, "1");
    assert_eq!(two.delivery().await.1, "2");
    one.nothing_more().await;
    two.nothing_more().await;
    drop(two);
    assert_eq!(one.take().await, "2", "what the other one had not acknowledged");
    rig.say("3", Delivery::Delivered(1)).await;
    assert_eq!(one.take().await, "3");
    one.nothing_more().await;
}
