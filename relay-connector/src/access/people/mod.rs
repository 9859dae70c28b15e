//! People: who may talk to the agent, on any platform.

pub(crate) mod chat_access;
pub(crate) mod code;
pub(crate) mod decision;
mod groups;
pub(crate) mod name;
mod operator;
pub(crate) mod policy;
pub(crate) mod records;
mod strangers;
