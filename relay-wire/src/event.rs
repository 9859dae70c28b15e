//! An inbound message, normalized by the connector.

use serde::{Deserialize, Serialize};

use crate::{ContextMessage, Media, MessageType, Source, tolerant};

/// The message that a chat's user wrote (contract, Event).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// What was written; a caption where media came with it.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub text: String,
    /// The kind of message.
    pub message_type: MessageType,
    /// Where it came from.
    #[serde(deserialize_with = "tolerant::object_or_default")]
    pub source: Source,
    /// The platform's id of this message.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The platform's id of the message that this one answers.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub reply_to_message_id: Option<String>,
    /// What is known of that message.
    #[serde(deserialize_with = "tolerant::object", skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<ReplyTo>,
    /// Where the attached files are fetched.
    #[serde(deserialize_with = "tolerant::texts", skip_serializing_if = "Vec::is_empty")]
    pub media_urls: Vec<String>,
    /// What is known of those files; matched by URL, see [`attachments`](Self::attachments).
    #[serde(deserialize_with = "tolerant::objects", skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// Surrounding messages, oldest first: read-only, never a trigger.
    #[serde(deserialize_with = "tolerant::objects", skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ContextMessage>,
    /// Why the connector could not give the context.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub context_error: Option<String>,
    /// A press on a prompt's button: always consumed, never chat.
    #[serde(deserialize_with = "tolerant::object", skip_serializing_if = "Option::is_none")]
    pub prompt_response: Option<PromptResponse>,
}

impl Event {
    /// The surrounding messages as text for an agent, or `None` when there are none to show.
    pub fn channel_context(&self) -> Option<String> {
        crate::render_context(&self.context)
    }
}

/// The message that an event answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplyTo {
    /// What it said.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who wrote it.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The bot itself wrote it.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub is_own: Option<bool>,
}

/// A press on a button of an earlier `prompt` (contract, Prompts).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptResponse {
    /// The prompt, as the gateway named it.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub prompt_id: String,
    /// The option that was chosen.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub option_id: String,
    /// The option's label as it was shown.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The platform's id of the message that carried the prompt.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub prompt_message_id: Option<String>,
}
