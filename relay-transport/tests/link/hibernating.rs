//! A link that sleeps, and what wakes it.

use std::time::Duration;

use futures_util::FutureExt as _;
use relay_runtime::TestClock;
use relay_transport::{Drained, Limits, LinkConfig, LinkState, Outcome, RelayTransport as _};
use tokio::time::{Instant, sleep};

use crate::connector::{Fixture, NOW, Peer, config, inbound, live, result, start};
use crate::draining::{ACK, GOING_IDLE};
use crate::requests::send;

const GRACE: Duration = Duration::from_secs(5);

/// Answers `going_idle`, and the close that follows.
async fn lull(mut peer: Peer) {
    assert_eq!(peer.line().await, GOING_IDLE);
    peer.send(ACK).await;
    assert_eq!(peer.close_code().await, 1000);
}

/// A link that is hibernating.
async fn hibernating(config: LinkConfig) -> Fixture {
    let (fixture, peer) = live(config).await;
    let (drained, ()) = tokio::join!(fixture.link.hibernate(GRACE), lull(peer));
    assert_eq!(drained, Drained::Acked);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Hibernating);
    fixture
}

/// How long it takes from now until the link is live again.
async fn wakes(fixture: &mut Fixture) -> Duration {
    let start = Instant::now();
    let _peer = fixture.connector.live().await;
    let waited = start.elapsed();
    fixture.reach(&LinkState::Live).await;
    waited
}

#[tokio::test(start_paused = true)]
async fn a_link_hibernates_with_1000_once_the_connector_keeps_what_comes() {
    let start = Instant::now();
    let fixture = hibernating(config()).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(fixture.link.descriptors().of("discord").max_message_length, 2000);
    assert_eq!(fixture.link.hibernate(GRACE).await, Drained::Acked, "it sleeps already");
}

#[tokio::test(start_paused = true)]
async fn without_the_connectors_word_it_stays_live_and_says_so() {
    let (mut fixture, mut peer) = live(config()).await;
    let start = Instant::now();
    assert_eq!(peer.meanwhile(fixture.link.hibernate(GRACE)).await, Drained::NotAcked);
    assert_eq!(start.elapsed(), GRACE);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);
    peer.send(&inbound("still here", None)).await;
    assert_eq!(fixture.text().await.0, "still here");
}

#[tokio::test(start_paused = true)]
async fn a_word_that_comes_late_brings_a_new_connection_because_the_old_one_delivers_no_more() {
    let (mut fixture, mut peer) = live(config()).await;
    assert_eq!(peer.meanwhile(fixture.link.hibernate(GRACE)).await, Drained::NotAcked);
    let request = fixture.link.request(send("open"), None);
    let ((code, waited), outcome) = tokio::join!(
        async {
            assert!(peer.line().await.contains("open"));
            peer.send(ACK).await;
            sleep(Duration::from_secs(3)).await;
            peer.send(&result("80000000-1", "m1")).await;
            let code = peer.close_code().await;
            drop(peer);
            let start = Instant::now();
            let _peer = fixture.connector.live().await;
            (code, start.elapsed())
        },
        request
    );
    assert_eq!(outcome.message_id(), Some("m1"), "an open request is waited for");
    assert_eq!((code, waited), (1000, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn open_requests_are_answered_before_the_link_sleeps() {
    let (fixture, mut peer) = live(config()).await;
    let (outcome, drained, ()) =
        tokio::join!(fixture.link.request(send("1"), None), fixture.link.hibernate(GRACE), async {
            assert_eq!(peer.line().await, GOING_IDLE);
            assert!(peer.line().await.contains("outbound"));
            peer.send(ACK).await;
            // Longer than the grace, which is for the acknowledgement alone.
            sleep(2 * GRACE).await;
            assert_eq!(*fixture.link.state().borrow(), LinkState::Draining);
            peer.send(&result("80000000-1", "m1")).await;
            assert_eq!(peer.close_code().await, 1000);
            drop(peer);
        });
    assert_eq!((outcome.message_id(), drained), (Some("m1"), Drained::Acked));
    assert_eq!(*fixture.link.state().borrow(), LinkState::Hibernating);
}

#[tokio::test(start_paused = true)]
async fn a_loss_before_the_word_is_a_loss_as_ever() {
    let (mut fixture, mut peer) = live(config()).await;
    let (drained, ()) = tokio::join!(fixture.link.hibernate(GRACE), async {
        assert_eq!(peer.line().await, GOING_IDLE);
        drop(peer);
    });
    assert_eq!(drained, Drained::NoConnection);
    let lost = Instant::now();
    let mut peer = fixture.connector.live().await;
    assert_eq!(lost.elapsed(), Duration::from_millis(500), "its usual backoff");
    fixture.reach(&LinkState::Live).await;
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live, "the wish went with the connection");
    fixture.link.ack("b".parse().unwrap());
    assert!(peer.line().await.contains("inbound_ack"), "it is not asked to go idle");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_dials_does_not_go_to_sleep() {
    let mut fixture = start(config());
    let silent = fixture.connector.dialed().await;
    assert_eq!(fixture.link.hibernate(GRACE).await, Drained::NoConnection);
    drop(silent);
    assert_eq!(wakes(&mut fixture).await, Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn a_hibernating_link_wakes_after_a_minute_and_gets_what_was_kept() {
    let mut fixture = hibernating(config()).await;
    let start = Instant::now();
    let mut peer = fixture.connector.live().await;
    assert_eq!(start.elapsed(), Duration::from_mins(1));
    fixture.reach(&LinkState::Live).await;
    peer.send(&inbound("kept", Some("b1"))).await;
    assert_eq!(fixture.text().await.0, "kept");
}

#[tokio::test(start_paused = true)]
async fn the_first_dial_after_waking_is_at_once_and_those_after_it_wait_their_backoff() {
    let mut fixture = hibernating(config()).await;
    fixture.link.wake();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let start = Instant::now();
        drop(fixture.connector.dialed().await);
        waits.push(start.elapsed().as_millis());
    }
    assert_eq!(waits, [0, 500, 1_000, 2_000]);
}

#[tokio::test(start_paused = true)]
async fn a_thawed_machine_wakes_its_link_within_a_second_of_its_clock() {
    let clock = TestClock::new(NOW);
    let config = config().with_clock(clock.clock());
    let mut fixture = hibernating(config).await;
    // The clocks agree for a while.
    for _ in 0..10 {
        sleep(Duration::from_secs(1)).await;
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(*fixture.link.state().borrow(), LinkState::Hibernating);
    // Suspended for an hour, of which the monotonic clock knows nothing.
    clock.advance(Duration::from_hours(1));
    assert!(wakes(&mut fixture).await <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_request_wakes_the_link_and_is_the_first_to_be_written() {
    let mut fixture = hibernating(config()).await;
    let start = Instant::now();
    let requests =
        async { tokio::join!(fixture.link.request(send("1"), None), fixture.link.request(send("2"), None)) };
    let ((one, two), ()) = tokio::join!(requests, async {
        let mut peer = fixture.connector.live().await;
        for number in 1..=2 {
            assert!(peer.line().await.contains(&format!("\"content\":\"{number}\"")));
            peer.send(&result(&format!("80000000-{number}"), &format!("m{number}"))).await;
        }
    });
    assert_eq!((one.message_id(), two.message_id()), (Some("m1"), Some("m2")));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_woke_the_link_in_vain_is_not_sent() {
    let mut fixture = hibernating(config()).await;
    let requests =
        async { tokio::join!(fixture.link.request(send("1"), None), fixture.link.request(send("2"), None)) };
    let (outcomes, ()) = tokio::join!(requests, async { drop(fixture.connector.dialed().await) });
    assert_eq!(outcomes, (Outcome::NotSent, Outcome::NotSent));

    let mut fixture = hibernating(config()).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        fixture.connector.accept().await.close(1001, "not now").await;
    });
    assert_eq!(outcome, Outcome::NotSent, "also when the handshake is cut short");
}

#[tokio::test(start_paused = true)]
async fn a_hibernating_link_closes_at_once_and_refuses_what_waits() {
    let fixture = hibernating(config()).await;
    let start = Instant::now();
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), fixture.link.close());
    assert_eq!(outcome, Outcome::NotSent);
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Closed);
    fixture.task.await;
}

#[tokio::test(start_paused = true)]
async fn a_hibernating_link_ends_with_its_last_handle() {
    let fixture = hibernating(config()).await;
    drop(fixture.link);
    fixture.task.await;
}

#[tokio::test(start_paused = true)]
async fn draining_a_hibernating_link_keeps_it_asleep() {
    let mut fixture = hibernating(config()).await;
    assert_eq!(fixture.link.drain(GRACE).await, Drained::NoConnection);
    sleep(Duration::from_hours(1)).await;
    assert!(fixture.connector.dialed().now_or_never().is_none());
    fixture.link.wake();
    assert_eq!(wakes(&mut fixture).await, Duration::ZERO);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live, "the drain is taken back");
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_the_sleep_is_still_handed_up() {
    let config = config().with_limits(Limits::default().with_event_queue(1));
    let (mut fixture, mut peer) = live(config).await;
    for number in 0..10 {
        peer.send(&inbound(&number.to_string(), Some(&number.to_string()))).await;
    }
    let (drained, ()) = tokio::join!(fixture.link.hibernate(GRACE), lull(peer));
    assert_eq!(drained, Drained::Acked);
    for number in 0..10 {
        assert_eq!(fixture.text().await.0, number.to_string());
    }
    assert_eq!(*fixture.link.state().borrow(), LinkState::Hibernating);
}
