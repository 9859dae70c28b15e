//! One agent, started and asked without a chat.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{
    Agent, AgentErrorKind, AgentSession, AgentState, ChatInfo, MemorySessionStore, QuestionReply,
    SessionContext, SessionMemory, SessionStatus, Turn, TurnEvent, TurnEvents, TurnOutput,
};
use relay_wire::{Event, SessionKey, Source};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::agent::{AgentHost, AgentProblem, NamedSpec};
use crate::cli::Exit;

/// The conversation of a check.
const KEY: &str = "agent:main:check:dm:check";

fn key() -> SessionKey {
    SessionKey::new(KEY).expect("it is not empty")
}

/// How much of an answer is shown, in characters.
const SHOWN: usize = 160;

/// How long the memory of a process may take to be looked up.
const WEIGHING: Duration = Duration::from_secs(2);

/// What is wrong with an agent, what to do, and how a command ends that finds it.
#[derive(Clone, Debug)]
pub(crate) struct AgentFailure {
    pub(crate) what: String,
    pub(crate) remedy: String,
    pub(crate) exit: Exit,
}

impl fmt::Display for AgentFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

impl From<AgentProblem> for AgentFailure {
    fn from(AgentProblem { what, remedy }: AgentProblem) -> Self {
        Self { what, remedy, exit: Exit::Config }
    }
}

/// A started agent.
pub(crate) struct Trial {
    agent: Arc<dyn Agent>,
    session: Arc<dyn AgentSession>,
    /// How it is signed in, for people.
    sign_in: Option<&'static str>,
    started_in: Duration,
}

/// The answer to one message.
pub(crate) struct Answered {
    /// From the message to the first words.
    pub(crate) first: Duration,
    /// From the message to the end of the turn.
    pub(crate) whole: Duration,
    /// The beginning of the answer, on one line.
    pub(crate) text: String,
}

impl Trial {
    /// Starts an agent and waits until it can answer. One that cannot be started is ended.
    pub(crate) async fn start(
        named: &NamedSpec,
        host: &AgentHost,
        limit: Duration,
    ) -> Result<Self, AgentFailure> {
        let (spec, agent) = (&named.spec, named.build(host)?);
        let began = Instant::now();
        agent.start();
        let mut state = agent.state();
        let settled = timeout(limit, state.wait_for(|state| *state != AgentState::Starting)).await;
        let settled = settled.map(|state| state.map(|state| state.clone()));
        let failure = match settled {
            Ok(Ok(AgentState::Unavailable { reason, remedy, .. })) => {
                Some(failure(reason, &remedy, spec.sign_in()))
            }
            Ok(_) => None,
            Err(_) => Some(AgentFailure {
                what: format!("the agent was not ready within {limit:?}"),
                remedy:
                    "give it more time with --timeout, or run its command by hand and see what it waits for"
                        .to_owned(),
                exit: Exit::TimedOut,
            }),
        };
        if let Some(failure) = failure {
            agent.shutdown().await;
            return Err(failure);
        }
        let key = key();
        let memory = SessionMemory::new(Arc::new(MemorySessionStore::default()), key.clone());
        let session = agent.open(SessionContext::new(key, Arc::default(), ChatInfo::default(), memory));
        Ok(Self { agent, session, sign_in: spec.sign_in(), started_in: began.elapsed() })
    }

    /// From the start to the moment when it could answer.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// What it told of itself.
    pub(crate) fn described(&self) -> Vec<(&'static str, String)> {
        self.agent.describe()
    }

    /// Asks it once. What it asks back is declined: nobody is there.
    pub(crate) async fn ask(&self, text: &str, limit: Duration) -> Result<Answered, AgentFailure> {
        let source = Source { platform: "check".into(), chat_id: "check".into(), ..Source::default() };
        let event = Event { text: text.to_owned(), source, ..Event::default() };
        let cancelled = CancellationToken::new();
        let turn = Turn::new(key(), Arc::new(event), Arc::default(), cancelled.clone());
        let began = Instant::now();
        let (output, events) = TurnOutput::channel(64);
        let both = async { tokio::join!(self.session.turn(&turn, output), heard(events, began)) };
        tokio::pin!(both);
        let Ok((end, (first, text))) = timeout(limit, &mut both).await else {
            cancelled.cancel();
            // It ends what it began before it is ended itself.
            let _ = timeout(WEIGHING, both).await;
            return Err(AgentFailure {
                what: format!("the agent did not answer within {limit:?}"),
                remedy: "give it more time with --timeout, or see whether its model can be reached"
                    .to_owned(),
                exit: Exit::TimedOut,
            });
        };
        if let Err(error) = end {
            return Err(failure(error.kind, &error.detail, self.sign_in));
        }
        let Some(first) = first else {
            return Err(AgentFailure {
                what: "the agent ended its turn without a word".to_owned(),
                remedy: "see whether its model can be reached, or set `log_stderr: true` and look at the log"
                    .to_owned(),
                exit: Exit::Failed,
            });
        };
        Ok(Answered { first, whole: began.elapsed(), text })
    }

    /// What its session says of itself, its memory among it where it has any.
    pub(crate) async fn status(&self) -> SessionStatus {
        let weighed = async {
            while self.session.status().process_memory.is_none() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        if !self.agent.describe().is_empty() {
            // What is not known by then is left out.
            let _ = timeout(WEIGHING, weighed).await;
        }
        self.session.status()
    }

    /// Ends it and all that it started. Answers how long that took; `None` where it did not end in time.
    pub(crate) async fn end(self) -> Option<Duration> {
        let began = Instant::now();
        let ended = async {
            self.session.close().await;
            self.agent.shutdown().await;
        };
        let limit = self.agent.shutdown_takes() + Duration::from_secs(5);
        timeout(limit, ended).await.ok().map(|()| began.elapsed())
    }
}

/// The time of the first words, and the beginning of all of them.
async fn heard(mut events: TurnEvents, began: Instant) -> (Option<Duration>, String) {
    let (mut first, mut text) = (None, String::new());
    while let Some(event) = events.recv().await {
        match event {
            TurnEvent::Text(delta) => {
                first.get_or_insert_with(|| began.elapsed());
                if text.chars().count() <= SHOWN {
                    text.push_str(&delta.text);
                }
            }
            // Whoever asked may have given up meanwhile.
            TurnEvent::Acted(recorded) => drop(recorded.send(())),
            TurnEvent::Ask(_, reply) => drop(reply.send(QuestionReply::Unsupported)),
            _ => {}
        }
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line: String = words.chars().take(SHOWN).collect();
    if line.len() < words.len() {
        line.push('…');
    }
    (first, line)
}

fn failure(kind: AgentErrorKind, detail: &str, sign_in: Option<&str>) -> AgentFailure {
    let (remedy, exit) = match kind {
        AgentErrorKind::LoginNeeded => {
            let remedy = sign_in
                .unwrap_or("sign it in by its own command, as the account that the gateway runs under");
            (remedy.to_owned(), Exit::Refused)
        }
        AgentErrorKind::Busy => {
            ("try again in a moment, or see to the limits of its model".to_owned(), Exit::Failed)
        }
        AgentErrorKind::Unavailable | AgentErrorKind::Crashed => (
            "run its command by hand; `log_stderr: true` puts what it says on stderr into the log".to_owned(),
            Exit::Unavailable,
        ),
        _ => (
            "run its command by hand, or set `log_stderr: true` and look at the log".to_owned(),
            Exit::Failed,
        ),
    };
    AgentFailure { what: format!("the agent failed ({kind}): {detail}"), remedy, exit }
}
