//! Why a line is no frame.

use std::fmt;

use crate::BufferId;

/// Why a line could not be read as a frame. The line is skipped; its neighbours are untouched.
///
/// No variant quotes the line: it may hold what a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The line is not UTF-8.
    NotUtf8 {
        /// Up to which byte it is, counted from 0.
        valid_up_to: usize,
    },
    /// The line is not JSON.
    Malformed {
        /// Where, counted from 1, in bytes.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// The line is JSON, but no object.
    NotAnObject,
    /// A required field is absent, null or of the wrong type.
    Missing {
        /// The frame's type; empty when the type itself is what is missing.
        frame: &'static str,
        /// The field.
        field: &'static str,
        /// The delivery it came in. A frame that can never be read must still be acknowledged, or it
        /// comes again forever.
        buffer_id: Option<BufferId>,
    },
}

impl FrameError {
    /// The delivery that the unreadable frame came in.
    pub fn buffer_id(&self) -> Option<&BufferId> {
        match self {
            Self::Missing { buffer_id, .. } => buffer_id.as_ref(),
            _ => None,
        }
    }

    pub(super) fn missing(frame: &'static str, field: &'static str) -> Self {
        Self::Missing { frame, field, buffer_id: None }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { valid_up_to } => {
                write!(
                    f,
                    "the line is not UTF-8 from byte {valid_up_to} on; frames are UTF-8 JSON, one object a line"
                )
            }
            Self::Malformed { column, reason } => {
                write!(f, "the line is not JSON at column {column}: {reason}")
            }
            Self::NotAnObject => {
                f.write_str("the line is JSON but no object; a frame is an object with a `type`")
            }
            Self::Missing { frame: "", field, .. } => write!(f, "the frame has no usable `{field}`"),
            Self::Missing { frame, field, .. } => {
                write!(f, "the `{frame}` frame has no usable `{field}`, which the contract requires")
            }
        }
    }
}

impl std::error::Error for FrameError {}
