//! Agents' processes: their environment, their start, and an end that leaves nothing behind.

mod account;
mod child;
mod environment;
mod lineage;
mod mask;
mod stderr;

pub use account::{Account, AccountError};
pub use child::EndLimits;
pub(crate) use child::{ChildProcess, Streams, describe};
pub use environment::Environment;
pub(crate) use lineage::sweep_leftovers;
pub(crate) use mask::Mask;
pub(crate) use stderr::StderrTail;
