//! Sessions: whose turn it is, and the agent's side of each conversation.

pub(crate) mod choose;
mod open;
mod queue;
mod status;

pub(crate) use open::OpenSessions;
pub(crate) use queue::{Message, Placed, Sessions};
pub(crate) use status::{help_text, status_text};
