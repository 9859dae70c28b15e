//! The life of agents' processes.

mod failures;
mod keeper;

pub(crate) use keeper::{Keeper, shutdown_takes};
