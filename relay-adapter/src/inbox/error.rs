//! Why an inbox did not commit.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The inbox could not commit. A delivery is then not acknowledged and comes again; an answer is not sent.
#[derive(Clone, Debug)]
pub struct InboxError {
    kind: InboxErrorKind,
    source: Arc<dyn Error + Send + Sync>,
}

/// The classes of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxErrorKind {
    /// It cannot be written: no room, no right, or in use by somebody else.
    Unwritable,
    /// What is in it contradicts itself.
    Damaged,
    /// It was closed: the process ends, or what wrote it has ended.
    Closed,
    /// Anything else.
    Other,
}

impl InboxError {
    /// A failure of this class, and what caused it.
    pub fn new(kind: InboxErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into().into() }
    }

    /// Its class.
    pub fn kind(&self) -> InboxErrorKind {
        self.kind
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self.kind {
            InboxErrorKind::Unwritable => "make its file writable and free some space on its disk",
            InboxErrorKind::Damaged => "stop the gateway and move the file away to begin with an empty one",
            InboxErrorKind::Closed => "start the gateway again",
            InboxErrorKind::Other => "see to the disk that it is on",
        }
    }
}

impl PartialEq for InboxError {
    /// Whether class and words are the same.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.source.to_string() == other.source.to_string()
    }
}

impl fmt::Display for InboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the inbox could not commit ({}); {}", self.source, self.remedy())
    }
}

impl Error for InboxError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::{InboxError, InboxErrorKind};

    #[test]
    fn a_failure_has_a_class_a_cause_and_a_remedy() {
        let error = InboxError::new(InboxErrorKind::Unwritable, "disk full");
        assert_eq!(error.kind(), InboxErrorKind::Unwritable);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk full"));
        assert_eq!(
            error.to_string(),
            "the inbox could not commit (disk full); make its file writable and free some space on its disk"
        );
    }
}
