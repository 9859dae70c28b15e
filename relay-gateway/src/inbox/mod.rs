//! The durable inbox: SQLite, so that neither a killed process nor a power cut loses what was taken.

mod choice;
mod entries;
mod error;
mod retention;
mod schema;
mod sessions;
mod sqlite;
#[cfg(test)]
mod tests;

pub use choice::{InboxChoice, OpenedInbox};
pub use error::OpenError;
pub use retention::Retention;
pub use sessions::SqliteSessions;
pub use sqlite::SqliteInbox;
