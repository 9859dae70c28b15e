//! A peer that is gone, and one that is only quiet.

use std::time::Duration;

use futures_util::StreamExt as _;
use relay_transport::{LinkState, Outcome, RelayTransport as _};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, advance, sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::connector::{config, inbound, live, start_with_room};
use crate::requests::send;

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_for_20_seconds_is_given_up() {
    let (mut fixture, _silent) = live(config()).await;
    let start = Instant::now();
    fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })).await;
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    fixture.connector.live().await;
}

#[tokio::test(start_paused = true)]
async fn a_ping_goes_out_every_10_seconds_and_its_answer_is_a_sign_of_life() {
    let (fixture, mut peer) = live(config()).await;
    let start = Instant::now();
    for ping in 1..=100 {
        let message = peer.socket.next().await.expect("alive").expect("alive");
        assert!(matches!(message, Message::Ping(_)), "{message:?}");
        assert_eq!(start.elapsed(), Duration::from_secs(10 * ping));
    }
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);
}

#[tokio::test(start_paused = true)]
async fn the_bytes_of_an_unfinished_message_are_a_sign_of_life() {
    let (mut fixture, mut peer) = live(config()).await;
    let line = inbound("slowly", None);
    let length = u16::try_from(line.len()).expect("a short line");
    let mut frame = vec![0x81, 126];
    frame.extend(length.to_be_bytes());
    frame.extend(line.as_bytes());
    for piece in frame.chunks(20) {
        // Nothing is read here, so no pong goes back.
        sleep(Duration::from_secs(19)).await;
        peer.socket.get_mut().write_all(piece).await.expect("the link reads");
    }
    assert_eq!(fixture.text().await.0, "slowly");
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);
}

#[tokio::test(start_paused = true)]
async fn a_peer_whose_words_arrive_and_that_answers_no_ping_is_given_up_after_20_seconds() {
    let (fixture, mut peer) = live(config()).await;
    let start = Instant::now();
    let talks = async {
        loop {
            sleep(Duration::from_secs(3)).await;
            // Nothing is read here, so no pong goes back.
            peer.send(&inbound("still here", None)).await;
        }
    };
    tokio::select! {
        () = talks => {}
        _ = fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })) => {}
    }
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    let why = fixture.link.last_disconnect().borrow().clone().expect("it was lost").to_string();
    assert_eq!(why, "no ping was answered for 20s, though other bytes came");
}

#[tokio::test(start_paused = true)]
async fn a_program_that_was_asleep_reads_before_it_gives_its_peer_or_a_result_up() {
    let (mut fixture, mut peer) = live(config()).await;
    let link = fixture.link.clone();
    let asked = tokio::spawn(async move { link.request(send("asked before"), None).await });
    assert!(peer.line().await.contains("asked before"));
    advance(Duration::from_mins(1)).await;
    peer.send(&inbound("said meanwhile", None)).await;
    assert_eq!(fixture.text().await.0, "said meanwhile");
    peer.send(&crate::connector::result("80000000-1", "m1")).await;
    assert_eq!(asked.await.expect("it ends").as_str(), "delivered");
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);

    let start = Instant::now();
    advance(Duration::from_mins(1)).await;
    fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })).await;
    assert_eq!(start.elapsed(), Duration::from_secs(80), "20 s awake are enough to miss a peer that is gone");
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_the_peer_is_answered() {
    let (_fixture, mut peer) = live(config()).await;
    futures_util::SinkExt::send(&mut peer.socket, Message::Ping("p1".into())).await.expect("the link reads");
    let message = peer.socket.next().await.expect("alive").expect("alive");
    assert_eq!(message, Message::Pong("p1".into()));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_given_up_after_10_seconds_of_writing() {
    let mut fixture = start_with_room(config(), 2048);
    let _deaf = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    let start = Instant::now();
    let outcome = fixture.link.request(send(&"x".repeat(100_000)), None).await;
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_only_after_it_has_been_read_blocks_nothing() {
    let mut fixture = start_with_room(config(), 2048);
    let mut peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    let large = "y".repeat(100_000);
    let (outcome, ()) = tokio::join!(fixture.link.request(send(&"x".repeat(100_000)), None), async {
        peer.send(&inbound(&large, None)).await;
        assert!(peer.line().await.contains("xxx"));
        peer.send(&crate::connector::result("80000000-1", "m1")).await;
    });
    assert_eq!(outcome.as_str(), "delivered");
    assert_eq!(fixture.text().await.0, large);
}
