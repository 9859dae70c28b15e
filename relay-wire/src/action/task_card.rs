//! The card that shows the steps of a turn while they are done.

use serde::{Deserialize, Serialize};

use super::Metadata;
use crate::tolerant;

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskStatus {
    /// It has not begun.
    Pending,
    /// It is under way.
    InProgress,
    /// It is done.
    Complete,
    /// It failed, or was stopped.
    Error,
}

impl TaskStatus {
    /// Reads the wire's word.
    pub fn from_wire(word: &str) -> Option<Self> {
        match word {
            "pending" => Some(Self::Pending),
            "in_progress" => Some(Self::InProgress),
            "complete" => Some(Self::Complete),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

/// One step on a card. Sent again under its id, it replaces what the card showed of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskChunk {
    /// Names the step within its card.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub id: String,
    /// What is done, in one line.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub title: String,
    /// How far it is; nothing where the word is none that this version knows.
    #[serde(deserialize_with = "status", skip_serializing_if = "Option::is_none")]
    pub status: Option<TaskStatus>,
    /// What it works with, such as a command.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// What came of it.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

fn status<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<TaskStatus>, D::Error> {
    Ok(tolerant::text(deserializer)?.and_then(|word| TaskStatus::from_wire(&word)))
}

/// Shows steps on a card; the first one of a `card_id` makes the card. Only where the descriptor lists it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TaskCardAction {
    /// The chat.
    pub chat_id: String,
    /// Names the card within its chat.
    pub card_id: String,
    /// The steps that are new or changed; others stay as they are.
    pub chunks: Vec<TaskChunk>,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Ends a card: nothing is shown on it any more. Doing it twice changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TaskCardStopAction {
    /// The chat.
    pub chat_id: String,
    /// Names the card within its chat.
    pub card_id: String,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}
