//! What was found of one front.

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrontCheck {
    /// What, such as `telegram token`.
    pub name: &'static str,
    /// What came of it.
    pub outcome: FrontCheckOutcome,
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrontCheckOutcome {
    /// All is well; this is what was found.
    Passed(String),
    /// The front works with it; it is worth mending all the same.
    Warned {
        /// What was found.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// The front does not work like this.
    Failed {
        /// What was found.
        what: String,
        /// What to do about it.
        remedy: String,
        /// Of which kind it is.
        failure: FrontFailure,
    },
    /// It could not be looked at, for this reason.
    Skipped(String),
}

/// Why a front does not work. The numbers are sysexits'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontFailure {
    /// The platform cannot be reached; trying again may help.
    Unreachable,
    /// Another program is in the way.
    InUse,
    /// The platform does not accept the secret.
    Refused,
    /// The configuration has to be changed first.
    Configuration,
}

impl FrontFailure {
    /// The exit code that tells it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unreachable => 69,
            Self::InUse => 75,
            Self::Refused => 77,
            Self::Configuration => 78,
        }
    }
}

impl FrontCheck {
    pub(crate) fn passed(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, outcome: FrontCheckOutcome::Passed(what.into()) }
    }

    pub(crate) fn warned(name: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, outcome: FrontCheckOutcome::Warned { what: what.into(), remedy: remedy.into() } }
    }

    pub(crate) fn failed(
        name: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
        failure: FrontFailure,
    ) -> Self {
        Self {
            name,
            outcome: FrontCheckOutcome::Failed { what: what.into(), remedy: remedy.into(), failure },
        }
    }

    pub(crate) fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, outcome: FrontCheckOutcome::Skipped(why.into()) }
    }
}
