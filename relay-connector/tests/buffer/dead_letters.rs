//! What is delivered again and again and never acknowledged.

use std::time::Duration;

use futures_util::StreamExt as _;
use relay_connector::{DeadLetterReason, Delivery, MemoryStore};
use relay_runtime::TestClock;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::rig::{NOW, Rig};
use crate::{backlog, rig, say_all, window};

/// A gateway that comes, reads up to this delivery and falls over it, so often.
async fn fall_over(rig: &Rig, text: &str, times: usize) {
    for _ in 0..times {
        let mut peer = rig.ready("gw").await;
        assert_eq!(peer.delivery().await.1, text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_ends_its_gateway_five_times_alone_is_a_dead_letter_and_those_behind_it_go_on() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["poison", "2", "3"], Delivery::Delivered(1)).await;
    assert_eq!(peer.deliveries(3).await, ["poison", "2", "3"]);
    // With others in its hands: nobody knows which one it fell over.
    drop(peer);
    for _ in 0..5 {
        let mut peer = rig.ready("gw").await;
        assert_eq!(peer.delivery().await.1, "poison");
    }
    let mut peer = rig.ready("gw").await;
    assert_eq!((peer.take().await, peer.take().await), ("2".to_owned(), "3".to_owned()));
    peer.nothing_more().await;
    let dead = rig.connector.store().dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].reason, dead[0].nacks), (DeadLetterReason::Unacknowledged, 5));
    assert!(String::from_utf8_lossy(&dead[0].line).contains("poison"));
}

#[tokio::test(start_paused = true)]
async fn connections_that_die_before_anything_is_read_count_against_nothing() {
    let rig = rig(window(32)).await;
    let unlucky = rig.ready("gw").await;
    say_all(&rig, &["1", "2"], Delivery::Delivered(1)).await;
    drop(unlucky);
    for _ in 0..20 {
        let unlucky = rig.ready("gw").await;
        // All that is to be written is written.
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(unlucky);
    }
    let mut peer = rig.ready("gw").await;
    assert_eq!((peer.take().await, peer.take().await), ("1".to_owned(), "2".to_owned()));
    assert_eq!(rig.connector.store().dead_letters().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_read_and_lost_its_connection_before_its_ack_is_given_the_same_in_order() {
    let rig = rig(window(32)).await;
    drop(rig.ready("gw").await);
    tokio::task::yield_now().await;
    say_all(&rig, &["1", "2", "3"], Delivery::Buffered(1)).await;
    fall_over(&rig, "1", 3).await;
    let mut peer = rig.ready("gw").await;
    assert_eq!((peer.take().await, peer.take().await), ("1".to_owned(), "2".to_owned()));
    assert_eq!(peer.take().await, "3");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_blames_what_came_counts_and_one_that_says_goodbye_does_not() {
    let rig = rig(window(32)).await;
    drop(rig.ready("gw").await);
    tokio::task::yield_now().await;
    rig.say("too big for it", Delivery::Buffered(1)).await;
    for (code, times) in [(CloseCode::Away, 9), (CloseCode::Size, 5)] {
        for _ in 0..times {
            assert_eq!(rig.connector.store().dead_letters().await.unwrap(), []);
            let mut peer = rig.ready("gw").await;
            assert_eq!(peer.delivery().await.1, "too big for it");
            peer.socket.close(Some(CloseFrame { code, reason: "".into() })).await.unwrap();
            while peer.socket.next().await.is_some_and(|message| message.is_ok()) {}
        }
    }
    assert_eq!(rig.connector.store().dead_letters().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_of_a_gateway_makes_no_dead_letters() {
    let rig = rig(window(2)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["1", "2", "3", "4"], Delivery::Delivered(1)).await;
    for _ in 0..7 {
        // It reads all that comes, answers pings, and can acknowledge nothing.
        assert_eq!(peer.deliveries(4).await, ["1", "2", "3", "4"]);
        peer.socket.close(Some(CloseFrame { code: CloseCode::Restart, reason: "".into() })).await.unwrap();
        peer = rig.ready("gw").await;
    }
    assert_eq!(rig.connector.store().dead_letters().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_tried_again_by_itself_and_one_more_nack_makes_it_one_again() {
    let clock = TestClock::new(NOW);
    let of_test = clock.clone();
    let rig = Rig::in_memory(MemoryStore::default(), move |builder| builder.clock(of_test.clock())).await;
    drop(rig.ready("gw").await);
    tokio::task::yield_now().await;
    rig.say("poison", Delivery::Buffered(1)).await;
    fall_over(&rig, "poison", 6).await;
    for seconds in [60, 120] {
        let mut peer = rig.ready("gw").await;
        let nearly = Duration::from_secs(seconds - 1);
        clock.advance(nearly);
        assert!(timeout(2 * nearly, peer.line()).await.is_err(), "{seconds} s are not over");
        clock.advance(Duration::from_secs(1));
        // On the live connection.
        assert_eq!(peer.delivery().await.1, "poison");
    }
    // It was mended meanwhile.
    let mut peer = rig.ready("gw").await;
    clock.advance(Duration::from_mins(4));
    assert_eq!(peer.take().await, "poison");
    peer.nothing_more().await;
    assert_eq!(rig.connector.store().dead_letters().await.unwrap(), []);
    assert_eq!(backlog(&rig, "gw").await, 0);
}

#[tokio::test(start_paused = true)]
async fn five_lapses_make_a_dead_letter_too() {
    let rig = rig(window(1)).await;
    let mut peer = rig.ready("gw").await;
    say_all(&rig, &["never acknowledged", "2"], Delivery::Delivered(1)).await;
    for round in 0..5 {
        assert_eq!(peer.delivery().await.1, "never acknowledged", "{round}");
        let (number, text) = peer.delivery().await;
        assert_eq!(text, if round == 0 { "2" } else { "fence" });
        peer.ack(number).await;
        peer.nothing_more().await;
        drop(peer);
        peer = rig.ready("gw").await;
        if round < 4 {
            rig.say("fence", Delivery::Delivered(1)).await;
        }
    }
    peer.nothing_more().await;
    assert_eq!(rig.connector.store().dead_letters().await.unwrap().len(), 1);
    assert_eq!(backlog(&rig, "gw").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_connector_ends_counts_against_nothing() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    rig.say("innocent", Delivery::Delivered(1)).await;
    for _ in 0..7 {
        assert_eq!(peer.delivery().await.1, "innocent");
        // A duplicate session closes the older one.
        peer = rig.ready("gw").await;
    }
    assert_eq!(peer.take().await, "innocent");
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_comes_on_the_live_connection() {
    let rig = rig(window(32)).await;
    let mut peer = rig.ready("gw").await;
    rig.say("1", Delivery::Delivered(1)).await;
    for _ in 0..6 {
        assert_eq!(peer.delivery().await.1, "1");
        drop(peer);
        peer = rig.ready("gw").await;
    }
    rig.say("2", Delivery::Delivered(1)).await;
    assert_eq!(peer.take().await, "2");
    let dead = rig.connector.store().dead_letters().await.unwrap();
    assert_eq!(rig.connector.retry(vec![dead[0].seq]).await.unwrap(), 1);
    assert_eq!(peer.take().await, "1");
    peer.nothing_more().await;
    assert_eq!(backlog(&rig, "gw").await, 0);
}
