//! SQLite as the relay uses it.
//!
//! - [`DatabaseKind`] says what a file is: its mark, its schema and how one version becomes the next.
//! - [`Database`] opens it, refuses what is not ours, and commits what comes together with one flush to the disk.
//! - While the disk is full [`Database::write`] waits and [`Database::write_or_refuse`] does not;
//!   [`Database::is_full`] says so.
//! - [`SqliteError`] names the file, what happened and the remedy.

mod database;
mod error;
mod job;
mod kind;
mod open;
mod reader;
mod writer;

pub use database::Database;
pub use error::{SqliteError, SqliteErrorKind};
pub use kind::DatabaseKind;
