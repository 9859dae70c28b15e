//! Admission: from a delivery to a message that is to be answered.

mod admit;
mod backlog;
mod command;
mod discord;
mod recovery;

pub(crate) use admit::Admitting;
pub(crate) use backlog::{Backlog, size_of};
pub use command::chat_commands;
pub(crate) use command::{ChatCommand, for_agent};
pub use discord::interaction_event;
pub(crate) use recovery::Recovery;
