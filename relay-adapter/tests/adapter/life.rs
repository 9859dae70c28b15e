//! The life of the agent and of its sessions: opened at a conversation's first message, closed when nothing comes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::stub::{Running, StubConnector, discord, in_chat, start_agent};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    AdapterSettings, Agent, AgentError, AgentInfo, AgentSession, MemoryInbox, SessionContext, Turn, TurnEnd,
    TurnOutput, TurnSummary,
};

/// How long a session takes to close.
const CLOSING: Duration = Duration::from_secs(2);

type Log = Arc<Mutex<Vec<String>>>;

/// Writes down what becomes of it.
struct Recorder(Log);

struct RecorderSession {
    chat: String,
    log: Log,
}

fn note(log: &Log, line: String) {
    log.lock().expect("no test panics while holding it").push(line);
}

impl Agent for Recorder {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("recorder", "")
    }

    fn open(&self, session: SessionContext) -> Arc<dyn AgentSession> {
        note(&self.0, format!("open {}", session.chat.chat_id));
        Arc::new(RecorderSession { chat: session.chat.chat_id, log: Arc::clone(&self.0) })
    }

    fn start(&self) {
        note(&self.0, "start".to_owned());
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        async { note(&self.0, "shutdown".to_owned()) }.boxed()
    }
}

impl AgentSession for RecorderSession {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            note(&self.log, format!("turn {}", self.chat));
            if turn.event.text == "hang" {
                turn.cancelled.cancelled().await;
            }
            let _ = output.text("ok").await;
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        async {
            note(&self.log, format!("reset {}", self.chat));
            Ok(())
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            tokio::time::sleep(CLOSING).await;
            note(&self.log, format!("closed {}", self.chat));
        }
        .boxed()
    }
}

fn start(settings: AdapterSettings) -> (Running, Log) {
    let log = Log::default();
    let agent = Arc::new(Recorder(Arc::clone(&log)));
    let run =
        start_agent(StubConnector::new(vec![discord()]), agent, Arc::new(MemoryInbox::default()), settings);
    (run, log)
}

fn lines(log: &Log) -> Vec<String> {
    log.lock().expect("no test panics while holding it").clone()
}

#[tokio::test(start_paused = true)]
async fn a_session_is_opened_once_and_closed_with_the_gateway_before_its_agent() {
    let (run, log) = start(AdapterSettings::default());
    for id in ["1", "2"] {
        run.receive(&in_chat("a", id, "x")).await;
    }
    run.ends(2).await;
    run.stopped().await;
    assert_eq!(lines(&log), ["start", "open a", "turn a", "turn a", "closed a", "shutdown"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nothing_comes_for_is_closed_and_opened_again_when_something_does() {
    let (run, log) = start(AdapterSettings::default().with_session_idle(Duration::from_mins(10)));
    run.receive(&in_chat("a", "1", "x")).await;
    run.ends(1).await;
    tokio::time::sleep(Duration::from_mins(9)).await;
    assert_eq!(lines(&log), ["start", "open a", "turn a"], "not yet");
    tokio::time::sleep(Duration::from_mins(3)).await;
    assert_eq!(lines(&log)[3..], ["closed a"]);
    run.receive(&in_chat("a", "2", "x")).await;
    run.ends(2).await;
    assert_eq!(lines(&log)[4..], ["open a", "turn a"]);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_bound_the_session_at_rest_that_was_used_longest_ago_is_closed_and_its_next_one_waits_for_that()
 {
    let (run, log) = start(AdapterSettings::default().with_open_sessions(2));
    run.receive(&in_chat("busy", "1", "hang")).await;
    for (chat, id, ends) in [("b", "2", 1), ("c", "3", 2)] {
        run.receive(&in_chat(chat, id, "x")).await;
        run.ends(ends).await;
    }
    run.receive(&in_chat("b", "4", "x")).await;
    run.ends(3).await;
    let expected = [
        "start",
        "open busy",
        "turn busy",
        "open b",
        "turn b",
        "open c",
        "turn c",
        "closed b",
        "open b",
        "turn b",
    ];
    assert_eq!(lines(&log), expected, "the one in use stays, and nothing of a conversation is open twice");
}

#[tokio::test(start_paused = true)]
async fn new_ends_the_running_turn_and_then_lets_the_agent_forget() {
    let (run, log) = start(AdapterSettings::default());
    run.receive(&in_chat("a", "1", "hang")).await;
    run.receive(&in_chat("a", "2", "/new")).await;
    run.receive(&in_chat("a", "3", "x")).await;
    let ends = run.ends(3).await;
    assert_eq!(
        ends.iter().map(|(_, end)| *end).collect::<Vec<_>>(),
        [TurnEnd::Interrupted, TurnEnd::Command, TurnEnd::Answered]
    );
    assert_eq!(lines(&log), ["start", "open a", "turn a", "reset a", "turn a"]);
    let messages = run.connector.messages();
    assert!(messages[0].contains("A new conversation begins."), "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn status_and_help_answer_while_a_turn_runs() {
    let (run, _) = start(AdapterSettings::default());
    run.receive(&in_chat("a", "1", "hang")).await;
    run.receive(&in_chat("a", "2", "/status")).await;
    run.receive(&in_chat("a", "3", "/help")).await;
    run.ends(2).await;
    let messages = run.connector.messages();
    assert!(
        messages[0].contains(r"Agent: recorder (ready)\nConversation: an answer is being given"),
        "{messages:?}"
    );
    assert!(messages[1].contains(r"/stop: Stop the answer that is being given\n/new: "), "{messages:?}");
}
