//! Any action.

use proptest::prelude::*;
use relay_wire::{
    Action, DeleteAction, DraftAction, EditAction, FollowUpAction, GetChatInfoAction, MediaKind, Metadata,
    Op, OtherAction, PromptAction, PromptKind, PromptOption, PromptStyle, ReactAction, SendAction,
    SendMediaAction, SessionKey, TaskCardAction, TaskCardStopAction, TaskChunk, TaskStatus,
    ThreadCreateAction, ThreadRenameAction, TypingAction,
};

use crate::json::object;
use crate::text::{maybe_text, name, text};

fn metadata() -> impl Strategy<Value = Metadata> {
    object().prop_map(|fields| {
        let mut metadata = Metadata::default();
        fields.into_iter().for_each(|(key, value)| metadata.insert(key, value));
        metadata
    })
}

fn writing() -> impl Strategy<Value = Action> {
    prop_oneof![
        (text(), text(), maybe_text(), metadata()).prop_map(|(chat_id, content, reply_to, metadata)| {
            Action::Send(SendAction { chat_id, content, reply_to, metadata })
        }),
        (text(), text(), text(), metadata()).prop_map(|(chat_id, message_id, content, metadata)| {
            Action::Edit(EditAction { chat_id, message_id, content, metadata })
        }),
        (text(), text(), metadata()).prop_map(|(chat_id, message_id, metadata)| {
            Action::Delete(DeleteAction { chat_id, message_id, metadata })
        }),
        (text(), maybe_text(), metadata()).prop_map(|(chat_id, content, metadata)| {
            Action::Typing(TypingAction { chat_id, content, metadata })
        }),
        (text(), any::<i64>(), text(), any::<bool>(), metadata()).prop_map(
            |(chat_id, draft_id, content, is_final, metadata)| {
                Action::Draft(DraftAction { chat_id, draft_id, content, is_final, metadata })
            }
        ),
        (text(), text(), text(), metadata()).prop_map(|(key, kind, content, metadata)| {
            let session_key = SessionKey::new(key).ok();
            Action::FollowUp(FollowUpAction { session_key, kind, content, metadata })
        }),
    ]
}

fn send_media() -> impl Strategy<Value = Action> {
    let kind = prop::sample::select(vec![
        MediaKind::Image,
        MediaKind::Voice,
        MediaKind::Audio,
        MediaKind::Video,
        MediaKind::Document,
    ]);
    (prop::array::uniform3(text()), kind, maybe_text(), maybe_text(), metadata()).prop_map(
        |([chat_id, source_url, content], media_kind, reply_to, filename, metadata)| {
            Action::SendMedia(SendMediaAction {
                chat_id,
                media_kind,
                source_url,
                content,
                reply_to,
                filename,
                metadata,
            })
        },
    )
}

fn prompt() -> impl Strategy<Value = Action> {
    let style = prop::sample::select(vec![
        None,
        Some(PromptStyle::Primary),
        Some(PromptStyle::Success),
        Some(PromptStyle::Danger),
        Some(PromptStyle::Secondary),
    ]);
    let option = (text(), text(), style).prop_map(|(id, label, style)| PromptOption { id, label, style });
    let kind = prop::sample::select(vec![PromptKind::Approval, PromptKind::Clarify, PromptKind::Choice]);
    let options = prop::collection::vec(option, 0..4);
    let texts = prop::array::uniform3(text());
    (texts, kind, options, maybe_text(), any::<Option<u64>>(), metadata()).prop_map(
        |([chat_id, content, prompt_id], prompt_kind, options, reply_to, timeout_s, metadata)| {
            Action::Prompt(PromptAction {
                chat_id,
                content,
                prompt_kind,
                prompt_id,
                options,
                reply_to,
                timeout_s,
                metadata,
            })
        },
    )
}

fn arranging() -> impl Strategy<Value = Action> {
    prop_oneof![
        text().prop_map(|chat_id| Action::GetChatInfo(GetChatInfoAction { chat_id })),
        (prop::array::uniform3(text()), any::<bool>(), metadata()).prop_map(
            |([chat_id, message_id, emoji], remove, metadata)| {
                Action::React(ReactAction { chat_id, message_id, emoji, remove, metadata })
            }
        ),
        (text(), text(), maybe_text(), metadata()).prop_map(
            |(chat_id, thread_name, message_id, metadata)| {
                Action::ThreadCreate(ThreadCreateAction { chat_id, thread_name, message_id, metadata })
            }
        ),
        (prop::array::uniform3(text()), maybe_text(), metadata()).prop_map(
            |([chat_id, message_id, thread_name], only_if_current_name, metadata)| {
                Action::ThreadRename(ThreadRenameAction {
                    chat_id,
                    message_id,
                    thread_name,
                    only_if_current_name,
                    metadata,
                })
            }
        ),
    ]
}

fn task_card() -> impl Strategy<Value = Action> {
    let status = prop::sample::select(vec![
        None,
        Some(TaskStatus::Pending),
        Some(TaskStatus::InProgress),
        Some(TaskStatus::Complete),
        Some(TaskStatus::Error),
    ]);
    let chunk = (text(), text(), status, maybe_text(), maybe_text())
        .prop_map(|(id, title, status, details, output)| TaskChunk { id, title, status, details, output });
    let chunks = prop::collection::vec(chunk, 0..4);
    prop_oneof![
        (text(), text(), chunks, metadata()).prop_map(|(chat_id, card_id, chunks, metadata)| {
            Action::TaskCard(TaskCardAction { chat_id, card_id, chunks, metadata })
        }),
        (text(), text(), metadata()).prop_map(|(chat_id, card_id, metadata)| {
            Action::TaskCardStop(TaskCardStopAction { chat_id, card_id, metadata })
        }),
    ]
}

fn other() -> impl Strategy<Value = Action> {
    let op = name().prop_filter("an op of a later contract", |op| Op::from_wire(op).is_none());
    (op, object()).prop_map(|(op, mut fields)| {
        fields.insert("op".into(), op.into());
        Action::Other(OtherAction { fields })
    })
}

/// Any action, those of later contracts among them.
pub(super) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![6 => writing(), 1 => send_media(), 1 => prompt(), 1 => task_card(), 4 => arranging(), 1 => other()]
}
