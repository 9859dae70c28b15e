//! What an agent gives in a turn, piece by piece.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{OutputFile, PlanEntry, Question, QuestionReply, ToolCall, Usage};
use crate::turn::TurnLedger;

/// Nobody shows the turn's output any more: the turn was stopped, or its chat refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody listens to this turn any more; it is over")]
pub struct TurnOver;

/// A piece of the answer's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextDelta {
    /// The text, to be joined to what came before.
    pub text: String,
    /// The message it belongs to, where the agent has several: another one begins a new paragraph.
    pub message: Option<Arc<str>>,
}

impl TextDelta {
    /// A piece, of the message with this id where the agent has several.
    pub fn new(text: impl Into<String>, message: Option<Arc<str>>) -> Self {
        Self { text: text.into(), message }
    }

    /// A piece of the message with this id.
    pub fn of_message(message: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        Self { text: text.into(), message: Some(message.into()) }
    }
}

impl From<String> for TextDelta {
    fn from(text: String) -> Self {
        Self { text, message: None }
    }
}

impl From<&str> for TextDelta {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// An emoji on the message that is being answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// It is taken away again.
    pub remove: bool,
}

impl Reaction {
    /// Puts this emoji on the message.
    pub fn new(emoji: impl Into<String>) -> Self {
        Self { emoji: emoji.into(), remove: false }
    }

    /// Takes this emoji away again.
    pub fn removed(emoji: impl Into<String>) -> Self {
        Self { emoji: emoji.into(), remove: true }
    }
}

/// One piece of a turn's output, as it comes out at the other end.
#[derive(Debug)]
#[non_exhaustive]
pub enum TurnEvent {
    /// Text of the answer.
    Text(TextDelta),
    /// What the agent thinks.
    Thought(String),
    /// A step of its work.
    Tool(Box<ToolCall>),
    /// Its plan, whole.
    Plan(Vec<PlanEntry>),
    /// A file.
    File(Box<OutputFile>),
    /// An emoji on the message that is answered.
    React(Reaction),
    /// One line about the turn.
    Notice(String),
    /// What the conversation has used so far.
    Usage(Usage),
    /// The agent is about to act; it waits for the answer.
    Acted(oneshot::Sender<()>),
    /// A question; the agent waits for the answer.
    Ask(Box<Question>, oneshot::Sender<QuestionReply>),
}

/// A turn's output, for whoever shows it, in the order in which it was given.
pub type TurnEvents = mpsc::Receiver<TurnEvent>;

/// Where an agent's output goes, piece by piece. Every method waits while the chat is slower than the agent, and
/// answers [`TurnOver`] when nobody listens any more.
#[derive(Clone, Debug)]
pub struct TurnOutput {
    events: mpsc::Sender<TurnEvent>,
    ledger: Option<Arc<TurnLedger>>,
}

impl TurnOutput {
    /// An output and what comes out of it, for agents' own tests and for wrapping agents.
    pub fn channel(capacity: usize) -> (Self, TurnEvents) {
        let (events, receiver) = mpsc::channel(capacity);
        (Self { events, ledger: None }, receiver)
    }

    /// An output whose acts are recorded at once.
    pub(crate) fn recorded(capacity: usize, ledger: Arc<TurnLedger>) -> (Self, TurnEvents) {
        let (output, events) = Self::channel(capacity);
        (Self { ledger: Some(ledger), ..output }, events)
    }

    /// Says a piece of the answer. Another message id than before, or text after a step of work, begins a new
    /// paragraph.
    pub async fn text(&self, delta: impl Into<TextDelta>) -> Result<(), TurnOver> {
        self.give(TurnEvent::Text(delta.into())).await
    }

    /// Says a piece of what the agent thinks; shown only where the settings say so.
    pub async fn thought(&self, text: impl Into<String>) -> Result<(), TurnOver> {
        self.give(TurnEvent::Thought(text.into())).await
    }

    /// Shows a step of the work; again with the same id, the same step further on.
    pub async fn tool(&self, call: ToolCall) -> Result<(), TurnOver> {
        self.give(TurnEvent::Tool(Box::new(call))).await
    }

    /// Shows the plan, instead of what it was.
    pub async fn plan(&self, entries: Vec<PlanEntry>) -> Result<(), TurnOver> {
        self.give(TurnEvent::Plan(entries)).await
    }

    /// Sends a file.
    pub async fn file(&self, file: OutputFile) -> Result<(), TurnOver> {
        self.give(TurnEvent::File(Box::new(file))).await
    }

    /// Puts an emoji on the message that is answered, or takes it away.
    pub async fn react(&self, reaction: Reaction) -> Result<(), TurnOver> {
        self.give(TurnEvent::React(reaction)).await
    }

    /// Says one line about the turn that is no part of the answer.
    pub async fn notice(&self, line: impl Into<String>) -> Result<(), TurnOver> {
        self.give(TurnEvent::Notice(line.into())).await
    }

    /// Says what the conversation has used so far, for `/status`.
    pub async fn usage(&self, usage: Usage) -> Result<(), TurnOver> {
        self.give(TurnEvent::Usage(usage)).await
    }

    /// The agent is about to act: its first tool call, or a granted permission. It is durable when this completes:
    /// from here on a crash never runs this turn again.
    pub async fn acted(&self) -> Result<(), TurnOver> {
        match &self.ledger {
            Some(ledger) => ledger.acted().await,
            None => self.answered(TurnEvent::Acted).await,
        }
    }

    /// Asks the people of the chat and waits for what comes of it.
    pub async fn ask(&self, question: Question) -> Result<QuestionReply, TurnOver> {
        // In the order of the output: a question comes after all that was said before it.
        self.answered(|reply| TurnEvent::Ask(Box::new(question), reply)).await
    }

    /// Completes when nobody listens any more.
    pub async fn over(&self) {
        self.events.closed().await;
    }

    async fn give(&self, event: TurnEvent) -> Result<(), TurnOver> {
        self.events.send(event).await.map_err(|_| TurnOver)
    }

    async fn answered<T>(&self, event: impl FnOnce(oneshot::Sender<T>) -> TurnEvent) -> Result<T, TurnOver> {
        let (reply, answer) = oneshot::channel();
        self.give(event(reply)).await?;
        answer.await.map_err(|_| TurnOver)
    }
}
