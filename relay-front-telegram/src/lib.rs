//! Telegram as a chat platform of the connector.
//!
//! A [`TelegramFront`] is added to a connector like any other front; [`TelegramFront::run`] then asks Telegram for
//! what people write, by long polling, until it is stopped. An update is confirmed only after the connector has
//! stored its event, so that a crash between the two costs a repetition and no message.
//!
//! Text, commands, edits, forum topics, places, contacts, buttons, reactions and typing pass; files do not.

mod access;
mod api;
mod api_error;
mod bot_token;
mod events;
mod front;
mod pace;
mod poll;
mod reaction;
mod settings;
mod state;
mod text;
mod update;

pub use access::Access;
pub use api_error::ApiError;
pub use bot_token::{BotToken, BotTokenError};
pub use events::Events;
pub use front::TelegramFront;
pub use settings::TelegramSettings;
pub use state::TelegramState;
