//! What happens in a chat, for whoever shows it.

/// What an agent did in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatUpdate {
    /// The chat.
    pub chat_id: String,
    /// What changed.
    pub kind: ChatUpdateKind,
}

impl ChatUpdate {
    /// This happened in this chat.
    pub fn new(chat_id: impl Into<String>, kind: ChatUpdateKind) -> Self {
        Self { chat_id: chat_id.into(), kind }
    }
}

/// The change of a [`ChatUpdate`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatUpdateKind {
    /// A message was written.
    Posted {
        /// Its id.
        message_id: String,
        /// The message that it answers.
        reply_to: Option<String>,
        /// What it says.
        content: String,
    },
    /// A message was replaced.
    Edited {
        /// Its id.
        message_id: String,
        /// All that it says now.
        content: String,
    },
    /// A message was deleted.
    Deleted {
        /// Its id.
        message_id: String,
    },
    /// The agent is at work, or no longer. The show is over after a while, and with the next message, even
    /// if nobody clears it.
    Typing(bool),
}
