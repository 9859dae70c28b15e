//! Events on their way to gateways: who gets them, who does not, and their bytes.

mod rig;

use std::sync::{Arc, Mutex};

use relay_connector::{Delivery, Direction, Tenant};
use rig::{Peer, Rig};

/// A live gateway of another tenant.
async fn stranger(rig: &Rig) -> Peer {
    let secret = rig.enroll_for(&Tenant::new("work").unwrap(), "stranger").await;
    let mut peer = rig.dial(&Rig::upgrade_token("stranger", &secret)).await;
    peer.send(rig::HELLO).await;
    assert_eq!(peer.line().await, rig::DESCRIPTOR);
    peer
}

#[tokio::test]
async fn what_is_said_reaches_the_gateway_to_the_byte() {
    let rig = Rig::start().await;
    let mut peer = rig.ready("gw").await;
    assert_eq!(rig.say("hello", Delivery::Delivered(1)).await, "m1");
    assert_eq!(
        peer.line().await,
        concat!(
            r#"{"type":"inbound","event":{"text":"hello","message_type":"text","source":{"platform":"local","#,
            r#""chat_id":"c1","chat_type":"dm","chat_name":"c1","user_id":"you","user_name":"you","#,
            r#""thread_id":null,"chat_topic":null},"message_id":"m1"},"bufferId":"f00d-1"}"#,
            "\n"
        )
    );
    assert_eq!(rig.say("again", Delivery::Delivered(1)).await, "m2");
    assert!(peer.line().await.contains(r#""message_id":"m2""#));
}

#[tokio::test]
async fn before_its_hello_a_gateway_gets_nothing_and_after_its_end_nothing_is_lost() {
    let rig = Rig::start().await;
    rig.say("too early", Delivery::Unwanted).await;
    let mut peer = rig.gateway("gw").await;
    peer.nothing_more().await;
    rig.say("still too early", Delivery::Unwanted).await;

    let mut ready = rig.ready("gw2").await;
    futures_util::SinkExt::close(&mut ready.socket).await.unwrap();
    // The answer to the close is read: the connection has left the registry by then or does before its end.
    while futures_util::StreamExt::next(&mut ready.socket).await.is_some() {}
    peer.nothing_more().await;
    rig.say("later", Delivery::Buffered(1)).await;
}

#[tokio::test]
async fn every_gateway_of_the_tenant_hears_an_event_and_no_other_tenants() {
    let rig = Rig::start().await;
    let (mut one, mut two) = (rig.ready("one").await, rig.ready("two").await);
    let mut foreign = stranger(&rig).await;
    rig.say("hello", Delivery::Delivered(2)).await;
    for peer in [&mut one, &mut two] {
        assert!(peer.line().await.contains(r#""text":"hello""#));
    }
    foreign.nothing_more().await;
}

#[tokio::test]
async fn a_front_can_wait_for_somebody_to_hear_it() {
    let rig = Rig::start().await;
    let front = Arc::clone(&rig.front);
    let waiting = tokio::spawn(async move {
        front.connected().await;
        front.say("c1", "at last").await.unwrap().delivery
    });
    let mut peer = rig.ready("gw").await;
    assert!(peer.line().await.contains("at last"));
    assert_eq!(waiting.await.unwrap(), Delivery::Delivered(1));
}

#[tokio::test]
async fn an_interrupt_goes_to_the_tenants_other_gateways_only() {
    let rig = Rig::start().await;
    let (mut one, mut two) = (rig.ready("one").await, rig.ready("two").await);
    let mut foreign = stranger(&rig).await;
    one.send("{\"type\":\"interrupt\",\"session_key\":\"agent:main:local:dm:c1\",\"reason\":\"stop\"}\n")
        .await;
    assert_eq!(
        two.line().await,
        "{\"type\":\"interrupt_inbound\",\"session_key\":\"agent:main:local:dm:c1\",\"chat_id\":\"c1\"}\n"
    );
    one.nothing_more().await;
    foreign.nothing_more().await;
}

#[tokio::test]
async fn acks_unknown_frames_and_malformed_lines_disturb_nothing() {
    let rig = Rig::start().await;
    let mut peer = rig.ready("gw").await;
    peer.send("{\"type\":\"inbound_ack\",\"bufferId\":\"b1\"}\n").await;
    peer.send("{\"type\":\"from_a_later_contract\",\"x\":1}\n{\"type\":\n[1,2]\nnull\n\r\n{\"a\":1}\n").await;
    peer.send("{\"type\":\"outbound\"}\n{\"type\":\"going_").await;
    peer.send("idle\"}\n").await;
    assert_eq!(peer.line().await, "{\"type\":\"going_idle_ack\"}\n");
}

#[tokio::test]
async fn a_tap_sees_both_directions_without_secrets() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let rig = Rig::with(|builder| {
        let seen = Arc::clone(&seen);
        builder.tap(Arc::new(move |direction, line: &str| {
            seen.lock().unwrap().push((direction, line.to_owned()));
        }))
    })
    .await;
    let mut peer = rig.ready("gw").await;
    peer.send("{\"type\":\"later\",\"x\":[{\"apiToken\":\"hunter2\"}]}\nhunt\u{1b}er\n").await;
    peer.nothing_more().await;
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen[..4],
        [
            (Direction::FromGateway, rig::HELLO.trim_end().to_owned()),
            (Direction::ToGateway, rig::DESCRIPTOR.trim_end().to_owned()),
            (Direction::FromGateway, r#"{"type":"later","x":[{"apiToken":"[redacted]"}]}"#.to_owned()),
            (Direction::FromGateway, "hunt\\u{1b}er".to_owned()),
        ]
    );
}
