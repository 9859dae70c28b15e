//! The names of the ops.

use std::fmt;

/// What an outbound action does; the contract's table of ops in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is documented at its action")]
#[non_exhaustive]
pub enum Op {
    Send,
    Edit,
    Delete,
    Typing,
    Draft,
    FollowUp,
    GetChatInfo,
    SendMedia,
    Prompt,
    React,
    ThreadCreate,
    ThreadRename,
    TaskCard,
    TaskCardStop,
}

impl Op {
    /// Every op of this contract version.
    pub const ALL: [Self; 14] = [
        Self::Send,
        Self::Edit,
        Self::Delete,
        Self::Typing,
        Self::Draft,
        Self::FollowUp,
        Self::GetChatInfo,
        Self::SendMedia,
        Self::Prompt,
        Self::React,
        Self::ThreadCreate,
        Self::ThreadRename,
        Self::TaskCard,
        Self::TaskCardStop,
    ];

    /// The wire's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Typing => "typing",
            Self::Draft => "draft",
            Self::FollowUp => "follow_up",
            Self::GetChatInfo => "get_chat_info",
            Self::SendMedia => "send_media",
            Self::Prompt => "prompt",
            Self::React => "react",
            Self::ThreadCreate => "thread_create",
            Self::ThreadRename => "thread_rename",
            Self::TaskCard => "task_card",
            Self::TaskCardStop => "task_card_stop",
        }
    }

    /// Reads the wire's word; `None` for an op of a later contract.
    pub fn from_wire(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str() == word)
    }

    /// Performed by every connector, whether its descriptor lists ops or not.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::Send | Self::Edit | Self::Typing | Self::FollowUp)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
