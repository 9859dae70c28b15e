//! What comes in, and its acknowledgement.

use relay_transport::{Delivery, RelayTransport as _};
use relay_wire::BufferId;

use crate::connector::{config, inbound, interrupt, live};

#[tokio::test(start_paused = true)]
async fn a_buffered_message_is_handed_up_with_its_id_and_acknowledged_with_these_bytes() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&inbound("hi", Some("buf-1"))).await;
    assert_eq!(fixture.text().await, ("hi".to_owned(), Some("buf-1".to_owned())));
    fixture.link.ack(BufferId::new("buf-1").unwrap());
    assert_eq!(peer.line().await, "{\"type\":\"inbound_ack\",\"bufferId\":\"buf-1\"}\n");
}

#[tokio::test(start_paused = true)]
async fn a_live_message_has_no_id() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&inbound("hi", None)).await;
    assert_eq!(fixture.text().await, ("hi".to_owned(), None));
}

#[tokio::test(start_paused = true)]
async fn several_unacknowledged_messages_are_acknowledged_each_by_its_id() {
    let (mut fixture, mut peer) = live(config()).await;
    for id in ["1", "2", "3"] {
        peer.send(&inbound(id, Some(id))).await;
    }
    for id in ["1", "2", "3"] {
        assert_eq!(fixture.text().await.0, id);
    }
    for id in ["2", "1", "3"] {
        fixture.link.ack(BufferId::new(id).unwrap());
    }
    for id in ["2", "1", "3"] {
        assert_eq!(peer.line().await, format!("{{\"type\":\"inbound_ack\",\"bufferId\":\"{id}\"}}\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_forwarded_request_is_handed_up_with_its_exact_body() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(
        "{\"type\":\"passthrough_forward\",\"forward\":{\"platform\":\"discord\",\"botId\":\"b1\",\
         \"method\":\"POST\",\"path\":\"/x\",\"headers\":[[\"a\",\"1\"]],\"bodyB64\":\"AP8KgA==\"},\
         \"bufferId\":\"f1\"}\n",
    )
    .await;
    let Some(Delivery::Passthrough(passthrough)) = fixture.deliveries.events().recv().await else {
        panic!("a forward")
    };
    assert_eq!(passthrough.forward.body(), [0, 255, b'\n', 128]);
    assert_eq!(passthrough.buffer_id.expect("buffered").as_str(), "f1");
}

#[tokio::test(start_paused = true)]
async fn a_buffered_delivery_without_meaning_is_handed_up_as_unreadable() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send("{\"type\":\"inbound\",\"event\":null,\"bufferId\":\"poison\"}\n").await;
    let Some(Delivery::Unreadable { buffer_id, error }) = fixture.deliveries.events().recv().await else {
        panic!("an unreadable delivery")
    };
    assert_eq!(buffer_id.as_str(), "poison");
    assert_eq!(error.to_string(), "the `inbound` frame has no usable `event`, which the contract requires");
}

#[tokio::test(start_paused = true)]
async fn interrupts_go_both_ways() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&interrupt("agent:main:discord:dm:c1")).await;
    let came = fixture.deliveries.interrupts().recv().await.expect("an interrupt");
    assert_eq!((came.session_key.as_str(), came.chat_id.as_ref()), ("agent:main:discord:dm:c1", "c1"));

    fixture.link.interrupt("k".parse().unwrap(), Some("stop".to_owned()));
    assert_eq!(peer.line().await, "{\"type\":\"interrupt\",\"session_key\":\"k\",\"reason\":\"stop\"}\n");
    fixture.link.interrupt("k".parse().unwrap(), None);
    assert_eq!(peer.line().await, "{\"type\":\"interrupt\",\"session_key\":\"k\",\"reason\":null}\n");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_before_the_descriptor_is_handed_up_and_acknowledged() {
    let mut fixture = crate::connector::start(config());
    let mut peer = fixture.connector.accept().await;
    peer.line().await;
    peer.send(&inbound("early", Some("e"))).await;
    assert_eq!(fixture.text().await.0, "early");
    fixture.link.ack(BufferId::new("e").unwrap());
    assert_eq!(peer.line().await, "{\"type\":\"inbound_ack\",\"bufferId\":\"e\"}\n");
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_without_a_connection_is_lost_and_the_delivery_comes_again() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&inbound("hi", Some("b"))).await;
    fixture.text().await;
    drop(peer);
    fixture.reach_any(|state| matches!(state, relay_transport::LinkState::Connecting { .. })).await;
    fixture.link.ack(BufferId::new("b").unwrap());
    let mut peer = fixture.connector.live().await;
    peer.send(&inbound("hi", Some("b"))).await;
    assert_eq!(fixture.text().await.1.as_deref(), Some("b"));
    fixture.link.ack(BufferId::new("b").unwrap());
    assert_eq!(peer.line().await, "{\"type\":\"inbound_ack\",\"bufferId\":\"b\"}\n");
}
