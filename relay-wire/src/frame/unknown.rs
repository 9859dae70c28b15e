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

    /// Appends the line as it is. A raw newline within it would begin another line; in JSON it can only be
    /// white space between two tokens, and a blank means the same.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(self.line.as_bytes());
        for byte in &mut out[begin..] {
            if *byte == b'\n' {
                *byte = b' ';
            }
        }
        out.push(b'\n');
    }

    pub(super) fn into_owned(self) -> UnknownFrame<'static> {
        UnknownFrame { kind: owned(self.kind), line: owned(self.line) }
    }
}
