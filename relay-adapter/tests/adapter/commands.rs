//! What people say to the gateway itself, and what of it reaches the agent.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    AdapterSettings, Agent, AgentCommand, AgentError, AgentErrorKind, AgentInfo, AgentSession, Inbox,
    MemoryInbox, SessionContext, SessionOption, SessionSetting, SessionStatus, Turn, TurnEnd, TurnOutput,
    TurnSummary, Usage, prompt_text,
};
use relay_wire::CapabilityDescriptor;

use crate::stub::{Running, Step, StubConnector, discord, message, sent, start_agent, start_with};

/// Says what it is asked, has two modes, and a command of its own.
#[derive(Clone, Default)]
struct Choosy(Arc<Mutex<Option<String>>>);

impl Agent for Choosy {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("choosy", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(self.clone())
    }
}

impl AgentSession for Choosy {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            if turn.event.text == "hang" {
                turn.cancelled.cancelled().await;
            }
            let mut usage = Usage::default();
            usage.context_used = Some(42);
            let _ = output.usage(usage).await;
            let _ = output.text(format!("asked: {}", prompt_text(&turn.event))).await;
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        ready(Ok(())).boxed()
    }

    fn status(&self) -> SessionStatus {
        let option = |id: &str, name: &str| SessionOption::new(id, name);
        let mut status = SessionStatus::default();
        status.mode = Some(self.0.lock().expect("no test panics holding it").clone().unwrap_or("ask".into()));
        status.modes = vec![option("ask", "Ask first"), option("plan", "Plan"), option("broken", "")];
        status
    }

    fn commands(&self) -> Vec<AgentCommand> {
        vec![AgentCommand::new("compact", "Shortens the context")]
    }

    fn select(&self, setting: SessionSetting, id: &str) -> BoxFuture<'_, Result<(), AgentError>> {
        assert_eq!(setting, SessionSetting::Mode);
        if id == "broken" {
            return ready(Err(AgentError::new(AgentErrorKind::Busy, "/home/ann: a trace"))).boxed();
        }
        *self.0.lock().expect("no test panics holding it") = Some(id.to_owned());
        ready(Ok(())).boxed()
    }
}

fn run() -> Running {
    let connector = StubConnector::new(vec![discord()]);
    start_agent(
        connector,
        Arc::new(Choosy::default()),
        Arc::new(MemoryInbox::default()),
        AdapterSettings::default(),
    )
}

/// What is answered to each of these, one after the other.
async fn answers(run: &Running, texts: &[&str]) -> Vec<String> {
    let before = run.connector.messages().len();
    let ended = usize::try_from(run.counters.counts().taken).expect("few");
    for (number, text) in (1..).zip(texts) {
        run.receive(&message(&format!("{}", ended + number), text)).await;
        run.ends(ended + number).await;
    }
    let messages = run.connector.messages();
    let content = |line: &String| {
        let (_, rest) = line.split_once(r#""content":""#).expect("a message");
        rest.split_once(r#"","reply_to""#).expect("a message").0.to_owned()
    };
    messages[before..].iter().map(content).collect()
}

#[tokio::test(start_paused = true)]
async fn a_mode_is_listed_and_chosen_by_name_or_number() {
    let run = run();
    let said =
        answers(&run, &["/mode", "hi", "/mode", "/mode Plan", "/mode", "/mode 1", "/mode sing", "/model"])
            .await;
    let list = |now: &str| {
        let mark = |id: &str| if id == now { " ← now" } else { "" };
        format!(
            r"Choose with /mode NAME or its number:\n1. ask (Ask first){}\n2. plan (Plan){}\n3. broken",
            mark("ask"),
            mark("plan")
        )
    };
    assert_eq!(
        said,
        [
            "No mode can be chosen here. Some agents say what they have only after their first answer.",
            "asked: [From u] hi",
            &list("ask"),
            "The mode is plan now.",
            &list("plan"),
            "The mode is ask now.",
            &format!(r"There is no mode `sing`.\n{}", list("ask")),
            "No model can be chosen here. Some agents say what they have only after their first answer.",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_mode_that_the_agent_does_not_take_is_told_by_class() {
    let run = run();
    let said = answers(&run, &["hi", "/mode broken"]).await;
    assert_eq!(said[1], "The agent is busy; please try again in a moment.");
}

#[tokio::test(start_paused = true)]
async fn a_mode_is_set_between_two_turns() {
    let run = run();
    answers(&run, &["hi"]).await;
    run.receive(&message("2", "hang")).await;
    run.receive(&message("3", "/mode plan")).await;
    run.receive(&message("4", "/status")).await;
    run.ends(2).await;
    assert_eq!(run.connector.messages().len(), 2, "the turn goes on");
    run.interrupt("agent:main:discord:channel:c:u").await;
    run.ends(4).await;
    assert_eq!(run.connector.messages()[2..], [sent("The mode is plan now.", r#""3""#)]);
}

#[tokio::test(start_paused = true)]
async fn status_says_what_the_turns_said_and_help_what_the_agent_understands() {
    let run = run();
    answers(&run, &["hi"]).await;
    tokio::time::sleep(std::time::Duration::from_mins(2)).await;
    let said = answers(&run, &["/status", "/help", "/new", "/status"]).await;
    assert_eq!(
        said[0],
        r"Agent: choosy (ready)\nConversation: at rest\nMode: ask\nContext: 42 tokens\nOpen for: 2 min"
    );
    assert!(said[1].starts_with(r"/stop: ") && said[1].contains(r"\n/approve: "), "{}", said[1]);
    assert!(said[1].ends_with(r"\n/compact: Shortens the context"), "{}", said[1]);
    assert_eq!(said[3], r"Agent: choosy (ready)\nConversation: at rest\nMode: ask\nOpen for: 0 s");
}

#[tokio::test(start_paused = true)]
async fn the_agents_own_commands_and_those_with_two_slashes_reach_it_as_they_are() {
    let run = run();
    let said = answers(&run, &["/compact hard", "//stop it", "//mode"]).await;
    assert_eq!(said, ["asked: /compact hard", "asked: /stop it", "asked: /mode"]);
}

fn asks(text: &str) -> Vec<Step> {
    if text == "plain" { vec![Step::Say("plain")] } else { vec![Step::Ask] }
}

/// A message in a thread, whose session is everybody's, or in the channel, where each has a session.
fn of_user(user: &str, id: &str, text: &str, in_thread: bool) -> String {
    let place =
        if in_thread { r#""chat_type":"thread","thread_id":"t""# } else { r#""chat_type":"channel""# };
    format!(
        r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"discord","chat_id":"c","scope_id":"g",
            "user_id":"{user}",{place}}}}}"#
    )
}

const NOTHING: &str = "No permission waits here for your answer.";

#[tokio::test(start_paused = true)]
async fn approve_and_deny_answer_the_permission_that_waits_and_nothing_else() {
    let cases = [("u", "/approve", "allow it"), ("u", "/Deny@bot", "no"), ("boss", "/approve", "allow it")];
    for ((user, command, chosen), in_thread) in
        cases.into_iter().flat_map(|case| [(case, true), (case, false)])
    {
        let settings = AdapterSettings::default().with_approvers(vec!["discord:boss".to_owned()]);
        let connector = StubConnector::new(vec![discord()]);
        let run = start_with(connector, asks, Arc::new(MemoryInbox::default()), settings);
        run.receive(&of_user("u", "1", "do it", in_thread)).await;
        run.connector.asked(|requests| requests.iter().any(|request| request.contains("Run this?"))).await;
        let is_told = |id: &str| {
            let (connector, reply_to) = (Arc::clone(&run.connector), format!(r#""reply_to":"{id}""#));
            async move {
                let told = |line: &String| line.contains(NOTHING) && line.contains(&reply_to);
                connector.asked(|requests| requests.iter().any(told)).await;
            }
        };
        run.receive(&of_user("stranger", "2", command, in_thread)).await;
        is_told("2").await;
        run.receive(&of_user(user, "3", command, in_thread)).await;
        let ends = run.ends(3).await;
        assert!(ends.contains(&("1".to_owned(), TurnEnd::Answered)), "{ends:?}");
        let answer = format!(r#""content":"{chosen}""#);
        assert!(run.connector.messages().iter().any(|line| line.contains(&answer)), "{user} {in_thread}");
        run.receive(&of_user(user, "4", command, in_thread)).await;
        is_told("4").await;
    }
}

#[tokio::test(start_paused = true)]
async fn commands_of_an_earlier_run_are_the_gateways_own_all_the_same() {
    let inbox = Arc::new(MemoryInbox::default());
    let events = [("1", "/status"), ("2", "/help"), ("3", "/approve"), ("4", "/stop")];
    for (id, text) in events {
        let event = Arc::new(serde_json::from_str(&message(id, text)).expect("the event decodes"));
        let keys = relay_adapter::DeliveryKeys::of_event(&event, None);
        let incoming = relay_adapter::Incoming::new(keys, &event, None);
        inbox.admit(incoming).await.expect("memory");
    }
    let descriptors: Vec<CapabilityDescriptor> = vec![discord()];
    let run = start_agent(
        StubConnector::new(descriptors),
        Arc::new(Choosy::default()),
        Arc::clone(&inbox) as Arc<dyn Inbox>,
        AdapterSettings::default(),
    );
    assert_eq!(run.ends(2).await, [("1".to_owned(), TurnEnd::Command), ("2".to_owned(), TurnEnd::Command)]);
    let messages = run.stopped().await.messages();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].contains("Agent: choosy") && messages[1].contains("/help: Show this list"));
    assert!(inbox.unfinished().await.expect("memory").is_empty());
}
