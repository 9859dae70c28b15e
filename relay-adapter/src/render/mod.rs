//! From an agent's growing text to messages of a platform.

mod cut;
mod fence;
mod pace;
mod reply;

pub(crate) use reply::{Reply, Shown};
