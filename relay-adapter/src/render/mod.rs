//! From an agent's growing text to messages of a platform.

mod card;
mod cut;
mod fence;
mod file;
mod pace;
mod reply;
mod status;
mod work;

pub(crate) use reply::{Reply, Shown};
