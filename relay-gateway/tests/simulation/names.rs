//! What is talked about: sessions, their messages, and the words of their answers.

use std::fmt;

use relay_wire::{ChatType, Event, Source};

/// The platforms: the first shows an answer once it is whole, the second while it grows.
pub const PLATFORMS: [&str; 2] = ["alpha", "beta"];

/// One person in one chat, which makes one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    pub platform: u8,
    pub chat: u8,
    pub user: u8,
}

impl Session {
    pub fn platform_name(self) -> &'static str {
        PLATFORMS[usize::from(self.platform)]
    }

    /// The chat by its platform's id, which the other platform has for a chat of its own.
    pub fn chat_id(self) -> String {
        format!("c{}", self.chat)
    }

    /// The chat as this simulation names it.
    pub fn chat_name(self) -> String {
        chat_name(self.platform_name(), &self.chat_id())
    }
}

/// One message of a person: the `number`-th of its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    pub session: Session,
    pub number: u32,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.session.chat_name(), self.wire())
    }
}

/// A chat, told from that of the other platform which has the same id.
pub fn chat_name(platform: &str, chat_id: &str) -> String {
    format!("{}{}", platform.get(..1).unwrap_or_default(), chat_id.trim_start_matches('c'))
}

impl MessageId {
    /// The message by its platform's id, which is unique in its chat alone.
    fn wire(self) -> String {
        format!("u{}.{}", self.session.user, self.number)
    }

    /// The message that a platform has under this id in this chat.
    pub fn of_wire(platform: &str, chat_id: &str, message_id: &str) -> Option<Self> {
        Self::parse(&format!("{}.{message_id}", chat_name(platform, chat_id)))
    }

    /// The message of an event.
    pub fn of(event: &Event) -> Option<Self> {
        Self::of_wire(&event.source.platform, &event.source.chat_id, event.message_id.as_deref()?)
    }

    /// The message of a session that has this id in its chat.
    pub fn of_session(session: &str, message_id: &str) -> Option<Self> {
        let parts: Vec<&str> = session.split(':').collect();
        Self::of_wire(parts.get(2)?, parts.get(4)?, message_id)
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (chat_id, user, number) = (parts.next()?, parts.next()?, parts.next()?);
        let platform = PLATFORMS.iter().position(|platform| platform.get(..1) == chat_id.get(..1))?;
        let session = Session {
            platform: u8::try_from(platform).ok()?,
            chat: chat_id.get(1..)?.parse().ok()?,
            user: user.strip_prefix('u')?.parse().ok()?,
        };
        Some(Self { session, number: number.parse().ok()? }).filter(|_| parts.next().is_none())
    }

    /// The message as the platform hands it over.
    pub fn event(self, text: &str) -> Event {
        let Session { chat, user, .. } = self.session;
        Event {
            text: text.to_owned(),
            message_id: Some(self.wire()),
            source: Source {
                platform: self.session.platform_name().into(),
                chat_id: self.session.chat_id(),
                chat_type: ChatType::Group,
                chat_name: Some(format!("chat {chat}")),
                user_id: Some(format!("u{user}")),
                scope_id: Some("scope".into()),
                ..Source::default()
            },
            ..Event::default()
        }
    }
}

/// One word of the answer to a message; no two words of a run are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    pub message: MessageId,
    pub place: u32,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.message, self.place)
    }
}

impl Word {
    fn parse(text: &str) -> Option<Self> {
        let (message, place) = text.split_once(':')?;
        Some(Self { message: MessageId::parse(message)?, place: place.parse().ok()? })
    }

    /// The words of a text, in their order. What is no word of an answer is left out.
    pub fn all(text: &str) -> Vec<Self> {
        text.split_whitespace().filter_map(Self::parse).collect()
    }
}

/// The title of a step of work on a message.
pub fn work_on(message: MessageId) -> String {
    format!("work:{message}")
}

/// The message that a text shows work on.
pub fn worked_on(text: &str) -> Option<MessageId> {
    text.split_whitespace().find_map(|word| MessageId::parse(word.strip_prefix("work:")?))
}
