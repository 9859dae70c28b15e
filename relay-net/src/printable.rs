//! Text from a peer, made fit for a log line.

use std::fmt::Write as _;

/// The longest text of a peer that is repeated, in characters.
const MAX_CHARS: usize = 200;

/// A peer's text with its control characters escaped and its length bounded, so that it can neither forge log
/// lines nor drive a terminal.
pub fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (count, symbol) in text.chars().enumerate() {
        if count == MAX_CHARS {
            shown.push('…');
            break;
        }
        if symbol.is_control() || is_invisible(symbol) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", symbol.escape_unicode());
        } else {
            shown.push(symbol);
        }
    }
    shown
}

/// Line separators and the marks that reorder what stands around them.
fn is_invisible(symbol: char) -> bool {
    matches!(symbol, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_and_reordering_marks_are_escaped() {
        assert_eq!(printable("a\n\u{1b}[31mb\u{202e}ü"), "a\\u{a}\\u{1b}[31mb\\u{202e}ü");
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = printable(&"x".repeat(10_000));
        assert_eq!(shown.chars().count(), 201);
        assert!(shown.ends_with('…'));
    }
}
