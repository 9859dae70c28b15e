//! What a check found.

use crate::cli::Exit;

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckOutcome {
    /// All is well; this is what was found.
    Passed(String),
    /// The gateway runs with it; it is worth mending all the same.
    Warned(Finding),
    /// The gateway does not work like this.
    Failed(Finding, Exit),
    /// It could not be looked at, for this reason.
    Skipped(String),
}

/// What is wrong and where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Finding {
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

impl CheckOutcome {
    /// One word, for the table and for machines.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Warned(_) => "warned",
            Self::Failed(..) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    /// What was found.
    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::Passed(detail) | Self::Skipped(detail) => detail,
            Self::Warned(fault) | Self::Failed(fault, _) => &fault.what,
        }
    }

    /// What to do, where there is something.
    pub(crate) fn remedy(&self) -> Option<&str> {
        match self {
            Self::Passed(_) | Self::Skipped(_) => None,
            Self::Warned(fault) | Self::Failed(fault, _) => Some(&fault.remedy),
        }
    }
}

/// A check by its name, and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) outcome: CheckOutcome,
}

/// How the program ends: as the first check that failed says.
pub(crate) fn exit(checks: &[Check]) -> Exit {
    let failed = checks.iter().find_map(|check| match check.outcome {
        CheckOutcome::Failed(_, exit) => Some(exit),
        _ => None,
    });
    failed.unwrap_or(Exit::Done)
}
