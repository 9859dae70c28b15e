//! Telegram as a chat platform of the connector.
//!
//! A [`TelegramFront`] is added to a connector like any other front. Run by it, the front asks Telegram for what people
//! write, by long polling. The connector stores each event with the offset behind it, and an update is confirmed only
//! after that: a crash at any time costs no message and repeats none.
//!
//! Text, commands, edits, forum topics, places, contacts, buttons, reactions and typing pass; files do not.

mod access;
mod api;
mod api_error;
mod bot_token;
mod front;
mod offset;
mod pace;
mod poll;
mod reaction;
mod settings;
mod text;
mod update;

pub use access::Access;
pub use api_error::ApiError;
pub use bot_token::{BotToken, BotTokenError};
pub use front::TelegramFront;
pub use settings::TelegramSettings;
