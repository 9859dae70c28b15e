//! How the program ends, after sysexits.h.

use std::process::ExitCode;

use relay_connector::OpenError;

/// A refusal that has an exit code of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// What the command is about is not there (`EX_NOINPUT`).
    #[error("{0}")]
    NotFound(String),
    /// The store cannot be used (`EX_IOERR`).
    #[error(transparent)]
    Store(OpenError),
    /// Another connector is in the way (`EX_TEMPFAIL`).
    #[error("{0}")]
    InUse(String),
}

/// The number that the shell sees for an error; 1 where none fits better.
pub(crate) fn code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<Refusal>() {
        Some(Refusal::NotFound(_)) => 66.into(),
        Some(Refusal::Store(_)) => 74.into(),
        Some(Refusal::InUse(_)) => 75.into(),
        None => ExitCode::FAILURE,
    }
}
