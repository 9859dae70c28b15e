//! Why a file cannot be a connector's store.

use std::error::Error;
use std::path::PathBuf;

use relay_sqlite::{SqliteError, SqliteErrorKind};

/// Why a database cannot be used. Whatever it is, the file is left as it was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file is there and something else.
    #[error(
        "{} is no SQLite database, so the connector does not touch it; move it away, or name another place",
        path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of another program.
    #[error(
        "{} is a database of another program, so the connector does not touch it; name another place",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A database of a later version.
    #[error(
        "{} was written by a newer relay-connector (its schema is version {found}, this one knows {known}); \
         run that version, or restore a copy made before it",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The database is damaged.
    #[error(
        "{} is damaged ({found}); restore it from a copy, or move it away to begin anew: gateways must then \
         enroll again, and what was buffered is lost",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found first.
        found: String,
        /// The error that says so.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It cannot be written to.
    #[error(
        "{} cannot be written to; give the connector's user write access to it and to its folder, or name \
         another place",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Anything else: no such folder, no permission, no space.
    #[error("{} cannot be opened: {why}; name another place, or correct that", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite says.
        why: String,
        /// The error that says so; none where there is no folder for the file.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl From<SqliteError> for OpenError {
    fn from(error: SqliteError) -> Self {
        let (path, why) = (error.path().to_owned(), error.detail().to_owned());
        match error.kind() {
            SqliteErrorKind::NotADatabase => Self::NotADatabase { path },
            SqliteErrorKind::Foreign => Self::Foreign { path },
            SqliteErrorKind::Newer { found, known } => Self::Newer { path, found, known },
            SqliteErrorKind::Damaged => Self::Damaged { path, found: why, source: error.into() },
            SqliteErrorKind::ReadOnly => Self::ReadOnly { path },
            SqliteErrorKind::Full => {
                Self::Unusable { path, why: "the disk is full".to_owned(), source: Some(error.into()) }
            }
            _ => Self::Unusable { path, why, source: Some(error.into()) },
        }
    }
}
