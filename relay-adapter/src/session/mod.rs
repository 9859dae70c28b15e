//! Sessions: whose turn it is, and the agent's side of each conversation.

mod assignment;
pub(crate) mod choose;
mod open;
mod queue;
mod status;
mod waiting;

pub(crate) use assignment::Assignments;
pub(crate) use open::OpenSessions;
pub(crate) use queue::{Interrupted, Message, Next, Placed, Sessions};
pub(crate) use status::{StatusOf, help_text, status_text};
pub(crate) use waiting::Waiting;
