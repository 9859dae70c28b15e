//! Without `always_buffer`: live frames where somebody is there, the buffer where nobody is.

use relay_connector::{Delivery, MemoryStore};

use crate::rig::{Peer, Rig};
use crate::{backlog, say_all};

async fn rig() -> Rig {
    Rig::in_memory(MemoryStore::default(), |builder| builder.always_buffer(false)).await
}

/// A delivery that is not to be acknowledged: its text.
async fn live(peer: &mut Peer) -> String {
    let line = peer.line().await;
    let frame: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(frame.get("bufferId").is_none(), "{line}");
    frame["event"]["text"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_finds_a_live_connection_carries_no_id_and_is_kept_nowhere() {
    let rig = rig().await;
    let mut peer = rig.ready("gw").await;
    peer.nothing_more().await;
    say_all(&rig, &["1", "2"], Delivery::Delivered(1)).await;
    assert_eq!((live(&mut peer).await, live(&mut peer).await), ("1".to_owned(), "2".to_owned()));
    assert_eq!(backlog(&rig, "gw").await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_waited_comes_first_with_its_id_and_then_live_delivery_goes_on() {
    let rig = rig().await;
    drop(rig.ready("gw").await);
    tokio::task::yield_now().await;
    say_all(&rig, &["1", "2"], Delivery::Buffered(1)).await;
    let mut peer = rig.ready("gw").await;
    // It may come before or after the buffer is read to its end, and never before what waited.
    rig.say("3", Delivery::Delivered(1)).await;
    assert_eq!((peer.take().await, peer.take().await), ("1".to_owned(), "2".to_owned()));
    assert!(peer.line().await.contains("\"text\":\"3\""));
    peer.nothing_more().await;
    rig.say("4", Delivery::Delivered(1)).await;
    assert_eq!(live(&mut peer).await, "4");
}

#[tokio::test(start_paused = true)]
async fn what_a_connection_has_no_room_for_goes_through_the_buffer_and_keeps_its_place() {
    let limits = relay_connector::Limits::default().with_outgoing(4);
    let rig =
        Rig::in_memory(MemoryStore::default(), |builder| builder.always_buffer(false).limits(limits)).await;
    let mut peer = rig.ready("gw").await;
    peer.nothing_more().await;
    let padding = "x".repeat(8 * 1024);
    for number in 0..100 {
        rig.say(&format!("{number} {padding}"), Delivery::Delivered(1)).await;
    }
    for number in 0..100 {
        let line = peer.line().await;
        assert!(line.contains(&format!("\"text\":\"{number} ")), "{number}: {}", &line[..80]);
        let frame: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(id) = frame["bufferId"].as_str() {
            peer.ack(id["f00d-".len()..].parse().unwrap()).await;
        }
    }
    peer.nothing_more().await;
}
