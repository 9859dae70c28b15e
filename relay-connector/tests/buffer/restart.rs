//! A connector that falls and comes back on the same file.

use std::path::Path;

use relay_auth::Secret;
use relay_connector::{Delivery, SqliteStore};

use crate::rig::{DESCRIPTOR, HELLO, Peer, Rig};
use crate::say_all;

async fn on(path: &Path) -> Rig {
    Rig::in_memory(SqliteStore::open(path).unwrap(), |builder| builder).await
}

async fn live(rig: &Rig, secret: &Secret) -> Peer {
    let mut peer = rig.dial(&Rig::upgrade_token("gw", secret)).await;
    peer.send(HELLO).await;
    assert_eq!(peer.line().await, DESCRIPTOR);
    peer
}

#[tokio::test]
async fn what_was_taken_survives_a_crash_with_its_ids_and_what_was_acknowledged_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let rig = on(&path).await;
    let secret = rig.enroll("gw").await;
    let mut peer = live(&rig, &secret).await;
    say_all(&rig, &["1", "2", "3"], Delivery::Delivered(1)).await;
    let one = peer.delivery().await;
    let two = peer.delivery().await;
    let three = peer.delivery().await;
    peer.ack(one.0).await;
    peer.nothing_more().await;
    // An ack is written behind the answer to what came after it; this round trip waits for the writer.
    rig.connector.rotate(&"gw".parse().unwrap()).await.unwrap();
    rig.crash().await;

    let rig = on(&path).await;
    rig.say("4", Delivery::Buffered(1)).await;
    let mut peer = live(&rig, &secret).await;
    assert_eq!(peer.delivery().await, two, "under the id that it had before");
    assert_eq!(peer.delivery().await, three);
    let (fourth, text) = peer.delivery().await;
    assert_eq!(text, "4");
    assert!(fourth > three.0, "no id is given twice");
    peer.nothing_more().await;
}

#[tokio::test]
async fn whoever_was_idle_or_away_at_the_crash_gets_what_was_buffered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let rig = on(&path).await;
    let secret = rig.enroll("gw").await;
    let mut peer = live(&rig, &secret).await;
    peer.send("{\"type\":\"going_idle\"}\n").await;
    assert_eq!(peer.line().await, "{\"type\":\"going_idle_ack\"}\n");
    say_all(&rig, &["1", "2"], Delivery::Buffered(1)).await;
    rig.crash().await;
    let rig = on(&path).await;
    say_all(&rig, &["3"], Delivery::Buffered(1)).await;
    let mut peer = live(&rig, &secret).await;
    assert_eq!(peer.deliveries(3).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn ten_crashes_in_the_middle_of_a_stream_lose_nothing_and_keep_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let mut secret = None;
    let mut got: Vec<(u64, String)> = Vec::new();
    for round in 0..10 {
        let rig = on(&path).await;
        let secret = match &secret {
            Some(secret) => secret,
            None => secret.insert(rig.enroll("gw").await),
        };
        let mut peer = live(&rig, secret).await;
        for number in 0..5 {
            rig.front.say("c1", &format!("{round} {number}")).await.unwrap();
        }
        for _ in 0..3 {
            let delivery = peer.delivery().await;
            peer.ack(delivery.0).await;
            got.push(delivery);
        }
        rig.crash().await;
    }
    let rig = on(&path).await;
    let mut peer = live(&rig, secret.as_ref().unwrap()).await;
    rig.say("end", Delivery::Delivered(1)).await;
    while got.last().unwrap().1 != "end" {
        let delivery = peer.delivery().await;
        peer.ack(delivery.0).await;
        got.push(delivery);
    }
    got.sort_by_key(|(number, _)| *number);
    got.dedup();
    let mut expected: Vec<String> =
        (0..10).flat_map(|round| (0..5).map(move |number| format!("{round} {number}"))).collect();
    expected.push("end".to_owned());
    assert_eq!(got.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), expected);
}
