//! What a link counts, its latest disconnect, and the connector's clock: what a diagnosis is made from.

use relay_auth::UnixSeconds;
use relay_net::{DialError, HttpError};
use relay_transport::{
    DisconnectReason, Initiator, LinkCounts, LinkState, Outcome, RelayTransport as _, peer_clock,
};
use relay_wire::BufferId;

use crate::connector::{NOW, config, inbound, interrupt, live, result, start, start_through};
use crate::requests::send;

#[tokio::test(start_paused = true)]
async fn everything_that_passes_is_counted_once() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&inbound("a", Some("1"))).await;
    peer.send(&inbound("b", None)).await;
    peer.send("no frame\n").await;
    peer.send("{\"type\":\"inbound\",\"event\":null,\"bufferId\":\"poison\"}\n").await;
    peer.send(&interrupt("s")).await;
    fixture.text().await;
    fixture.link.ack(BufferId::new("1").unwrap());
    peer.line().await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("hello"), None), async {
        peer.line().await;
        peer.send(&result("80000000-1", "m1")).await;
    });
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    peer.close(1001, "").await;
    fixture.reach(&LinkState::Connecting { attempt: 2 }).await;
    fixture.link.ack(BufferId::new("poison").unwrap());
    assert_eq!(fixture.link.request(send("hello"), None).await, Outcome::NotSent);
    fixture.connector.accept().await;
    let expected = {
        let mut counts = LinkCounts::default();
        (counts.dials, counts.connections, counts.disconnects_by_connector) = (2, 1, 1);
        (counts.events, counts.buffered, counts.interrupts, counts.unreadable) = (2, 2, 1, 2);
        (counts.acks, counts.acks_lost, counts.delivered, counts.not_sent) = (1, 1, 1, 1);
        counts
    };
    assert_eq!(fixture.link.counts(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_latest_loss_is_told_and_stands_while_the_link_is_back() {
    let mut fixture = start(config());
    let mut last = fixture.link.last_disconnect();
    assert!(last.borrow().is_none());
    fixture.connector.accept().await.close(4401, "unknown gateway").await;
    let told = last.wait_for(Option::is_some).await.expect("the task runs").clone().expect("a disconnect");
    assert!(
        matches!(told.reason(), DisconnectReason::Closed { code: 4401, reason } if reason == "unknown gateway")
    );
    assert_eq!(told.initiator(), Initiator::Connector);
    let _peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    assert!(last.borrow().is_some());
}

#[tokio::test(start_paused = true)]
async fn closing_ones_own_link_is_no_loss() {
    let (fixture, mut peer) = live(config()).await;
    tokio::join!(fixture.link.close(), async move { assert_eq!(peer.close_code().await, 1000) });
    assert!(fixture.link.last_disconnect().borrow().is_none());
    assert_eq!(fixture.link.counts().disconnects_by_link, 0);
}

/// The time that a connector is found to have when it answers with these bytes.
async fn clock(answer: &'static str) -> Result<Option<UnixSeconds>, HttpError> {
    let mut config = config();
    let mut fixture = start_through(config.clone(), 64 * 1024, |pipes| {
        config = config.clone().with_dialer(pipes.clone());
        pipes
    });
    // The link's own dial, which waits.
    let _link = fixture.connector.dialed().await;
    let (clock, ()) = tokio::join!(peer_clock(&config), fixture.connector.answer(answer));
    clock
}

#[tokio::test(start_paused = true)]
async fn the_connectors_clock_is_read_from_whatever_it_answers() {
    let dated =
        "HTTP/1.1 426 Upgrade Required\r\ndate: Sat, 09 Aug 2025 00:40:00 GMT\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(clock(dated).await.expect("an answer"), Some(NOW));
    for undated in ["HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 200 OK\r\ndate: today\r\n\r\n"] {
        assert_eq!(clock(undated).await.expect("an answer"), None, "{undated}");
    }
    let error = clock("220 smtp.example\r\n").await.expect_err("no HTTP");
    assert!(matches!(error, HttpError::NotHttp { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_cannot_be_dialed_has_no_clock() {
    let mut config = config();
    let fixture = start_through(config.clone(), 64, |pipes| {
        config = config.clone().with_dialer(pipes.clone());
        pipes
    });
    drop(fixture.connector);
    let error = peer_clock(&config).await.expect_err("nobody is there");
    let HttpError::Dial { source, .. } = &error else { panic!("{error}") };
    assert!(matches!(**source, DialError::Connect { .. }), "{error}");
}
