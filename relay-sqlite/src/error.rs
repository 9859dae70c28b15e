//! What went wrong with which file, and what to do.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

/// A database could not be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{name} {} {}; {}", path.display(), self.problem(), self.remedy())]
pub struct SqliteError {
    name: &'static str,
    path: PathBuf,
    kind: SqliteErrorKind,
    detail: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The classes of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqliteErrorKind {
    /// The file or its folder cannot be made.
    Create,
    /// The file is something else than a database.
    NotADatabase,
    /// A database of another program.
    Foreign,
    /// A newer program wrote it.
    Newer {
        /// The schema version of the file.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// What is in it contradicts itself.
    Damaged,
    /// It cannot be written.
    ReadOnly,
    /// Another process holds it.
    InUse,
    /// There is no room on the disk.
    Full,
    /// It was closed, or the thread that writes it has ended.
    Closed,
    /// A commit would not survive a power cut, as this SQLite is set.
    NotDurable,
    /// Anything else.
    Other,
}

impl SqliteError {
    pub(crate) fn new(name: &'static str, path: &Path, kind: SqliteErrorKind, detail: String) -> Self {
        Self { name, path: path.to_owned(), kind, detail, source: None }
    }

    pub(crate) fn caused(
        name: &'static str,
        path: &Path,
        kind: SqliteErrorKind,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        let detail = source.to_string();
        Self { source: Some(Arc::new(source)), ..Self::new(name, path, kind, detail) }
    }

    pub(crate) fn of(name: &'static str, path: &Path, error: rusqlite::Error) -> Self {
        Self::caused(name, path, class(&error), error)
    }

    /// The same of an error that is needed further, which is then not its source.
    pub(crate) fn classified(name: &'static str, path: &Path, error: &rusqlite::Error) -> Self {
        Self::new(name, path, class(error), error.to_string())
    }

    /// Its class.
    pub fn kind(&self) -> SqliteErrorKind {
        self.kind
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the system or SQLite says, without file and remedy.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self.kind {
            SqliteErrorKind::Create | SqliteErrorKind::ReadOnly => {
                "make the file and its folder writable, or choose another file"
            }
            SqliteErrorKind::NotADatabase | SqliteErrorKind::Foreign => {
                "nothing was changed; move it away, or choose another file"
            }
            SqliteErrorKind::Newer { .. } => "update this program, or restore a copy made before",
            SqliteErrorKind::Damaged => "restore it from a copy, or move it away to begin with an empty one",
            SqliteErrorKind::InUse => "end the other process that uses it, or choose another file",
            SqliteErrorKind::Full => "free some space on its disk",
            SqliteErrorKind::Closed => "start the program again",
            SqliteErrorKind::NotDurable => "use the SQLite that this program is built with",
            SqliteErrorKind::Other => "see to the disk it is on, or choose another file",
        }
    }

    fn problem(&self) -> String {
        let detail = &self.detail;
        match self.kind {
            SqliteErrorKind::Create => format!("cannot be created ({detail})"),
            SqliteErrorKind::NotADatabase => format!("is no database ({detail})"),
            SqliteErrorKind::Foreign => "is a database of another program".to_owned(),
            SqliteErrorKind::Newer { found, known } => {
                format!("was written by a newer program (schema version {found}, this one knows {known})")
            }
            SqliteErrorKind::Damaged => format!("is damaged ({detail})"),
            SqliteErrorKind::ReadOnly => format!("cannot be written ({detail})"),
            SqliteErrorKind::InUse => "is in use by another process".to_owned(),
            SqliteErrorKind::Full => "is on a disk that is full".to_owned(),
            SqliteErrorKind::Closed => "is closed".to_owned(),
            SqliteErrorKind::NotDurable => format!("does not keep what is committed ({detail})"),
            SqliteErrorKind::Other => format!("cannot be used ({detail})"),
        }
    }
}

fn class(error: &rusqlite::Error) -> SqliteErrorKind {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SqliteErrorKind::InUse,
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            SqliteErrorKind::ReadOnly
        }
        Some(ErrorCode::NotADatabase) => SqliteErrorKind::NotADatabase,
        Some(ErrorCode::DatabaseCorrupt) => SqliteErrorKind::Damaged,
        Some(ErrorCode::DiskFull) => SqliteErrorKind::Full,
        _ => SqliteErrorKind::Other,
    }
}
