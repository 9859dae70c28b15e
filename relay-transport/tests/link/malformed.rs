//! What is no frame, between frames that are.

use relay_transport::{Delivery, Limits};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::connector::{config, inbound, live};

#[tokio::test(start_paused = true)]
async fn bad_lines_are_skipped_and_their_neighbours_are_intact() {
    let (mut fixture, mut peer) = live(config()).await;
    let bad: [&[u8]; 14] = [
        b"{\"type\":\"inbound\",\n",
        b"not json\n",
        b"[]\n",
        b"7\n",
        b"null\n",
        b"{}\n",
        b"{\"type\":null}\n",
        b"{\"type\":\"tomorrow\",\"x\":1}\n",
        b"{\"type\":\"inbound\",\"event\":null}\n",
        b"{\"type\":\"outbound_result\",\"requestId\":null,\"result\":null}\n",
        b"{\"type\":\"interrupt_inbound\",\"session_key\":null}\n",
        b"{\"type\":\"descriptor\",\"descriptor\":[]}\n",
        b"{\"type\":\"going_idle_ack\"}\n",
        b"{\"type\":\"inbound\",\"event\":{\"text\":\"\xff\xfe\"}}\n",
    ];
    for (number, line) in bad.into_iter().enumerate() {
        peer.send_binary(line).await;
        peer.send(&inbound(&number.to_string(), None)).await;
        assert_eq!(fixture.text().await.0, number.to_string(), "{}", String::from_utf8_lossy(line));
    }
}

#[tokio::test(start_paused = true)]
async fn null_and_mistyped_fields_of_an_event_read_as_not_set() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(
        "{\"type\":\"inbound\",\"event\":{\"text\":null,\"source\":null,\"media\":7,\"context\":{}},\
         \"bufferId\":null}\n",
    )
    .await;
    let Some(Delivery::Inbound(inbound)) = fixture.deliveries.events().recv().await else {
        panic!("a message")
    };
    assert_eq!((inbound.event.text.as_ref(), inbound.buffer_id), ("", None));
}

#[tokio::test(start_paused = true)]
async fn several_frames_in_one_message_come_out_in_order() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&[inbound("a", None), "\n\r\n".to_owned(), inbound("b", None), inbound("c", None)].concat())
        .await;
    for text in ["a", "b", "c"] {
        assert_eq!(fixture.text().await.0, text);
    }
}

#[tokio::test(start_paused = true)]
async fn one_frame_over_three_messages_text_and_binary_comes_out_whole() {
    let (mut fixture, mut peer) = live(config()).await;
    let line = [inbound("hällo", None), inbound("next", None)].concat();
    // The second cut goes through the two bytes of the umlaut.
    let umlaut = line.find('ä').expect("it is there");
    peer.send(&line[..10]).await;
    peer.send_binary(line.as_bytes()[10..=umlaut].to_vec()).await;
    peer.send_binary(line.as_bytes()[umlaut + 1..].to_vec()).await;
    assert_eq!(fixture.text().await.0, "hällo");
    assert_eq!(fixture.text().await.0, "next");
}

#[tokio::test(start_paused = true)]
async fn a_line_of_20_mib_is_skipped_and_its_neighbours_are_intact() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&inbound("before", None)).await;
    let megabyte = "x".repeat(1024 * 1024);
    for _ in 0..20 {
        peer.send(&megabyte).await;
    }
    peer.send(&format!("\n{}", inbound("after", None))).await;
    assert_eq!(fixture.text().await.0, "before");
    assert_eq!(fixture.text().await.0, "after");
}

#[tokio::test(start_paused = true)]
async fn a_message_beyond_the_limit_ends_the_connection_with_1009() {
    let config = config().with_limits(Limits::default().with_message(1024));
    let (mut fixture, mut peer) = live(config).await;
    peer.send(&"x".repeat(1025)).await;
    assert_eq!(peer.close_code().await, 1009);
    fixture.connector.live().await;
}

#[tokio::test(start_paused = true)]
async fn a_text_message_that_is_not_utf8_ends_the_connection_with_1007() {
    let (mut fixture, mut peer) = live(config()).await;
    let frame = Frame::message(b"\xff\n".to_vec(), OpCode::Data(Data::Text), true);
    futures_util::SinkExt::send(&mut peer.socket, Message::Frame(frame)).await.expect("the link reads");
    assert_eq!(peer.close_code().await, 1007);
    fixture.connector.live().await;
}

#[tokio::test(start_paused = true)]
async fn half_a_line_is_lost_with_its_connection_and_does_not_spoil_the_next() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send("{\"type\":\"inbo").await;
    peer.close(1001, "").await;
    let mut peer = fixture.connector.live().await;
    peer.send(&inbound("whole", None)).await;
    assert_eq!(fixture.text().await.0, "whole");
}
