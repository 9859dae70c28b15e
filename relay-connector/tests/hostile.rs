//! Peers that break the rules: what they do to themselves, and that their neighbour does not notice.

mod rig;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use relay_connector::{BufferLimits, Delivery, Instance, Limits, MemoryStore, Tenant};
use rig::{Peer, Rig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

async fn goes_on(rig: &Rig, neighbour: &mut Peer) {
    let message_id = rig.front.say("c1", "still there?").await.unwrap().message_id;
    let line = neighbour.line().await;
    assert!(line.contains(&format!("\"message_id\":\"{message_id}\"")), "{line}");
}

#[tokio::test]
async fn lines_that_are_no_frames_are_skipped() {
    let rig = Rig::start().await;
    let (mut hostile, mut neighbour) = (rig.ready("hostile").await, rig.ready("neighbour").await);
    hostile.send("{\n[]\n[[[[\n\"\\ud800\"\n{\"type\":7}\n{\"type\":\"hello\"}\n").await;
    hostile.send(&format!("{}\n", "[".repeat(100_000))).await;
    hostile.socket.send(Message::binary(b"\xff\xfe{}\n\xc3\x28\n".to_vec())).await.unwrap();
    hostile.nothing_more().await;
    goes_on(&rig, &mut neighbour).await;
}

#[tokio::test]
async fn a_line_of_20_mib_is_skipped_in_pieces_and_ends_the_connection_as_one_message() {
    let rig = Rig::start().await;
    let (mut hostile, mut neighbour) = (rig.ready("hostile").await, rig.ready("neighbour").await);
    for _ in 0..20 {
        hostile.socket.send(Message::binary(vec![b'x'; 1024 * 1024])).await.unwrap();
    }
    hostile.send("\n").await;
    hostile.nothing_more().await;
    goes_on(&rig, &mut neighbour).await;

    let greedy = rig.ready("greedy").await;
    let (mut sink, stream) = greedy.socket.split();
    // The connector hangs up halfway through, so that the write may fail.
    let writing = tokio::spawn(async move { drop(sink.send(Message::binary(vec![b'x'; 20 << 20])).await) });
    let closes: Vec<Message> = stream.filter_map(|message| async { message.ok() }).collect().await;
    if let Some(Message::Close(Some(frame))) = closes.last() {
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1009, "message too big"));
    }
    writing.await.unwrap();
    neighbour.nothing_more().await;
}

#[tokio::test]
async fn a_text_that_is_not_utf8_ends_its_own_connection() {
    let rig = Rig::start().await;
    let (mut hostile, mut neighbour) = (rig.ready("hostile").await, rig.ready("neighbour").await);
    let frame = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    hostile.socket.send(Message::Frame(frame)).await.unwrap();
    assert_eq!(hostile.closed().await, (1007, "text is not UTF-8".to_owned()));
    goes_on(&rig, &mut neighbour).await;
}

#[tokio::test]
async fn half_a_frame_and_no_more_holds_up_nobody() {
    let rig = Rig::start().await;
    let (mut hostile, mut neighbour) = (rig.ready("hostile").await, rig.ready("neighbour").await);
    // A header that announces 126 masked bytes, of which three come.
    hostile.socket.get_mut().write_all(b"\x81\xfe\x00\x7e\x01\x02\x03\x04abc").await.unwrap();
    rig.say("hello", Delivery::Delivered(2)).await;
    assert!(hostile.line().await.contains("hello"), "its other half still works");
    assert!(neighbour.line().await.contains("hello"));
    drop(hostile);
    neighbour.nothing_more().await;
}

#[tokio::test]
async fn ten_thousand_frames_without_reading_are_bounded_and_all_answered_once_read() {
    let rig = Rig::start().await;
    let (hostile, mut neighbour) = (rig.ready("hostile").await, rig.ready("neighbour").await);
    let (mut sink, mut stream) = hostile.socket.split();
    let flood = tokio::spawn(async move {
        for number in 0..10_000 {
            let line = format!(
                "{{\"type\":\"outbound\",\"requestId\":\"{number}\",\"action\":{{\"op\":\"unheard_of\"}}}}\n"
            );
            sink.feed(Message::text(line)).await.unwrap();
        }
        sink.flush().await.unwrap();
    });
    for _ in 0..100 {
        neighbour.nothing_more().await;
    }
    let mut answers = 0;
    while answers < 10_000 {
        if let Some(Ok(Message::Text(text))) = stream.next().await {
            assert!(text.contains(&format!("\"requestId\":\"{answers}\"")), "{text}");
            answers += 1;
        }
    }
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_does_not_read_holds_up_nobody_and_misses_nothing() {
    let limits = Limits::default().with_window_bytes(64 * 1024).with_write(Duration::from_hours(1));
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder.limits(limits)).await;
    let (mut deaf, mut neighbour) = (rig.ready("deaf").await, rig.ready("neighbour").await);
    let padding = "x".repeat(32 * 1024);
    for number in 0..200 {
        rig.say(&format!("{number} {padding}"), Delivery::Delivered(2)).await;
        assert!(neighbour.take().await.starts_with(&format!("{number} ")));
    }
    for number in 0..200 {
        assert!(deaf.take().await.starts_with(&format!("{number} ")));
    }
}

#[tokio::test]
async fn a_gateway_that_reads_nothing_at_all_is_given_up_once_a_write_takes_too_long() {
    let (write, pong) = (Duration::from_millis(50), Duration::from_hours(1));
    let window_bytes = 64 * 1024 * 1024;
    let limits = Limits::default()
        .with_connections(1)
        .with_write(write)
        .with_pong(pong)
        .with_window(64)
        .with_window_bytes(window_bytes)
        .with_buffer(BufferLimits::default().with_bytes(2 * window_bytes));
    let rig = Rig::with_limits(limits).await;
    let _deaf = rig.ready("deaf").await;
    let text = "x".repeat(1024 * 1024);
    for _ in 0..64 {
        rig.front.say("c1", &text).await.unwrap();
    }
    // The only place is free again, though its holder keeps the socket open.
    assert_eq!(rig.http("GET", "/relay", "").await.status(), 426);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_reads_no_interrupts_is_closed_and_the_one_that_sends_them_is_not() {
    let write = Duration::from_hours(1);
    let limits = Limits::default().with_write(write);
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder.limits(limits)).await;
    let (mut deaf, mut loud) = (rig.ready("deaf").await, rig.ready("loud").await);
    let key = "k".repeat(32 * 1024);
    for _ in 0..100 {
        loud.send(&format!("{{\"type\":\"interrupt\",\"session_key\":\"{key}\",\"reason\":null}}\n")).await;
    }
    loud.nothing_more().await;
    // Whoever reads after all finds what was written, and why it ended.
    assert_eq!(deaf.closed().await, (1013, "slow consumer".to_owned()));
}

#[tokio::test]
async fn a_request_that_is_never_finished_is_cut_off() {
    let limits = Limits::default().with_request(Duration::from_millis(10)).with_connections(1);
    let rig = Rig::with_limits(limits).await;
    for half in ["GET /rel", "POST /relay/enroll HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"] {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    // The only place is free again.
    assert_eq!(rig.http("GET", "/relay", "").await.status(), 426);
}

#[tokio::test]
async fn beyond_the_bound_of_connections_the_next_one_waits_for_a_place() {
    let rig = Rig::with_limits(Limits::default().with_connections(1)).await;
    let first = rig.ready("first").await;
    let mut second = TcpStream::connect(rig.address).await.unwrap();
    second.write_all(b"GET /relay HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    rig.say("the place is taken by a live gateway", Delivery::Delivered(1)).await;
    drop(first);
    let mut answer = String::new();
    second.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
}

#[tokio::test]
async fn a_silent_peer_is_given_up_and_one_that_answers_pings_is_not() {
    let limits = Limits::default()
        .with_connections(2)
        .with_ping(Duration::from_millis(10))
        .with_pong(Duration::from_millis(300));
    let rig = Rig::with_limits(limits).await;
    let (_silent, mut reading) = (rig.ready("silent").await, rig.ready("reading").await);
    // Reading is what answers pings.
    let reading = tokio::spawn(async move { reading.line().await });
    // Both places are taken until one of them is given up.
    assert_eq!(rig.http("GET", "/relay", "").await.status(), 426);
    rig.say("who is there?", Delivery::Delivered(1)).await;
    assert!(reading.await.unwrap().contains("who is there?"));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_dead_towards_the_gateway_is_found_within_20_s_whatever_comes_from_it() {
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder).await;
    for with_traffic in [false, true] {
        let mut half_dead = rig.ready("half-dead").await;
        let started = tokio::time::Instant::now();
        let is_live = async || match rig.front.say("c1", "hello?").await.unwrap().delivery {
            Delivery::Delivered(_) => true,
            Delivery::Buffered(_) => false,
            other => panic!("the gateway fronts this platform: {other:?}"),
        };
        while is_live().await {
            // It never reads.
            if with_traffic {
                half_dead.send("{\"type\":\"inbound_ack\",\"bufferId\":\"f00d-999\"}\n").await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let found = started.elapsed();
        assert!(found > Duration::from_secs(10) && found < Duration::from_secs(21), "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_acks_for_nothing_disturb_nobody() {
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder).await;
    let (mut hostile, mut neighbour) = (rig.ready("hostile").await, rig.ready("neighbour").await);
    for batch in 0..100 {
        let ack = |number| format!("{{\"type\":\"inbound_ack\",\"bufferId\":\"f00d-{number}\"}}\n");
        let first = 1_000_000 + batch * 1_000;
        let acks = (first..first + 1_000).map(ack).collect::<Vec<_>>().concat();
        hostile.send(&acks).await;
    }
    rig.say("still there?", Delivery::Delivered(2)).await;
    assert_eq!(neighbour.take().await, "still there?");
    assert_eq!(hostile.take().await, "still there?");
    hostile.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_a_byte_a_second_costs_its_window_and_its_neighbour_nothing() {
    let limits = Limits::default().with_write(Duration::from_hours(10)).with_pong(Duration::from_hours(10));
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder.limits(limits)).await;
    let (mut slow, mut neighbour) = (rig.ready("slow").await, rig.ready("neighbour").await);
    let padding = "x".repeat(4 * 1024);
    let mut byte = [0];
    for number in 0..300 {
        rig.say(&format!("{number} {padding}"), Delivery::Delivered(2)).await;
        assert!(neighbour.take().await.starts_with(&format!("{number} ")));
        slow.socket.get_mut().read_exact(&mut byte).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let instance = Instance::of_gateway(Tenant::default(), &"slow".parse().unwrap());
    let backlog = rig.connector.store().backlog(&instance).await.unwrap();
    assert_eq!(backlog.items, 300, "all of it waits in the store, where it is bounded");
    assert!(
        rig.connector.store().dead_letters().await.unwrap().is_empty(),
        "one connection counts each delivery once"
    );
}
