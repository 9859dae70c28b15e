//! Actions and what becomes of them.

use std::time::Duration;

use futures_util::FutureExt as _;
use relay_transport::{LinkState, Outcome, RelayTransport as _};
use relay_wire::{Action, ActionResult, Identity, SendAction};
use tokio::time::Instant;

use crate::connector::{config, inbound, live, result, start};

pub(crate) fn send(content: &str) -> Action {
    Action::Send(SendAction { chat_id: "c1".into(), content: content.to_owned(), ..SendAction::default() })
}

fn delivered(message_id: &'static str) -> Outcome {
    Outcome::Delivered(ActionResult::delivered(message_id))
}

#[tokio::test(start_paused = true)]
async fn an_action_is_these_bytes_and_its_result_finds_it() {
    let (fixture, mut peer) = live(config()).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("hello"), None), async {
        assert_eq!(
            peer.line().await,
            "{\"type\":\"outbound\",\"requestId\":\"80000000-1\",\"action\":{\"op\":\"send\",\"chat_id\":\"c1\",\
             \"content\":\"hello\",\"reply_to\":null,\"metadata\":{}}}\n"
        );
        peer.send(&result("80000000-1", "m1")).await;
    });
    assert_eq!(outcome, delivered("m1"));
}

#[tokio::test(start_paused = true)]
async fn an_action_through_an_identity_is_tagged_with_it_and_an_empty_bot_is_left_out() {
    let (fixture, mut peer) = live(config()).await;
    let via = |bot: &str| Some(Identity { platform: "telegram".into(), bot_id: bot.into() });
    let (_, _, ()) = tokio::join!(
        fixture.link.request(send("a"), via("t1")),
        fixture.link.request(send("b"), via("")),
        async {
            let line = peer.line().await;
            assert!(line.ends_with(",\"platform\":\"telegram\",\"botId\":\"t1\"}\n"), "{line}");
            let line = peer.line().await;
            assert!(line.ends_with("},\"platform\":\"telegram\"}\n"), "{line}");
            peer.send(&result("80000000-1", "m")).await;
            peer.send(&result("80000000-2", "m")).await;
        }
    );
}

#[tokio::test(start_paused = true)]
async fn results_find_their_requests_in_any_order() {
    let (fixture, mut peer) = live(config()).await;
    let (one, two, three, ()) = tokio::join!(
        fixture.link.request(send("1"), None),
        fixture.link.request(send("2"), None),
        fixture.link.request(send("3"), None),
        async {
            for _ in 0..3 {
                peer.line().await;
            }
            let results =
                [result("80000000-3", "m3"), result("80000000-1", "m1"), result("80000000-2", "m2")];
            peer.send(&results.concat()).await;
        }
    );
    assert_eq!([one, two, three], [delivered("m1"), delivered("m2"), delivered("m3")]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_a_failure() {
    let (fixture, mut peer) = live(config()).await;
    let (declined, failed, ()) =
        tokio::join!(fixture.link.request(send("1"), None), fixture.link.request(send("2"), None), async {
            peer.line().await;
            peer.send(
                "{\"type\":\"outbound_result\",\"requestId\":\"80000000-1\",\
                 \"result\":{\"success\":false,\"code\":\"egress_declined\"}}\n\
                 {\"type\":\"outbound_result\",\"requestId\":\"80000000-2\",\
                 \"result\":{\"success\":false,\"error\":\"rate limited\"}}\n",
            )
            .await;
        });
    assert_eq!((declined.as_str(), failed.as_str()), ("declined", "failed"));
}

#[tokio::test(start_paused = true)]
async fn results_that_nobody_waits_for_are_ignored() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.send(&result("never-made", "m0")).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        peer.line().await;
        peer.send(&[result("80000000-1", "m1"), result("80000000-1", "m2")].concat()).await;
    });
    assert_eq!(outcome, delivered("m1"));
    peer.send(&inbound("still here", None)).await;
    assert_eq!(fixture.text().await.0, "still here");
}

#[tokio::test(start_paused = true)]
async fn without_a_result_in_time_the_outcome_is_unknown() {
    let (fixture, mut peer) = live(config()).await;
    let start = Instant::now();
    let outcome = peer.meanwhile(fixture.link.request(send("1"), None)).await;
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    assert_eq!(*fixture.link.state().borrow(), LinkState::Live, "one silent action ends nothing");
}

#[tokio::test(start_paused = true)]
async fn a_written_action_is_unknown_at_once_when_the_connection_breaks_off() {
    let (fixture, mut peer) = live(config()).await;
    let start = Instant::now();
    let (outcome, ()) = tokio::join!(fixture.link.request(send("1"), None), async {
        peer.line().await;
        drop(peer);
    });
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn without_a_live_connection_nothing_is_sent_and_the_caller_learns_it_at_once() {
    let mut fixture = start(config());
    assert_eq!(fixture.link.request(send("early"), None).now_or_never(), Some(Outcome::NotSent));
    let mut peer = fixture.connector.accept().await;
    fixture.reach(&LinkState::Handshaking).await;
    assert_eq!(fixture.link.request(send("handshake"), None).now_or_never(), Some(Outcome::NotSent));
    peer.send(crate::connector::DESCRIPTOR).await;
    fixture.reach(&LinkState::Live).await;
    drop(peer);
    fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })).await;
    assert_eq!(fixture.link.request(send("lost"), None).now_or_never(), Some(Outcome::NotSent));
}

#[tokio::test(start_paused = true)]
async fn an_action_that_never_reached_the_socket_is_not_sent() {
    // Room for no more than the handshake: the first action fills the pipe, the second waits behind it.
    let mut fixture = crate::connector::start_with_room(config(), 2048);
    let peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    let large = send(&"x".repeat(100_000));
    let first = fixture.link.request(large, None);
    let mut first = std::pin::pin!(first);
    assert!(first.as_mut().now_or_never().is_none());
    tokio::task::yield_now().await;
    let second = fixture.link.request(send("small"), None);
    let (first, second, ()) = tokio::join!(first, second, async {
        tokio::task::yield_now().await;
        drop(peer);
    });
    assert_eq!((first, second), (Outcome::Unknown, Outcome::NotSent));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_leaves_nothing_behind_and_the_action_goes_out() {
    let (fixture, mut peer) = live(config()).await;
    assert!(fixture.link.request(send("dropped"), None).now_or_never().is_none());
    assert!(peer.line().await.contains("dropped"));
    peer.send(&result("80000000-1", "m1")).await;
    let (outcome, ()) = tokio::join!(fixture.link.request(send("kept"), None), async {
        assert!(peer.line().await.contains("kept"));
        peer.send(&result("80000000-2", "m2")).await;
    });
    assert_eq!(outcome, delivered("m2"));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_actions_in_flight_each_get_their_own_result() {
    let (fixture, mut peer) = live(config()).await;
    let requests = (1..=10_000).map(|_| fixture.link.request(send("x"), None));
    let requests = futures_util::future::join_all(requests);
    let (outcomes, ()) = tokio::join!(requests, async {
        for _ in 0..10_000 {
            let line = peer.line().await;
            let id = line.split('"').nth(7).expect("the request's id").to_owned();
            peer.send(&result(&id, &id)).await;
        }
    });
    for (number, outcome) in (1..).zip(outcomes) {
        assert_eq!(outcome.message_id(), Some(format!("80000000-{number}").as_str()));
    }
}
