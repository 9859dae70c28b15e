//! Where a message came from.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::{non_empty, owned, owned_opt};
use crate::{Text, tolerant};

/// The kind of chat; a word that this version does not know is kept as it is, because the session key is
/// built from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChatType<'a> {
    /// A conversation with one person; also what a missing `chat_type` reads as.
    #[default]
    Dm,
    /// A group chat.
    Group,
    /// A channel of a server, workspace or guild.
    Channel,
    /// A thread below a channel.
    Thread,
    /// A forum whose topics are threads.
    Forum,
    /// A kind from a later contract.
    Other(Text<'a>),
}

impl<'a> ChatType<'a> {
    /// Reads the wire's word; an empty one reads as [`ChatType::Dm`].
    pub fn from_wire(word: Text<'a>) -> Self {
        match word.as_ref() {
            "" | "dm" => Self::Dm,
            "group" => Self::Group,
            "channel" => Self::Channel,
            "thread" => Self::Thread,
            "forum" => Self::Forum,
            _ => Self::Other(word),
        }
    }

    /// The wire's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Dm => "dm",
            Self::Group => "group",
            Self::Channel => "channel",
            Self::Thread => "thread",
            Self::Forum => "forum",
            Self::Other(word) => word,
        }
    }

    fn into_owned(self) -> ChatType<'static> {
        match self {
            Self::Dm => ChatType::Dm,
            Self::Group => ChatType::Group,
            Self::Channel => ChatType::Channel,
            Self::Thread => ChatType::Thread,
            Self::Forum => ChatType::Forum,
            Self::Other(word) => ChatType::Other(owned(word)),
        }
    }
}

impl Serialize for ChatType<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ChatType<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(tolerant::text(deserializer)?.map(Self::from_wire).unwrap_or_default())
    }
}

/// The origin of an event (contract, Source). All ids are the platform's own, as opaque text.
///
/// "This came over the relay" is no field of it: the receiving gateway knows it from the socket, and a
/// claim on the wire would be worth nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source<'a> {
    /// The platform's name, such as `discord`.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub platform: Text<'a>,
    /// The chat on that platform.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub chat_id: Text<'a>,
    /// What kind of chat it is.
    #[serde(borrow)]
    pub chat_type: ChatType<'a>,
    /// The chat's display name.
    #[serde(borrow, deserialize_with = "tolerant::text")]
    pub chat_name: Option<Text<'a>>,
    /// The author.
    #[serde(borrow, deserialize_with = "tolerant::text")]
    pub user_id: Option<Text<'a>>,
    /// The author's name; see [`display_name`](Self::display_name).
    #[serde(borrow, deserialize_with = "tolerant::text")]
    pub user_name: Option<Text<'a>>,
    /// The thread or forum topic within the chat.
    #[serde(borrow, deserialize_with = "tolerant::text")]
    pub thread_id: Option<Text<'a>>,
    /// The chat's topic line.
    #[serde(borrow, deserialize_with = "tolerant::text")]
    pub chat_topic: Option<Text<'a>>,
    /// The author's name as the platform displays it, where that differs.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub user_display_name: Option<Text<'a>>,
    /// The author's handle.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<Text<'a>>,
    /// A second id of the author, stable where `user_id` is not.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub user_id_alt: Option<Text<'a>>,
    /// A second id of the chat.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub chat_id_alt: Option<Text<'a>>,
    /// The guild, workspace or server around the chat; see [`scope`](Self::scope).
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub scope_id: Option<Text<'a>>,
    /// The older name of `scope_id`.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Text<'a>>,
    /// The channel that a thread hangs under.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub parent_chat_id: Option<Text<'a>>,
    /// The message's own id, where the source repeats it.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Text<'a>>,
    /// The agent profile this chat is routed to; none, `""` and `default` mean the main one.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub profile: Option<Text<'a>>,
    /// The connector opened the thread for this conversation.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub auto_thread_created: Option<bool>,
    /// The name it gave that thread, so that a later rename can tell whether a person changed it.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub auto_thread_initial_name: Option<Text<'a>>,
    /// The thread that an answer would open.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub prospective_thread_id: Option<Text<'a>>,
    /// The author is a bot.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub is_bot: Option<bool>,
    /// The event reports an edit of an earlier message.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub message_is_edit: Option<bool>,
    /// The connector verified that nobody but the author and the bot is in the chat.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub one_to_one_verified: Option<bool>,
}

impl Source<'_> {
    /// The name to show for the author: `user_display_name`, then `user_name`, then `user_handle`.
    pub fn display_name(&self) -> Option<&str> {
        non_empty(self.user_display_name.as_ref())
            .or_else(|| non_empty(self.user_name.as_ref()))
            .or_else(|| non_empty(self.user_handle.as_ref()))
    }

    /// The scope around the chat: `scope_id`, else its older name `guild_id`.
    pub fn scope(&self) -> Option<&str> {
        non_empty(self.scope_id.as_ref()).or_else(|| non_empty(self.guild_id.as_ref()))
    }

    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> Source<'static> {
        Source {
            platform: owned(self.platform),
            chat_id: owned(self.chat_id),
            chat_type: self.chat_type.into_owned(),
            chat_name: owned_opt(self.chat_name),
            user_id: owned_opt(self.user_id),
            user_name: owned_opt(self.user_name),
            thread_id: owned_opt(self.thread_id),
            chat_topic: owned_opt(self.chat_topic),
            user_display_name: owned_opt(self.user_display_name),
            user_handle: owned_opt(self.user_handle),
            user_id_alt: owned_opt(self.user_id_alt),
            chat_id_alt: owned_opt(self.chat_id_alt),
            scope_id: owned_opt(self.scope_id),
            guild_id: owned_opt(self.guild_id),
            parent_chat_id: owned_opt(self.parent_chat_id),
            message_id: owned_opt(self.message_id),
            profile: owned_opt(self.profile),
            auto_thread_created: self.auto_thread_created,
            auto_thread_initial_name: owned_opt(self.auto_thread_initial_name),
            prospective_thread_id: owned_opt(self.prospective_thread_id),
            is_bot: self.is_bot,
            message_is_edit: self.message_is_edit,
            one_to_one_verified: self.one_to_one_verified,
        }
    }
}
