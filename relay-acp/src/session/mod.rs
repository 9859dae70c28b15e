//! Conversations: how a session is opened, what a turn is, what people are asked.

mod calls;
mod content;
mod conversation;
mod facts;
mod folder;
mod form;
mod item;
mod permission;
mod replay;
mod slot;
mod tools;
mod turn;

pub(crate) use calls::{check_login, check_mode};
pub(crate) use content::line;
pub(crate) use conversation::AcpSession;
pub(crate) use folder::root as make_root;
pub(crate) use item::{Asked, OpenQuestion};
pub(crate) use slot::Slot;
