//! More than anybody takes: memory stays bounded, and nothing is lost.

use std::time::Duration;

use futures_util::SinkExt as _;
use relay_transport::{Limits, RelayTransport as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::connector::{Peer, config, inbound, interrupt, live};
use crate::log::Log;

/// How many messages the peer gets rid of before the link stops reading.
async fn stuff(peer: &mut Peer, count: usize, message: impl Fn(usize) -> String) -> usize {
    for number in 0..count {
        let sent = peer.socket.send(Message::text(message(number)));
        if timeout(Duration::from_secs(5), sent).await.is_err() {
            return number;
        }
    }
    count
}

#[tokio::test(start_paused = true)]
async fn of_100_000_frames_that_nobody_takes_the_link_reads_no_more_than_its_queues_hold() {
    let (mut fixture, mut peer) = live(config()).await;
    let limits = Limits::default();
    let line = inbound("00000", None).len();
    let sent = stuff(&mut peer, 100_000, |number| inbound(&format!("{number:05}"), None)).await;
    // The pipe, and the peer's own buffer, hold some more.
    let elsewhere = 4 * 64 * 1024 / line;
    let queued = limits.event_queue() + limits.event_backlog();
    assert!((queued..queued + elsewhere).contains(&sent), "{sent} of {queued}");

    // From here on they are taken, and every one of them comes.
    let (rest, ()) = tokio::join!(
        async {
            peer.socket.flush().await.expect("the link reads");
            let rest: Vec<String> =
                (sent + 1..100_000).map(|number| inbound(&format!("{number:05}"), None)).collect();
            for batch in rest.chunks(1_000) {
                peer.send(&batch.concat()).await;
            }
            peer
        },
        async {
            for number in 0..100_000 {
                assert_eq!(fixture.text().await.0, format!("{number:05}"));
            }
        }
    );
    drop(rest);
}

#[tokio::test(start_paused = true)]
async fn large_events_are_bounded_by_their_bytes() {
    let config = config().with_limits(Limits::default().with_event_bytes(4 * 1024 * 1024));
    let (mut fixture, mut peer) = live(config).await;
    let megabyte = "x".repeat(1024 * 1024);
    let sent = stuff(&mut peer, 100, |_| inbound(&megabyte, None)).await;
    assert!((4..=6).contains(&sent), "{sent} MiB were read for a bound of 4");
    let (sent, ()) = tokio::join!(stuff(&mut peer, 20, |_| inbound(&megabyte, None)), async {
        for _ in 0..=sent + 19 {
            assert_eq!(fixture.text().await.0.len(), megabyte.len());
        }
    });
    assert_eq!(sent, 20, "the link reads on as they are taken");
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_are_written_while_the_peer_floods() {
    let (mut fixture, peer) = live(config()).await;
    let (mut writing, mut reading) = futures_util::StreamExt::split(peer.socket);
    let flood = tokio::spawn(async move {
        for number in 0_u64.. {
            let text = inbound("flood", Some(&number.to_string()));
            if writing.send(Message::text(text)).await.is_err() {
                break;
            }
        }
    });
    let acknowledger = fixture.link.clone();
    let acking = tokio::spawn(async move {
        while let Some(relay_transport::Delivery::Inbound(inbound)) = fixture.deliveries.events().recv().await
        {
            acknowledger.ack(inbound.buffer_id.expect("buffered"));
        }
    });
    for number in 0..10_000 {
        let line = futures_util::StreamExt::next(&mut reading).await.expect("alive").expect("alive");
        let ack = format!("{{\"type\":\"inbound_ack\",\"bufferId\":\"{number}\"}}\n");
        assert_eq!(line.to_text().expect("text"), ack);
    }
    flood.abort();
    acking.abort();
}

#[tokio::test(start_paused = true)]
async fn events_are_read_while_the_owner_floods() {
    let (mut fixture, mut peer) = live(config()).await;
    let link = fixture.link.clone();
    let flood = tokio::spawn(async move {
        loop {
            // Always more than one batch of them waits.
            for _ in 0..4_000 {
                link.ack("again".parse().unwrap());
            }
            tokio::task::yield_now().await;
        }
    });
    peer.send(&inbound("read all the same", None)).await;
    let reading = async {
        loop {
            peer.line().await;
        }
    };
    tokio::select! {
        text = fixture.text() => assert_eq!(text.0, "read all the same"),
        () = reading => {}
    }
    flood.abort();
}

#[tokio::test(start_paused = true)]
async fn interrupts_without_measure_are_named_once_and_not_kept() {
    let log = Log::capture();
    let (mut fixture, mut peer) = live(config()).await;
    for number in 0..20 {
        peer.send(&interrupt(&format!("{number}{}", "k".repeat(1024 * 1024)))).await;
    }
    peer.send(&interrupt("k")).await;
    let came = fixture.deliveries.interrupts().recv().await.expect("an interrupt");
    assert_eq!(came.session_key.as_str(), "k");
    assert_eq!(log.count("an interrupt of"), 1);
}
