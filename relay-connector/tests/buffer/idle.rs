//! Going idle, and waking up again.

use relay_connector::Delivery;

use crate::rig::{DESCRIPTOR, HELLO};
use crate::{backlog, rig, say_all, window};

const GOING_IDLE: &str = "{\"type\":\"going_idle\"}\n";
const GOING_IDLE_ACK: &str = "{\"type\":\"going_idle_ack\"}\n";

#[tokio::test(start_paused = true)]
async fn nothing_is_delivered_behind_a_going_idle_ack_and_all_of_it_after_the_next_handshake() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    rig.say("before", Delivery::Delivered(1)).await;
    assert_eq!(peer.take().await, "before");
    peer.send(GOING_IDLE).await;
    assert_eq!(peer.line().await, GOING_IDLE_ACK);
    say_all(&rig, &["1", "2"], Delivery::Buffered(1)).await;
    peer.nothing_more().await;

    let mut awake = rig.ready("gw").await;
    assert_eq!(awake.deliveries(2).await, ["1", "2"]);
    rig.say("3", Delivery::Delivered(1)).await;
    assert_eq!(awake.delivery().await.1, "3");
}

#[tokio::test(start_paused = true)]
async fn at_the_flip_nothing_is_lost_and_nothing_changes_places() {
    let rig = rig(window(32)).await;
    for round in 0..20 {
        let mut peer = rig.ready("gw").await;
        // Events and the flip come as they may; only their own order is given.
        let saying = async {
            for number in 0..30 {
                rig.front.say("c1", &format!("{round} {number}")).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let flipping = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            peer.send(GOING_IDLE).await;
            let mut got = Vec::new();
            loop {
                let line = peer.line().await;
                if line == GOING_IDLE_ACK {
                    return got;
                }
                let frame: serde_json::Value = serde_json::from_str(&line).unwrap();
                let number = frame["bufferId"].as_str().unwrap()["f00d-".len()..].parse().unwrap();
                got.push(frame["event"]["text"].as_str().unwrap().to_owned());
                peer.ack(number).await;
            }
        };
        let ((), mut got) = tokio::join!(saying, flipping);
        peer.nothing_more().await;
        drop(peer);
        let mut awake = rig.ready("gw").await;
        while got.len() < 30 {
            got.push(awake.take().await);
        }
        let expected: Vec<String> = (0..30).map(|number| format!("{round} {number}")).collect();
        assert_eq!(got, expected);
        awake.nothing_more().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_gateway_may_still_acknowledge_what_it_was_sent_before() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    rig.say("1", Delivery::Delivered(1)).await;
    let (number, _) = peer.delivery().await;
    peer.send(GOING_IDLE).await;
    assert_eq!(peer.line().await, GOING_IDLE_ACK);
    peer.ack(number).await;
    peer.nothing_more().await;
    assert_eq!(backlog(&rig, "gw").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hello_after_going_idle_gets_its_descriptor_and_no_delivery() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    peer.send(GOING_IDLE).await;
    assert_eq!(peer.line().await, GOING_IDLE_ACK);
    rig.say("1", Delivery::Buffered(1)).await;
    peer.send(HELLO).await;
    assert_eq!(peer.line().await, DESCRIPTOR);
    peer.nothing_more().await;
}
