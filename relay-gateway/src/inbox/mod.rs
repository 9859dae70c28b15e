//! The durable inbox: SQLite, so that neither a killed process nor a power cut loses what was taken.

mod choice;
mod commands;
mod database;
mod error;
mod retention;
mod sqlite;
#[cfg(test)]
mod tests;
mod writer;

pub use choice::InboxChoice;
pub use error::OpenError;
pub use retention::Retention;
pub use sqlite::SqliteInbox;
