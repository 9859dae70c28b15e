//! How a connection ends, and whether and when the next one is dialed.

mod backoff;
mod disconnect;
mod disconnect_reason;
mod initiator;
mod reconnect_policy;

pub use backoff::Backoff;
pub use disconnect::Disconnect;
pub use disconnect_reason::DisconnectReason;
pub use initiator::Initiator;
pub(super) use reconnect_policy::{Reconnect, ReconnectPolicy};
