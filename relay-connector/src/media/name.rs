//! What a file is called and what it is, made harmless.

/// The longest name, in bytes: what a file system takes.
const MAX_NAME: usize = 255;

/// The longest media type, in bytes.
const MAX_TYPE: usize = 127;

/// What a file is taken for that does not say.
const UNKNOWN: &str = "application/octet-stream";

/// The name as a plain one: without folders, control characters and what turns the writing direction. `None`
/// where nothing is left of it.
pub(crate) fn file_name(header: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(header).ok()?;
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last.chars().filter(|c| !c.is_control() && !turns_text(*c)).collect();
    name.truncate(name.floor_char_boundary(MAX_NAME));
    let name = name.trim().trim_start_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

/// Such characters make `exe.gpj` read as `jpg.exe` and the other way round.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The media type without its parameters, or the one of unknown bytes.
pub(crate) fn content_type(header: Option<&[u8]>) -> String {
    let text = header.and_then(|header| std::str::from_utf8(header).ok()).unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let fits = kind.len() <= MAX_TYPE
        && kind.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    if fits { kind.to_ascii_lowercase() } else { UNKNOWN.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{content_type, file_name};

    #[test]
    fn a_name_has_no_folders_control_characters_or_turned_text() {
        let name = |text: &str| file_name(text.as_bytes());
        assert_eq!(name("photo.jpg").as_deref(), Some("photo.jpg"));
        assert_eq!(name("Büro plan.pdf").as_deref(), Some("Büro plan.pdf"));
        assert_eq!(name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(name(r"C:\Users\me\a.txt").as_deref(), Some("a.txt"));
        assert_eq!(name("a\r\nb\u{0}.txt").as_deref(), Some("ab.txt"));
        assert_eq!(name("gpj\u{202e}.exe").as_deref(), Some("gpj.exe"));
        assert_eq!(name(".ssh").as_deref(), Some("ssh"));
        for nothing in ["", " ", "..", "a/", "\u{7}"] {
            assert_eq!(name(nothing), None, "{nothing:?}");
        }
        assert_eq!(file_name(b"\xff"), None);
        assert_eq!(name(&"ä".repeat(200)).map(|name| name.len()), Some(254));
    }

    #[test]
    fn a_type_is_two_words_or_that_of_unknown_bytes() {
        let kind = |text: &str| content_type(Some(text.as_bytes()));
        assert_eq!(kind("Image/PNG"), "image/png");
        assert_eq!(kind("text/plain; charset=utf-8"), "text/plain");
        assert_eq!(kind("image/svg+xml"), "image/svg+xml");
        for wrong in ["", "png", "a/", "/b", "a/b c", "a/b\nc", &format!("a/{}", "b".repeat(200))] {
            assert_eq!(kind(wrong), "application/octet-stream", "{wrong:?}");
        }
        assert_eq!(content_type(None), "application/octet-stream");
    }
}
