//! How the program ends, after sysexits.h.

use std::process::ExitCode;

use relay_connector_setup::{DataFolderError, SetupError};

/// A refusal that has an exit code of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// What the command is about is not there (`EX_NOINPUT`).
    #[error("{0}")]
    NotFound(String),
    /// The configuration has to be changed first (`EX_CONFIG`).
    #[error("{0}")]
    Configuration(String),
    /// What was looked at has something to mend; its own code.
    #[error("{what}")]
    Check {
        /// What, in a sentence.
        what: String,
        /// The exit code.
        code: u8,
    },
}

/// The number that the shell sees for an error; 1 where none fits better.
pub(crate) fn code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<Refusal>() {
        Some(Refusal::NotFound(_)) => return 66.into(),
        Some(Refusal::Configuration(_)) => return 78.into(),
        Some(Refusal::Check { code, .. }) => return (*code).into(),
        None => {}
    }
    if let Some(error) = error.downcast_ref::<DataFolderError>() {
        return error.code().into();
    }
    match error.downcast_ref::<SetupError>() {
        Some(error) => error.code().into(),
        None => ExitCode::FAILURE,
    }
}
