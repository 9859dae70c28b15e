//! The end, by the owner's wish.

use std::time::Duration;

use futures_util::FutureExt as _;
use relay_transport::{LinkState, Outcome, RelayTransport as _};
use tokio::time::Instant;

use crate::connector::{config, inbound, live, start};
use crate::requests::send;

#[tokio::test(start_paused = true)]
async fn closing_says_goodbye_with_1000_and_ends_everything() {
    let (mut fixture, mut peer) = live(config()).await;
    let (code, ()) = tokio::join!(
        async {
            let code = peer.close_code().await;
            drop(peer);
            code
        },
        fixture.link.close()
    );
    assert_eq!(code, 1000);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Closed);
    assert!(fixture.deliveries.events().recv().await.is_none());
    assert_eq!(fixture.link.request(send("late"), None).now_or_never(), Some(Outcome::NotSent));
    fixture.link.ack("late".parse().unwrap());
    fixture.link.close().await;
    fixture.task.await;
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_given_before_closing_are_written() {
    // Which of the two the link looks at first is left to chance, so there are many of them.
    for _ in 0..20 {
        let (mut fixture, mut peer) = live(config()).await;
        peer.send(&inbound("hi", Some("b1"))).await;
        fixture.text().await;
        fixture.link.ack("b1".parse().unwrap());
        let mut closing = std::pin::pin!(fixture.link.close());
        assert!(closing.as_mut().now_or_never().is_none());
        assert_eq!(peer.line().await, "{\"type\":\"inbound_ack\",\"bufferId\":\"b1\"}\n");
        assert_eq!(peer.close_code().await, 1000);
        drop(peer);
        closing.await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_the_goodbye_delays_it_by_5_seconds_at_most() {
    let (fixture, _silent) = live(config()).await;
    let start = Instant::now();
    fixture.link.close().await;
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn an_action_in_flight_is_unknown_when_the_link_is_closed() {
    let (fixture, mut peer) = live(config()).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        peer.line().await;
        let goodbye = async {
            peer.close_code().await;
            drop(peer);
        };
        tokio::join!(fixture.link.close(), goodbye);
    });
    assert_eq!(outcome, Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_link_is_closed_at_once_while_it_dials_waits_or_shakes_hands() {
    let fixture = start(config());
    fixture.link.close().await;
    assert_eq!(*fixture.link.state().borrow(), LinkState::Closed);

    let mut fixture = start(config());
    drop(fixture.connector.dialed().await);
    fixture.reach(&LinkState::Connecting { attempt: 2 }).await;
    let start_of_close = Instant::now();
    fixture.link.close().await;
    assert_eq!(start_of_close.elapsed(), Duration::ZERO);

    let mut fixture = start(config());
    let mut peer = fixture.connector.accept().await;
    fixture.reach(&LinkState::Handshaking).await;
    let (code, ()) = tokio::join!(
        async {
            let code = peer.close_code().await;
            drop(peer);
            code
        },
        fixture.link.close()
    );
    assert_eq!(code, 1000);
}

#[tokio::test(start_paused = true)]
async fn a_link_ends_with_its_last_handle() {
    let (fixture, mut peer) = live(config()).await;
    let clone = fixture.link.clone();
    drop(fixture.link);
    assert!(clone.request(send("1"), None).now_or_never().is_none());
    assert!(peer.line().await.contains("outbound"));
    drop(clone);
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    fixture.task.await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_task_leaves_the_link_alone() {
    let (mut fixture, mut peer) = live(config()).await;
    drop(fixture.task);
    peer.send(&inbound("still here", None)).await;
    let delivery = fixture.deliveries.events().recv().await;
    assert!(delivery.is_some());
}
