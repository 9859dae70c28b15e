//! Reads an action: the fields of every op in one pass, then the op decides which of them count.

use serde::Deserialize;

use super::{
    Action, DeleteAction, DraftAction, EditAction, FollowUpAction, GetChatInfoAction, MediaKind, Metadata,
    Op, PromptAction, PromptKind, PromptOption, ReactAction, SendAction, SendMediaAction, TaskCardAction,
    TaskCardStopAction, TaskChunk, ThreadCreateAction, ThreadRenameAction, TypingAction,
};
use crate::{SessionKey, tolerant};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ActionFields {
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub(crate) op: String,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    chat_id: String,
    #[serde(deserialize_with = "tolerant::text")]
    content: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    reply_to: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    message_id: Option<String>,
    #[serde(deserialize_with = "tolerant::integer")]
    draft_id: Option<i64>,
    #[serde(rename = "final", deserialize_with = "tolerant::flag_or_false")]
    is_final: bool,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    session_key: String,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    kind: String,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    media_kind: String,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    source_url: String,
    #[serde(deserialize_with = "tolerant::text")]
    filename: Option<String>,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    prompt_kind: String,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    prompt_id: String,
    #[serde(deserialize_with = "tolerant::objects")]
    options: Vec<PromptOption>,
    #[serde(deserialize_with = "tolerant::count")]
    timeout_s: Option<u64>,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    emoji: String,
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    remove: bool,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    thread_name: String,
    #[serde(deserialize_with = "tolerant::text")]
    only_if_current_name: Option<String>,
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    card_id: String,
    #[serde(deserialize_with = "tolerant::objects")]
    chunks: Vec<TaskChunk>,
    #[serde(deserialize_with = "tolerant::object_or_default")]
    metadata: Metadata,
}

impl ActionFields {
    /// The action, or `None` for an op of a later contract.
    pub(crate) fn into_action(self) -> Option<Action> {
        let Self { chat_id, metadata, reply_to, .. } = self;
        let content = self.content;
        let message_id = self.message_id;
        Some(match Op::from_wire(&self.op)? {
            Op::Send => {
                Action::Send(SendAction { chat_id, content: content.unwrap_or_default(), reply_to, metadata })
            }
            Op::Edit => Action::Edit(EditAction {
                chat_id,
                message_id: message_id.unwrap_or_default(),
                content: content.unwrap_or_default(),
                metadata,
            }),
            Op::Delete => {
                Action::Delete(DeleteAction { chat_id, message_id: message_id.unwrap_or_default(), metadata })
            }
            Op::Typing => Action::Typing(TypingAction { chat_id, content, metadata }),
            Op::Draft => Action::Draft(DraftAction {
                chat_id,
                draft_id: self.draft_id.unwrap_or_default(),
                content: content.unwrap_or_default(),
                is_final: self.is_final,
                metadata,
            }),
            Op::FollowUp => Action::FollowUp(FollowUpAction {
                session_key: SessionKey::new(self.session_key).ok(),
                kind: self.kind,
                content: content.unwrap_or_default(),
                metadata,
            }),
            Op::GetChatInfo => Action::GetChatInfo(GetChatInfoAction { chat_id }),
            Op::SendMedia => Action::SendMedia(SendMediaAction {
                chat_id,
                media_kind: MediaKind::from_wire(&self.media_kind),
                source_url: self.source_url,
                content: content.unwrap_or_default(),
                reply_to,
                filename: self.filename,
                metadata,
            }),
            Op::Prompt => Action::Prompt(PromptAction {
                chat_id,
                content: content.unwrap_or_default(),
                prompt_kind: PromptKind::from_wire(&self.prompt_kind),
                prompt_id: self.prompt_id,
                options: self.options,
                reply_to,
                timeout_s: self.timeout_s,
                metadata,
            }),
            Op::React => Action::React(ReactAction {
                chat_id,
                message_id: message_id.unwrap_or_default(),
                emoji: self.emoji,
                remove: self.remove,
                metadata,
            }),
            Op::ThreadCreate => Action::ThreadCreate(ThreadCreateAction {
                chat_id,
                thread_name: self.thread_name,
                message_id,
                metadata,
            }),
            Op::ThreadRename => Action::ThreadRename(ThreadRenameAction {
                chat_id,
                message_id: message_id.unwrap_or_default(),
                thread_name: self.thread_name,
                only_if_current_name: self.only_if_current_name,
                metadata,
            }),
            Op::TaskCard => Action::TaskCard(TaskCardAction {
                chat_id,
                card_id: self.card_id,
                chunks: self.chunks,
                metadata,
            }),
            Op::TaskCardStop => {
                Action::TaskCardStop(TaskCardStopAction { chat_id, card_id: self.card_id, metadata })
            }
        })
    }
}
