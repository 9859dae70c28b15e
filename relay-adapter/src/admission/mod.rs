//! Admission: from a delivery to a message that is to be answered.

mod admit;
mod command;
mod discord;

pub(crate) use admit::Admitting;
pub use command::chat_commands;
pub(crate) use command::{ChatCommand, for_agent};
pub use discord::interaction_event;
