//! What a person gives to `enroll`, each with the place it came from.

use std::ffi::OsString;
use std::io::Read;

use relay_config::Setting;

/// The longest token, in bytes.
pub(super) const MAX_TOKEN: usize = 64 * 1024;

/// The longest name of a gateway, in bytes.
pub(super) const MAX_ID: usize = 256;

/// The longest address, in bytes.
pub(super) const MAX_URL: usize = 8 * 1024;

/// A value that can be used, without the blanks around it, and where it came from.
pub(super) struct Value {
    pub(super) text: String,
    pub(super) place: String,
}

/// The value of an option, else the one that is configured. An option that is given counts, even where nothing
/// is in it: whoever wrote `--token "$TOKEN"` did not mean another token.
pub(super) fn value(
    option: &str,
    given: Option<OsString>,
    configured: Option<Setting<String>>,
    max: usize,
) -> Result<Option<Value>, String> {
    let (text, place) = match (given, configured) {
        (Some(given), _) => {
            let text = given
                .into_string()
                .map_err(|_| format!("{option} is not UTF-8; check where it comes from"))?;
            (text, option.to_owned())
        }
        (None, Some(configured)) => (configured.value, configured.origin.to_string()),
        (None, None) => return Ok(None),
    };
    checked(&text, place, max).map(Some)
}

/// The token on standard input.
pub(super) fn from_stdin(input: impl Read) -> Result<Value, String> {
    let place = "standard input".to_owned();
    let mut bytes = Vec::new();
    let read = input.take(MAX_TOKEN as u64 + 1024).read_to_end(&mut bytes);
    read.map_err(|error| format!("{place} cannot be read: {error}; give the token with --token"))?;
    let text =
        String::from_utf8(bytes).map_err(|_| format!("{place} is not UTF-8; check where it comes from"))?;
    checked(&text, place, MAX_TOKEN)
}

fn checked(text: &str, place: String, max: usize) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{place} is empty; put the value there"));
    }
    if text.len() > max {
        return Err(format!("{place} is longer than {max} bytes; is it the right value?"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!(
            "{place} holds a line break or another control character; check where it comes from"
        ));
    }
    Ok(Value { text: text.to_owned(), place })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    use super::{MAX_TOKEN, from_stdin, value};

    fn given(bytes: &[u8]) -> Result<String, String> {
        let given = Some(OsString::from_vec(bytes.to_vec()));
        value("--token", given, None, MAX_TOKEN).map(|value| value.expect("given").text)
    }

    #[test]
    fn a_value_is_trimmed_and_a_useless_one_is_refused_with_its_place() {
        assert_eq!(given(b" \tabc\r\n"), Ok("abc".to_owned()));
        for (bytes, told) in [
            (&b""[..], "--token is empty"),
            (b" \n ", "--token is empty"),
            (b"hunter2\xFF", "--token is not UTF-8"),
            (b"hunter2\nhunter3", "--token holds a line break"),
            (b"hunter2\0", "--token holds a line break"),
            (&vec![b'h'; MAX_TOKEN + 1], "--token is longer than 65536 bytes"),
            (&vec![b'h'; 1 << 20], "--token is longer than 65536 bytes"),
        ] {
            let fault = given(bytes).expect_err("refused");
            assert!(fault.starts_with(told) && !fault.contains("hunter"), "{fault}");
        }
        assert!(given(&vec![b'h'; MAX_TOKEN]).is_ok());
        assert!(value("--token", None, None, 1).is_ok_and(|value| value.is_none()));
    }

    #[test]
    fn standard_input_is_bounded_and_named_too() {
        let read = |bytes: &[u8]| from_stdin(bytes).map(|value| value.text);
        assert_eq!(read(b"abc\n"), Ok("abc".to_owned()));
        for bytes in [&b"\n"[..], b"\xFF", &vec![b'h'; 1 << 20]] {
            let fault = read(bytes).expect_err("refused");
            assert!(fault.starts_with("standard input is "), "{fault}");
        }
    }
}
