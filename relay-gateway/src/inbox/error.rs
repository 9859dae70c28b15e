//! Why an inbox cannot be opened.

use std::io;
use std::path::PathBuf;

use relay_sqlite::{SqliteError, SqliteErrorKind};

/// The inbox file cannot be used. Nothing is taken then: an inbox that forgets is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be made or the file not be created.
    #[error("the inbox {} cannot be created: {source}; make its folder writable, or choose another file with --inbox", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file or its folder cannot be written.
    #[error("the inbox {} cannot be written ({detail}); make the file and its folder writable, or choose another file with --inbox", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// Another gateway uses it.
    #[error("the inbox {} is in use by another gateway; stop that one, or give this one a home of its own with --home", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is no database, or a damaged one.
    #[error("the inbox {} is damaged ({detail}); move it away to begin with an empty one, and keep it: messages that were taken and not answered are in it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// A database, but of another program.
    #[error("the file {} is a database of another program and no inbox; it was left as it is. Choose another file with --inbox", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("the inbox {} was written by a newer relay-gateway (format {found}, this one knows {known}); update this program, or move the file away", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that is known here.
        known: i64,
    },
    /// Anything else that SQLite says.
    #[error("the inbox {} cannot be opened ({detail}); see to the disk it is on, or choose another file with --inbox", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
}

impl From<SqliteError> for OpenError {
    fn from(error: SqliteError) -> Self {
        let path = error.path().to_owned();
        let detail = error.detail().to_owned();
        match error.kind() {
            SqliteErrorKind::Create => Self::Create { path, source: io::Error::other(detail) },
            SqliteErrorKind::InUse => Self::InUse { path },
            SqliteErrorKind::ReadOnly => Self::ReadOnly { path, detail },
            SqliteErrorKind::NotADatabase | SqliteErrorKind::Damaged => Self::Damaged { path, detail },
            SqliteErrorKind::Foreign => Self::Foreign { path },
            SqliteErrorKind::Newer { found, known } => Self::Newer { path, found, known },
            _ => Self::Other { path, detail },
        }
    }
}
