//! How a message's turn ended.

use std::time::Duration;

use relay_wire::SessionKey;

use crate::AgentName;

/// The end of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnEnd {
    /// The whole answer reached the chat.
    Answered,
    /// The agent said nothing.
    Silent,
    /// The turn was stopped.
    Interrupted,
    /// The agent failed; the chat was told in one line.
    AgentFailed,
    /// The answer, or a part of it, was refused by the chat.
    NotDelivered,
    /// The session's queue was full; the chat was told.
    Refused,
    /// The message was a command to the gateway itself, such as `/stop`, and was carried out.
    Command,
    /// A restart or a lost connection may have cut the answer short; its chat was told so.
    Noticed,
    /// The gateway stopped or lost its link for good before the answer was shown. The inbox keeps the message.
    Kept,
}

impl TurnEnd {
    /// One word for logs and counters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Silent => "silent",
            Self::Interrupted => "interrupted",
            Self::AgentFailed => "agent_failed",
            Self::NotDelivered => "not_delivered",
            Self::Refused => "refused",
            Self::Command => "command",
            Self::Noticed => "noticed",
            Self::Kept => "kept",
        }
    }
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TurnReport {
    /// The conversation.
    pub session_key: SessionKey,
    /// The message, where the platform named it.
    pub message_id: Option<String>,
    /// The agent that it was for, where there are several.
    pub agent: Option<AgentName>,
    /// How it ended.
    pub end: TurnEnd,
    /// How long its turn ran; `None` where none was run.
    pub took: Option<Duration>,
}
