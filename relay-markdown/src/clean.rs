//! Characters that no chat shows and that would make its count differ from ours.

use std::borrow::Cow;

/// The text without carriage returns, control characters and direction overrides.
///
/// Joiners and direction marks stay: emoji and right-to-left scripts are made of them. An override would let
/// text read otherwise than it is written.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unwanted) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            other if is_unwanted(other) => {}
            other => clean.push(other),
        }
    }
    Cow::Owned(clean)
}

fn is_unwanted(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}'..='\u{202e}')
}

/// Whether nothing of the text can be seen.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{30a}' | '\u{333}' | '\u{33f}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
                | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_clean_is_not_copied() {
        assert!(matches!(clean("a\n\tb 👩‍👩‍👧 \u{200f}ש"), Cow::Borrowed(_)));
    }

    #[test]
    fn line_ends_become_one_and_controls_and_overrides_go() {
        assert_eq!(clean("a\r\nb\rc\u{2028}d\u{0}e\u{202e}f\u{1b}[0m"), "a\nb\nc\ndef[0m");
    }

    #[test]
    fn joiners_and_blanks_alone_are_nothing_to_see() {
        assert!(is_blank(" \n\u{200b}\u{200d}\u{feff}\u{3164}\u{2800}"));
        assert!(!is_blank(" \u{200b}x"));
    }
}
