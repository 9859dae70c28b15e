//! Several agents in one gateway: which of them answers where, and who may choose.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    AdapterSettings, Agent, AgentError, AgentInfo, AgentName, AgentRoute, AgentSession, Agents, AgentsError,
    ChooseAgent, MemoryInbox, MemorySessionStore, RememberedSession, SessionContext, Turn, TurnOutput,
    TurnSummary,
};

use crate::stub::{Running, StubConnector, discord, start_agents};

/// Says its name and how many of a conversation's messages it remembers, over restarts too.
struct Counting {
    name: &'static str,
    /// What was done to its sessions, in order.
    log: Arc<Mutex<Vec<String>>>,
}

struct Session {
    name: &'static str,
    context: SessionContext,
    log: Arc<Mutex<Vec<String>>>,
}

impl Agent for Counting {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("counting", self.name)
    }

    fn open(&self, context: SessionContext) -> Arc<dyn AgentSession> {
        self.log.lock().expect("no panic").push(format!("open {}", self.name));
        Arc::new(Session { name: self.name, context, log: Arc::clone(&self.log) })
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.log.lock().expect("no panic").push(format!("end {}", self.name));
        ready(()).boxed()
    }
}

impl AgentSession for Session {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            match turn.event.text.as_str() {
                "hang" => turn.cancelled.cancelled().await,
                "panic" => panic!("the test says so"),
                _ => {}
            }
            let before = self.context.memory.load().await.expect("memory");
            let counted = |session: RememberedSession| {
                session.session_id.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
            };
            let count = before.map_or(0_u32, counted) + 1;
            let session_id = format!("{} {count}", self.context.key);
            let session = RememberedSession::new(
                self.name.to_owned(),
                session_id,
                String::new(),
                relay_auth::UnixSeconds(0),
            );
            self.context.memory.store(session).await.expect("memory");
            let _ = output.text(format!("{} {count}", self.name)).await;
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        ready(Ok(())).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.log.lock().expect("no panic").push(format!("close {}", self.name));
        ready(()).boxed()
    }
}

fn name(text: &str) -> AgentName {
    text.parse().expect("a name")
}

/// What outlives a gateway: the store, and what was done to sessions.
#[derive(Default)]
struct Home {
    store: Arc<MemorySessionStore>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Home {
    /// A gateway with `one`, which answers, and `two`, which answers direct messages.
    fn run(&self, settings: AdapterSettings) -> Running {
        let agents = ["one", "two"].map(|known| {
            let agent = Counting { name: known, log: Arc::clone(&self.log) };
            (name(known), Arc::new(agent) as Arc<dyn Agent>)
        });
        let routes = [AgentRoute::to(name("two")).of_type("dm")];
        let agents = Agents::new(agents, &name("one"), routes).expect("they go together");
        let connector = StubConnector::new(vec![discord()]);
        let inbox = Arc::new(MemoryInbox::default());
        start_agents(connector, agents, inbox, Arc::clone(&self.store) as _, settings)
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }
}

fn settings() -> AdapterSettings {
    AdapterSettings::default().with_approvers(vec!["discord:boss".into()])
}

/// Says each of these as `user` in a chat of this type; what is answered to each.
async fn say(run: &Running, place: (&str, &str), user: &str, texts: &[&str]) -> Vec<String> {
    let (chat_type, chat) = place;
    let before = run.connector.messages().len();
    let ended = usize::try_from(run.counters.counts().taken).expect("few");
    for (number, text) in (1..).zip(texts) {
        let id = ended + number;
        run.receive(&format!(
            r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"discord","chat_id":"{chat}",
                "chat_type":"{chat_type}","scope_id":"g","user_id":"{user}"}}}}"#
        ))
        .await;
        run.ends(id).await;
    }
    let messages = run.connector.messages();
    let content = |line: &String| {
        let (_, rest) = line.split_once(r#""content":""#).expect("a message");
        rest.split_once(r#"","reply_to""#).expect("a message").0.to_owned()
    };
    messages[before..].iter().map(content).collect()
}

const CHANNEL: (&str, &str) = ("channel", "c");
const DIRECT: (&str, &str) = ("dm", "d");

#[tokio::test(start_paused = true)]
async fn the_first_route_that_matches_says_who_answers_else_the_default() {
    let home = Home::default();
    let run = home.run(settings());
    assert_eq!(say(&run, CHANNEL, "ann", &["hi", "hi"]).await, ["one 1", "one 2"]);
    assert_eq!(say(&run, DIRECT, "ann", &["hi"]).await, ["two 1"]);
    let status = say(&run, DIRECT, "ann", &["/status"]).await.remove(0);
    assert!(status.starts_with("Agent: two, counting:two (ready)"), "{status}");
    assert!(status.ends_with("Other agents: one (ready)"), "{status}");
    let agents: Vec<_> =
        run.reports(4).await.iter().map(|report| report.agent.clone().expect("a name").to_string()).collect();
    assert_eq!(agents, ["one", "one", "two", "two"]);
    run.stopped().await;
    assert_eq!(home.log().iter().filter(|line| line.starts_with("end")).count(), 2, "{:?}", home.log());
}

#[tokio::test(start_paused = true)]
async fn an_approver_switches_a_chat_for_everybody_in_it_and_nobody_else_does() {
    let home = Home::default();
    let run = home.run(settings());
    let list = |mark: &str, last: &str| {
        let now = |name: &str| if name == mark { " \u{2190} now" } else { "" };
        format!(
            r"Each agent there is:\n1. one (counting, ready){}\n2. two (counting, ready){}{last}",
            now("one"),
            now("two")
        )
    };
    let refusal = r"\nYou may not choose here; whoever runs this gateway decides who may.";
    let said = say(&run, CHANNEL, "ann", &["hi", "/agent", "/agent two", "/agent 2", "hi"]).await;
    let listed = list("one", refusal);
    assert_eq!(said, ["one 1", &listed, &listed, &listed, "one 2"]);
    // Whom an id names on another platform is somebody else, and a direct message makes nobody an approver.
    assert_eq!(say(&run, DIRECT, "ann", &["/agent one"]).await, [list("two", refusal)]);

    let said = say(&run, CHANNEL, "boss", &["/agent TWO", "hi", "/agent", "/agent three"]).await;
    assert_eq!(said[..2], ["The agent is two now.", "two 1"]);
    let numbered = list("two", "").replace("Each agent there is:", "Choose with /agent NAME or its number:");
    assert_eq!(said[2], numbered);
    assert_eq!(said[3], format!(r"There is no agent `three`.\n{numbered}"));
    assert_eq!(say(&run, CHANNEL, "ann", &["hi"]).await, ["two 1"], "it counts for everybody in the chat");
    assert_eq!(say(&run, ("channel", "elsewhere"), "ann", &["hi"]).await, ["one 1"]);
    assert_eq!(say(&run, CHANNEL, "boss", &["/agent 1"]).await, ["The agent is one now."]);
    assert_eq!(say(&run, CHANNEL, "ann", &["hi"]).await, ["one 3"], "its session was there all the while");
}

#[tokio::test(start_paused = true)]
async fn the_operator_says_who_may_choose() {
    for (choose_agent, in_channel, in_direct) in [
        (ChooseAgent::Off, false, false),
        (ChooseAgent::Approvers, false, false),
        (ChooseAgent::Direct, false, true),
        (ChooseAgent::Everyone, true, true),
    ] {
        let run = Home::default().run(settings().with_choose_agent(choose_agent));
        for (place, wanted, may) in [(CHANNEL, "two", in_channel), (DIRECT, "one", in_direct)] {
            let said = say(&run, place, "ann", &[&format!("/agent {wanted}")]).await;
            let switched = said == [format!("The agent is {wanted} now.")];
            assert_eq!(switched, may, "{choose_agent:?} {place:?}: {said:?}");
        }
        let said = say(&run, CHANNEL, "boss", &["/agent one"]).await;
        assert_eq!(said[0].contains("You may not choose here"), choose_agent == ChooseAgent::Off);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_chat_chose_and_each_of_its_sessions_outlive_a_restart() {
    let home = Home::default();
    let run = home.run(settings());
    let said = say(&run, CHANNEL, "boss", &["hi", "hi", "/agent two", "hi"]).await;
    assert_eq!(said, ["one 1", "one 2", "The agent is two now.", "two 1"]);
    run.stopped().await;
    assert_eq!(
        home.log(),
        ["open one", "close one", "open two", "close two", "end one", "end two"],
        "that with the one is closed before that with the other is opened"
    );

    let run = home.run(settings());
    assert_eq!(
        say(&run, CHANNEL, "boss", &["hi", "/agent one", "hi"]).await,
        ["two 2", "The agent is one now.", "one 3"]
    );
    run.stopped().await;
    // Back at what the routes say, nothing is kept of the choice.
    let run = home.run(settings());
    assert_eq!(say(&run, CHANNEL, "boss", &["hi"]).await, ["one 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_thread_has_the_agent_of_its_chat_until_it_has_one_of_its_own() {
    let run = Home::default().run(settings());
    let in_thread = ("channel", r#"c","thread_id":"t"#);
    say(&run, CHANNEL, "boss", &["/agent two"]).await;
    assert_eq!(say(&run, in_thread, "ann", &["hi"]).await, ["two 1"]);
    say(&run, in_thread, "boss", &["/agent one"]).await;
    assert_eq!(say(&run, in_thread, "ann", &["hi"]).await, ["one 1"]);
    assert_eq!(say(&run, CHANNEL, "ann", &["hi"]).await, ["two 1"]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_whose_turns_hang_or_panic_keeps_no_other_from_answering() {
    let run = Home::default().run(settings().with_running_turns(1));
    run.receive(
        r#"{"text":"hang","message_id":"h","source":{"platform":"discord","chat_id":"c","chat_type":"channel","user_id":"x"}}"#,
    )
    .await;
    run.connector.asked(|requests| !requests.is_empty()).await;
    run.receive(
        r#"{"text":"hi","message_id":"1","source":{"platform":"discord","chat_id":"d","chat_type":"dm","user_id":"x"}}"#,
    )
    .await;
    let ends = run.ends(1).await;
    assert_eq!(ends[0].0, "1", "the other agent has room of its own");
    run.interrupt("agent:main:discord:channel:c:x").await;
    run.ends(2).await;
    assert_eq!(say(&run, CHANNEL, "x", &["panic"]).await, ["The agent crashed; please ask again."]);
    assert_eq!(say(&run, DIRECT, "x", &["hi"]).await, ["two 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_switch_waits_for_the_turn_that_runs() {
    let run = Home::default().run(settings());
    for (id, text) in [("1", "hang"), ("2", "/agent two")] {
        run.receive(&format!(
            r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"discord","chat_id":"c","chat_type":"channel","user_id":"boss"}}}}"#
        ))
        .await;
    }
    run.connector.asked(|requests| !requests.is_empty()).await;
    assert_eq!(run.connector.messages(), Vec::<String>::new());
    run.interrupt("agent:main:discord:channel:c:boss").await;
    run.ends(2).await;
    assert!(run.connector.messages()[0].contains("The agent is two now."));
}

#[test]
fn agents_that_do_not_go_together_are_refused() {
    let agent = || Arc::new(Counting { name: "one", log: Arc::default() }) as Arc<dyn Agent>;
    let twice = Agents::new([(name("a"), agent()), (name("a"), agent())], &name("a"), []);
    assert_eq!(twice.expect_err("one name"), AgentsError::Duplicate(name("a")));
    let nobody = Agents::new([(name("a"), agent())], &name("b"), []);
    assert_eq!(nobody.expect_err("no such agent"), AgentsError::Unknown(name("b")));
    let nowhere = Agents::new([(name("a"), agent())], &name("a"), [AgentRoute::to(name("c"))]);
    assert_eq!(nowhere.expect_err("no such agent"), AgentsError::Unknown(name("c")));
}
