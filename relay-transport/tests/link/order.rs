//! Nothing that is seen from outside is left to chance or to time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use relay_transport::{LinkState, Outcome, RelayTransport as _};
use tokio::time::{Instant, sleep};

use crate::connector::{config, live};
use crate::requests::send;

#[tokio::test(start_paused = true)]
async fn requests_in_flight_are_settled_at_once_and_in_their_order_when_the_connection_breaks_off() {
    let (fixture, mut peer) = live(config()).await;
    let settled = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let mut waiting = Vec::new();
    for number in 0..200 {
        let (link, settled) = (fixture.link.clone(), Arc::clone(&settled));
        waiting.push(tokio::spawn(async move {
            let outcome = link.request(send(&number.to_string()), None).await;
            settled.lock().expect("nobody panics").push((number, outcome, start.elapsed()));
        }));
        assert!(peer.line().await.contains(&format!("\"content\":\"{number}\"")));
    }
    drop(peer);
    for task in waiting {
        task.await.expect("it ends");
    }
    let expected: Vec<_> = (0..200).map(|number| (number, Outcome::Unknown, Duration::ZERO)).collect();
    assert_eq!(*settled.lock().expect("nobody panics"), expected);
}

#[tokio::test(start_paused = true)]
async fn a_terminal_close_is_announced_within_100_ms_and_never_dialed_again() {
    let (mut fixture, peer) = live(config()).await;
    peer.close(4401, "revoked").await;
    let peer = fixture.connector.accept().await;
    let start = Instant::now();
    let ((), state) = tokio::join!(
        peer.close(4401, "revoked"),
        fixture.reach_any(|state| matches!(state, LinkState::Disabled { .. }))
    );
    assert!(start.elapsed() <= Duration::from_millis(100), "{:?}", start.elapsed());
    fixture.link.wake();
    assert_eq!(fixture.link.request(send("late"), None).await, Outcome::NotSent);
    sleep(Duration::from_hours(48)).await;
    assert!(fixture.connector.dialed_or_none().now_or_never().flatten().is_none());
    assert_eq!(*fixture.link.state().borrow(), state);
    assert_eq!(fixture.link.counts().dials, 2);
}

/// The same bytes to the peer and the same outcomes, however often it is run.
#[tokio::test(start_paused = true)]
async fn the_same_input_gives_the_same_output() {
    let mut runs = Vec::new();
    for _ in 0..20 {
        let (mut fixture, mut peer) = live(config()).await;
        // Commands, requests, deliveries and an interrupt, all ready in the same moment.
        peer.send(&crate::connector::inbound("x", Some("b"))).await;
        peer.send(&crate::connector::interrupt("k")).await;
        let link = fixture.link.clone();
        link.ack("a1".parse().unwrap());
        let mut first = Box::pin(link.request(send("1"), None));
        assert!(first.as_mut().now_or_never().is_none());
        link.interrupt("k".parse().unwrap(), None);
        let mut second = Box::pin(link.request(send("2"), None));
        assert!(second.as_mut().now_or_never().is_none());
        link.ack("a2".parse().unwrap());
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(peer.line().await);
        }
        seen.push(fixture.text().await.0);
        runs.push(seen);
    }
    assert!(runs.iter().all(|run| *run == runs[0]), "{runs:#?}");
    let ops: Vec<bool> = runs[0].iter().map(|line| line.contains("outbound")).collect();
    assert_eq!(
        ops,
        [false, false, false, true, true, false],
        "acknowledgements and interrupts before actions"
    );
}
