//! Repair of lone surrogates.
//!
//! A connector written in a language of UTF-16 strings can cut an emoji in half and send the half as the
//! escape `\ud83d`. JSON allows the escape, UTF-8 cannot hold it, so the line would be lost, and, when it
//! is buffered, come again forever. Each lone half reads as U+FFFD instead.

const ESCAPE_LEN: usize = "\\ud83d".len();

/// The line with every lone surrogate escape replaced by `\ufffd`, or `None` when it has none.
pub(crate) fn repair(line: &[u8]) -> Option<Vec<u8>> {
    let mut repaired: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(step) = memchr::memchr(b'\\', &line[at..]) {
        at += step;
        match surrogate(&line[at..]) {
            Some(Half::High) if surrogate(&line[at + ESCAPE_LEN..]) == Some(Half::Low) => {
                at += 2 * ESCAPE_LEN;
            }
            Some(_) => {
                let copy = repaired.get_or_insert_with(|| line.to_vec());
                copy[at..at + ESCAPE_LEN].copy_from_slice(b"\\ufffd");
                at += ESCAPE_LEN;
            }
            // Any other escape: step over the escaped byte too, so that `\\ud83d` stays text.
            None => at = (at + 2).min(line.len()),
        }
    }
    repaired
}

#[derive(PartialEq)]
enum Half {
    High,
    Low,
}

fn surrogate(bytes: &[u8]) -> Option<Half> {
    let digits = bytes.get(..ESCAPE_LEN)?.strip_prefix(b"\\u")?;
    let code = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    match code {
        0xD800..=0xDBFF => Some(Half::High),
        0xDC00..=0xDFFF => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::repair;

    #[test]
    fn a_lone_half_becomes_the_replacement_character() {
        assert_eq!(repair(br#""a\ud83d""#).as_deref(), Some(br#""a\ufffd""#.as_slice()));
        assert_eq!(repair(br#""\udd0c\ud83dx""#).as_deref(), Some(br#""\ufffd\ufffdx""#.as_slice()));
        assert_eq!(
            repair(br#""\ud83d\ud83d\udd0c""#).as_deref(),
            Some(br#""\ufffd\ud83d\udd0c""#.as_slice())
        );
    }

    #[test]
    fn whole_pairs_other_escapes_and_escaped_backslashes_stay() {
        assert_eq!(repair(br#""\ud83d\udd0c \u0041 \n""#), None);
        assert_eq!(repair(br#""\\ud83d""#), None);
        assert_eq!(repair(b"\"\\"), None);
        assert_eq!(repair(b"\"\\ud8"), None);
    }
}
