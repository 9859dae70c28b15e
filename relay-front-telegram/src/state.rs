//! How a front stands.

/// Whether messages come in from Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TelegramState {
    /// Telegram was not heard yet.
    Starting,
    /// The last poll was answered.
    Live,
    /// Polls fail; they go on.
    Degraded {
        /// Why, and what to do about it.
        why: String,
    },
    /// Nothing comes in any more until somebody mends it.
    Fatal {
        /// Why, and what to do about it.
        why: String,
    },
}
