//! Where a message came from.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::non_empty;
use crate::tolerant;

/// The kind of chat; a word that this version does not know is kept as it is, because the session key is
/// built from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChatType {
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
    Other(String),
}

impl ChatType {
    /// Reads the wire's word; an empty one reads as [`ChatType::Dm`].
    pub fn from_wire(word: String) -> Self {
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
}

impl Serialize for ChatType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ChatType {
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
pub struct Source {
    /// The platform's name, such as `discord`.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub platform: String,
    /// The chat on that platform.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub chat_id: String,
    /// What kind of chat it is.
    pub chat_type: ChatType,
    /// The chat's display name.
    #[serde(deserialize_with = "tolerant::text")]
    pub chat_name: Option<String>,
    /// The author.
    #[serde(deserialize_with = "tolerant::text")]
    pub user_id: Option<String>,
    /// The author's name; see [`display_name`](Self::display_name).
    #[serde(deserialize_with = "tolerant::text")]
    pub user_name: Option<String>,
    /// The thread or forum topic within the chat.
    #[serde(deserialize_with = "tolerant::text")]
    pub thread_id: Option<String>,
    /// The chat's topic line.
    #[serde(deserialize_with = "tolerant::text")]
    pub chat_topic: Option<String>,
    /// The author's name as the platform displays it, where that differs.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub user_display_name: Option<String>,
    /// The author's handle.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<String>,
    /// A second id of the author, stable where `user_id` is not.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub user_id_alt: Option<String>,
    /// A second id of the chat.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub chat_id_alt: Option<String>,
    /// The guild, workspace or server around the chat; see [`scope`](Self::scope).
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub scope_id: Option<String>,
    /// The older name of `scope_id`.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<String>,
    /// The channel that a thread hangs under.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub parent_chat_id: Option<String>,
    /// The message's own id, where the source repeats it.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The agent profile this chat is routed to; none, `""` and `default` mean the main one.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The connector opened the thread for this conversation.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub auto_thread_created: Option<bool>,
    /// The name it gave that thread, so that a later rename can tell whether a person changed it.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub auto_thread_initial_name: Option<String>,
    /// The thread that an answer would open.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub prospective_thread_id: Option<String>,
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

impl Source {
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
}
