//! What a connector counts, scraped over its own listener.

mod rig;

use std::net::SocketAddr;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{Delivery, Limits};
use rig::{Rig, http};
use tokio::net::TcpListener;

/// The listener for metrics, and its end.
async fn observed(rig: &Rig) -> (SocketAddr, BoxFuture<'static, ()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connector = rig.connector.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving =
        tokio::spawn(
            async move { connector.serve_observability(listener, async { drop(stopped.await) }).await },
        );
    let end = async move {
        drop(stop);
        serving.await.unwrap();
    };
    (address, end.boxed())
}

async fn scraped(rig: &Rig) -> String {
    rig.connector.metrics().await
}

#[track_caller]
fn says(scraped: &str, line: &str) {
    assert!(
        scraped.lines().any(|other| other == format!("relay_connector_{line}")),
        "{line} is not in:\n{scraped}"
    );
}

#[tokio::test]
async fn a_delivery_is_counted_from_its_event_to_its_acknowledgement() {
    let rig = Rig::start().await;
    let mut peer = rig.ready("gw").await;
    rig.say("hello", Delivery::Delivered(1)).await;
    let (number, _) = peer.delivery().await;
    let before = scraped(&rig).await;
    says(&before, "events_total{platform=\"local\",outcome=\"delivered\"} 1");
    says(&before, "deliveries_total{outcome=\"sent\"} 1");
    says(&before, "in_flight_deliveries 1");
    says(&before, "buffered_items 1");
    says(&before, "connections 1");
    says(&before, "front_state{platform=\"local\",state=\"live\"} 1");
    peer.ack(number).await;
    peer.nothing_more().await;
    let after = scraped(&rig).await;
    says(&after, "deliveries_total{outcome=\"acknowledged\"} 1");
    says(&after, "in_flight_deliveries 0");
    says(&after, "acknowledgement_seconds_count 1");
}

#[tokio::test]
async fn what_is_passed_over_is_counted_as_such_and_as_a_dead_letter() {
    let ack = std::time::Duration::from_millis(1);
    let rig = Rig::with_limits(Limits::default().with_ack(ack).with_window(1).with_deliveries(1)).await;
    let mut peer = rig.ready("gw").await;
    rig.say("never acknowledged", Delivery::Delivered(1)).await;
    rig.say("hello", Delivery::Delivered(1)).await;
    peer.delivery().await;
    assert_eq!(peer.take().await, "hello");
    while rig.connector.store().dead_letters().await.unwrap().is_empty() {
        peer.nothing_more().await;
    }
    let scraped = scraped(&rig).await;
    says(&scraped, "deliveries_total{outcome=\"unacknowledged\"} 1");
    says(&scraped, "dead_letters_total{reason=\"unacknowledged\"} 1");
}

#[tokio::test]
async fn an_action_is_counted_by_its_op_and_by_what_became_of_it() {
    let rig = Rig::start().await;
    let mut peer = rig.ready("gw").await;
    rig.say("hello", Delivery::Delivered(1)).await;
    peer.take().await;
    for action in [
        r#"{"op":"send","chat_id":"c1","content":"hi","reply_to":null,"metadata":{}}"#,
        r#"{"op":"edit","chat_id":"c1","message_id":"nowhere","content":"hi","metadata":{}}"#,
        r#"{"op":"dance","chat_id":"c1"}"#,
    ] {
        peer.send(&format!("{{\"type\":\"outbound\",\"requestId\":\"r\",\"action\":{action}}}\n")).await;
        peer.line().await;
    }
    let scraped = scraped(&rig).await;
    says(&scraped, "actions_total{op=\"send\",outcome=\"succeeded\"} 1");
    says(&scraped, "actions_total{op=\"edit\",outcome=\"failed\"} 1");
    says(&scraped, "actions_total{op=\"other\",outcome=\"refused\"} 1");
    says(&scraped, "action_seconds_count 2");
}

#[tokio::test]
async fn the_end_of_a_connection_is_counted_by_who_began_it_and_a_rejection_by_its_reason() {
    let mut rig = Rig::start().await;
    let mut leaver = rig.ready("leaver").await;
    leaver.socket.close(None).await.unwrap();
    let vanished = rig.ready("vanished").await;
    drop(vanished);
    let mut rejected = rig.dial("garbage").await;
    assert_eq!(rejected.closed().await.0, 4401);
    drop(rejected);
    let mut stays = rig.ready("stays").await;
    rig.shut_down();
    assert_eq!(stays.closed().await.0, 1001);
    drop(stays);
    (&mut rig.serving).await.unwrap();
    let scraped = scraped(&rig).await;
    for initiator in ["gateway", "network", "connector"] {
        says(&scraped, &format!("disconnects_total{{initiator=\"{initiator}\"}} 1"));
    }
    says(&scraped, "gateway_connections_total 3");
    says(&scraped, "rejections_total{reason=\"unauthorized\"} 1");
    says(&scraped, "connections 0");
}

#[tokio::test]
async fn the_pages_have_a_listener_of_their_own_and_the_gateways_listener_has_none_of_them() {
    let rig = Rig::start().await;
    let (address, end) = observed(&rig).await;
    let metrics = http(address, "GET", "/metrics", "").await;
    assert_eq!(metrics.status(), 200);
    assert!(metrics.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert!(metrics.body().ends_with("# EOF\n"), "{}", metrics.body());
    for (path, status, body) in [
        ("/healthz", 200, "ok\n"),
        ("/readyz", 200, "ready\n"),
        ("/", 404, "here are /metrics, /healthz and /readyz\n"),
    ] {
        let answer = http(address, "GET", path, "").await;
        assert_eq!((answer.status().as_u16(), answer.body().as_str()), (status, body), "{path}");
    }
    assert_eq!(http(address, "POST", "/metrics", "").await.status(), 405);
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(rig.http("GET", path, "").await.status(), 404, "{path}");
    }
    end.await;
}
