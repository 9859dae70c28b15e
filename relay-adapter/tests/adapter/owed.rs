//! What a chat is owed beside an answer: it waits for the link, survives a restart, and is said once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relay_adapter::{
    AdapterSettings, Admission, AgentErrorKind, DeliveryKeys, Inbox, Incoming, MemoryInbox, Progress,
    Remainder, Step as Recorded, TurnEnd,
};
use relay_transport::{LinkState, Outcome};
use relay_wire::Event;

use crate::stub::{Running, Step, StubConnector, delivered, discord, message, start_with};

const NOTICE: &str =
    "I was restarted while I answered this; the answer may lack its end. Please ask again if it does.";

/// A chat behind a link that can be down.
#[derive(Clone, Default)]
struct Chat {
    is_down: Arc<AtomicBool>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Chat {
    fn connector(&self) -> StubConnector {
        let chat = self.clone();
        let connector = StubConnector::new(vec![discord()]);
        let link = connector.link();
        let connector = connector.answering(move |action, number| {
            if chat.is_down.load(Ordering::Relaxed) {
                link.send_replace(LinkState::Connecting { attempt: 2 });
                return Outcome::NotSent;
            }
            let action = serde_json::to_value(action).expect("plain data");
            if let Some(content) = action["content"].as_str() {
                let thread = action["metadata"]["thread_id"].as_str().unwrap_or("-");
                chat.said.lock().expect("unharmed").push(format!("{thread}: {content}"));
            }
            delivered(number)
        });
        if self.is_down.load(Ordering::Relaxed) {
            connector.set_state(LinkState::Connecting { attempt: 2 });
        }
        connector
    }

    fn down() -> Self {
        let chat = Self::default();
        chat.is_down.store(true, Ordering::Relaxed);
        chat
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().expect("unharmed").clone()
    }

    fn comes_up(&self, run: &Running) {
        self.is_down.store(false, Ordering::Relaxed);
        run.connector.set_state(LinkState::Live);
    }
}

fn script(text: &str) -> Vec<Step> {
    match text {
        "fail" => vec![Step::Fail(AgentErrorKind::Other)],
        "say and fail" => vec![Step::Say("words"), Step::Fail(AgentErrorKind::Other)],
        "limit" => vec![Step::Say("words"), Step::Limit],
        _ => vec![Step::Say("words")],
    }
}

fn failed() -> String {
    format!("t: {}", AgentErrorKind::Other.sentence())
}

fn in_thread(id: &str, text: &str) -> String {
    format!(
        r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"discord","chat_id":"c",
            "chat_type":"thread","thread_id":"t","scope_id":"g","user_id":"u"}}}}"#
    )
}

fn run(chat: &Chat, inbox: &Arc<MemoryInbox>) -> Running {
    let inbox = Arc::clone(inbox) as Arc<dyn Inbox>;
    start_with(chat.connector(), script, inbox, AdapterSettings::default())
}

/// What a chat reads of a message once the link is back, and again after a restart that comes before that.
async fn owed(text: &str) -> Vec<String> {
    let (chat, inbox) = (Chat::down(), Arc::new(MemoryInbox::default()));
    let first = run(&chat, &inbox);
    first.receive(&in_thread("1", text)).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(chat.said(), [""; 0]);
    chat.comes_up(&first);
    first.ends(1).await;
    first.stopped().await;
    let without_restart = chat.said();
    assert_ne!(without_restart, [""; 0], "{text}");
    assert_eq!(inbox.unfinished().await, Ok(vec![]));

    let (chat, inbox) = (Chat::down(), Arc::new(MemoryInbox::default()));
    let first = run(&chat, &inbox);
    first.receive(&in_thread("1", text)).await;
    first.connector.asked(|requests| requests.iter().any(|request| request.contains("content"))).await;
    first.stopped().await;
    assert_eq!(inbox.unfinished().await.expect("memory").len(), 1, "{text} is owed");
    let second = run(&chat, &inbox);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(chat.said(), [""; 0]);
    chat.comes_up(&second);
    second.ends(1).await;
    second.stopped().await;
    let words = |said: &[String]| said.join("\n").replace("t: ", "").replace("\n\n", "\n");
    assert_eq!(words(&chat.said()), words(&without_restart), "{text}");
    let third = run(&chat, &inbox);
    third.stopped().await;
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
    assert_eq!(words(&chat.said()), words(&without_restart), "once");
    without_restart
}

#[tokio::test(start_paused = true)]
async fn an_agents_failure_waits_for_the_link_and_for_the_next_start() {
    assert_eq!(owed("fail").await, [failed()]);
}

#[tokio::test(start_paused = true)]
async fn what_follows_an_answer_that_waits_is_kept_with_it() {
    assert_eq!(owed("say and fail").await, ["t: words", &failed()]);
    assert_eq!(
        owed("limit").await,
        ["t: words", "t: The answer ends here: the agent reached a limit of its own."]
    );
}

#[tokio::test(start_paused = true)]
async fn the_reply_to_a_command_waits_for_the_link_and_for_the_next_start() {
    assert_eq!(owed("/stop").await, ["t: Nothing is running here."]);
    assert_eq!(owed("/approve").await, ["t: No permission waits here for your answer."]);
    assert_eq!(owed("/new").await, ["t: A new conversation begins."]);
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_was_not_sent_is_owed_and_one_that_may_have_been_is_not_said_again() {
    let (chat, inbox) = (Chat::default(), Arc::new(MemoryInbox::default()));
    let event: Arc<Event> = Arc::new(serde_json::from_str::<Event>(&in_thread("1", "x")).expect("an event"));
    let keys = DeliveryKeys::of_event(&event, None);
    let Ok(Admission::New(entry)) = inbox.admit(Incoming::new(keys, &event, None)).await else {
        panic!("it is new")
    };
    inbox.record(entry, Recorded::Sending(None)).await.expect("memory takes everything");
    // Live until it is asked for something.
    let first = run(&chat, &inbox);
    chat.is_down.store(true, Ordering::Relaxed);
    first.connector.asked(|requests| !requests.is_empty()).await;
    first.stopped().await;
    assert_eq!(
        inbox.unfinished().await.expect("memory")[0].progress,
        Progress::Left(Remainder::of_line(NOTICE))
    );
    let second = run(&chat, &inbox);
    chat.comes_up(&second);
    second.ends(1).await;
    second.stopped().await;
    assert_eq!(chat.said(), [format!("t: {NOTICE}")]);
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn somebody_who_stops_a_turn_is_not_told_that_it_failed_when_the_link_is_back() {
    let (chat, inbox) = (Chat::down(), Arc::new(MemoryInbox::default()));
    let run = run(&chat, &inbox);
    run.receive(&message("1", "fail")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("content"))).await;
    run.interrupt("agent:main:discord:channel:c:u").await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Interrupted)]);
    chat.comes_up(&run);
    run.stopped().await;
    assert_eq!(chat.said(), [""; 0]);
    assert_eq!(inbox.unfinished().await, Ok(vec![]));
}
