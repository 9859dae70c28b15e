//! Why a call to Telegram came to nothing.

use std::time::Duration;

/// Why a method of the Bot API was not performed, or may not have been. No text holds the bot's token, and no
/// error is behind these: those of HTTP name a URL, which holds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// 401, 404 of every method: the token is not, or no longer, a bot's.
    #[error("Telegram does not know the bot's token ({0}); take the token from @BotFather and start again")]
    Unauthorized(String),
    /// 409: another program takes this bot's updates.
    #[error(
        "another program takes this bot's updates ({0}); stop it, or give each its own bot: one token has one reader"
    )]
    Conflict(String),
    /// 429: not before this time has passed.
    #[error("Telegram asks to wait {} s", .retry_after.as_secs())]
    TooMany {
        /// How long.
        retry_after: Duration,
    },
    /// 400: the group has become a supergroup of this id.
    #[error("the group is now the supergroup {chat_id}")]
    Migrated {
        /// The new chat.
        chat_id: i64,
    },
    /// 403: the bot may not write there.
    #[error("Telegram forbids it: {0}")]
    Forbidden(String),
    /// 400 or another refusal.
    #[error("Telegram refuses it: {0}")]
    Refused(String),
    /// The call never reached Telegram.
    #[error("Telegram was not reached: {0}")]
    Unreached(String),
    /// The call was made, and no answer says what became of it.
    #[error("what became of a call to Telegram is unknown: {0}")]
    Unknown(String),
}

impl ApiError {
    /// Whether Telegram may have done what was asked.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether the refusal is about how the text is marked.
    pub(crate) fn is_about_entities(&self) -> bool {
        matches!(self, Self::Refused(text) if text.to_lowercase().contains("entit"))
    }

    /// Whether the message is already as it should be.
    pub(crate) fn is_unchanged(&self) -> bool {
        matches!(self, Self::Refused(text) if text.contains("message is not modified"))
    }
}
