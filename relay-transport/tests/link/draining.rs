//! A gateway that is about to stop.

use std::time::Duration;

use futures_util::FutureExt as _;
use relay_transport::{Drained, LinkState, Outcome, RelayTransport as _};
use tokio::time::{Instant, sleep};

use crate::connector::{DESCRIPTOR, Fixture, Peer, config, inbound, interrupt, live, result, start};
use crate::requests::send;

const GRACE: Duration = Duration::from_secs(5);
pub(crate) const GOING_IDLE: &str = "{\"type\":\"going_idle\"}\n";
pub(crate) const ACK: &str = "{\"type\":\"going_idle_ack\"}\n";

/// A link that drains and was acknowledged.
async fn drained() -> (Fixture, Peer) {
    let (fixture, mut peer) = live(config()).await;
    let (drained, ()) = tokio::join!(fixture.link.drain(GRACE), async {
        assert_eq!(peer.line().await, GOING_IDLE);
        peer.send(ACK).await;
    });
    assert_eq!(drained, Drained::Acked);
    (fixture, peer)
}

#[tokio::test(start_paused = true)]
async fn draining_says_so_with_these_bytes_and_ends_with_the_acknowledgement() {
    let start_of_drain = Instant::now();
    let (fixture, _peer) = drained().await;
    assert_eq!(*fixture.link.state().borrow(), LinkState::Draining);
    assert_eq!(start_of_drain.elapsed(), Duration::ZERO);
    assert_eq!(fixture.link.drain(GRACE).await, Drained::Acked, "said once, and known from then on");
}

#[tokio::test(start_paused = true)]
async fn while_it_drains_everything_is_served_and_after_the_acknowledgement_too() {
    let (mut fixture, mut peer) = live(config()).await;
    let mut draining = Box::pin(fixture.link.drain(GRACE)).fuse();
    assert!((&mut draining).now_or_never().is_none());
    assert_eq!(peer.line().await, GOING_IDLE);
    for round in 1..=2 {
        assert_eq!(*fixture.link.state().borrow(), LinkState::Draining);
        peer.send(&inbound("late", Some("b"))).await;
        assert_eq!(fixture.deliveries.events().recv().await.map(|_| ()), Some(()));
        fixture.link.ack("b".parse().unwrap());
        assert_eq!(peer.line().await, "{\"type\":\"inbound_ack\",\"bufferId\":\"b\"}\n");
        peer.send(&interrupt("k")).await;
        assert!(fixture.deliveries.interrupts().recv().await.is_some());
        let (outcome, ()) = tokio::join!(fixture.link.request(send("last words"), None), async {
            assert!(peer.line().await.contains("last words"));
            peer.send(&result(&format!("80000000-{round}"), "m")).await;
        });
        assert_eq!(outcome.message_id(), Some("m"));
        if round == 1 {
            peer.send(ACK).await;
            assert_eq!((&mut draining).await, Drained::Acked);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_acknowledgement_the_caller_learns_it_when_its_grace_is_over() {
    let (fixture, mut peer) = live(config()).await;
    let start_of_drain = Instant::now();
    let first = fixture.link.drain(GRACE);
    let second = fixture.link.drain(2 * GRACE);
    let (first, second) = peer
        .meanwhile(async {
            tokio::join!(async { (first.await, start_of_drain.elapsed()) }, async {
                (second.await, start_of_drain.elapsed())
            })
        })
        .await;
    assert_eq!((first, second), ((Drained::NotAcked, GRACE), (Drained::NotAcked, 2 * GRACE)));
    assert_eq!(*fixture.link.state().borrow(), LinkState::Draining);
}

#[tokio::test(start_paused = true)]
async fn closing_after_draining_is_closing_as_ever() {
    let (fixture, mut peer) = drained().await;
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
    assert_eq!(fixture.link.drain(GRACE).await, Drained::NoConnection);
}

#[tokio::test(start_paused = true)]
async fn closing_tells_whoever_still_waits_for_the_acknowledgement() {
    let (fixture, peer) = live(config()).await;
    let draining = fixture.link.drain(Duration::MAX);
    let (drained, ()) = tokio::join!(draining, async {
        drop(peer);
        fixture.link.close().await;
    });
    assert_eq!(drained, Drained::NoConnection);
}

#[tokio::test(start_paused = true)]
async fn a_loss_ends_the_wait_at_once_and_nothing_is_dialed_for_draining() {
    let (mut fixture, mut peer) = live(config()).await;
    let start_of_drain = Instant::now();
    let (drained, ()) = tokio::join!(fixture.link.drain(GRACE), async {
        assert_eq!(peer.line().await, GOING_IDLE);
        drop(peer);
    });
    assert_eq!((drained, start_of_drain.elapsed()), (Drained::NoConnection, Duration::ZERO));
    assert_eq!(*fixture.link.state().borrow(), LinkState::Hibernating);
    sleep(Duration::from_hours(1)).await;
    assert!(fixture.connector.dialed().now_or_never().is_none());
    assert_eq!(*fixture.link.state().borrow(), LinkState::Hibernating);
    fixture.link.close().await;
    assert_eq!(*fixture.link.state().borrow(), LinkState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_last_reply_after_a_loss_is_dialed_for_and_the_new_connection_goes_idle_too() {
    let (mut fixture, peer) = drained().await;
    drop(peer);
    fixture.reach(&LinkState::Hibernating).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("last words"), None), async {
        let mut peer = fixture.connector.live().await;
        assert_eq!(peer.line().await, GOING_IDLE);
        assert!(peer.line().await.contains("last words"));
        peer.send(&result("80000000-1", "m1")).await;
        peer.send(ACK).await;
        // Nothing more is asked for, so this disconnect is the last.
        drop(peer);
    });
    assert_eq!(outcome.message_id(), Some("m1"));
    fixture.reach(&LinkState::Hibernating).await;
    sleep(Duration::from_hours(1)).await;
    assert!(fixture.connector.dialed().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_found_no_connection_keeps_a_draining_link_dialing() {
    let (mut fixture, peer) = drained().await;
    drop(peer);
    fixture.reach(&LinkState::Hibernating).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("last words"), None), async {
        drop(fixture.connector.dialed().await);
    });
    assert_eq!(outcome, Outcome::NotSent, "one dial is waited for");
    let mut peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Draining).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("last words"), None), async {
        assert_eq!(peer.line().await, GOING_IDLE);
        assert!(peer.line().await.contains("last words"));
        peer.send(&result("80000000-2", "m1")).await;
    });
    assert_eq!(outcome.message_id(), Some("m1"));
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_kept_also_when_a_request_asks_for_the_connection() {
    let (mut fixture, peer) = drained().await;
    peer.close(1013, "hold").await;
    fixture.reach(&LinkState::Hibernating).await;
    let asked = Instant::now();
    let (_, ()) = tokio::join!(fixture.link.request(send("x"), None), async {
        drop(fixture.connector.dialed().await);
    });
    assert_eq!(asked.elapsed(), Duration::from_millis(10_500));
}

#[tokio::test(start_paused = true)]
async fn draining_without_a_connection_answers_at_once_and_stops_the_dialing() {
    let mut fixture = start(config());
    let _silent = fixture.connector.dialed().await;
    assert_eq!(fixture.link.drain(GRACE).await, Drained::NoConnection);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Hibernating);

    let mut fixture = start(config());
    drop(fixture.connector.dialed().await);
    fixture.reach(&LinkState::Connecting { attempt: 2 }).await;
    let start_of_drain = Instant::now();
    assert_eq!(fixture.link.drain(GRACE).await, Drained::NoConnection);
    assert_eq!(start_of_drain.elapsed(), Duration::ZERO);
    sleep(Duration::from_hours(1)).await;
    assert!(fixture.connector.dialed().now_or_never().is_none());
    assert_eq!(fixture.link.drain(GRACE).await, Drained::NoConnection, "hibernating now");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_waits_for_the_link_keeps_it_dialing_although_it_drains() {
    let (mut fixture, peer) = live(config()).await;
    drop(peer);
    fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })).await;
    assert_eq!(fixture.link.request(send("early"), None).await, Outcome::NotSent);
    assert_eq!(fixture.link.drain(GRACE).await, Drained::NoConnection);
    let mut peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Draining).await;
    assert_eq!(peer.line().await, GOING_IDLE);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_drains_in_its_handshake_goes_idle_as_soon_as_it_is_over() {
    let mut fixture = start(config());
    let mut peer = fixture.connector.accept().await;
    fixture.reach(&LinkState::Handshaking).await;
    let (drained, ()) = tokio::join!(fixture.link.drain(GRACE), async {
        assert!(peer.line().await.contains("hello"));
        sleep(Duration::from_secs(1)).await;
        peer.send(DESCRIPTOR).await;
        assert_eq!(peer.line().await, GOING_IDLE);
        peer.send(ACK).await;
    });
    assert_eq!(drained, Drained::Acked);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Draining);
}

#[tokio::test(start_paused = true)]
async fn a_drain_taken_back_before_the_acknowledgement_is_live_and_after_it_a_new_connection() {
    let (mut fixture, mut peer) = live(config()).await;
    let (drained, ()) = tokio::join!(fixture.link.drain(GRACE), async {
        assert_eq!(peer.line().await, GOING_IDLE);
        fixture.link.wake();
    });
    assert_eq!(drained, Drained::NotAcked);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);
    let woken = Instant::now();
    peer.send(ACK).await;
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    let _peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    assert_eq!(woken.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_nobody_asked_for_changes_nothing() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(ACK).await;
    peer.send(&inbound("still here", None)).await;
    assert_eq!(fixture.text().await.0, "still here");
    peer.meanwhile(sleep(Duration::from_mins(1))).await;
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);
    assert_eq!(fixture.link.counts().dials, 1);
}
