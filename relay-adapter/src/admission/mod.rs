//! Admission: from a delivery to a message that is to be answered.

mod admit;
mod discord;
mod stop;

pub(crate) use admit::Admitting;
pub use discord::interaction_event;
pub(crate) use stop::is_stop;
