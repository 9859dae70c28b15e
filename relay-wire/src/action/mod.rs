//! Outbound actions: what a gateway asks a connector to do in a chat (contract, Ops).

mod decode;
mod metadata;
mod op;
mod prompt;
mod task_card;

use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use decode::ActionFields;
pub use metadata::Metadata;
pub use op::Op;
pub use prompt::{PromptAction, PromptKind, PromptOption, PromptStyle};
pub use task_card::{TaskCardAction, TaskCardStopAction, TaskChunk, TaskStatus};

use crate::SessionKey;

/// One action. An op that this version does not know is kept as data, so that a proxy loses nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant's struct says what it does")]
#[non_exhaustive]
pub enum Action {
    Send(SendAction),
    Edit(EditAction),
    Delete(DeleteAction),
    Typing(TypingAction),
    Draft(DraftAction),
    FollowUp(FollowUpAction),
    GetChatInfo(GetChatInfoAction),
    SendMedia(SendMediaAction),
    Prompt(PromptAction),
    React(ReactAction),
    ThreadCreate(ThreadCreateAction),
    ThreadRename(ThreadRenameAction),
    TaskCard(TaskCardAction),
    TaskCardStop(TaskCardStopAction),
    #[serde(untagged)]
    Other(OtherAction),
}

/// Writes a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SendAction {
    /// The chat.
    pub chat_id: String,
    /// The message.
    pub content: String,
    /// The message it answers.
    pub reply_to: Option<String>,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Replaces a message's content.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EditAction {
    /// The chat.
    pub chat_id: String,
    /// The message.
    pub message_id: String,
    /// Its whole new content.
    pub content: String,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Deletes a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DeleteAction {
    /// The chat.
    pub chat_id: String,
    /// The message.
    pub message_id: String,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Shows or clears that the agent is at work.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TypingAction {
    /// The chat.
    pub chat_id: String,
    /// Absent shows it; empty clears it, on platforms where the status stays until told otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Shows an answer while it grows. Only where the descriptor says `supports_draft_streaming` and lists it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DraftAction {
    /// The chat.
    pub chat_id: String,
    /// Names the draft within its chat.
    pub draft_id: i64,
    /// Its whole content so far.
    pub content: String,
    /// The draft becomes a message.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Answers through a credential that the connector holds for the session, such as an interaction token.
/// It names the kind and never carries a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FollowUpAction {
    /// The session whose credential is meant; nothing where the sender named none, which no front can answer.
    #[serde(serialize_with = "crate::id::or_empty")]
    pub session_key: Option<SessionKey>,
    /// The credential's kind, such as `discord.interaction_token`; see [`platform`](Self::platform).
    pub kind: String,
    /// The message.
    pub content: String,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

impl FollowUpAction {
    /// The platform that the kind names: its part before the first dot.
    pub fn platform(&self) -> Option<&str> {
        self.kind.split_once('.').map(|(platform, _)| platform).filter(|platform| !platform.is_empty())
    }
}

/// Asks for a chat's name and type; the answer's `chat_info`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GetChatInfoAction {
    /// The chat.
    pub chat_id: String,
}

/// What kind of file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire's own word for it")]
#[non_exhaustive]
pub enum MediaKind {
    Image,
    Voice,
    Audio,
    Video,
    Document,
}

impl MediaKind {
    /// Reads the wire's word; any file can be sent as a document.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "image" => Self::Image,
            "voice" => Self::Voice,
            "audio" => Self::Audio,
            "video" => Self::Video,
            _ => Self::Document,
        }
    }
}

/// Sends a file that the connector fetches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SendMediaAction {
    /// The chat.
    pub chat_id: String,
    /// What it is.
    pub media_kind: MediaKind,
    /// Where the connector finds it.
    pub source_url: String,
    /// Its caption; may be empty.
    pub content: String,
    /// The message it answers.
    pub reply_to: Option<String>,
    /// The name to give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Adds or takes back a reaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReactAction {
    /// The chat.
    pub chat_id: String,
    /// The message.
    pub message_id: String,
    /// The reaction.
    pub emoji: String,
    /// Takes it back.
    pub remove: bool,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Opens a thread; the answer's `thread_id`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ThreadCreateAction {
    /// The chat.
    pub chat_id: String,
    /// Its name, at most 100 characters.
    pub thread_name: String,
    /// The message it starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// Renames a thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ThreadRenameAction {
    /// The chat.
    pub chat_id: String,
    /// The thread.
    pub message_id: String,
    /// Its new name, at most 100 characters.
    pub thread_name: String,
    /// Renames it only while it still has this name, so that a person's own choice stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if_current_name: Option<String>,
    /// Where the chat belongs; see [`Metadata`].
    pub metadata: Metadata,
}

/// An action of a later contract, as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OtherAction {
    /// All its fields, `op` among them.
    pub fields: Map<String, Value>,
}

impl Action {
    /// The wire's word for the op.
    pub fn op(&self) -> &str {
        match self {
            Self::Send(_) => Op::Send.as_str(),
            Self::Edit(_) => Op::Edit.as_str(),
            Self::Delete(_) => Op::Delete.as_str(),
            Self::Typing(_) => Op::Typing.as_str(),
            Self::Draft(_) => Op::Draft.as_str(),
            Self::FollowUp(_) => Op::FollowUp.as_str(),
            Self::GetChatInfo(_) => Op::GetChatInfo.as_str(),
            Self::SendMedia(_) => Op::SendMedia.as_str(),
            Self::Prompt(_) => Op::Prompt.as_str(),
            Self::React(_) => Op::React.as_str(),
            Self::ThreadCreate(_) => Op::ThreadCreate.as_str(),
            Self::ThreadRename(_) => Op::ThreadRename.as_str(),
            Self::TaskCard(_) => Op::TaskCard.as_str(),
            Self::TaskCardStop(_) => Op::TaskCardStop.as_str(),
            Self::Other(other) => other.fields.get("op").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// The chat it concerns; `None` for a follow-up, which names a session instead.
    pub fn chat_id(&self) -> Option<&str> {
        match self {
            Self::Send(action) => Some(&action.chat_id),
            Self::Edit(action) => Some(&action.chat_id),
            Self::Delete(action) => Some(&action.chat_id),
            Self::Typing(action) => Some(&action.chat_id),
            Self::Draft(action) => Some(&action.chat_id),
            Self::FollowUp(_) => None,
            Self::GetChatInfo(action) => Some(&action.chat_id),
            Self::SendMedia(action) => Some(&action.chat_id),
            Self::Prompt(action) => Some(&action.chat_id),
            Self::React(action) => Some(&action.chat_id),
            Self::ThreadCreate(action) => Some(&action.chat_id),
            Self::ThreadRename(action) => Some(&action.chat_id),
            Self::TaskCard(action) => Some(&action.chat_id),
            Self::TaskCardStop(action) => Some(&action.chat_id),
            Self::Other(other) => other.fields.get("chat_id").and_then(Value::as_str),
        }
    }

    /// The metadata it carries; `None` where the op has none.
    pub fn metadata_mut(&mut self) -> Option<&mut Metadata> {
        match self {
            Self::Send(action) => Some(&mut action.metadata),
            Self::Edit(action) => Some(&mut action.metadata),
            Self::Delete(action) => Some(&mut action.metadata),
            Self::Typing(action) => Some(&mut action.metadata),
            Self::Draft(action) => Some(&mut action.metadata),
            Self::FollowUp(action) => Some(&mut action.metadata),
            Self::SendMedia(action) => Some(&mut action.metadata),
            Self::Prompt(action) => Some(&mut action.metadata),
            Self::React(action) => Some(&mut action.metadata),
            Self::ThreadCreate(action) => Some(&mut action.metadata),
            Self::ThreadRename(action) => Some(&mut action.metadata),
            Self::TaskCard(action) => Some(&mut action.metadata),
            Self::TaskCardStop(action) => Some(&mut action.metadata),
            Self::GetChatInfo(_) | Self::Other(_) => None,
        }
    }
}
