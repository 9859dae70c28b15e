//! Interrupts overtake everything.

use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _};
use relay_transport::Limits;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::connector::{config, inbound, interrupt, live};

#[tokio::test(start_paused = true)]
async fn an_interrupt_overtakes_1_000_events_that_nobody_takes() {
    let (mut fixture, mut peer) = live(config()).await;
    for number in 0..1_000 {
        peer.send(&inbound(&number.to_string(), Some(&number.to_string()))).await;
    }
    let start = Instant::now();
    peer.send(&interrupt("k")).await;
    let came = fixture.deliveries.interrupts().recv().await.expect("an interrupt");
    assert_eq!((came.session_key.as_str(), start.elapsed()), ("k", Duration::ZERO));
    for number in 0..1_000 {
        assert_eq!(fixture.text().await.0, number.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_overtakes_a_full_queue_up_to_the_last_event_of_the_backlog() {
    let (mut fixture, mut peer) = live(config()).await;
    let limits = Limits::default();
    for _ in 1..limits.event_queue() + limits.event_backlog() {
        peer.send(&inbound("x", None)).await;
    }
    peer.send(&interrupt("k")).await;
    let came = fixture.deliveries.interrupts().recv().await.expect("an interrupt");
    assert_eq!(came.session_key.as_str(), "k");
}

#[tokio::test(start_paused = true)]
async fn interrupts_come_while_the_peer_floods_and_no_event_is_taken() {
    let (mut fixture, mut peer) = live(config()).await;
    let flood = tokio::spawn(async move {
        for number in 0_u64.. {
            let text = if number % 100 == 99 {
                interrupt(&format!("k{number}"))
            } else {
                inbound(&number.to_string(), None)
            };
            // At the end the link reads no more, and the peer is stuck.
            if timeout(Duration::from_secs(5), peer.socket.send(Message::text(text))).await.is_err() {
                break;
            }
        }
        peer
    });
    // As many as stand before the last event that the queues hold.
    for number in (99..5_000_u64).step_by(100) {
        let came = fixture.deliveries.interrupts().recv().await.expect("an interrupt");
        assert_eq!(came.session_key.as_str(), format!("k{number}"));
    }
    drop(flood.await);
}

#[tokio::test(start_paused = true)]
async fn interrupts_that_nobody_takes_hold_up_neither_events_nor_each_other() {
    let (mut fixture, mut peer) = live(config()).await;
    for number in 0..5_000 {
        peer.send(&interrupt(&format!("k{number}"))).await;
    }
    peer.send(&inbound("past them", None)).await;
    assert_eq!(fixture.text().await.0, "past them");
    let mut keys = Vec::new();
    while let Some(Some(interrupt)) = fixture.deliveries.interrupts().recv().now_or_never() {
        keys.push(interrupt.session_key.to_string());
        tokio::task::yield_now().await;
    }
    assert_eq!(keys.first().map(String::as_str), Some("k0"));
    assert_eq!(keys.last().map(String::as_str), Some("k4999"), "the newest is among those that are kept");
}
