//! A connector in memory, for adapter tests: it records what it is asked and answers as it is told.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    Adapter, AdapterCounters, AdapterSettings, Agent, AgentError, AgentErrorKind, AgentInfo, AgentSession,
    Agents, FileSource, Inbox, InboxError, MemoryInbox, MemorySessionStore, OptionKind, OutputFile,
    PlanEntry, Question, QuestionKind, QuestionOption, QuestionReply, Reaction, SessionContext, SessionStore,
    StopReason, TextDelta, ToolCall, ToolKind, ToolState, Turn, TurnEnd, TurnOutput, TurnOver, TurnReport,
    TurnSummary, Usage,
};
use relay_transport::{Deliveries, Delivery, Descriptors, LinkState, Outcome, RelayTransport};
use relay_wire::{
    Action, ActionResult, BufferId, CapabilityDescriptor, Event, Identity, Inbound, InterruptInbound,
    MediaKind, SessionKey,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// No test has this much time pass.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// How long an adapter has to end.
pub const GRACE: Duration = Duration::from_secs(9);

type Script = Box<dyn Fn(&Action, usize) -> Outcome + Send + Sync>;

/// Records requests and answers them by a script; by default everything is delivered as `m1`, `m2`, ….
pub struct StubConnector {
    script: Script,
    hangs: fn(&Action) -> bool,
    requests: watch::Sender<Vec<String>>,
    acks: watch::Sender<Vec<String>>,
    interrupts: Mutex<Vec<String>>,
    descriptors: Arc<Descriptors>,
    state: watch::Sender<LinkState>,
}

impl StubConnector {
    pub fn new(descriptors: Vec<CapabilityDescriptor>) -> Self {
        let mut known = Descriptors::default();
        for descriptor in descriptors {
            known.insert(descriptor);
        }
        Self {
            script: Box::new(|_, number| delivered(number)),
            hangs: |_| false,
            requests: watch::channel(Vec::new()).0,
            acks: watch::channel(Vec::new()).0,
            interrupts: Mutex::default(),
            descriptors: Arc::new(known),
            state: watch::channel(LinkState::Live).0,
        }
    }

    pub fn answering(mut self, script: impl Fn(&Action, usize) -> Outcome + Send + Sync + 'static) -> Self {
        self.script = Box::new(script);
        self
    }

    /// Never says what became of these actions.
    pub fn hanging(mut self, hangs: fn(&Action) -> bool) -> Self {
        self.hangs = hangs;
        self
    }

    /// The link's state, for a script that changes it.
    pub fn link(&self) -> watch::Sender<LinkState> {
        self.state.clone()
    }

    pub fn set_state(&self, state: LinkState) {
        self.state.send_replace(state);
    }

    /// What was asked so far, each as the JSON of its action, platform and bot.
    pub fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    /// The same without typing, which comes by time.
    pub fn messages(&self) -> Vec<String> {
        self.requests().into_iter().filter(|request| !request.contains(r#""op":"typing""#)).collect()
    }

    pub fn acks(&self) -> Vec<String> {
        self.acks.borrow().clone()
    }

    pub async fn acked(&self, count: usize) -> Vec<String> {
        comes(&self.acks, |acks| acks.len() >= count).await
    }

    pub fn interrupts(&self) -> Vec<String> {
        self.interrupts.lock().expect("no test panics while holding it").clone()
    }

    /// Waits until something was asked.
    pub async fn asked(&self, what: impl Fn(&[String]) -> bool) -> Vec<String> {
        comes(&self.requests, |requests| what(requests)).await
    }
}

/// Waits until what was seen so far is enough; fails where nothing is left to happen.
async fn comes<T: Clone + Debug>(seen: &watch::Sender<T>, is_enough: impl Fn(&T) -> bool) -> T {
    let mut receiver = seen.subscribe();
    let waiting = tokio::time::timeout(NEVER, receiver.wait_for(is_enough));
    let Ok(enough) = waiting.await else { panic!("it never came: {:?}", seen.borrow()) };
    enough.expect("its sender lives").clone()
}

pub fn delivered(number: usize) -> Outcome {
    Outcome::Delivered(ActionResult::delivered(format!("m{number}")))
}

pub fn failed(error: &'static str) -> Outcome {
    Outcome::Failed(ActionResult::failed(error))
}

impl RelayTransport for StubConnector {
    fn request(&self, action: Action, via: Option<Identity>) -> BoxFuture<'_, Outcome> {
        let via = via.expect("the adapter names the identity");
        let json = serde_json::to_string(&action).expect("plain data");
        let mut number = 0;
        self.requests.send_modify(|requests| {
            requests.push(format!("{}/{} {json}", via.platform, via.bot_id));
            number = requests.iter().filter(|request| !request.contains(r#""op":"typing""#)).count();
        });
        if (self.hangs)(&action) {
            return std::future::pending().boxed();
        }
        let outcome = (self.script)(&action, number);
        async move { outcome }.boxed()
    }

    fn ack(&self, buffer_id: BufferId) {
        self.acks.send_modify(|acks| acks.push(buffer_id.to_string()));
    }

    fn interrupt(&self, session_key: SessionKey, reason: Option<String>) {
        let line = format!("{session_key} {}", reason.unwrap_or_default());
        self.interrupts.lock().expect("no test panics while holding it").push(line);
    }

    fn descriptors(&self) -> Arc<Descriptors> {
        Arc::clone(&self.descriptors)
    }

    fn state(&self) -> watch::Receiver<LinkState> {
        self.state.subscribe()
    }
}

/// One step of a scripted agent.
#[derive(Clone, Debug)]
pub enum Step {
    Say(&'static str),
    Pause(Duration),
    /// Says a piece of the message with this id.
    SayIn(&'static str, &'static str),
    /// Tells of a step of work that is done.
    Tool(&'static str),
    /// Tells of a step of work, and how far it is.
    Work(&'static str, ToolState),
    Think(&'static str),
    Plan(&'static str),
    /// Sends a picture.
    File,
    React(&'static str),
    Uses(u64),
    /// Ends because of a limit of its own.
    Limit,
    /// Says one line about the turn.
    Notice(&'static str),
    /// Is about to act.
    Act,
    /// Asks for a permission and says what came of it.
    Ask,
    /// Asks for a secret and says what came of it.
    AskSecret,
    Fail(AgentErrorKind),
    Panic,
    /// Waits until it is interrupted.
    Hang,
    /// Does not even stop then.
    Ignore,
}

/// Answers each message by the script that its text names, else by saying the text.
#[derive(Clone, Copy)]
pub struct ScriptedAgent(pub fn(&str) -> Vec<Step>);

impl Agent for ScriptedAgent {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("scripted", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(*self)
    }
}

impl AgentSession for ScriptedAgent {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            for step in (self.0)(&turn.event.text) {
                let given = match step {
                    Step::Say(text) => output.text(text).await,
                    Step::SayIn(message, text) => output.text(TextDelta::of_message(message, text)).await,
                    Step::Tool(title) => {
                        output.tool(ToolCall::new(title, title, ToolKind::Other, ToolState::Done)).await
                    }
                    Step::Work(title, state) => {
                        output
                            .tool(ToolCall::new(title, title, ToolKind::Other, state).with_detail("rm x"))
                            .await
                    }
                    Step::Think(text) => output.thought(text).await,
                    Step::Plan(text) => output.plan(vec![PlanEntry::new(text, ToolState::Running)]).await,
                    Step::File => {
                        let mut file =
                            OutputFile::new(FileSource::Path("/home/ann/a.png".into()), MediaKind::Image);
                        file.caption = "a picture".into();
                        output.file(file).await
                    }
                    Step::React(emoji) => output.react(Reaction::new(emoji)).await,
                    Step::Uses(tokens) => {
                        let mut usage = Usage::default();
                        usage.context_used = Some(tokens);
                        output.usage(usage).await
                    }
                    Step::Limit => return Ok(TurnSummary::stopped(StopReason::Limit)),
                    Step::Notice(line) => output.notice(line).await,
                    Step::Act => output.acted().await,
                    Step::Ask => said(&output, question()).await,
                    Step::AskSecret => {
                        let mut question = question();
                        question.secret = true;
                        said(&output, question).await
                    }
                    Step::Pause(pause) => {
                        tokio::time::sleep(pause).await;
                        Ok(())
                    }
                    Step::Fail(kind) => return Err(AgentError::new(kind, "/home/ann/agent: a trace")),
                    Step::Panic => panic!("the script says so"),
                    Step::Hang => {
                        turn.cancelled.cancelled().await;
                        Ok(())
                    }
                    Step::Ignore => std::future::pending().await,
                };
                if given.is_err() {
                    break;
                }
            }
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        async { Ok(()) }.boxed()
    }
}

fn question() -> Question {
    let options = vec![
        QuestionOption::new("always: an id that is too long for the wire", "Always", OptionKind::AllowAlways),
        QuestionOption::new("allow it", "Allow", OptionKind::AllowOnce),
        QuestionOption::new("no", "Reject", OptionKind::RejectOnce),
    ];
    Question::new(QuestionKind::Permission, "Run this?", options).with_body("rm x")
}

async fn said(output: &TurnOutput, question: Question) -> Result<(), TurnOver> {
    let text = match output.ask(question).await? {
        QuestionReply::Chosen { option, .. } => option,
        other => format!("{other:?}"),
    };
    output.text(text).await
}

/// An adapter that runs against a stub.
pub struct Running {
    pub connector: Arc<StubConnector>,
    pub shutdown: CancellationToken,
    events: mpsc::Sender<Delivery>,
    interrupts: mpsc::Sender<InterruptInbound>,
    reports: watch::Sender<Vec<TurnReport>>,
    pub counters: AdapterCounters,
    adapter: JoinHandle<Result<(), InboxError>>,
}

pub fn start(connector: StubConnector, script: fn(&str) -> Vec<Step>) -> Running {
    start_with(connector, script, Arc::new(MemoryInbox::default()), AdapterSettings::default())
}

pub fn start_with(
    connector: StubConnector,
    script: fn(&str) -> Vec<Step>,
    inbox: Arc<dyn Inbox>,
    settings: AdapterSettings,
) -> Running {
    start_agent(connector, Arc::new(ScriptedAgent(script)), inbox, settings)
}

pub fn start_agent(
    connector: StubConnector,
    agent: Arc<dyn Agent>,
    inbox: Arc<dyn Inbox>,
    settings: AdapterSettings,
) -> Running {
    start_agents(connector, agent.into(), inbox, Arc::new(MemorySessionStore::default()), settings)
}

pub fn start_agents(
    connector: StubConnector,
    agents: Agents,
    inbox: Arc<dyn Inbox>,
    store: Arc<dyn SessionStore>,
    settings: AdapterSettings,
) -> Running {
    let connector = Arc::new(connector);
    let (events, event_queue) = mpsc::channel(2048);
    let (interrupts, interrupt_queue) = mpsc::channel(16);
    let reports = watch::channel(Vec::new()).0;
    let observed = reports.clone();
    let settings = settings
        .with_identities(vec![Identity { platform: "discord".into(), bot_id: "B1".into() }])
        .with_observer(Some(Arc::new(move |report: &TurnReport| {
            observed.send_modify(|reports: &mut Vec<TurnReport>| reports.push(report.clone()));
        })));
    let adapter =
        Adapter::new(Arc::clone(&connector) as Arc<dyn RelayTransport>, agents, inbox, store, settings);
    let counters = adapter.counters();
    let shutdown = CancellationToken::new();
    let deliveries = Deliveries::new(event_queue, interrupt_queue);
    let stop = shutdown.clone();
    let stop = async move {
        stop.cancelled().await;
        Instant::now() + GRACE
    };
    let adapter = tokio::spawn(adapter.run(deliveries, stop));
    Running { connector, shutdown, events, interrupts, reports, counters, adapter }
}

impl Running {
    pub async fn deliver(&self, delivery: Delivery) {
        self.events.send(delivery).await.expect("the adapter runs");
    }

    /// Delivers a message, given as the JSON of its event.
    pub async fn receive(&self, event: &str) {
        self.receive_buffered(event, None).await;
    }

    pub async fn receive_buffered(&self, event: &str, buffer_id: Option<&str>) {
        let event: Event = serde_json::from_str(event).expect("the event decodes");
        let inbound = Inbound { event: Box::new(event), buffer_id: buffer_id.map(|id| id.parse().unwrap()) };
        self.deliver(Delivery::Inbound(inbound)).await;
    }

    pub async fn interrupt(&self, session_key: &str) {
        let interrupt = InterruptInbound { session_key: session_key.parse().unwrap(), chat_id: "c".into() };
        self.interrupts.send(interrupt).await.expect("the adapter runs");
    }

    /// The reports of the ends of this many messages.
    pub async fn reports(&self, count: usize) -> Vec<TurnReport> {
        comes(&self.reports, |reports| reports.len() >= count).await
    }

    /// Waits for the ends of this many messages.
    pub async fn ends(&self, count: usize) -> Vec<(String, TurnEnd)> {
        let reports = self.reports(count).await;
        reports.iter().map(|report| (report.message_id.clone().unwrap_or_default(), report.end)).collect()
    }

    pub async fn stopped(self) -> Arc<StubConnector> {
        self.shutdown.cancel();
        self.adapter.await.expect("the adapter ends by itself").expect("the inbox can be read");
        self.connector
    }
}

/// A platform that can edit.
pub fn discord() -> CapabilityDescriptor {
    CapabilityDescriptor {
        platform: "discord".into(),
        max_message_length: 2000,
        supports_edit: true,
        markdown_dialect: "discord".into(),
        ..CapabilityDescriptor::default()
    }
}

/// A platform that cannot.
pub fn sms() -> CapabilityDescriptor {
    CapabilityDescriptor { platform: "sms".into(), max_message_length: 20, ..CapabilityDescriptor::default() }
}

/// A message in a Discord channel.
pub fn message(id: &str, text: &str) -> String {
    in_chat("c", id, text)
}

pub fn in_chat(chat: &str, id: &str, text: &str) -> String {
    format!(
        r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"discord","chat_id":"{chat}",
            "chat_type":"channel","scope_id":"g","user_id":"u"}}}}"#
    )
}

/// What the stub records of a message sent into that channel.
pub fn sent(content: &str, reply_to: &str) -> String {
    format!(
        r#"discord/B1 {{"op":"send","chat_id":"c","content":"{content}","reply_to":{reply_to},"metadata":{{"guild_id":"g","scope_id":"g"}}}}"#
    )
}

pub fn edited(message: &str, content: &str) -> String {
    format!(
        r#"discord/B1 {{"op":"edit","chat_id":"c","message_id":"{message}","content":"{content}","metadata":{{"guild_id":"g","scope_id":"g"}}}}"#
    )
}
