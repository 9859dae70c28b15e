//! Text cut to the width of a screen.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text in rows of at most this many columns, broken between words where they fit a row of their own, for
/// reading. There is at least one row, and one for each line break.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let mut row = Row::new(columns);
        for word in line.split_word_bounds() {
            let fits = row.taken + width(word) <= columns;
            if !fits && word.trim().is_empty() {
                // The break itself stands for the blanks.
                continue;
            }
            if !fits && width(word) <= columns {
                rows.push(row.take().trim_end().to_owned());
            }
            row.push(word, &mut rows);
        }
        rows.push(row.take());
    }
    rows
}

/// The text in rows of at most this many columns, broken after any character, for editing: what stands before
/// the cursor breaks in the same places whatever stands behind it.
pub(super) fn fold(text: &str, columns: usize) -> Vec<String> {
    let (mut rows, mut row) = (Vec::new(), Row::new(columns));
    row.push(text, &mut rows);
    rows.push(row.take());
    rows
}

struct Row {
    text: String,
    taken: usize,
    columns: usize,
}

impl Row {
    fn new(columns: usize) -> Self {
        Self { text: String::new(), taken: 0, columns }
    }

    /// Appends a text; rows that are full go to `rows`. No character is cut, as people see it.
    fn push(&mut self, text: &str, rows: &mut Vec<String>) {
        for grapheme in text.graphemes(true) {
            let wide = width(grapheme);
            if self.taken + wide > self.columns {
                rows.push(self.take());
            }
            self.text.push_str(grapheme);
            self.taken += wide;
        }
    }

    fn take(&mut self) -> String {
        self.taken = 0;
        std::mem::take(&mut self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{fold, wrap};

    #[test]
    fn words_move_to_the_next_row_whole_when_they_fit_there() {
        assert_eq!(wrap("a few words here", 8), ["a few", "words", "here"]);
        assert_eq!(wrap("x incomprehensible", 8), ["x incomp", "rehensib", "le"]);
        assert_eq!(wrap("12345678 x", 8), ["12345678", "x"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("a\n\nb", 8), ["a", "", "b"]);
    }

    #[test]
    fn wide_characters_are_counted_in_columns_and_never_cut() {
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrap("👩‍💻👩‍💻", 3), ["👩‍💻", "👩‍💻"]);
    }

    #[test]
    fn what_is_being_typed_breaks_after_any_character_and_keeps_its_blanks() {
        assert_eq!(fold("a few words", 5), ["a few", " word", "s"]);
        assert_eq!(fold("a few", 5), ["a few"]);
    }
}
