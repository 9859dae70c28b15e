//! Sessions and interrupts: who waits for whom, and who is stopped.

use std::sync::Arc;
use std::time::Duration;

use crate::stub::{Running, Step, StubConnector, discord, in_chat, message, sent, start, start_with};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, pending};
use relay_adapter::{
    AdapterSettings, Admission, EntryId, Inbox, InboxError, Incoming, MemoryInbox, TurnEnd, Unfinished,
    UnfinishedPage, WhileBusy,
};
use relay_wire::CapabilityDescriptor;

fn hang_or_say(text: &str) -> Vec<Step> {
    match text {
        "hang" => vec![Step::Say("working"), Step::Hang],
        "ignore" => vec![Step::Say("working"), Step::Ignore],
        _ => vec![Step::Say("ok")],
    }
}

async fn working(run: &Running, count: usize) {
    let is_working = |requests: &[String]| {
        requests.iter().filter(|request| request.contains(r#""content":"working""#)).count() == count
    };
    run.connector.asked(is_working).await;
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_session_are_answered_in_order_and_sessions_do_not_wait_for_each_other() {
    let run = start(StubConnector::new(vec![discord()]), hang_or_say);
    run.receive(&in_chat("busy", "1", "hang")).await;
    run.receive(&in_chat("busy", "2", "next")).await;
    run.receive(&in_chat("other", "3", "hello")).await;
    assert_eq!(run.ends(1).await, [("3".to_owned(), TurnEnd::Answered)]);
    run.interrupt("agent:main:discord:channel:busy:u").await;
    assert_eq!(
        run.ends(3).await[1..],
        [("1".to_owned(), TurnEnd::Interrupted), ("2".to_owned(), TurnEnd::Answered)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_stops_its_own_session_only() {
    let run = start(StubConnector::new(vec![discord()]), hang_or_say);
    run.receive(&in_chat("a", "1", "hang")).await;
    run.receive(&in_chat("b", "2", "hang")).await;
    working(&run, 2).await;
    run.interrupt("agent:main:discord:channel:a:u").await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Interrupted)]);
    run.interrupt("agent:main:discord:channel:nobody:u").await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(run.ends(1).await.len(), 1, "the sibling never noticed");
}

#[tokio::test(start_paused = true)]
async fn stop_stops_the_running_turn_and_says_so() {
    let run = start(StubConnector::new(vec![discord()]), hang_or_say);
    run.receive(&message("1", "hang")).await;
    working(&run, 1).await;
    run.receive(&message("2", "/stop")).await;
    let mut ends = run.ends(2).await;
    ends.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(ends, [("1".to_owned(), TurnEnd::Interrupted), ("2".to_owned(), TurnEnd::Command)]);
    assert_eq!(run.connector.messages(), [sent("working", r#""1""#), sent("Stopped.", r#""2""#)]);
    assert_eq!(run.connector.interrupts(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn stop_for_a_session_that_runs_elsewhere_goes_out_as_an_interrupt() {
    let run = start(StubConnector::new(vec![discord()]), hang_or_say);
    run.receive(&message("1", "/stop please")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Command)]);
    assert_eq!(run.connector.interrupts(), ["agent:main:discord:channel:c:u stopped by the user"]);
    assert_eq!(run.connector.messages(), [sent("Nothing is running here.", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_stop_is_dropped_after_its_grace() {
    let run = start(StubConnector::new(vec![discord()]), hang_or_say);
    run.receive(&message("1", "ignore")).await;
    working(&run, 1).await;
    run.interrupt("agent:main:discord:channel:c:u").await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Interrupted)]);
}

/// What a stopped turn asks of a platform whose descriptor says this of its indicator.
async fn indicator(platform: &str, typing_persists: Option<bool>) -> Vec<String> {
    let descriptor = CapabilityDescriptor { platform: platform.to_owned(), typing_persists, ..discord() };
    let run = start(StubConnector::new(vec![descriptor]), |_| vec![Step::Hang]);
    let source = format!(r#"{{"platform":"{platform}","chat_id":"c","user_id":"u"}}"#);
    run.receive(&format!(r#"{{"text":"x","message_id":"1","source":{source}}}"#)).await;
    run.connector.asked(|requests| !requests.is_empty()).await;
    run.interrupt(&format!("agent:main:{platform}:dm:c")).await;
    run.ends(1).await;
    run.connector.requests()
}

#[tokio::test(start_paused = true)]
async fn a_status_that_would_stay_is_cleared_when_its_turn_is_stopped() {
    for (platform, says) in [("slack", None), ("matrix", Some(true))] {
        assert_eq!(
            indicator(platform, says).await,
            [
                format!(r#"{platform}/ {{"op":"typing","chat_id":"c","metadata":{{"user_id":"u"}}}}"#),
                format!(
                    r#"{platform}/ {{"op":"typing","chat_id":"c","content":"","metadata":{{"user_id":"u"}}}}"#
                ),
            ]
        );
    }
    for (platform, says) in [("slack", Some(false)), ("matrix", None)] {
        assert_eq!(indicator(platform, says).await.len(), 1, "{platform}: it expires by itself");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_interrupts_the_running_turn_where_the_operator_wants_it_so() {
    let settings = AdapterSettings::default().with_while_busy(WhileBusy::Interrupt);
    let run = start_with(
        StubConnector::new(vec![discord()]),
        hang_or_say,
        Arc::new(MemoryInbox::default()),
        settings,
    );
    run.receive(&message("1", "hang")).await;
    working(&run, 1).await;
    run.receive(&message("2", "never mind")).await;
    assert_eq!(
        run.ends(2).await,
        [("1".to_owned(), TurnEnd::Interrupted), ("2".to_owned(), TurnEnd::Answered)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_turn_that_is_stopped_is_answered() {
    let run = start(StubConnector::new(vec![discord()]), hang_or_say);
    run.receive(&in_chat("c", "1", "hang")).await;
    working(&run, 1).await;
    for (id, text) in [("2", "hang"), ("3", "hello")] {
        run.receive(&in_chat("c", id, text)).await;
    }
    run.interrupt("agent:main:discord:channel:c:u").await;
    working(&run, 2).await;
    run.interrupt("agent:main:discord:channel:c:u").await;
    let end = |id: &str, end| (id.to_owned(), end);
    assert_eq!(
        run.ends(3).await,
        [end("1", TurnEnd::Interrupted), end("2", TurnEnd::Interrupted), end("3", TurnEnd::Answered)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_session_refuses_aloud() {
    let settings = AdapterSettings::default().with_session_queue(1);
    let run = start_with(
        StubConnector::new(vec![discord()]),
        hang_or_say,
        Arc::new(MemoryInbox::default()),
        settings,
    );
    for (id, text) in [("1", "hang"), ("2", "waits"), ("3", "too much")] {
        run.receive(&message(id, text)).await;
    }
    assert_eq!(run.ends(1).await, [("3".to_owned(), TurnEnd::Refused)]);
    let said = run.connector.messages();
    assert!(
        said.contains(&sent("Too many messages are waiting here; this one was not taken.", r#""3""#)),
        "{said:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_turns_run_at_once_than_the_limit_and_a_waiting_one_can_be_stopped() {
    let settings = AdapterSettings::default().with_running_turns(1);
    let run = start_with(
        StubConnector::new(vec![discord()]),
        hang_or_say,
        Arc::new(MemoryInbox::default()),
        settings,
    );
    run.receive(&in_chat("a", "1", "hang")).await;
    working(&run, 1).await;
    run.receive(&in_chat("b", "2", "waits for a permit")).await;
    run.receive(&in_chat("c", "3", "waits too")).await;
    run.interrupt("agent:main:discord:channel:b:u").await;
    assert_eq!(run.ends(1).await, [("2".to_owned(), TurnEnd::Interrupted)]);
    run.interrupt("agent:main:discord:channel:a:u").await;
    assert_eq!(
        run.ends(3).await[1..],
        [("1".to_owned(), TurnEnd::Interrupted), ("3".to_owned(), TurnEnd::Answered)]
    );
}

#[tokio::test(start_paused = true)]
async fn stopping_lets_running_turns_finish_and_ends_those_that_do_not() {
    let run = start(StubConnector::new(vec![discord()]), |text| match text {
        "slow" => vec![Step::Pause(Duration::from_secs(2)), Step::Say("finished")],
        _ => vec![Step::Ignore],
    });
    run.receive(&in_chat("c", "1", "slow")).await;
    run.receive(&in_chat("d", "2", "forever")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let connector = run.stopped().await;
    assert_eq!(connector.messages(), [sent("finished", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn what_runs_what_waits_and_what_has_ended_is_counted() {
    let run = start(StubConnector::new(vec![discord()]), hang_or_say);
    run.receive(&in_chat("a", "1", "hang")).await;
    run.receive(&in_chat("a", "2", "next")).await;
    run.receive(&in_chat("b", "3", "hello")).await;
    run.receive(&in_chat("b", "3", "hello")).await;
    run.ends(1).await;
    working(&run, 1).await;
    let now = run.counters.counts();
    assert_eq!((now.taken, now.duplicates, now.not_taken), (3, 1, 0));
    assert_eq!((now.running_turns, now.active_sessions, now.waiting_messages), (1, 1, 1));

    run.interrupt("agent:main:discord:channel:a:u").await;
    run.ends(3).await;
    let now = run.counters.counts();
    assert_eq!((now.running_turns, now.active_sessions, now.waiting_messages), (0, 0, 0));
    let happened: Vec<_> = now.ends.iter().copied().filter(|(_, count)| *count > 0).collect();
    assert_eq!(happened, [(TurnEnd::Answered, 2), (TurnEnd::Interrupted, 1)]);
    assert_eq!(now.ends.len(), 9, "every way is listed");
}

/// Takes what is said first and then never answers again.
struct StuckInbox(MemoryInbox);

impl Inbox for StuckInbox {
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>> {
        if incoming.event.text == "hang" { self.0.admit(incoming) } else { pending().boxed() }
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

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        self.0.flush()
    }

    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>> {
        self.0.page(after)
    }

    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>> {
        self.0.find(entry)
    }

    fn is_durable(&self) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_overtakes_a_thousand_messages_that_an_inbox_does_not_take() {
    let inbox = Arc::new(StuckInbox(MemoryInbox::default()));
    let run = start_with(StubConnector::new(vec![discord()]), hang_or_say, inbox, AdapterSettings::default());
    run.receive(&message("0", "hang")).await;
    working(&run, 1).await;
    for number in 1..=1_000 {
        run.receive(&message(&number.to_string(), "later")).await;
    }
    let begun = tokio::time::Instant::now();
    run.interrupt("agent:main:discord:channel:c:u").await;
    assert_eq!(run.ends(1).await, [("0".to_owned(), TurnEnd::Interrupted)]);
    assert_eq!(begun.elapsed(), Duration::ZERO, "nothing was waited for");
}

#[tokio::test(start_paused = true)]
async fn two_slashes_reach_the_agent_as_one() {
    let run = start(StubConnector::new(vec![discord()]), |text| {
        vec![Step::Say(if text == "/stop" { "the agent's own" } else { "something else" })]
    });
    run.receive(&message("1", "//stop")).await;
    run.ends(1).await;
    assert_eq!(run.connector.messages(), [sent("the agent's own", r#""1""#)]);
}
