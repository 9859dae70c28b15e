//! What SQLite says, as what happened to which file and what to do.

use std::path::Path;

use rusqlite::ErrorCode;

/// A failure of a database that had been opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the disk that holds {path} is full; free some space there")]
    Full { path: String },
    #[error("{path} cannot be written to; give the connector's user write access to it and to its folder")]
    ReadOnly { path: String },
    #[error("{path} is damaged ({why}); stop the connector and restore the file from a copy")]
    Damaged { path: String, why: String },
    #[error("another program holds {path} for too long; see which one does")]
    Busy { path: String },
    #[error("{path} cannot be used: {why}")]
    Other { path: String, why: String },
    #[error("the thread that uses {path} has ended; start the connector again")]
    Ended { path: String },
}

impl Fault {
    pub(super) fn new(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, why) = (path.display().to_string(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, why },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            _ => Self::Other { path, why },
        }
    }

    pub(super) fn ended(path: &Path) -> Self {
        Self::Ended { path: path.display().to_string() }
    }
}
