//! Text in rows of a width.

use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// The text in rows of at most this many columns: broken between words, or inside one that is longer than a row. There
/// is at least one row, and one for each line break.
pub(crate) fn wrap(text: &str, columns: u16) -> Vec<String> {
    let options = Options::new(usize::from(columns.max(1)))
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// Words end at blanks. Wide characters, which are written without blanks between them, are each a word.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut begins = 0;
    let spaced = WordSeparator::AsciiSpace.find_words(line).flat_map(move |word| {
        let (from, text) = (begins, word.word);
        let end = from + text.len() + word.whitespace.len();
        begins = end;
        let mut cuts = vec![from];
        let mut was_wide = true;
        for (at, grapheme) in text.grapheme_indices(true) {
            let is_wide = grapheme.width() > 1;
            if at > 0 && (is_wide || was_wide) {
                cuts.push(from + at);
            }
            was_wide = is_wide;
        }
        cuts.push(end);
        cuts.windows(2).map(|cut| Word::from(&line[cut[0]..cut[1]])).collect::<Vec<_>>()
    });
    Box::new(spaced)
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn words_move_to_the_next_row_whole_when_they_fit_there() {
        assert_eq!(wrap("a few words here", 8), ["a few", "words", "here"]);
        assert_eq!(wrap("x incomprehensible", 8), ["x", "incompre", "hensible"]);
        assert_eq!(wrap("12345678 x", 8), ["12345678", "x"]);
        assert_eq!(wrap("well-known", 8), ["well-kno", "wn"], "a hyphen may be part of an address");
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("a\n\n    b", 8), ["a", "", "    b"]);
    }

    #[test]
    fn wide_characters_are_counted_in_columns_and_never_cut() {
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrap("漢字漢字", 3), ["漢", "字", "漢", "字"]);
        assert_eq!(wrap("ab漢字", 3), ["ab", "漢", "字"]);
        assert_eq!(wrap("👩‍💻👩‍💻👩‍💻", 5), ["👩‍💻", "👩‍💻", "👩‍💻"]);
        assert_eq!(wrap("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
    }
}
