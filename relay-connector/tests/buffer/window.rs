//! The window of one connection, and acks that make room in it.

use std::time::Duration;

use relay_connector::{Delivery, Limits};

use crate::rig::HELLO;
use crate::{ACK, backlog, rig, say_all, window};

#[tokio::test(start_paused = true)]
async fn no_more_is_sent_than_the_window_holds_until_an_ack_makes_room() {
    let rig = rig(window(2)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["1", "2", "3", "4"], Delivery::Delivered(1)).await;
    let (first, text) = peer.delivery().await;
    assert_eq!((text.as_str(), peer.delivery().await.1.as_str()), ("1", "2"));
    peer.nothing_more().await;
    peer.ack(first).await;
    assert_eq!(peer.delivery().await.1, "3");
    peer.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_window_of_one_sends_each_after_the_ack_of_the_one_before_it() {
    let rig = rig(window(1)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["1", "2", "3"], Delivery::Delivered(1)).await;
    for text in ["1", "2", "3"] {
        let (number, got) = peer.delivery().await;
        assert_eq!(got, text);
        peer.nothing_more().await;
        peer.ack(number).await;
    }
    peer.nothing_more().await;
    assert_eq!(backlog(&rig, "gw").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_heavy_delivery_goes_alone_and_light_ones_share_the_window() {
    let limits = Limits::default().with_window_bytes(2_000);
    let rig = rig(limits).await;
    let mut peer = rig.ready("gw").await;
    let heavy = "x".repeat(5_000);
    say_all(&rig, &[&heavy, "1", "2"], Delivery::Delivered(1)).await;
    let (number, _) = peer.delivery().await;
    peer.nothing_more().await;
    peer.ack(number).await;
    assert_eq!(peer.deliveries(2).await, ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn acks_remove_their_own_delivery_in_any_order_twice_or_for_nothing() {
    let rig = rig(window(3)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["1", "2", "3", "4"], Delivery::Delivered(1)).await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(peer.delivery().await.0);
    }
    for number in [numbers[2], numbers[2], 999, numbers[0]] {
        peer.ack(number).await;
    }
    peer.send("{\"type\":\"inbound_ack\",\"bufferId\":\"somebody-elses\"}\n").await;
    assert_eq!(peer.delivery().await.1, "4");
    peer.nothing_more().await;
    drop(peer);
    let mut again = rig.ready("gw").await;
    assert_eq!(again.deliveries(2).await, ["2", "4"], "what was acknowledged is gone, and nothing else");
    again.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_comes_again_in_order_after_every_handshake_under_its_id() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["1", "2", "3"], Delivery::Delivered(1)).await;
    let first: Vec<_> = [peer.delivery().await, peer.delivery().await, peer.delivery().await].to_vec();
    for _ in 0..3 {
        drop(peer);
        peer = rig.ready("gw").await;
        let again: Vec<_> = [peer.delivery().await, peer.delivery().await, peer.delivery().await].to_vec();
        assert_eq!(again, first);
    }
    rig.say("4", Delivery::Delivered(1)).await;
    assert_eq!(peer.delivery().await.1, "4");
    peer.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_dials_again_before_its_loss_is_noticed_gets_everything_in_order() {
    let rig = rig(window(32)).await;
    let mut lost = rig.ready("gw").await;
    say_all(&rig, &["1", "2"], Delivery::Delivered(1)).await;
    assert_eq!(lost.deliveries(2).await, ["1", "2"]);
    // The same gateway: enrolling again would be no new connection.
    let mut peer = rig.ready("gw").await;
    rig.say("3", Delivery::Delivered(1)).await;
    assert_eq!(peer.deliveries(3).await, ["1", "2", "3"]);
    assert_eq!(lost.closed().await.0, 1008);
}

#[tokio::test(start_paused = true)]
async fn who_acknowledges_nothing_is_slowed_down_and_never_stopped() {
    let rig = rig(window(2)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["1", "2", "3", "4", "5", "6"], Delivery::Delivered(1)).await;
    // Each wait inside moves the paused clock on by what the connector waits for.
    let started = tokio::time::Instant::now();
    assert_eq!(peer.deliveries(6).await, ["1", "2", "3", "4", "5", "6"]);
    let waited = started.elapsed();
    assert!(waited >= 2 * ACK && waited < 2 * ACK + Duration::from_secs(1), "{waited:?}");
    // What lapsed comes again with the next handshake, and not before.
    peer.nothing_more().await;
    drop(peer);
    let mut again = rig.ready("gw").await;
    assert_eq!(again.deliveries(2).await, ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_late_ack_still_counts() {
    let rig = rig(window(1)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["1", "2"], Delivery::Delivered(1)).await;
    let (number, _) = peer.delivery().await;
    assert_eq!(peer.delivery().await.1, "2", "the first one lapsed");
    peer.ack(number).await;
    peer.nothing_more().await;
    assert_eq!(backlog(&rig, "gw").await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_overtakes_a_thousand_deliveries() {
    let limits = Limits::default().with_window(1_000);
    let rig = rig(limits).await;
    let (mut busy, mut other) = (rig.ready("busy").await, rig.gateway("other").await);
    let padding = "x".repeat(1_000);
    for number in 0..1_000 {
        rig.say(&format!("{number} {padding}"), Delivery::Delivered(1)).await;
    }
    other.send(HELLO).await;
    other.line().await;
    other.send("{\"type\":\"interrupt\",\"session_key\":\"agent:main:local:dm:c1\",\"reason\":null}\n").await;
    other.nothing_more().await;
    let mut before = 0;
    while !busy.line().await.contains("interrupt_inbound") {
        before += 1;
    }
    // What fits into the pipe and the socket's own buffer cannot be called back.
    assert!(before < 300, "{before} deliveries came first");
    for number in before..1_000 {
        assert!(busy.delivery().await.1.starts_with(&format!("{number} ")));
    }
}
