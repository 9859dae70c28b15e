//! What an earlier run did not finish: run again, shown from where it was, or told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    AdapterSettings, Admission, DeliveryKeys, EntryId, Inbox, InboxError, Incoming, MemoryInbox, Progress,
    Remainder, Step as Recorded, TurnEnd, Unfinished, UnfinishedPage,
};
use relay_transport::{LinkState, Outcome};
use relay_wire::Event;

use crate::stub::{Running, Step, StubConnector, delivered, discord, edited, message, sent, sms, start_with};

const NOTICE: &str =
    "I was restarted while I answered this; the answer may lack its end. Please ask again if it does.";

fn again(_: &str) -> Vec<Step> {
    vec![Step::Say("again")]
}

fn restart(connector: StubConnector, inbox: &Arc<MemoryInbox>) -> Running {
    start_with(connector, again, Arc::clone(inbox) as Arc<dyn Inbox>, AdapterSettings::default())
}

/// An inbox that an earlier run left with one message, so far.
async fn left(progress: Option<Recorded>) -> Arc<MemoryInbox> {
    let inbox = Arc::new(MemoryInbox::default());
    let event: Arc<Event> = Arc::new(serde_json::from_str::<Event>(&message("1", "x")).expect("an event"));
    let keys = DeliveryKeys::of_event(&event, Some(&"b1".parse().unwrap()));
    let incoming = Incoming::new(keys, &event, None);
    let Ok(Admission::New(entry)) = inbox.admit(incoming).await else { panic!("it is new") };
    if let Some(step) = progress {
        inbox.record(entry, step).await.expect("memory takes everything");
    }
    inbox
}

fn rest(text: &str, message: Option<&str>, shown: usize) -> Remainder {
    Remainder::new(text.to_owned(), message.map(str::to_owned), shown)
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_had_shown_nothing_runs_again() {
    for progress in [None, Some(Recorded::NothingShown)] {
        let inbox = left(progress).await;
        let run = restart(StubConnector::new(vec![discord()]), &inbox);
        assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
        assert_eq!(run.connector.messages(), [sent("again", r#""1""#)]);
        assert_eq!(inbox.unfinished().await, Ok(vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_answer_is_sent_without_asking_the_agent_again() {
    let inbox = left(Some(Recorded::Left(rest("kept", None, 0)))).await;
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.messages(), [sent("kept", r#""1""#)]);
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_shown_in_part_grows_in_the_message_that_shows_it() {
    let inbox = left(Some(Recorded::Left(rest("one two", Some("m7"), 3)))).await;
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.messages(), [edited("m7", "one two")]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_edited_any_more_is_told_of_instead() {
    let inbox = left(Some(Recorded::Left(rest("one two", Some("m7"), 3)))).await;
    let mut plain = discord();
    plain.supports_edit = false;
    let run = restart(StubConnector::new(vec![plain]), &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    assert_eq!(run.connector.messages(), [sent(NOTICE, r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_may_have_seen_something_gets_one_notice_and_no_second_answer() {
    let inbox = left(Some(Recorded::Sending(Some(rest("maybe", None, 0))))).await;
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    assert_eq!(run.connector.messages(), [sent(NOTICE, r#""1""#)]);
    run.stopped().await;
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(run.stopped().await.messages(), [""; 0], "once");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_recovered_before_the_link_is_live_and_newer_messages_wait_behind() {
    let inbox = left(Some(Recorded::Left(rest("kept", None, 0)))).await;
    let connector = StubConnector::new(vec![discord()]);
    connector.set_state(LinkState::Connecting { attempt: 1 });
    let run = restart(connector, &inbox);
    run.receive(&message("2", "y")).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(run.connector.messages(), [""; 0]);
    run.connector.set_state(LinkState::Live);
    run.ends(2).await;
    assert_eq!(run.connector.messages(), [sent("kept", r#""1""#), sent("again", r#""2""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_recovered_stop_has_nothing_to_stop_and_a_redelivery_is_acknowledged() {
    let inbox = left(None).await;
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    run.receive_buffered(&message("1", "x"), Some("b1")).await;
    assert_eq!(run.connector.acked(1).await, ["b1"]);
    run.ends(1).await;
    assert_eq!(run.stopped().await.messages().len(), 1, "answered once");

    let inbox = Arc::new(MemoryInbox::default());
    let event: Arc<Event> =
        Arc::new(serde_json::from_str::<Event>(&message("1", "/stop")).expect("an event"));
    let keys = DeliveryKeys::of_event(&event, None);
    inbox.admit(Incoming::new(keys, &event, None)).await.expect("memory takes everything");
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(run.stopped().await.messages(), [""; 0]);
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_could_not_be_sent_is_kept_over_a_stop_and_sent_after_it() {
    for gone in [LinkState::Connecting { attempt: 9 }, LinkState::Closed] {
        let inbox = Arc::new(MemoryInbox::default());
        let connector = StubConnector::new(vec![discord()]).answering(|_, _| Outcome::NotSent);
        connector.set_state(gone);
        let run = restart(connector, &inbox);
        run.receive(&message("1", "x")).await;
        run.connector.asked(|requests| requests.iter().any(|request| request.contains("again"))).await;
        run.stopped().await;
        let unfinished = inbox.unfinished().await.expect("memory");
        assert_eq!(unfinished[0].progress, Progress::Left(rest("again", None, 0)));

        let run = restart(StubConnector::new(vec![discord()]), &inbox);
        assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
        assert_eq!(run.connector.messages(), [sent("again", r#""1""#)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_a_stop_cuts_off_runs_again_and_one_that_its_chat_stops_does_not() {
    let inbox = Arc::new(MemoryInbox::default());
    let hang = |_: &str| vec![Step::Hang];
    let start = || {
        let connector = StubConnector::new(vec![discord()]);
        start_with(connector, hang, Arc::clone(&inbox) as Arc<dyn Inbox>, AdapterSettings::default())
    };
    let run = start();
    run.receive(&message("1", "x")).await;
    run.receive(&message("2", "y")).await;
    run.connector.asked(|requests| !requests.is_empty()).await;
    run.stopped().await;
    let texts: Vec<_> =
        inbox.unfinished().await.expect("memory").into_iter().map(|left| left.event.text.clone()).collect();
    assert_eq!(texts, ["x", "y"]);

    let run = start();
    run.connector.asked(|requests| !requests.is_empty()).await;
    run.interrupt("agent:main:discord:channel:c:u").await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Interrupted)]);
    run.stopped().await;
    let texts: Vec<_> =
        inbox.unfinished().await.expect("memory").into_iter().map(|left| left.event.text.clone()).collect();
    assert_eq!(texts, ["y"]);
}

/// Writes down what the inbox is told, and what the connector was asked before that.
struct Ledger {
    inner: MemoryInbox,
    steps: Arc<Mutex<Vec<Recorded>>>,
}

impl Inbox for Ledger {
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>> {
        self.inner.admit(incoming)
    }

    fn record(&self, entry: EntryId, step: Recorded) -> BoxFuture<'static, Result<(), InboxError>> {
        self.steps.lock().expect("no test panics while holding it").push(step.clone());
        self.inner.record(entry, step)
    }

    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.finish(entry)
    }

    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>> {
        self.inner.page(after)
    }

    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>> {
        self.inner.find(entry)
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.flush()
    }

    fn is_durable(&self) -> bool {
        true
    }
}

async fn steps_of(connector: StubConnector, script: fn(&str) -> Vec<Step>, event: &str) -> Vec<Recorded> {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let inbox = Ledger { inner: MemoryInbox::default(), steps: Arc::clone(&steps) };
    let run = start_with(connector, script, Arc::new(inbox), AdapterSettings::default());
    run.receive(event).await;
    run.ends(1).await;
    let steps = steps.lock().expect("no test panics while holding it");
    steps.clone()
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_is_stored_before_it_is_sent() {
    let steps = steps_of(StubConnector::new(vec![discord()]), again, &message("1", "x")).await;
    assert_eq!(steps, [Recorded::Sending(Some(rest("again", None, 0)))]);
}

#[tokio::test(start_paused = true)]
async fn a_growing_answer_is_stored_before_its_first_text_and_before_its_last_edit() {
    let script = |_: &str| vec![Step::Say("one"), Step::Pause(Duration::from_secs(5)), Step::Say(" two")];
    let steps = steps_of(StubConnector::new(vec![discord()]), script, &message("1", "x")).await;
    assert_eq!(steps, [Recorded::Sending(None), Recorded::Left(rest("one two", Some("m1"), 3))]);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_an_answer_in_several_messages_is_stored_as_it_shrinks() {
    let event = r#"{"text":"x","message_id":"1","source":{"platform":"sms","chat_id":"c","chat_type":"dm"}}"#;
    let script = |_: &str| vec![Step::Say("first message here. and the second")];
    let steps = steps_of(StubConnector::new(vec![sms()]), script, event).await;
    let whole = rest("first message here. and the second", None, 0);
    let second = rest("and the second", None, 0);
    assert_eq!(
        steps,
        [Recorded::Sending(Some(whole)), Recorded::Left(second.clone()), Recorded::Sending(Some(second))]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_stored_as_not_shown() {
    let connector = StubConnector::new(vec![discord()])
        .answering(|_, number| if number == 1 { Outcome::NotSent } else { delivered(number) });
    let steps = steps_of(connector, again, &message("1", "x")).await;
    let whole = rest("again", None, 0);
    assert_eq!(
        steps,
        [
            Recorded::Sending(Some(whole.clone())),
            Recorded::Left(whole.clone()),
            Recorded::Sending(Some(whole))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_done_with_before_it_is_sent() {
    let inbox = left(Some(Recorded::Sending(None))).await;
    let (looked_at, seen) = (Arc::clone(&inbox), Arc::new(Mutex::new(Vec::new())));
    let saw = Arc::clone(&seen);
    let connector = StubConnector::new(vec![discord()]).answering(move |_, number| {
        saw.lock().expect("no test panics while holding it").push(looked_at.unfinished().now_or_never());
        delivered(number)
    });
    let run = restart(connector, &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    let seen = seen.lock().expect("no test panics while holding it").pop().flatten();
    let seen = seen.expect("memory answers at once").expect("memory can be read");
    let [unfinished] = &*seen else { panic!("one message: {seen:?}") };
    assert_eq!(unfinished.progress, Progress::Left(Remainder::of_line("")), "nothing more is to be said");
    assert_eq!(inbox.unfinished().await, Ok(vec![]));

    let inbox = left(Some(Recorded::Left(Remainder::of_line("")))).await;
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(
        run.stopped().await.messages(),
        [""; 0],
        "a crash at that moment brings no other notice and no second answer"
    );
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_first_text_that_was_not_sent_lets_the_turn_run_again_after_a_stop() {
    let inbox = Arc::new(MemoryInbox::default());
    let connector = StubConnector::new(vec![discord()]).answering(|_, _| Outcome::NotSent);
    connector.set_state(LinkState::Connecting { attempt: 9 });
    let script = |_: &str| vec![Step::Say("first words"), Step::Hang];
    let run = start_with(connector, script, Arc::clone(&inbox) as Arc<dyn Inbox>, AdapterSettings::default());
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("first words"))).await;
    run.stopped().await;
    assert_eq!(inbox.unfinished().await.expect("memory")[0].progress, Progress::Untouched);
}

#[tokio::test(start_paused = true)]
async fn without_a_link_to_come_what_was_left_stays_left() {
    let inbox = left(Some(Recorded::Sending(None))).await;
    let connector = StubConnector::new(vec![discord()]);
    connector.set_state(LinkState::Closed);
    let run = restart(connector, &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Kept)]);
    assert_eq!(run.connector.messages(), [""; 0]);
    assert_eq!(inbox.unfinished().await.expect("memory").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_doubt_that_a_stop_keeps_from_its_notice_gets_it_at_the_next_start() {
    let inbox = Arc::new(MemoryInbox::default());
    let connector = StubConnector::new(vec![discord()]).answering(|_, _| Outcome::Unknown);
    connector.set_state(LinkState::Connecting { attempt: 9 });
    let script = |_: &str| vec![Step::Say("lost")];
    let run = start_with(connector, script, Arc::clone(&inbox) as Arc<dyn Inbox>, AdapterSettings::default());
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("lost"))).await;
    run.stopped().await;
    assert_eq!(inbox.unfinished().await.expect("memory")[0].progress, Progress::InDoubt);
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    assert_eq!(run.connector.messages(), [sent(NOTICE, r#""1""#)]);
}

const ACTED: &str = "I was restarted while I worked on this and had begun to act, so I did not begin again. Please look at what \
                     was done before you ask again.";

#[tokio::test(start_paused = true)]
async fn a_turn_that_had_acted_does_not_run_again_and_its_chat_is_told() {
    let inbox = Arc::new(MemoryInbox::default());
    let script = |_: &str| vec![Step::Act, Step::Hang];
    let acts = StubConnector::new(vec![discord()]);
    let run = start_with(acts, script, Arc::clone(&inbox) as Arc<dyn Inbox>, AdapterSettings::default());
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| !requests.is_empty()).await;
    assert_eq!(
        inbox.unfinished().await.expect("memory")[0].progress,
        Progress::Acted,
        "before the agent goes on"
    );
    run.stopped().await;
    let run = restart(StubConnector::new(vec![discord()]), &inbox);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    assert_eq!(run.connector.messages(), [sent(ACTED, r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_has_acted_stays_so_when_its_first_text_was_not_sent() {
    let inbox = Arc::new(MemoryInbox::default());
    let connector = StubConnector::new(vec![discord()]).answering(|_, _| Outcome::NotSent);
    connector.set_state(LinkState::Connecting { attempt: 9 });
    let script = |_: &str| vec![Step::Act, Step::Say("first words"), Step::Hang];
    let run = start_with(connector, script, Arc::clone(&inbox) as Arc<dyn Inbox>, AdapterSettings::default());
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("first words"))).await;
    run.stopped().await;
    assert_eq!(inbox.unfinished().await.expect("memory")[0].progress, Progress::Acted);
}
