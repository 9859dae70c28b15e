//! An inbound message, normalized by the connector.

use serde::{Deserialize, Serialize};

use crate::text::{owned, owned_opt};
use crate::{ContextMessage, Media, MessageType, Source, Text, tolerant};

/// The message that a chat's user wrote (contract, Event).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event<'a> {
    /// What was written; a caption where media came with it.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub text: Text<'a>,
    /// The kind of message.
    pub message_type: MessageType,
    /// Where it came from.
    #[serde(borrow, deserialize_with = "tolerant::object_or_default")]
    pub source: Source<'a>,
    /// The platform's id of this message.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Text<'a>>,
    /// The platform's id of the message that this one answers.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub reply_to_message_id: Option<Text<'a>>,
    /// What is known of that message.
    #[serde(borrow, deserialize_with = "tolerant::object", skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<ReplyTo<'a>>,
    /// Where the attached files are fetched.
    #[serde(borrow, deserialize_with = "tolerant::texts", skip_serializing_if = "Vec::is_empty")]
    pub media_urls: Vec<Text<'a>>,
    /// What is known of those files; matched by URL, see [`attachments`](Self::attachments).
    #[serde(borrow, deserialize_with = "tolerant::objects", skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media<'a>>,
    /// Surrounding messages, oldest first: read-only, never a trigger.
    #[serde(borrow, deserialize_with = "tolerant::objects", skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ContextMessage<'a>>,
    /// Why the connector could not give the context.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub context_error: Option<Text<'a>>,
    /// A press on a prompt's button: always consumed, never chat.
    #[serde(borrow, deserialize_with = "tolerant::object", skip_serializing_if = "Option::is_none")]
    pub prompt_response: Option<PromptResponse<'a>>,
}

impl Event<'_> {
    /// The surrounding messages as text for an agent, or `None` when there are none to show.
    pub fn channel_context(&self) -> Option<String> {
        crate::render_context(&self.context)
    }

    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> Event<'static> {
        Event {
            text: owned(self.text),
            message_type: self.message_type,
            source: self.source.into_owned(),
            message_id: owned_opt(self.message_id),
            reply_to_message_id: owned_opt(self.reply_to_message_id),
            reply_to: self.reply_to.map(ReplyTo::into_owned),
            media_urls: self.media_urls.into_iter().map(owned).collect(),
            media: self.media.into_iter().map(Media::into_owned).collect(),
            context: self.context.into_iter().map(ContextMessage::into_owned).collect(),
            context_error: owned_opt(self.context_error),
            prompt_response: self.prompt_response.map(PromptResponse::into_owned),
        }
    }
}

/// The message that an event answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplyTo<'a> {
    /// What it said.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// Who wrote it.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub author: Option<Text<'a>>,
    /// The bot itself wrote it.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub is_own: Option<bool>,
}

impl ReplyTo<'_> {
    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> ReplyTo<'static> {
        ReplyTo { text: owned_opt(self.text), author: owned_opt(self.author), is_own: self.is_own }
    }
}

/// A press on a button of an earlier `prompt` (contract, Prompts).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptResponse<'a> {
    /// The prompt, as the gateway named it.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub prompt_id: Text<'a>,
    /// The option that was chosen.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub option_id: Text<'a>,
    /// The option's label as it was shown.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub label: Option<Text<'a>>,
    /// The platform's id of the message that carried the prompt.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub prompt_message_id: Option<Text<'a>>,
}

impl PromptResponse<'_> {
    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> PromptResponse<'static> {
        PromptResponse {
            prompt_id: owned(self.prompt_id),
            option_id: owned(self.option_id),
            label: owned_opt(self.label),
            prompt_message_id: owned_opt(self.prompt_message_id),
        }
    }
}
