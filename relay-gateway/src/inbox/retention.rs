//! How long the names of messages are kept that are done with.

use std::time::Duration;

/// Bounds of what is kept of finished messages: their names, which a redelivery is recognized by. What is not
/// finished is kept until it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The longest time that a name is kept.
    pub age: Duration,
    /// The most names that are kept; at some 200 bytes each.
    pub count: u32,
}

impl Default for Retention {
    /// A week, and 100,000 names (some 20 MB).
    fn default() -> Self {
        Self { age: Duration::from_hours(7 * 24), count: 100_000 }
    }
}
