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
    /// The key begins with the source's profile. Off, it begins with `main` whatever profile the source
    /// names: what a gateway that runs one agent writes, and what connectors expect of it.
    pub sessions_per_profile: bool,
}

impl Default for SessionKeyOptions {
    fn default() -> Self {
        Self { group_sessions_per_user: true, thread_sessions_per_user: false, sessions_per_profile: false }
    }
}

impl Source {
    /// The conversation that a message of this source belongs to (contract, Session key).
    ///
    /// Which fields discriminate depends on the chat. Always: the profile (with `sessions_per_profile`),
    /// the platform, the chat type, the chat and the thread. Outside direct messages also the author, as
    /// the options say; within one, only when the chat has no id. Two sources that set the same of these
    /// fields, to ids without colons, share a key exactly when they agree in all of them.
    ///
    /// The contract joins the parts by `:`, escapes nothing and leaves out what is not set, so the format
    /// cannot tell apart: ids that themselves hold colons; a thread and an author of the same id in one
    /// chat, when the key has one of the two; a direct message without a chat id and one whose chat id is
    /// that author. WhatsApp ids that name one person share a key on purpose.
    pub fn session_key(&self, options: SessionKeyOptions) -> SessionKey {
        let profile = non_empty(self.profile.as_ref()).filter(|_| options.sessions_per_profile);
        let profile = match profile {
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
            let chat = Some(self.chat_id.as_str()).filter(|id| !id.is_empty());
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
        SessionKey::built(key)
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

#[cfg(test)]
mod tests {
    use super::SessionKeyOptions;
    use crate::{ChatType, Source};

    fn key(source: &Source) -> String {
        source.session_key(SessionKeyOptions::default()).to_string()
    }

    fn group(thread: Option<&'static str>, author: &'static str) -> Source {
        Source {
            platform: "irc".into(),
            chat_id: "c".into(),
            chat_type: ChatType::Group,
            thread_id: thread.map(Into::into),
            user_id: Some(author.into()),
            ..Source::default()
        }
    }

    #[test]
    fn the_profile_counts_only_where_sessions_are_kept_per_profile() {
        let source = Source { profile: Some("coder".into()), ..group(None, "u") };
        assert_eq!(key(&source), "agent:main:irc:group:c:u");
        let options = SessionKeyOptions { sessions_per_profile: true, ..SessionKeyOptions::default() };
        assert_eq!(source.session_key(options).as_str(), "agent:coder:irc:group:c:u");
    }

    #[test]
    fn the_format_cannot_tell_a_thread_from_an_author_of_the_same_id() {
        assert_eq!(key(&group(None, "7")), key(&group(Some("7"), "anybody")));
    }

    #[test]
    fn the_format_cannot_tell_colons_within_an_id_from_its_own() {
        let joined = Source { chat_id: "c:u".into(), user_id: None, ..group(None, "") };
        assert_eq!(key(&joined), key(&group(None, "u")));
    }

    #[test]
    fn a_whatsapp_id_loses_one_plus_its_device_and_its_server() {
        let chat = |chat_id: &'static str, platform: &'static str| {
            key(&Source { platform: platform.into(), chat_id: chat_id.into(), ..Source::default() })
        };
        assert_eq!(chat("++1:2@s.whatsapp.net", "whatsapp"), "agent:main:whatsapp:dm:+1");
        assert_eq!(chat("+1@lid", "whatsapp"), "agent:main:whatsapp:dm:1");
        assert_eq!(chat("+1@lid", "signal"), "agent:main:signal:dm:+1@lid");
    }

    #[test]
    fn a_direct_message_without_a_chat_is_keyed_by_its_author() {
        let by_author = Source { platform: "irc".into(), user_id: Some("u".into()), ..Source::default() };
        let by_chat = Source { platform: "irc".into(), chat_id: "u".into(), ..Source::default() };
        assert_eq!(key(&by_author), "agent:main:irc:dm:u");
        assert_eq!(key(&by_author), key(&by_chat));
    }
}
