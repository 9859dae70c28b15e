//! What a check found wrong, in the one form in which every check says it.

use std::fmt;

/// One broken rule: where, what the rule asks for, what is there, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// A file below the workspace root, with a line or a section where there is one.
    pub(crate) place: String,
    /// What the rule asks for.
    pub(crate) expected: String,
    /// What is there instead.
    pub(crate) actual: String,
    /// The next step of whoever reads this.
    pub(crate) remedy: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, expected, actual, remedy } = self;
        write!(f, "{place}\n  expected: {expected}\n  actual:   {actual}\n  next:     {remedy}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_says_place_expected_actual_and_next_step() {
        let violation = Violation {
            place: "relay-wire/Cargo.toml".into(),
            expected: "no tokio".into(),
            actual: "relay-wire -> tokio".into(),
            remedy: "remove it".into(),
        };
        assert_eq!(
            violation.to_string(),
            "relay-wire/Cargo.toml\n  expected: no tokio\n  actual:   relay-wire -> tokio\n  next:     remove it"
        );
    }
}
