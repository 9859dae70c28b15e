//! What comes over the link, on its way to whoever it is for.

mod delivery;
mod descriptors;
mod inbound_queues;
mod queue;

pub use delivery::{Deliveries, Delivery, Events};
pub use descriptors::Descriptors;
pub(super) use inbound_queues::{InboundQueues, LineMeaning};
pub(super) use queue::{EventQueue, InterruptQueue};
