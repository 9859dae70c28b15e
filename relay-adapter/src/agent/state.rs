//! Whether an agent can answer.

use relay_auth::UnixSeconds;

use super::AgentErrorKind;

/// Whether turns can be answered now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentState {
    /// It is being started; turns wait for it.
    Starting,
    /// It answers.
    #[default]
    Ready,
    /// It cannot answer, and an operator may have to act.
    Unavailable {
        /// Since when.
        since: UnixSeconds,
        /// Why.
        reason: AgentErrorKind,
        /// What an operator can do, in one line without secrets.
        remedy: String,
    },
}

impl AgentState {
    /// One word for status and readiness.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}
