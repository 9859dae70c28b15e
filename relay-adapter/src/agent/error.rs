//! Why an agent could not answer.

use std::fmt;

/// The class of a failure. It decides the one sentence that the chat reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AgentErrorKind {
    /// Somebody has to sign the agent in.
    LoginNeeded,
    /// It does something else, or its model takes no more for the moment.
    Busy,
    /// The conversation or the answer is longer than it can hold.
    TooLong,
    /// It, or its model, will not answer this.
    Refused,
    /// It does not know the conversation any more.
    Lost,
    /// It ended the turn without an answer.
    Empty,
    /// It took longer than it may.
    Timeout,
    /// It is not there, or could not be started.
    Unavailable,
    /// It ended in the middle of its work.
    Crashed,
    /// Anything else.
    Other,
}

impl AgentErrorKind {
    /// One word for logs and counters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoginNeeded => "login_needed",
            Self::Busy => "busy",
            Self::TooLong => "too_long",
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Empty => "empty",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Crashed => "crashed",
            Self::Other => "other",
        }
    }

    /// What a chat reads: what happened and what its people can do. Nothing in it comes from the agent.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::LoginNeeded => "The agent is not signed in; whoever runs it has to do that.",
            Self::Busy => "The agent is busy; please try again in a moment.",
            Self::TooLong => "This is too long for the agent; /new begins a new conversation.",
            Self::Refused => "The agent will not answer this.",
            Self::Lost => "The agent lost this conversation; please ask again.",
            Self::Empty => "The agent ended without an answer; please ask again.",
            Self::Timeout => "The agent took too long and was stopped.",
            Self::Unavailable => "The agent is not available; whoever runs it has to see to it.",
            Self::Crashed => "The agent crashed; please ask again.",
            Self::Other => "The agent failed; please try again.",
        }
    }
}

impl fmt::Display for AgentErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an agent could not answer: a class for the chat, and the rest for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent failed ({kind}): {detail}")]
#[non_exhaustive]
pub struct AgentError {
    /// Its class.
    pub kind: AgentErrorKind,
    /// The same message may be answered when it is asked again.
    pub retryable: bool,
    /// What the log says, such as the end of a program's stderr; secrets are masked. No chat sees it.
    pub detail: String,
}

impl AgentError {
    /// A failure of this class. Those that pass by themselves are retryable.
    pub fn new(kind: AgentErrorKind, detail: impl Into<String>) -> Self {
        use AgentErrorKind::{Busy, Crashed, Empty, Lost, Timeout};
        let retryable = matches!(kind, Busy | Lost | Empty | Timeout | Crashed);
        Self { kind, retryable, detail: detail.into() }
    }

    /// The same, whose message may be answered when it is asked again, or may not.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }
}
