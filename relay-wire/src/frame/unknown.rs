//! A frame of a later contract.

use crate::Text;
use crate::text::owned;

/// A frame whose type this version does not know, as it came: a gateway or connector ignores it, a proxy
/// passes it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFrame<'a> {
    /// Its `type`.
    pub kind: Text<'a>,
    /// The whole line, without its newline.
    pub line: Text<'a>,
}

impl<'a> UnknownFrame<'a> {
    /// Keeps a line that has already been read as JSON.
    pub(super) fn keep(kind: Text<'a>, line: &'a [u8]) -> Self {
        Self { kind, line: String::from_utf8_lossy(line) }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.line.as_bytes());
        out.push(b'\n');
    }

    pub(super) fn into_owned(self) -> UnknownFrame<'static> {
        UnknownFrame { kind: owned(self.kind), line: owned(self.line) }
    }
}
