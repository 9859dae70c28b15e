//! What is delivered again and again and never acknowledged.

use relay_connector::{DeadLetterReason, Delivery};

use crate::{backlog, rig, say_all, window};

#[tokio::test(start_paused = true)]
async fn a_delivery_that_ends_its_gateway_five_times_is_a_dead_letter_and_those_behind_it_go_on() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["poison", "2", "3"], Delivery::Delivered(1)).await;
    for _ in 0..5 {
        assert_eq!(peer.deliveries(3).await, ["poison", "2", "3"]);
        // The gateway falls over it, with what came behind it in its hands.
        drop(peer);
        peer = rig.ready("gw").await;
    }
    assert_eq!((peer.take().await, peer.take().await), ("2".to_owned(), "3".to_owned()));
    peer.nothing_more().await;
    let dead = rig.connector.store().dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].reason, dead[0].nacks), (DeadLetterReason::Unacknowledged, 5));
    assert!(String::from_utf8_lossy(&dead[0].line).contains("poison"));
}

#[tokio::test(start_paused = true)]
async fn five_lapses_make_a_dead_letter_too() {
    let rig = rig(window(1)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["never acknowledged", "2"], Delivery::Delivered(1)).await;
    for round in 0..5 {
        assert_eq!(peer.delivery().await.1, "never acknowledged", "{round}");
        let (number, text) = peer.delivery().await;
        assert_eq!(text, if round == 0 { "2" } else { "fence" });
        peer.ack(number).await;
        peer.nothing_more().await;
        drop(peer);
        peer = rig.ready("gw").await;
        if round < 4 {
            rig.say("fence", Delivery::Delivered(1)).await;
        }
    }
    peer.nothing_more().await;
    assert_eq!(rig.connector.store().dead_letters().await.unwrap().len(), 1);
    assert_eq!(backlog(&rig, "gw").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_connector_ends_counts_against_nothing() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    rig.say("innocent", Delivery::Delivered(1)).await;
    for _ in 0..7 {
        assert_eq!(peer.delivery().await.1, "innocent");
        // A duplicate session closes the older one.
        peer = rig.ready("gw").await;
    }
    assert_eq!(peer.take().await, "innocent");
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_comes_on_the_live_connection() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    rig.say("1", Delivery::Delivered(1)).await;
    for _ in 0..5 {
        assert_eq!(peer.delivery().await.1, "1");
        drop(peer);
        peer = rig.ready("gw").await;
    }
    rig.say("2", Delivery::Delivered(1)).await;
    assert_eq!(peer.take().await, "2");
    let dead = rig.connector.store().dead_letters().await.unwrap();
    assert_eq!(rig.connector.retry(vec![dead[0].seq]).await.unwrap(), 1);
    assert_eq!(peer.take().await, "1");
    peer.nothing_more().await;
    assert_eq!(backlog(&rig, "gw").await, 0);
}
