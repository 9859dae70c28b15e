//! Several identities on one socket, and what is known of their platforms.

use relay_wire::{CommandSpec, Identity};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_transport::{LinkConfig, LinkState, RelayTransport as _};

use crate::connector::{
    Connector, DESCRIPTOR, Fixture, Peer, always, config, inbound, interrupt, result, start,
};
use crate::requests::send;

/// Discord by default, Telegram, and a second Discord bot.
fn three() -> LinkConfig {
    config()
        .with_identity(Identity { platform: "telegram".into(), bot_id: "t1".into() })
        .with_identity(Identity { platform: "discord".into(), bot_id: "b2".into() })
}

fn descriptor(platform: &str, length: usize) -> String {
    let platform = format!("\"platform\":\"{platform}\"");
    DESCRIPTOR.replace("\"platform\":\"discord\"", &platform).replace("2000", &length.to_string())
}

/// Takes the next dial up to its last hello.
async fn greeted(connector: &mut Connector) -> Peer {
    let mut peer = connector.accept().await;
    for (platform, bot) in [("discord", "b1"), ("telegram", "t1"), ("discord", "b2")] {
        let hello = format!("{{\"type\":\"hello\",\"platform\":\"{platform}\",\"botId\":\"{bot}\"}}\n");
        assert_eq!(peer.line().await, hello);
    }
    peer
}

/// A message without a buffer id, to know that everything before it has been read.
async fn settle(fixture: &mut Fixture, peer: &mut Peer) {
    peer.send(&inbound("settled", None)).await;
    assert_eq!(fixture.text().await.0, "settled");
}

#[tokio::test(start_paused = true)]
async fn identities_share_a_socket_and_each_speaks_for_itself() {
    let mut fixture = start(three());
    let mut peer = greeted(&mut fixture.connector).await;
    for line in [descriptor("discord", 2000), descriptor("telegram", 4096), descriptor("discord", 2000)] {
        peer.send(&line).await;
    }
    settle(&mut fixture, &mut peer).await;
    let descriptors = fixture.link.descriptors();
    assert_eq!(descriptors.platforms().collect::<Vec<_>>(), ["discord", "telegram"]);
    let via = |platform: &str, bot: &str| Some(Identity { platform: platform.into(), bot_id: bot.into() });
    let (default, telegram, second, ()) = tokio::join!(
        fixture.link.request(send("1"), None),
        fixture.link.request(send("2"), via("telegram", "t1")),
        fixture.link.request(send("3"), via("discord", "b2")),
        async {
            assert!(peer.line().await.ends_with("\"metadata\":{}}}\n"));
            assert!(peer.line().await.ends_with(",\"platform\":\"telegram\",\"botId\":\"t1\"}\n"));
            assert!(peer.line().await.ends_with(",\"platform\":\"discord\",\"botId\":\"b2\"}\n"));
            for number in [3, 1, 2] {
                peer.send(&result(&format!("80000000-{number}"), &format!("m{number}"))).await;
            }
        }
    );
    let ids = [default, telegram, second].map(|outcome| outcome.message_id().map(str::to_owned));
    assert_eq!(ids, ["m1", "m2", "m3"].map(|id| Some(id.to_owned())));
    peer.send(&interrupt("agent:main:telegram:dm:7")).await;
    assert!(fixture.deliveries.interrupts().recv().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn one_descriptor_of_several_is_enough_to_be_live_and_the_others_follow() {
    let mut fixture = start(three());
    let mut peer = greeted(&mut fixture.connector).await;
    peer.send(&descriptor("telegram", 4096)).await;
    fixture.reach(&LinkState::Live).await;
    assert!(!fixture.link.descriptors().knows("discord"));
    peer.send(&descriptor("discord", 2000)).await;
    settle(&mut fixture, &mut peer).await;
    assert_eq!(fixture.link.descriptors().of("discord").max_message_length, 2000);
}

/// A reader that looks between any two steps of the link. Time stands still meanwhile, so the link must not need any.
#[tokio::test(start_paused = true)]
async fn no_reader_ever_finds_a_platform_gone_once_it_was_known() {
    let config = three().with_random(always(0));
    let mut fixture = start(config);
    let mut peer = greeted(&mut fixture.connector).await;
    peer.send(&descriptor("discord", 2000)).await;
    peer.send(&descriptor("telegram", 4096)).await;
    settle(&mut fixture, &mut peer).await;

    let link = fixture.link.clone();
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let reader = tokio::spawn(async move {
        loop {
            let descriptors = link.descriptors();
            assert!(descriptors.knows("discord") && descriptors.knows("telegram"), "{descriptors:?}");
            assert_ne!(descriptors.of("discord").max_message_length, 4096, "never another's");
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    // Changed, missing, in another order, for another platform, twice, unreadable, none at all.
    let handshakes: [&[String]; 6] = [
        &[descriptor("discord", 1500), descriptor("telegram", 3000)],
        &[descriptor("telegram", 3001)],
        &[descriptor("telegram", 3002), descriptor("discord", 1501)],
        &[descriptor("slack", 40_000)],
        &[descriptor("discord", 1502), descriptor("discord", 1503)],
        &["{\"type\":\"descriptor\",\"descriptor\":null}\n".to_owned()],
    ];
    for lines in handshakes {
        peer.close(1001, "deploy").await;
        peer = greeted(&mut fixture.connector).await;
        for line in lines {
            peer.send(line).await;
            settle(&mut fixture, &mut peer).await;
        }
    }
    let looks = looks.load(Ordering::Relaxed);
    assert!(looks > 20, "{looks}");
    assert!(!reader.is_finished(), "it would have panicked");
    reader.abort();
    let descriptors = fixture.link.descriptors();
    let lengths =
        ["discord", "telegram", "slack"].map(|platform| descriptors.of(platform).max_message_length);
    assert_eq!(lengths, [1503, 3002, 40_000]);
    assert_eq!(descriptors.of("unknown").max_message_length, 1503, "the default is still the first platform");
}

#[tokio::test(start_paused = true)]
async fn the_commands_of_a_hello_are_asked_for_at_every_handshake() {
    let asked = AtomicUsize::new(0);
    let config = config().with_commands(move |hello| {
        let times = asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(hello.platform, "discord");
        (times > 0).then(|| vec![CommandSpec { name: "compact".into(), ..CommandSpec::default() }])
    });
    let mut fixture = start(config);
    let mut peer = fixture.connector.accept().await;
    assert_eq!(peer.line().await, "{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b1\"}\n");
    drop(peer);
    let mut peer = fixture.connector.accept().await;
    let hello = peer.line().await;
    let manifest = r#""command_manifest":[{"name":"compact","description":""}]"#;
    assert!(hello.contains(manifest), "{hello}");
}
