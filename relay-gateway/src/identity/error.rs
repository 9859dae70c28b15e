//! Why there is no identity token.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use relay_config::Origin;
use relay_net::HttpError;

/// What went wrong, where, and what to do. No token is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// There is nothing where a token should be.
    #[error("{place} holds no identity token; put one there")]
    Blank {
        /// Where it was looked for.
        place: String,
    },
    /// Something that no token is.
    #[error("what {place} holds is no identity token ({reason}); put the token there, and nothing else")]
    NoToken {
        /// Where it was found.
        place: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file cannot be read.
    #[error("the identity token in {path} ({origin}) cannot be read: {source}; check the path and its mode")]
    File {
        /// The file.
        path: PathBuf,
        /// What names it.
        origin: Origin,
        /// What the system said.
        source: io::Error,
    },
    /// The file did not give its content in time.
    #[error("{path} ({origin}) gave no identity token within {limit:?}; is it a file?")]
    FileTimeout {
        /// The file.
        path: PathBuf,
        /// What names it.
        origin: Origin,
        /// How long it had.
        limit: Duration,
    },
    /// The command line cannot be split.
    #[error("{origin} is no command line: a quotation is not closed, or nothing is there")]
    CommandLine {
        /// Where it stands.
        origin: Origin,
    },
    /// The program cannot be started.
    #[error("`{program}` ({origin}) cannot be started: {source}; check that it is installed and in PATH")]
    CommandStart {
        /// The program.
        program: String,
        /// What names it.
        origin: Origin,
        /// What the system said.
        source: io::Error,
    },
    /// The program failed.
    #[error("`{program}` ({origin}) failed ({status}); its stderr is in the log")]
    CommandFailed {
        /// The program.
        program: String,
        /// What names it.
        origin: Origin,
        /// How it ended.
        status: String,
    },
    /// The program did not end in time.
    #[error("`{program}` ({origin}) gave no identity token within {limit:?} and was ended")]
    CommandTimeout {
        /// The program.
        program: String,
        /// What names it.
        origin: Origin,
        /// How long it had.
        limit: Duration,
    },
    /// A token endpoint did not answer with a token.
    #[error("{provider} gave no identity token: {source}{remedy}")]
    Endpoint {
        /// Who was asked.
        provider: String,
        /// What came of it.
        source: HttpError,
        /// What to do; begins with a separator where the source does not say it.
        remedy: &'static str,
    },
    /// The portal login cannot be used.
    #[error("{path}: {reason}")]
    Login {
        /// `auth.json`.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A file of the portal login cannot be used.
    #[error("{path} cannot be {what}: {source}; check its folder's mode and the space on its disk")]
    LoginFile {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error("{path} was held by another program for {limit:?}; end that program, or wait for it")]
    LoginLocked {
        /// `auth.lock`.
        path: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
}
