//! The agent port: whatever answers messages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::watch;

use super::{AgentCommand, AgentSession, AgentState, SessionContext};

/// What an agent is, for `/status`, logs and doctor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentInfo {
    /// The kind of agent, such as `command`.
    pub kind: &'static str,
    /// What tells it from others of its kind, such as its program; never a secret. May be empty.
    pub label: String,
}

impl AgentInfo {
    /// An agent of this kind, told from others by the label.
    pub fn new(kind: &'static str, label: impl Into<String>) -> Self {
        Self { kind, label: label.into() }
    }
}

impl fmt::Display for AgentInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if self.label.is_empty() { Ok(()) } else { write!(f, ":{}", self.label) }
    }
}

/// Answers messages. Built once from its settings; shared by all conversations.
pub trait Agent: Send + Sync + 'static {
    /// What it is.
    fn info(&self) -> AgentInfo;

    /// Opens the session of a conversation: before its first turn since the start, and before its next one after
    /// [`close`](AgentSession::close). Cheap, since it is called between a message and its answer: slow work
    /// belongs into the first turn.
    fn open(&self, session: SessionContext) -> Arc<dyn AgentSession>;

    /// Whether turns can be answered, now and as that changes. Always, unless an agent says otherwise. A turn is
    /// given to an agent that is not ready all the same: it waits, or fails with the kind that says why.
    fn state(&self) -> watch::Receiver<AgentState> {
        watch::channel(AgentState::Ready).1
    }

    /// What it has told of itself since it was started, each with a name: its version, what it can, ways to sign in.
    /// Empty before, and where there is nothing to tell.
    fn describe(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The commands that it understands, as it said last in any conversation; for platforms that show them beforehand.
    /// Empty before, and where there are none.
    fn commands(&self) -> Vec<AgentCommand> {
        Vec::new()
    }

    /// Called once when the gateway starts, before the first message is taken. What takes long begins here and
    /// goes on in the background.
    fn start(&self) {}

    /// Ends everything that it started; completes when nothing of it is left. Called once, after the last session
    /// was closed.
    fn shutdown(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    /// How long [`shutdown`](Self::shutdown) may need. Running turns are stopped that much earlier when the gateway
    /// stops.
    fn shutdown_takes(&self) -> Duration {
        Duration::ZERO
    }
}
