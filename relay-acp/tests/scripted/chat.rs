//! A gateway's side of the tests: an agent with a script, and chats that speak with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use relay_acp::{AcpAgent, AcpSettings, EndLimits, Environment, Limits};
use relay_adapter::{
    Agent as _, AgentError, AgentSession, ChatInfo, MemorySessionStore, Question, QuestionReply,
    SessionContext, SessionMemory, Turn, TurnEvent, TurnEvents, TurnOutput, TurnSummary,
};
use relay_wire::{CapabilityDescriptor, Event, SessionKey, Source};
use tokio_util::sync::CancellationToken;

/// Nothing in these tests takes this long unless something is wrong.
pub(crate) const NEVER: Duration = Duration::from_mins(1);

/// A gateway's home with one agent.
pub(crate) struct Gateway {
    pub(crate) agent: AcpAgent,
    pub(crate) home: Arc<tempfile::TempDir>,
    pub(crate) store: Arc<MemorySessionStore>,
    script: String,
}

/// Limits that keep the tests short. Those that a test is about are set by the test.
pub(crate) fn limits() -> Limits {
    let end =
        EndLimits::default().with_stdin(Duration::from_secs(2)).with_terminate(Duration::from_millis(300));
    Limits::default()
        .with_stop(Duration::from_millis(500))
        .with_notice(NEVER)
        .with_late(Duration::from_millis(20))
        .with_replay_silence(Duration::from_millis(100))
        .with_backoff(Duration::from_millis(10))
        .with_backoff_most(Duration::from_millis(80))
        .with_end(end)
}

pub(crate) fn settings(home: &Path, script: &str) -> AcpSettings {
    let own = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    let command = [&own, "scripted_agent", "--exact", "--nocapture", "--include-ignored", "--test-threads=1"];
    let mut environment = Environment::inherited(|name| std::env::var_os(name));
    environment.set("SCRIPT", script);
    environment.set("STORE", home.join("store"));
    AcpSettings::new("scripted", command.map(str::to_owned).to_vec(), home.join("sessions"))
        .with_environment(environment)
        .with_limits(limits())
}

/// The same settings with other limits.
pub(crate) fn limited(settings: AcpSettings, change: impl FnOnce(Limits) -> Limits) -> AcpSettings {
    let limits = change(settings.limits());
    settings.with_limits(limits)
}

impl Gateway {
    /// With an agent that follows this script.
    pub(crate) fn new(script: &str) -> Self {
        Self::with(script, |settings| settings)
    }

    pub(crate) fn with(script: &str, change: impl FnOnce(AcpSettings) -> AcpSettings) -> Self {
        let home = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::in_home(home, Arc::default(), script, change)
    }

    fn in_home(
        home: Arc<tempfile::TempDir>,
        store: Arc<MemorySessionStore>,
        script: &str,
        change: impl FnOnce(AcpSettings) -> AcpSettings,
    ) -> Self {
        let agent = AcpAgent::new(change(settings(home.path(), script)));
        agent.start();
        Self { agent, home, store, script: script.to_owned() }
    }

    /// Ends, and starts again with what it remembers.
    pub(crate) async fn restart(self) -> Self {
        let script = self.script.clone();
        self.restart_with(&script, |settings| settings).await
    }

    pub(crate) async fn restart_with(
        self,
        script: &str,
        change: impl FnOnce(AcpSettings) -> AcpSettings,
    ) -> Self {
        self.agent.shutdown().await;
        Self::in_home(self.home, self.store, script, change)
    }

    /// A chat, with nothing but what is remembered of it.
    pub(crate) fn chat(&self, name: &str) -> Chat {
        let key = SessionKey::new(format!("agent:main:test:dm:{name}").as_str()).unwrap();
        let memory = SessionMemory::new(Arc::clone(&self.store) as _, key.clone());
        let descriptor = Arc::new(CapabilityDescriptor::default());
        let context = SessionContext::new(key.clone(), descriptor, ChatInfo::default(), memory);
        Chat { key, session: self.agent.open(context) }
    }

    /// How often the agent was started.
    pub(crate) fn starts(&self) -> u64 {
        let text = std::fs::read_to_string(self.home.path().join("store/starts")).unwrap_or_default();
        text.parse().unwrap_or(0)
    }

    /// What relay wrote to the agent, one message a line.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("store/log")).unwrap_or_default()
    }

    pub(crate) fn sessions(&self) -> PathBuf {
        self.home.path().join("sessions")
    }
}

/// One conversation.
#[derive(Clone)]
pub(crate) struct Chat {
    key: SessionKey,
    pub(crate) session: Arc<dyn AgentSession>,
}

/// What a turn gave.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) notices: Vec<String>,
    pub(crate) questions: Vec<Question>,
    /// The kinds of all events, in order; text that follows text is one.
    pub(crate) order: Vec<&'static str>,
    pub(crate) files: usize,
}

/// How a turn ended, and what it gave.
pub(crate) type Outcome = (Result<TurnSummary, AgentError>, Shown);

/// A turn that is under way.
pub(crate) struct Running {
    pub(crate) cancelled: CancellationToken,
    pub(crate) events: TurnEvents,
    pub(crate) ending: tokio::task::JoinHandle<Result<TurnSummary, AgentError>>,
}

impl Chat {
    /// Says something and leaves the turn under way.
    pub(crate) fn begin(&self, text: &str) -> Running {
        let source = Source { platform: "test".into(), chat_id: "c".into(), ..Source::default() };
        let event = Arc::new(Event { text: text.to_owned(), source, ..Event::default() });
        let cancelled = CancellationToken::new();
        let descriptor = Arc::new(CapabilityDescriptor::default());
        let turn = Turn::new(self.key.clone(), event, descriptor, cancelled.clone());
        let (output, events) = TurnOutput::channel(8);
        let session = Arc::clone(&self.session);
        let ending = tokio::spawn(async move { session.turn(&turn, output).await });
        Running { cancelled, events, ending }
    }

    /// Says something and waits for the end; nobody answers questions.
    pub(crate) async fn says(&self, text: &str) -> Outcome {
        self.answers(text, |_| QuestionReply::Expired).await
    }

    /// Says something, and people answer the questions.
    pub(crate) async fn answers(&self, text: &str, reply: impl FnMut(&Question) -> QuestionReply) -> Outcome {
        self.begin(text).finish(reply).await
    }

    /// Says something that is answered well; the text of the answer.
    pub(crate) async fn hears(&self, text: &str) -> String {
        let (ended, shown) = self.says(text).await;
        ended.unwrap_or_else(|error| panic!("{text}: {error} {shown:?}"));
        shown.text
    }
}

impl Running {
    /// Waits until the agent says something; the first piece of it.
    pub(crate) async fn hears(&mut self) -> String {
        loop {
            match tokio::time::timeout(NEVER, self.events.recv()).await.expect("the agent says something") {
                Some(TurnEvent::Text(delta)) => return delta.text,
                Some(TurnEvent::Acted(done)) => drop(done.send(())),
                Some(_) => {}
                None => panic!("the turn ended without a word"),
            }
        }
    }

    /// Waits until the agent asks something. Whoever drops the reply leaves the question open no longer.
    pub(crate) async fn is_asked(&mut self) -> (Question, tokio::sync::oneshot::Sender<QuestionReply>) {
        loop {
            match tokio::time::timeout(NEVER, self.events.recv()).await.expect("the agent asks something") {
                Some(TurnEvent::Ask(question, reply)) => return (*question, reply),
                Some(TurnEvent::Acted(done)) => drop(done.send(())),
                Some(_) => {}
                None => panic!("the turn ended without a question"),
            }
        }
    }

    /// Takes what comes until the turn ends.
    pub(crate) async fn finish(mut self, mut reply: impl FnMut(&Question) -> QuestionReply) -> Outcome {
        let mut shown = Shown::default();
        let taking = async {
            while let Some(event) = self.events.recv().await {
                let kind = match event {
                    TurnEvent::Text(delta) => {
                        shown.text.push_str(&delta.text);
                        "text"
                    }
                    TurnEvent::Thought(_) => "thought",
                    TurnEvent::Tool(_) => "tool",
                    TurnEvent::Plan(_) => "plan",
                    TurnEvent::Usage(_) => "usage",
                    TurnEvent::File(_) => {
                        shown.files += 1;
                        "file"
                    }
                    TurnEvent::Notice(line) => {
                        shown.notices.push(line);
                        "notice"
                    }
                    TurnEvent::Acted(done) => {
                        let _ = done.send(());
                        "acted"
                    }
                    TurnEvent::Ask(question, answer) => {
                        let _ = answer.send(reply(&question));
                        shown.questions.push(*question);
                        "ask"
                    }
                    other => panic!("{other:?}"),
                };
                if kind != "text" || shown.order.last() != Some(&"text") {
                    shown.order.push(kind);
                }
            }
        };
        tokio::time::timeout(NEVER, taking).await.expect("every turn ends");
        let ended = self.ending.await.expect("a turn does not panic");
        (ended, shown)
    }
}

/// Waits until none of these processes runs any more; a zombie that nobody reaps does not count.
pub(crate) async fn gone(numbers: &[&str]) {
    let waiting = async {
        for number in numbers {
            while runs(number) {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(NEVER, waiting).await.expect("they end");
}

pub(crate) fn runs(number: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
