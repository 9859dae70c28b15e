//! Why an inbox cannot be opened.

use std::path::{Path, PathBuf};

use relay_sqlite::{SqliteError, SqliteErrorKind};

/// The inbox file cannot be used. Nothing is taken then: an inbox that forgets is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{}; {}", self.problem(), self.remedy())]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be made or the file not be created.
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Box<SqliteError>,
    },
    /// The file or its folder cannot be written.
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<SqliteError>,
    },
    /// Another gateway uses it.
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is no database, or a damaged one.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<SqliteError>,
    },
    /// A database, but of another program.
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that is known here.
        known: i64,
    },
    /// Anything else that SQLite says.
    Other {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<SqliteError>,
    },
}

impl OpenError {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Create { path, .. }
            | Self::ReadOnly { path, .. }
            | Self::InUse { path }
            | Self::Damaged { path, .. }
            | Self::Foreign { path }
            | Self::Newer { path, .. }
            | Self::Other { path, .. } => path,
        }
    }

    /// What is wrong, and with which file.
    pub fn problem(&self) -> String {
        let path = self.path().display();
        match self {
            Self::Create { source, .. } => {
                format!("the inbox {path} cannot be created: {}", source.detail())
            }
            Self::ReadOnly { source, .. } => {
                format!("the inbox {path} cannot be written ({})", source.detail())
            }
            Self::InUse { .. } => format!("the inbox {path} is in use by another gateway"),
            Self::Damaged { source, .. } => format!("the inbox {path} is damaged ({})", source.detail()),
            Self::Foreign { .. } => {
                format!("the file {path} is a database of another program and no inbox")
            }
            Self::Newer { found, known, .. } => format!(
                "the inbox {path} was written by a newer relay-gateway (format {found}, this one knows {known})"
            ),
            Self::Other { source, .. } => format!("the inbox {path} cannot be opened ({})", source.detail()),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Create { .. } => "make its folder writable, or choose another file with --inbox",
            Self::ReadOnly { .. } => {
                "make the file and its folder writable, or choose another file with --inbox"
            }
            Self::InUse { .. } => "stop that one, or give this one a home of its own with --home",
            Self::Damaged { .. } => {
                "move it away to begin with an empty one, and keep it: messages that were taken and not answered \
                 are in it"
            }
            Self::Foreign { .. } => "it was left as it is; choose another file with --inbox",
            Self::Newer { .. } => "update this program, or move the file away",
            Self::Other { .. } => "see to the disk it is on, or choose another file with --inbox",
        }
    }
}

impl From<SqliteError> for OpenError {
    fn from(error: SqliteError) -> Self {
        let path = error.path().to_owned();
        match error.kind() {
            SqliteErrorKind::Create => Self::Create { path, source: error.into() },
            SqliteErrorKind::InUse => Self::InUse { path },
            SqliteErrorKind::ReadOnly => Self::ReadOnly { path, source: error.into() },
            SqliteErrorKind::NotADatabase | SqliteErrorKind::Damaged => {
                Self::Damaged { path, source: error.into() }
            }
            SqliteErrorKind::Foreign => Self::Foreign { path },
            SqliteErrorKind::Newer { found, known } => Self::Newer { path, found, known },
            _ => Self::Other { path, source: error.into() },
        }
    }
}
