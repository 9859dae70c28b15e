//! From a line's bytes to fields, and from a frame to a line.

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::FrameError;
use crate::surrogate;

/// What reading a line comes to: its fields, or, where it had to be repaired, the copy to read instead.
pub(super) enum Read<T> {
    Fields(T),
    Repaired(Vec<u8>),
}

/// Reads a line into a set of fields.
pub(super) fn read<T: DeserializeOwned>(line: &[u8]) -> Result<Read<T>, FrameError> {
    let text = std::str::from_utf8(line)
        .map_err(|error| FrameError::NotUtf8 { valid_up_to: error.valid_up_to() })?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => FrameError::NotAnObject,
            Err(error) => malformed(&error),
        });
    }
    match serde_json::from_str(text) {
        Ok(fields) => Ok(Read::Fields(fields)),
        Err(error) => surrogate::repair(line)
            .or_else(|| error.is_data().then(|| last_of_each_name(text))?)
            .map(Read::Repaired)
            .ok_or_else(|| malformed(&error)),
    }
}

/// The line with the last value of each name, or `None` when every name stands once.
///
/// JSON leaves open what a repeated name means. Peers in JavaScript and Python read the last one, so a line
/// must not mean something else here, nor be lost. Field readers accept any value, which leaves a repeated
/// name as the only fault in a line that is JSON; only such a line pays for this second pass.
fn last_of_each_name(text: &str) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let rewritten = serde_json::to_vec(&value).ok()?;
    (rewritten != text.as_bytes()).then_some(rewritten)
}

/// Appends a frame and its newline.
pub(super) fn write(frame: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, frame).expect("frames are plain data and a Vec takes every byte");
    out.push(b'\n');
}

/// The parser's reason, without its own copy of the position.
fn malformed(error: &serde_json::Error) -> FrameError {
    let mut reason = error.to_string();
    if let Some(end) = reason.rfind(" at line ") {
        reason.truncate(end);
    }
    FrameError::Malformed { column: error.column(), reason }
}

#[cfg(test)]
mod tests {
    use super::last_of_each_name;

    #[test]
    fn a_line_is_rewritten_once_and_then_left_as_it_is() {
        let rewritten = last_of_each_name(r#"{"a": {"b": 1, "b": 2}, "a": {"b": 3, "b": 4}}"#);
        assert_eq!(rewritten.as_deref(), Some(br#"{"a":{"b":4}}"#.as_slice()));
        assert_eq!(last_of_each_name(r#"{"a":{"b":4}}"#), None, "or reading would never end");
        assert_eq!(last_of_each_name(r#"{"a":"#), None);
    }
}
