//! A frame of a later contract.

/// A frame whose type this version does not know, as it came: a gateway or connector ignores it, a proxy
/// passes it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFrame {
    /// Its `type`.
    pub kind: String,
    /// The whole line, without its newline.
    pub line: String,
}

impl UnknownFrame {
    /// Keeps a line that has already been read as JSON.
    pub(super) fn keep(kind: String, line: &[u8]) -> Self {
        Self { kind, line: String::from_utf8_lossy(line).into_owned() }
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
}
