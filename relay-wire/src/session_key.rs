//! The session key: which messages share one conversation.

use std::borrow::Cow;

use crate::text::non_empty;
use crate::{ChatType, SessionKey, Source};

/// How group chats and threads are divided among their participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionKeyOptions {
    /// In a group each participant has a conversation of their own.
    pub group_sessions_per_user: bool,
    /// The same inside a thread; off, a thread is one conversation for all who write in it.
    pub thread_sessions_per_user: bool,
}

impl Default for SessionKeyOptions {
    fn default() -> Self {
        Self { group_sessions_per_user: true, thread_sessions_per_user: false }
    }
}

impl Source<'_> {
    /// The conversation that a message of this source belongs to (contract, Session key).
    ///
    /// The parts are joined by `:` without escaping, which the contract fixes: two sources whose ids
    /// themselves hold colons can share a key, and nothing in the format can tell them apart. Ids without
    /// colons differ in the key whenever they differ in a field that discriminates.
    pub fn session_key(&self, options: SessionKeyOptions) -> SessionKey {
        let profile = match non_empty(self.profile.as_ref()) {
            None | Some("default") => "main",
            Some(profile) => profile,
        };
        let mut key = format!("agent:{profile}:{}:{}", self.platform, self.chat_type.as_str());
        let mut push = |part: Option<Cow<'_, str>>| {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                key.push(':');
                key.push_str(&part);
            }
        };

        let author = non_empty(self.user_id_alt.as_ref()).or_else(|| non_empty(self.user_id.as_ref()));
        let thread = non_empty(self.thread_id.as_ref());
        if self.chat_type == ChatType::Dm {
            let chat = Some(self.chat_id.as_ref()).filter(|id| !id.is_empty());
            push(chat.or(author).map(|id| self.canonical(id)));
            push(thread.map(Cow::Borrowed));
        } else {
            push(Some(Cow::Borrowed(&self.chat_id)));
            push(thread.map(Cow::Borrowed));
            let per_user =
                options.group_sessions_per_user && (thread.is_none() || options.thread_sessions_per_user);
            if per_user {
                push(author.map(|id| self.canonical(id)));
            }
        }
        SessionKey::new(key)
    }

    /// WhatsApp names one person in several ways, by device and by server; their bare number or id is what
    /// the conversation is keyed by.
    fn canonical<'i>(&self, id: &'i str) -> Cow<'i, str> {
        if self.platform != "whatsapp" {
            return Cow::Borrowed(id);
        }
        let id = id.strip_prefix('+').unwrap_or(id);
        let end = id.find([':', '@']).unwrap_or(id.len());
        Cow::Borrowed(&id[..end])
    }
}
