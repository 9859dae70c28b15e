//! Where people write, as far as it matters for who answers.

use std::fmt;

use relay_wire::Source;

/// A chat, or a thread in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ChatPlace {
    /// The platform's name.
    pub platform: String,
    /// The platform's id of the chat.
    pub chat_id: String,
    /// The thread in it; empty for the chat itself.
    pub thread_id: String,
}

impl ChatPlace {
    /// A place by its ids; `thread_id` may be empty.
    pub fn new(
        platform: impl Into<String>,
        chat_id: impl Into<String>,
        thread_id: impl Into<String>,
    ) -> Self {
        Self { platform: platform.into(), chat_id: chat_id.into(), thread_id: thread_id.into() }
    }

    /// Where a message was written.
    pub fn of(source: &Source) -> Self {
        Self::new(&source.platform, &source.chat_id, source.thread_id.as_deref().unwrap_or_default())
    }

    /// The same, then what is around it: the chat of a thread, and the channel that it hangs under.
    pub(crate) fn around(source: &Source) -> [Self; 3] {
        let parent = source.parent_chat_id.as_deref().unwrap_or(&source.chat_id);
        [
            Self::of(source),
            Self::new(&source.platform, &source.chat_id, ""),
            Self::new(&source.platform, parent, ""),
        ]
    }
}

impl fmt::Display for ChatPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.platform, self.chat_id)?;
        if self.thread_id.is_empty() { Ok(()) } else { write!(f, ":{}", self.thread_id) }
    }
}
