//! Peers that break every rule. The log names each fault once, and the rest goes on.

use std::time::Duration;

use futures_util::FutureExt as _;
use relay_transport::{Delivery, DisconnectReason, Limits, LinkState, Outcome, RelayTransport as _};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, sleep};

use crate::connector::{DESCRIPTOR, config, inbound, live, result, start, start_with_room};
use crate::log::Log;
use crate::requests::send;

const SECOND: Duration = Duration::from_secs(1);

/// An unmasked text message, as a server writes it.
fn message(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text");
    let mut frame = vec![0x81, 126];
    frame.extend(length.to_be_bytes());
    frame.extend(text.as_bytes());
    frame
}

#[tokio::test(start_paused = true)]
async fn lines_of_garbage_are_named_once_counted_at_the_end_and_spoil_nothing() {
    let log = Log::capture();
    let (mut fixture, mut peer) = live(config()).await;
    for number in 0..1_000_u32 {
        // Neither UTF-8 nor JSON, and never the same.
        let mut garbage = [&[0xff, 0xfe, 0x00, b'{'], &number.to_be_bytes()[..]].concat();
        garbage.retain(|byte| *byte != b'\n');
        garbage.push(b'\n');
        peer.send_binary(garbage).await;
    }
    peer.send(&inbound("after it", Some("b1"))).await;
    assert_eq!(fixture.text().await.0, "after it");
    assert_eq!(log.count("not UTF-8"), 1);
    peer.close(1001, "").await;
    fixture.connector.live().await;
    assert_eq!(log.count("so many frames of the lost connection were skipped fault=NotUtf8 count=1000"), 1);
}

#[tokio::test(start_paused = true)]
async fn garbage_in_place_of_websocket_frames_ends_the_connection_with_1002() {
    let (mut fixture, mut peer) = live(config()).await;
    // Reserved bits and an opcode that does not exist.
    peer.socket.get_mut().write_all(b"\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff").await.expect("it is read");
    assert_eq!(peer.close_code().await, 1002);
    fixture.connector.live().await;
}

#[tokio::test(start_paused = true)]
async fn garbage_in_place_of_an_upgrade_is_dialed_again() {
    let mut fixture = start(config());
    fixture.connector.answer("\u{0}\u{1}\u{2}garbage\r\n\r\n").await;
    fixture.connector.live().await;
}

#[tokio::test(start_paused = true)]
async fn half_a_websocket_frame_and_then_silence_is_a_peer_that_is_gone() {
    let (mut fixture, mut peer) = live(config()).await;
    let frame = message(&inbound("never whole", None));
    peer.socket.get_mut().write_all(&frame[..frame.len() / 2]).await.expect("it is read");
    let start = Instant::now();
    fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })).await;
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    let mut peer = fixture.connector.live().await;
    peer.send(&inbound("whole", None)).await;
    assert_eq!(fixture.text().await.0, "whole");
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_of_one_byte_a_second_is_left_after_15_seconds() {
    let mut fixture = start(config());
    let mut stream = fixture.connector.dialed().await;
    let start = Instant::now();
    let dribble = async {
        for byte in b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(SECOND).await;
        }
    };
    tokio::join!(dribble, fixture.reach(&LinkState::Connecting { attempt: 2 }));
    assert!(start.elapsed() <= Duration::from_secs(16), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_descriptor_of_one_byte_a_second_is_not_waited_for_longer_than_30_seconds() {
    let mut fixture = start(config());
    let mut peer = fixture.connector.accept().await;
    peer.line().await;
    let start = Instant::now();
    let mut state = fixture.link.state();
    let dribble = async {
        for byte in message(DESCRIPTOR) {
            peer.socket.get_mut().write_all(&[byte]).await.expect("it is read");
            sleep(SECOND).await;
        }
    };
    tokio::select! {
        biased;
        left = state.wait_for(|state| *state != LinkState::Handshaking) => { left.expect("the task runs"); }
        () = dribble => panic!("it was waited for"),
    }
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    let disconnect = fixture.link.last_disconnect().borrow().clone().expect("a disconnect");
    assert!(matches!(disconnect.reason(), DisconnectReason::NoDescriptor { .. }), "{disconnect}");
    fixture.connector.live().await;
}

#[tokio::test(start_paused = true)]
async fn a_line_of_one_byte_a_second_comes_out_whole_and_holds_up_no_action() {
    let (mut fixture, mut peer) = live(config()).await;
    let frame = message(&inbound("slowly", None));
    let (most, rest) = frame.split_at(frame.len() - 10);
    for byte in most {
        peer.socket.get_mut().write_all(&[*byte]).await.expect("it is read");
        sleep(SECOND).await;
    }
    let link = fixture.link.clone();
    let mut action = Box::pin(link.request(send("meanwhile"), None));
    for byte in rest {
        assert!(action.as_mut().now_or_never().is_none());
        peer.socket.get_mut().write_all(&[*byte]).await.expect("it is read");
        sleep(SECOND).await;
    }
    assert_eq!(fixture.text().await.0, "slowly");
    assert!(peer.line().await.contains("meanwhile"));
    peer.send(&result("80000000-1", "m1")).await;
    assert_eq!(action.await.message_id(), Some("m1"));
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);
}

#[tokio::test(start_paused = true)]
async fn results_for_requests_never_made_and_second_results_are_named_once() {
    let log = Log::capture();
    let (fixture, mut peer) = live(config()).await;
    for number in 0..100 {
        peer.send(&result(&format!("never-made-{number}"), "m0")).await;
    }
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        peer.line().await;
        peer.send(&[result("80000000-1", "m1"), result("80000000-1", "m2")].concat()).await;
    });
    assert_eq!(outcome.message_id(), Some("m1"));
    let (outcome, ()) = tokio::join!(fixture.link.request(send("2"), None), async {
        peer.line().await;
        peer.send(&result("80000000-2", "m3")).await;
    });
    assert_eq!(outcome.message_id(), Some("m3"));
    assert_eq!(log.count("nobody waits for the result of request never-made-0"), 1);
    assert_eq!(log.count("nobody waits for the result"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_never_comes_is_named_once_and_costs_nothing_but_the_sleep() {
    let log = Log::capture();
    let (mut fixture, mut peer) = live(config()).await;
    let drained = peer.meanwhile(fixture.link.hibernate(Duration::from_secs(5))).await;
    assert_eq!(drained, relay_transport::Drained::NotAcked);
    assert_eq!(log.count("did not confirm in time"), 1);
    peer.send(&inbound("still live", None)).await;
    assert_eq!(fixture.text().await.0, "still live");
}

#[tokio::test(start_paused = true)]
async fn buffer_ids_repeated_or_out_of_order_are_handed_up_as_they_come_and_acknowledged_each() {
    let (mut fixture, mut peer) = live(config()).await;
    let ids = ["3", "1", "1", "2", "3", ""];
    for id in ids {
        peer.send(&inbound("x", Some(id))).await;
    }
    for id in ids {
        // An empty id is none.
        let expected = (!id.is_empty()).then(|| id.to_owned());
        let (_, came) = fixture.text().await;
        assert_eq!(came, expected);
        if let Some(id) = came {
            fixture.link.ack(id.as_str().parse().unwrap());
            assert_eq!(peer.line().await, format!("{{\"type\":\"inbound_ack\",\"bufferId\":\"{id}\"}}\n"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_descriptor_that_changes_counts_from_then_on_and_a_broken_one_changes_nothing() {
    let log = Log::capture();
    let (mut fixture, mut peer) = live(config()).await;
    for length in [1500, 700, 4000] {
        peer.send(&DESCRIPTOR.replace("2000", &length.to_string())).await;
        peer.send("{\"type\":\"descriptor\",\"descriptor\":null}\n").await;
        peer.send(&inbound("after", None)).await;
        fixture.text().await;
        assert_eq!(fixture.link.descriptors().of("discord").max_message_length, length);
    }
    assert_eq!(log.count("no usable `descriptor`"), 1);
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live);
}

#[tokio::test(start_paused = true)]
async fn descriptors_of_platforms_without_end_or_without_measure_are_named_once_and_not_kept() {
    let log = Log::capture();
    let (mut fixture, mut peer) = live(config()).await;
    for number in 0..1_000 {
        peer.send(&DESCRIPTOR.replace("\"discord\"", &format!("\"p{number}\""))).await;
    }
    peer.send(&DESCRIPTOR.replace("Discord", &"x".repeat(100_000))).await;
    peer.send(&inbound("after", None)).await;
    fixture.text().await;
    assert_eq!(fixture.link.descriptors().of("discord").label, "Discord");
    peer.send(&DESCRIPTOR.replace("2000", "1500")).await;
    peer.send(&inbound("after", None)).await;
    fixture.text().await;
    let descriptors = fixture.link.descriptors();
    assert_eq!(descriptors.platforms().count(), 64);
    let discord = descriptors.of("discord");
    assert_eq!((discord.max_message_length, discord.label.as_ref()), (1500, "Discord"), "it is refreshed");
    assert_eq!(log.count("taken are up to"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_talks_but_never_reads_is_given_up_after_10_seconds_of_writing() {
    let mut fixture = start_with_room(config(), 2048);
    let mut peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    let link = fixture.link.clone();
    let start = Instant::now();
    let talk = async {
        // One message a second, each acknowledged with more than the pipe takes.
        for number in 0.. {
            let id = format!("{number}-{}", "b".repeat(1_500));
            let message = futures_util::SinkExt::send(
                &mut peer.socket,
                tokio_tungstenite::tungstenite::Message::text(inbound("talk", Some(&id))),
            );
            if message.await.is_err() {
                break;
            }
            link.ack(id.as_str().parse().unwrap());
            sleep(SECOND).await;
        }
    };
    tokio::join!(talk, fixture.reach(&LinkState::Connecting { attempt: 2 }));
    assert!(start.elapsed() <= Duration::from_secs(14), "{:?}", start.elapsed());
    let disconnect = fixture.link.last_disconnect().borrow().clone().expect("a disconnect");
    assert!(matches!(disconnect.reason(), DisconnectReason::WriteStuck { .. }), "{disconnect}");
    let Some(Delivery::Inbound(_)) = fixture.deliveries.events().recv().await else {
        panic!("what came is kept")
    };
}

#[tokio::test(start_paused = true)]
async fn a_message_too_large_that_comes_again_and_again_is_waited_for_longer_and_longer() {
    let config = config().with_limits(Limits::default().with_message(1024));
    let (mut fixture, mut peer) = live(config).await;
    let mut waits = Vec::new();
    for _ in 0..8 {
        // Longer than a connection needs to be taken for healthy.
        peer.meanwhile(sleep(Duration::from_secs(61))).await;
        peer.send(&"x".repeat(1025)).await;
        assert_eq!(peer.close_code().await, 1009);
        drop(peer);
        let lost = Instant::now();
        peer = fixture.connector.live().await;
        waits.push(lost.elapsed().as_millis());
        fixture.reach(&LinkState::Live).await;
    }
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
}

#[tokio::test(start_paused = true)]
async fn a_line_too_long_is_named_once_counted_at_the_end_and_spoils_nothing() {
    let log = Log::capture();
    let config = config().with_limits(Limits::default().with_line(1024));
    let (mut fixture, mut peer) = live(config).await;
    for _ in 0..50 {
        peer.send(&inbound(&"x".repeat(2_000), Some("poison"))).await;
    }
    peer.send(&inbound("after", None)).await;
    assert_eq!(fixture.text().await.0, "after");
    assert_eq!(log.count("its line is longer than 1024 bytes"), 1);
    peer.close(1001, "").await;
    fixture.connector.live().await;
    assert_eq!(log.count("so many frames of the lost connection were skipped fault=TooLong count=50"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_breaks_off_in_the_middle_of_everything_costs_one_connection() {
    let (mut fixture, mut peer) = live(config()).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        peer.line().await;
        let half = message(&result("80000000-1", "m1"));
        peer.socket.get_mut().write_all(&half[..half.len() - 3]).await.expect("it is read");
        drop(peer);
    });
    assert_eq!(outcome, Outcome::Unknown);
    fixture.connector.live().await;
}
