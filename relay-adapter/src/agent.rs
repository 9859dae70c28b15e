//! The agent port: whatever answers a message.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use relay_wire::{Event, SessionKey};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// One message to answer.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The conversation it belongs to.
    pub session_key: SessionKey,
    /// The message.
    pub event: Arc<Event<'static>>,
    /// Cancelled when the turn is to stop. An agent ends what it started and returns; what it still says is
    /// not shown. One that does not return in time is dropped.
    pub interrupted: CancellationToken,
}

/// Answers messages. Turns of different sessions run at the same time, those of one session never.
pub trait Agent: Send + Sync + 'static {
    /// Answers one message by pushing text into `answer` as it comes. An agent that pushes nothing chose to
    /// stay silent.
    fn answer<'a>(&'a self, turn: &'a Turn, answer: AnswerSink) -> BoxFuture<'a, Result<(), AgentError>>;
}

/// Where an agent's answer goes, piece by piece.
#[derive(Clone, Debug)]
pub struct AnswerSink(mpsc::Sender<String>);

/// The answer's pieces, for whoever shows them.
pub(crate) type AnswerPieces = mpsc::Receiver<String>;

/// Nobody shows the answer any more: the turn was interrupted, or its chat refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerGone;

impl fmt::Display for ListenerGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody listens to this answer any more; the turn is over")
    }
}

impl std::error::Error for ListenerGone {}

impl AnswerSink {
    /// A sink and the pieces that come out of it, for agents' own tests and for wrapping agents.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self(sender), receiver)
    }

    /// Says a piece of the answer. Waits while the chat is slower than the agent.
    pub async fn push(&self, piece: impl Into<String>) -> Result<(), ListenerGone> {
        self.0.send(piece.into()).await.map_err(|_| ListenerGone)
    }
}

/// Why an agent could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{summary}")]
pub struct AgentError {
    /// One line for the chat; says nothing that only the operator may know.
    pub summary: String,
    /// What the log says beside it, such as the program's stderr.
    pub detail: String,
}
