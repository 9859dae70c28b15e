//! What both halves of the relay run on, so that nothing below them reads a clock or rolls dice by itself.
//!
//! - [`Clock`] tells the time of day; [`TestClock`] is one that a test sets.
//! - [`Random`] makes secrets, ids and jitter; with a seed it repeats itself.
//! - [`KeyedExecutor`] runs tasks: those of one key one after the other, those of different keys side by side.

mod clock;
mod executor;
mod lanes;
mod random;
mod reservation;
mod task;

pub use clock::{Clock, TestClock};
pub use executor::{ExecutorLimits, KeyedExecutor};
pub use random::Random;
pub use reservation::Reservation;
pub use task::{ExecutorClosed, SubmitError, TaskError, TaskHandle};
