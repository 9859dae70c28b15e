//! The prompt: a message with buttons.

use serde::{Deserialize, Serialize};

use super::Metadata;
use crate::tolerant;

/// What a prompt is for; platforms may show the kinds differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PromptKind {
    /// May the agent do this?
    Approval,
    /// What did you mean?
    Clarify,
    /// Which one?
    Choice,
}

impl PromptKind {
    /// Reads the wire's word; anything can be asked as a choice.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "approval" => Self::Approval,
            "clarify" => Self::Clarify,
            _ => Self::Choice,
        }
    }
}

/// How a button looks; a word that this version does not know reads as no style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire's own word for it")]
#[non_exhaustive]
pub enum PromptStyle {
    Primary,
    Success,
    Danger,
    Secondary,
}

impl PromptStyle {
    /// Reads the wire's word.
    pub fn from_wire(word: &str) -> Option<Self> {
        match word {
            "primary" => Some(Self::Primary),
            "success" => Some(Self::Success),
            "danger" => Some(Self::Danger),
            "secondary" => Some(Self::Secondary),
            _ => None,
        }
    }
}

/// One button.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptOption {
    /// Comes back in the press; see [`OptionId`](crate::OptionId) for what fits.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub id: String,
    /// What the button says.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub label: String,
    /// How it looks.
    #[serde(deserialize_with = "style", skip_serializing_if = "Option::is_none")]
    pub style: Option<PromptStyle>,
}

fn style<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<PromptStyle>, D::Error> {
    Ok(tolerant::text(deserializer)?.and_then(|word| PromptStyle::from_wire(&word)))
}

/// Asks with buttons. A press comes back as [`PromptResponse`](crate::PromptResponse).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptAction {
    /// The chat.
    pub chat_id: String,
    /// The question.
    pub content: String,
    /// What it is for.
    pub prompt_kind: PromptKind,
    /// Comes back in the press; see [`PromptNonce::mint`](crate::PromptNonce::mint).
    pub prompt_id: String,
    /// The buttons.
    pub options: Vec<PromptOption>,
    /// The message it answers.
    pub reply_to: Option<String>,
    /// For how many seconds the buttons stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}
