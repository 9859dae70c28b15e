//! Text made harmless to a terminal: a chat must not move the cursor, set the title or hide its own words.

use std::borrow::Cow;
use std::fmt::Write as _;

const TAB: &str = "    ";

/// The text with what a terminal would obey made visible, and tabs as blanks. Line breaks stay; `\r\n` is one of them.
pub fn visible(text: &str) -> Cow<'_, str> {
    let shown = show(text, false);
    if shown.contains('\t') { Cow::Owned(shown.replace('\t', TAB)) } else { shown }
}

/// The same for a text that is edited: tabs stay, and each kind of line break is `\n`.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    show(text, true)
}

fn show(text: &str, returns_break: bool) -> Cow<'_, str> {
    if !text.contains(|c: char| !matches!(c, '\n' | '\t') && (c.is_control() || is_invisible_order(c))) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' if returns_break => shown.push('\n'),
            // The pictures of the C0 controls stand in their own order from U+2400 on.
            '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
            '\x7f' => shown.push('\u{2421}'),
            c if c.is_control() || is_invisible_order(c) => {
                write!(shown, "<U+{:04X}>", u32::from(c)).expect("a String takes every text");
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Line and paragraph separators, and the marks that turn the reading direction around: what follows them
/// would be shown in an order in which nobody wrote it.
fn is_invisible_order(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(visible("a\u{1b}[2Jb\u{7}"), "a␛[2Jb␇");
        assert_eq!(visible("\u{9b}31m\u{7f}\u{0}"), "<U+009B>31m␡␀");
    }

    #[test]
    fn text_that_would_be_read_backwards_is_shown_as_it_was_written() {
        assert_eq!(visible("abc\u{202e}cba"), "abc<U+202E>cba");
    }

    #[test]
    fn line_breaks_of_both_kinds_stay_and_a_return_alone_does_not_overwrite() {
        assert_eq!(visible("a\r\nb\nc\rd\te"), "a\nb\nc␍d    e");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        assert!(matches!(visible("grüße 👩‍💻\n"), std::borrow::Cow::Borrowed(_)));
    }
}
