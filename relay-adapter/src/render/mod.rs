//! From an agent's growing text to messages of a platform.

mod answer;
mod cut;
mod fence;
mod pace;

pub(crate) use answer::{Answer, Shown};
