//! What comes over the link, on its way to whoever it is for.

mod delivery;
mod descriptors;
mod intake;
mod queue;

pub use delivery::{Deliveries, Delivery, Events};
pub use descriptors::Descriptors;
pub(super) use intake::{Intake, Taken};
pub(super) use queue::{EventQueue, InterruptQueue};
