//! Telegram as a chat platform of the connector.
//!
//! A [`TelegramFront`] is added to a connector like any other front. Run by it, the front asks Telegram for what people
//! write, by long polling. The connector stores each event with the offset behind it, and an update is confirmed only
//! after that: a crash at any time costs no message and repeats none.
//!
//! Text, files both ways, commands, edits, forum topics, places, contacts, buttons, reactions and typing pass. The
//! gateways' slash commands stand in the bot's menu.

mod api;
mod api_error;
mod bot_token;
mod chat_caller;
mod chat_info;
mod commands;
mod descriptor;
mod form;
mod front;
mod late_edits;
mod media;
mod messages;
mod offset;
mod outcome;
mod pace;
mod performer;
mod placement;
mod poll;
mod probe;
mod prompt;
mod reaction;
mod settings;
mod text;
mod update;

pub use api_error::ApiError;
pub use bot_token::{BotToken, BotTokenError};
pub use front::TelegramFront;
pub use probe::{BotProbe, BotProfile};
pub use settings::TelegramSettings;
