//! Admission: what is taken, what is acknowledged, and in which order.

use std::sync::Arc;

use crate::stub::{Step, StubConnector, discord, message, sent, start, start_with};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    AdapterSettings, Admission, EntryId, Inbox, InboxError, InboxErrorKind, Incoming, MemoryInbox, TurnEnd,
    Unfinished, UnfinishedPage,
};
use relay_transport::Delivery;
use relay_wire::{ConnectorFrame, Forward, PassthroughForward};

fn say_ok(_: &str) -> Vec<Step> {
    vec![Step::Say("ok")]
}

#[tokio::test(start_paused = true)]
async fn a_redelivered_message_is_acknowledged_again_and_answered_once() {
    let run = start(StubConnector::new(vec![discord()]), say_ok);
    run.receive_buffered(&message("1", "x"), Some("b1")).await;
    run.receive_buffered(&message("1", "x"), Some("b1")).await;
    run.receive_buffered(&message("1", "x"), Some("b2")).await;
    run.receive(&message("2", "y")).await;
    assert_eq!(run.ends(2).await, [("1".to_owned(), TurnEnd::Answered), ("2".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.acks(), ["b1", "b1", "b2"]);
    assert_eq!(run.connector.messages(), [sent("ok", r#""1""#), sent("ok", r#""2""#)]);
}

/// Refuses what the buffer calls `broken`.
struct BrokenInbox(MemoryInbox);

impl Inbox for BrokenInbox {
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>> {
        let broken = incoming.keys.buffer_id.as_ref().is_some_and(|id| id.as_str() == "broken");
        if broken {
            ready(Err(InboxError::new(InboxErrorKind::Damaged, "corrupt"))).boxed()
        } else {
            self.0.admit(incoming)
        }
    }

    fn record(
        &self,
        entry: EntryId,
        step: relay_adapter::Step,
    ) -> BoxFuture<'static, Result<(), InboxError>> {
        self.0.record(entry, step)
    }

    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>> {
        self.0.finish(entry)
    }

    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>> {
        self.0.page(after)
    }

    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>> {
        self.0.find(entry)
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        self.0.flush()
    }

    fn is_durable(&self) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_committed_is_neither_acknowledged_nor_answered() {
    let run = start_with(
        StubConnector::new(vec![discord()]),
        say_ok,
        Arc::new(BrokenInbox(MemoryInbox::default())),
        AdapterSettings::default(),
    );
    run.receive_buffered(&message("1", "x"), Some("broken")).await;
    run.receive_buffered(&message("2", "y"), Some("b2")).await;
    assert_eq!(run.ends(1).await, [("2".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.acks(), ["b2"]);
}

#[tokio::test(start_paused = true)]
async fn a_press_is_consumed_and_an_empty_message_asks_for_nothing() {
    let run = start(StubConnector::new(vec![discord()]), say_ok);
    run.receive_buffered(
        r#"{"text":"/once","source":{"platform":"discord","chat_id":"c"},
            "prompt_response":{"prompt_id":"aaaaaa.00000001","option_id":"once"}}"#,
        Some("b1"),
    )
    .await;
    run.receive_buffered(r#"{"text":" ","source":{"platform":"discord","chat_id":"c"}}"#, Some("b2")).await;
    assert_eq!(run.connector.acked(2).await, ["b1", "b2"]);
    let connector = run.stopped().await;
    assert_eq!(connector.requests(), [""; 0]);
}

fn interaction(body: &str) -> Forward {
    let mut forward = Forward { platform: "discord".into(), ..Forward::default() };
    forward.set_body(body.as_bytes());
    forward
}

#[tokio::test(start_paused = true)]
async fn an_interaction_is_answered_by_a_follow_up_that_carries_no_token() {
    let run = start(StubConnector::new(vec![discord()]), |_| vec![Step::Say("pong")]);
    let body = r#"{"id":"i1","type":2,"token":"hunter2","channel_id":"c","guild_id":"g",
        "member":{"user":{"id":"u","username":"ann"}},"data":{"name":"ask","options":[{"name":"q","value":"ping"}]}}"#;
    let forward = Box::new(interaction(body));
    run.deliver(Delivery::Passthrough(PassthroughForward {
        forward,
        buffer_id: Some("b1".parse().unwrap()),
    }))
    .await;
    assert_eq!(run.ends(1).await, [("i1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(
        run.connector.requests(),
        [
            r#"discord/B1 {"op":"follow_up","session_key":"agent:main:discord:group:c:u","kind":"discord.interaction_token","content":"pong","metadata":{"guild_id":"g","scope_id":"g"}}"#
        ]
    );
    assert_eq!(run.connector.acks(), ["b1"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_understands_is_dropped_on_purpose_and_acknowledged() {
    let run = start(StubConnector::new(vec![discord()]), say_ok);
    let twilio = Box::new(Forward { platform: "twilio".into(), ..Forward::default() });
    run.deliver(Delivery::Passthrough(PassthroughForward {
        forward: twilio,
        buffer_id: Some("b1".parse().unwrap()),
    }))
    .await;
    let garbage = Box::new(interaction("not json"));
    run.deliver(Delivery::Passthrough(PassthroughForward {
        forward: garbage,
        buffer_id: Some("b2".parse().unwrap()),
    }))
    .await;
    let error = ConnectorFrame::decode(br#"{"type":"inbound","event":7,"bufferId":"b3"}"#)
        .expect_err("an inbound without an event");
    run.deliver(Delivery::Unreadable { buffer_id: "b3".parse().unwrap(), error }).await;
    assert_eq!(run.connector.acked(3).await, ["b1", "b2", "b3"]);
    assert_eq!(run.connector.requests(), [""; 0]);
}
