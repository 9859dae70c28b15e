//! Questions to the people of a chat: shown, answered by a press or in words, and withdrawn.

mod asking;
mod desk;
mod display;
mod text;

pub(crate) use asking::Asking;
pub(crate) use desk::{Press, QuestionDesk};
pub(crate) use display::withdraw;
