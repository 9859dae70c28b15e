//! More than can be answered at once: it waits, in the inbox and at the connector, and nobody is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    AdapterSettings, Admission, DeliveryKeys, EntryId, Inbox, InboxError, InboxErrorKind, Incoming,
    MemoryInbox, Remainder, Step as Recorded, TurnEnd, Unfinished, UnfinishedPage,
};
use relay_wire::Event;

use crate::stub::{Step, StubConnector, discord, in_chat, sent, start_with};

fn hang_or_echo(text: &str) -> Vec<Step> {
    if text == "hang" { vec![Step::Hang] } else { vec![Step::Say("ok")] }
}

const CHAT: &str = "agent:main:discord:channel:c:u";

/// Counts how it is read, and cannot read some messages again.
#[derive(Default)]
struct CountedInbox {
    inner: MemoryInbox,
    pages: AtomicUsize,
    found: AtomicUsize,
    lost: Option<EntryId>,
}

impl CountedInbox {
    async fn holding(self, chats: &[&str], messages: usize) -> Self {
        for number in 0..messages {
            let chat = chats[number % chats.len()];
            self.take(&in_chat(chat, &number.to_string(), if number == 0 { "hang" } else { "x" })).await;
        }
        self
    }

    async fn take(&self, event: &str) -> EntryId {
        let event: Arc<Event> = Arc::new(serde_json::from_str(event).expect("an event"));
        let keys = DeliveryKeys::of_event(&event, None);
        match self.inner.admit(Incoming::new(keys, &event, None)).await {
            Ok(Admission::New(entry)) => entry,
            other => panic!("{other:?}"),
        }
    }
}

impl Inbox for CountedInbox {
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>> {
        self.inner.admit(incoming)
    }

    fn record(&self, entry: EntryId, step: Recorded) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.record(entry, step)
    }

    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.finish(entry)
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.flush()
    }

    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        self.inner.page(after)
    }

    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>> {
        self.found.fetch_add(1, Ordering::Relaxed);
        if self.lost == Some(entry) {
            return ready(Err(InboxError::new(InboxErrorKind::Damaged, "a page"))).boxed();
        }
        self.inner.find(entry)
    }

    fn is_durable(&self) -> bool {
        true
    }
}

fn in_order(ends: &[(String, TurnEnd)]) -> bool {
    let numbers: Vec<usize> = ends.iter().map(|(id, _)| id.parse().expect("a number")).collect();
    numbers.is_sorted()
}

#[tokio::test(start_paused = true)]
async fn thousands_of_messages_in_one_chat_are_answered_in_order_and_none_is_refused() {
    const MESSAGES: usize = 1_500;
    let inbox = Arc::new(CountedInbox::default());
    let connector = StubConnector::new(vec![discord()]);
    let run =
        start_with(connector, hang_or_echo, Arc::clone(&inbox) as Arc<dyn Inbox>, AdapterSettings::default());
    run.receive(&in_chat("c", "0", "hang")).await;
    for number in 1..MESSAGES {
        run.receive_buffered(&in_chat("c", &number.to_string(), "x"), Some(&number.to_string())).await;
    }
    assert_eq!(run.connector.acked(MESSAGES - 1).await.len(), MESSAGES - 1, "all of them are kept here");
    assert_eq!(run.counters.counts().waiting_messages, MESSAGES as u64 - 1);
    run.interrupt(CHAT).await;
    let ends = run.ends(MESSAGES).await;
    assert!(ends[1..].iter().all(|(_, end)| *end == TurnEnd::Answered), "{ends:?}");
    assert!(in_order(&ends));
    let found = inbox.found.load(Ordering::Relaxed);
    assert_eq!(found, MESSAGES - 1 - 1_024, "what is beyond the bound was in the inbox alone");
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
}

/// How many of a hundred messages are taken while the first one's turn runs.
async fn taken_with(settings: AdapterSettings) -> usize {
    let run = start_with(
        StubConnector::new(vec![discord()]),
        hang_or_echo,
        Arc::new(MemoryInbox::default()),
        settings,
    );
    run.receive(&in_chat("c", "0", "hang")).await;
    for number in 1..=100 {
        let chat = if number % 2 == 0 { "c" } else { "d" };
        let text = "x".repeat(1_000);
        run.receive_buffered(&in_chat(chat, &number.to_string(), &text), Some(&number.to_string())).await;
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    // Those of the other chat come and go; what waits behind the first one stays.
    let waiting = run.counters.counts().waiting_messages;
    let acked = run.connector.acks().len();
    run.interrupt(CHAT).await;
    run.ends(101).await;
    assert_eq!(run.connector.acks().len(), 100, "what waited at the connector came in the end");
    let waiting = usize::try_from(waiting).expect("a hundred at most");
    assert!(acked >= waiting);
    waiting
}

#[tokio::test(start_paused = true)]
async fn what_is_open_is_bounded_and_the_rest_is_neither_taken_nor_acknowledged() {
    let unbounded = AdapterSettings::default();
    assert_eq!(taken_with(unbounded.clone()).await, 50);
    for admissions in [1, 256] {
        let few = unbounded.clone().with_open_messages(10).with_admissions(admissions);
        assert_eq!(taken_with(few).await, 9, "beside the one that is answered");
    }
    let bytes = unbounded.with_open_bytes(5_000).with_admissions(1);
    assert_eq!(taken_with(bytes).await, 4);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_runs_backlog_is_taken_up_as_there_is_room_and_before_anything_newer() {
    const MESSAGES: usize = 800;
    let inbox = Arc::new(CountedInbox::default().holding(&["c"], MESSAGES).await);
    let settings = AdapterSettings::default().with_open_messages(300);
    let connector = StubConnector::new(vec![discord()]);
    let run = start_with(connector, hang_or_echo, Arc::clone(&inbox) as Arc<dyn Inbox>, settings);
    run.receive_buffered(&in_chat("c", &MESSAGES.to_string(), "newer"), Some("b1")).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(inbox.pages.load(Ordering::Relaxed), 2, "no more than there is room for");
    assert_eq!(run.connector.acks(), [""; 0]);
    run.interrupt(CHAT).await;
    let ends = run.ends(MESSAGES + 1).await;
    assert!(in_order(&ends), "the newer one is the last");
    assert_eq!(run.connector.acks(), ["b1"]);
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn sessions_that_wait_for_others_come_to_their_turn_and_can_be_stopped_before() {
    let settings = AdapterSettings::default().with_running_turns(1);
    let run = start_with(
        StubConnector::new(vec![discord()]),
        hang_or_echo,
        Arc::new(MemoryInbox::default()),
        settings,
    );
    run.receive(&in_chat("c", "0", "hang")).await;
    for number in 1..=500 {
        run.receive(&in_chat(&format!("c{number}"), &number.to_string(), "x")).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(run.counters.counts().active_sessions, 501);
    run.interrupt("agent:main:discord:channel:c500:u").await;
    assert_eq!(run.ends(1).await, [("500".to_owned(), TurnEnd::Interrupted)]);
    run.interrupt(CHAT).await;
    let ends = run.ends(501).await;
    assert!(in_order(&ends[1..]), "first come, first served");
    assert_eq!(ends.iter().filter(|(_, end)| *end == TurnEnd::Answered).count(), 499);
    assert_eq!(run.counters.counts().active_sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_read_again_goes_on_where_it_was_and_what_cannot_be_read_is_kept() {
    let mut inbox = CountedInbox::default().holding(&["c"], 1_200).await;
    let left = inbox.take(&in_chat("c", "1200", "x")).await;
    inbox.record(left, Recorded::Left(Remainder::of_line("kept"))).await.expect("memory takes everything");
    inbox.lost = Some(EntryId(1_100));
    let inbox = Arc::new(inbox);
    let connector = StubConnector::new(vec![discord()]);
    let run =
        start_with(connector, hang_or_echo, Arc::clone(&inbox) as Arc<dyn Inbox>, AdapterSettings::default());
    run.connector.asked(|requests| !requests.is_empty()).await;
    run.interrupt(CHAT).await;
    assert_eq!(run.ends(1_200).await.len(), 1_200);
    let messages = run.connector.messages();
    assert_eq!(messages.last(), Some(&sent("kept", r#""1200""#)));
    let unfinished = inbox.unfinished().await.expect("memory");
    assert_eq!(unfinished.iter().map(|left| left.id).collect::<Vec<_>>(), [EntryId(1_100)]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_what_waits_in_the_inbox() {
    let inbox = Arc::new(CountedInbox::default().holding(&["c", "d", "e"], 5_000).await);
    let settings = AdapterSettings::default().with_running_turns(1);
    let connector = StubConnector::new(vec![discord()]);
    let run = start_with(connector, |_| vec![Step::Hang], Arc::clone(&inbox) as Arc<dyn Inbox>, settings);
    run.connector.asked(|requests| !requests.is_empty()).await;
    run.stopped().await;
    assert_eq!(inbox.unfinished().await.expect("memory").len(), 5_000);
}
