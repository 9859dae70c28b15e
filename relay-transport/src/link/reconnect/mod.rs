//! How a connection ends, and whether and when the next one is dialed.

mod backoff;
mod loss;
mod verdict;

pub use backoff::Backoff;
pub use loss::{Initiator, Loss};
pub(super) use verdict::{Standing, Verdict};
