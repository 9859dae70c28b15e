//! What Telegram can do.

use relay_wire::{CapabilityDescriptor, LenUnit, Op};

use crate::text::LONGEST_MESSAGE;

/// What is performed, and so what the descriptor lists.
const OPS: [Op; 10] = [
    Op::Send,
    Op::Edit,
    Op::Delete,
    Op::Typing,
    Op::GetChatInfo,
    Op::SendMedia,
    Op::Prompt,
    Op::React,
    Op::ThreadCreate,
    Op::ThreadRename,
];

pub(crate) fn descriptor() -> CapabilityDescriptor {
    CapabilityDescriptor {
        platform: "telegram".into(),
        label: "Telegram".into(),
        max_message_length: LONGEST_MESSAGE,
        len_unit: LenUnit::Utf16,
        supports_edit: true,
        supports_threads: true,
        markdown_dialect: "markdown_v2".into(),
        emoji: "✈️".into(),
        platform_hint: "Write Markdown; prefer lists to tables.".into(),
        supported_ops: OPS.iter().map(|op| op.as_str().into()).collect(),
        ..CapabilityDescriptor::default()
    }
}
