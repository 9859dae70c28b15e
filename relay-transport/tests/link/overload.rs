//! A consumer that does not keep up.

use relay_transport::{Limits, Outcome, RelayTransport as _};
use tokio::time::Instant;

use crate::connector::{config, inbound, interrupt, live, result};
use crate::requests::send;

fn narrow() -> relay_transport::LinkConfig {
    config().with_limits(Limits::default().with_event_queue(2).with_event_backlog(3).with_interrupt_queue(1))
}

#[tokio::test(start_paused = true)]
async fn results_and_interrupts_overtake_a_full_event_queue() {
    let (mut fixture, mut peer) = live(narrow()).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        peer.line().await;
        for number in 0..4 {
            peer.send(&inbound(&number.to_string(), None)).await;
        }
        peer.send(&interrupt("k")).await;
        peer.send(&result("80000000-1", "m1")).await;
    });
    assert_eq!(outcome.as_str(), "delivered");
    assert_eq!(fixture.deliveries.interrupts().recv().await.expect("an interrupt").session_key.as_str(), "k");
    for number in 0..4 {
        assert_eq!(fixture.text().await.0, number.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn beyond_its_backlog_the_link_does_not_read_and_no_delivery_is_lost() {
    let (mut fixture, mut peer) = live(narrow()).await;
    for number in 0..20 {
        peer.send(&inbound(&number.to_string(), None)).await;
    }
    peer.send(&result("80000000-1", "m1")).await;
    // The result stands behind events that are not read; the action itself is still written.
    let start = Instant::now();
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        assert!(peer.line().await.contains("outbound"));
    });
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(start.elapsed(), Limits::default().result(), "longer than a peer may be silent");

    for number in 0..20 {
        assert_eq!(fixture.text().await.0, number.to_string());
    }
    assert_eq!(*fixture.link.state().borrow(), relay_transport::LinkState::Live);
    peer.send(&inbound("and on", None)).await;
    assert_eq!(fixture.text().await.0, "and on");
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_are_written_while_nothing_is_read() {
    let (fixture, mut peer) = live(narrow()).await;
    for number in 0..20 {
        peer.send(&inbound(&number.to_string(), Some(&number.to_string()))).await;
    }
    fixture.link.ack("0".parse().unwrap());
    assert_eq!(peer.line().await, "{\"type\":\"inbound_ack\",\"bufferId\":\"0\"}\n");
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_connection_has_brought_is_still_handed_up_in_order() {
    let (mut fixture, mut peer) = live(narrow()).await;
    let burst: String = (0..50).map(|number| inbound(&number.to_string(), None)).collect();
    peer.send(&burst).await;
    fixture.reach(&relay_transport::LinkState::Live).await;
    assert_eq!(fixture.text().await.0, "0");
    drop(peer);
    for number in 1..50 {
        assert_eq!(fixture.text().await.0, number.to_string());
    }
    let mut peer = fixture.connector.live().await;
    peer.send(&inbound("after", None)).await;
    assert_eq!(fixture.text().await.0, "after");
}

#[tokio::test(start_paused = true)]
async fn too_many_interrupts_cost_the_oldest_and_hold_up_nothing() {
    let (mut fixture, mut peer) = live(narrow()).await;
    for key in ["a", "b", "b", "c"] {
        peer.send(&interrupt(key)).await;
    }
    peer.send(&inbound("past them", None)).await;
    assert_eq!(fixture.text().await.0, "past them");
    for key in ["a", "c"] {
        let interrupt = fixture.deliveries.interrupts().recv().await.expect("an interrupt");
        assert_eq!(interrupt.session_key.as_str(), key);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_consumer_results_still_come() {
    let (fixture, mut peer) = live(narrow()).await;
    drop(fixture.deliveries);
    for number in 0..20 {
        peer.send(&inbound(&number.to_string(), None)).await;
    }
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        peer.line().await;
        peer.send(&result("80000000-1", "m1")).await;
    });
    assert_eq!(outcome.as_str(), "delivered");
}
