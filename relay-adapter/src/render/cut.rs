//! Cutting a text to a platform's message length.

use relay_wire::{CapabilityDescriptor, LenUnit};
use unicode_segmentation::UnicodeSegmentation as _;

use super::fence;

/// What a platform's message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    max: usize,
    unit: LenUnit,
    /// Fenced code is shown as code, so a fence that is cut must be closed and opened again.
    fences: bool,
}

/// A message cut off the front of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The message.
    pub(crate) head: String,
    /// How many bytes of the text it used up.
    pub(crate) consumed: usize,
    /// What the rest must begin with, to go on inside a code block.
    pub(crate) reopen: String,
}

impl Format {
    pub(crate) fn of(descriptor: &CapabilityDescriptor) -> Self {
        Self {
            max: descriptor.max_message_length.max(1),
            unit: descriptor.len_unit,
            fences: descriptor.shows_code_blocks(),
        }
    }

    /// The text as one message, an open code block closed; `None` when it is too long for that.
    pub(crate) fn whole(&self, text: &str) -> Option<String> {
        let text = text.trim_end();
        if self.unit.len(text) > self.max {
            return None;
        }
        let Some(opener) = self.open_block(text) else { return Some(text.to_owned()) };
        let closed = format!("{text}\n{}", fence::closer(opener));
        (self.unit.len(&closed) <= self.max).then_some(closed)
    }

    /// The first message of a text that is too long for one. A grapheme is never cut, unless it is longer
    /// than a whole message; nor is the line that opens a code block, unless nothing else would fit.
    pub(crate) fn cut(&self, text: &str) -> Cut {
        let mut room = self.max;
        let (end, opener) = loop {
            let end = self.boundary(text, room);
            let Some(opener) = self.open_block(&text[..end]) else { return Self::plain(text, end) };
            let within = self.max.saturating_sub(self.unit.len(fence::closer(opener)) + 1);
            if room <= within || room == 0 {
                break (end, opener);
            }
            // A shorter front may end in another block, whose closing line is longer.
            room = within;
        };
        let block = fence::opening(&text[..end]).unwrap_or_default();
        let code = block + text[block..].find('\n').map_or(text.len(), |at| at + 1);
        let holds_code = |end: usize| end > code && !text[code..end].trim().is_empty();
        if holds_code(end) {
            return Self::inside(text, end, opener);
        }
        if !text[..block].trim().is_empty() {
            // No code fits behind the opening line: the block goes into the next message as a whole.
            return Self::plain(text, block);
        }
        let longest = self.longest_prefix(text, room);
        if holds_code(longest) { Self::inside(text, longest, opener) } else { Self::plain(text, end) }
    }

    /// The first message of a text, where it is to end; that much fits into one.
    pub(crate) fn cut_at(&self, text: &str, end: usize) -> Cut {
        match self.open_block(&text[..end]) {
            Some(opener) => Self::inside(text, end, opener),
            None => Self::plain(text, end),
        }
    }

    /// Cuts inside a block: closes it, and opens it again in the next message unless it ends there anyway.
    fn inside(text: &str, end: usize, opener: &str) -> Cut {
        let closer = fence::closer(opener);
        let head = format!("{}\n{closer}", text[..end].trim_end());
        let consumed = end + usize::from(text[end..].starts_with('\n'));
        let next = text[consumed..].split_inclusive('\n').next().unwrap_or_default();
        if fence::closes(next, opener) && next.ends_with('\n') {
            let Cut { consumed, .. } = Self::plain(text, consumed + next.len());
            return Cut { head, consumed, reopen: String::new() };
        }
        Cut { head, consumed, reopen: format!("{}\n", fence::reopener(opener)) }
    }

    fn plain(text: &str, end: usize) -> Cut {
        let blanks =
            text[end..].graphemes(true).take_while(|piece| matches!(*piece, " " | "\n" | "\r" | "\r\n"));
        let skipped: usize = blanks.map(str::len).sum();
        Cut { head: text[..end].trim_end().to_owned(), consumed: end + skipped, reopen: String::new() }
    }

    /// What a text must begin with that goes on where this one ends.
    pub(crate) fn reopener(&self, text: &str) -> String {
        self.open_block(text).map(|opener| format!("{}\n", fence::reopener(opener))).unwrap_or_default()
    }

    fn open_block<'t>(&self, text: &'t str) -> Option<&'t str> {
        if self.fences { fence::open_at_end(text) } else { None }
    }

    /// Where to cut a text so that its front is at most `max` long: after a paragraph, else a line, else a
    /// word, each only in the second half, else between graphemes. Never at 0.
    fn boundary(&self, text: &str, max: usize) -> usize {
        let longest = self.longest_prefix(text, max);
        let front = &text[..longest];
        // A blank that carries a mark is a character of its own.
        let is_blank = |at: usize| text[at..].graphemes(true).next() == Some(" ");
        if text[longest..].starts_with('\n') {
            return longest;
        }
        let ends_a_word = text[longest..].starts_with(' ') && is_blank(longest);
        let second_half = |at: &usize| *at >= longest / 2 && *at > 0;
        front
            .rfind("\n\n")
            .filter(second_half)
            .or_else(|| front.rfind('\n').filter(second_half))
            .or_else(|| {
                let blank = front.rmatch_indices(' ').map(|(at, _)| at).find(|&at| is_blank(at));
                blank.filter(|at| second_half(at) && !ends_a_word)
            })
            .unwrap_or(longest)
    }

    fn longest_prefix(&self, text: &str, max: usize) -> usize {
        let fits = |pieces: &mut dyn Iterator<Item = (usize, &str)>| {
            let (mut used, mut end) = (0, 0);
            for (at, piece) in pieces {
                used += self.unit.len(piece);
                if used > max {
                    break;
                }
                end = at + piece.len();
            }
            end
        };
        let whole = fits(&mut text.grapheme_indices(true));
        if whole > 0 {
            return whole;
        }
        let by_char = fits(&mut text.char_indices().map(|(at, c)| (at, &text[at..at + c.len_utf8()])));
        by_char.max(text.chars().next().map_or(0, char::len_utf8))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use relay_wire::LenUnit;
    use unicode_segmentation::UnicodeSegmentation as _;

    use super::{Format, fence};

    fn messages(format: Format, text: &str) -> Vec<String> {
        let mut rest = text.to_owned();
        let mut out = Vec::new();
        loop {
            if rest.trim().is_empty() {
                return out;
            }
            if let Some(last) = format.whole(&rest) {
                out.push(last);
                return out;
            }
            let cut = format.cut(&rest);
            assert!(cut.consumed > cut.reopen.len(), "every cut makes the rest shorter");
            out.push(cut.head);
            rest = cut.reopen + &rest[cut.consumed..];
        }
    }

    fn chars(max: usize) -> Format {
        Format { max, unit: LenUnit::Chars, fences: false }
    }

    #[test]
    fn a_text_is_cut_after_a_paragraph_else_a_line_else_a_word() {
        assert_eq!(
            messages(chars(20), "first para\n\nsecond one is here"),
            ["first para", "second one is here"]
        );
        assert_eq!(messages(chars(16), "first line\nsecond line"), ["first line", "second line"]);
        assert_eq!(messages(chars(10), "one two three four"), ["one two", "three four"]);
        assert_eq!(messages(chars(4), "abcdefghij"), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn length_is_counted_in_the_platforms_unit() {
        let text = "\u{1F600}\u{1F600}\u{1F600}";
        assert_eq!(messages(chars(2), text).len(), 2);
        assert_eq!(messages(Format { unit: LenUnit::Utf16, ..chars(2) }, text).len(), 3);
    }

    #[test]
    fn a_family_is_not_torn_apart() {
        let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}";
        assert_eq!(messages(chars(6), &format!("ab{family}cd")), ["ab", &format!("{family}c"), "d"]);
    }

    #[test]
    fn a_cut_code_block_is_closed_and_opened_again() {
        let format = Format { fences: true, ..chars(60) };
        let text =
            "look:\n```rust\nlet first = 1;\nlet second = 2;\nlet third = 3;\nlet fourth = 4;\n```\ndone";
        assert_eq!(
            messages(format, text),
            [
                "look:\n```rust\nlet first = 1;\nlet second = 2;\n```",
                "```rust\nlet third = 3;\nlet fourth = 4;\n```\ndone",
            ]
        );
        assert_eq!(format.whole("```py\nx = 1").as_deref(), Some("```py\nx = 1\n```"));
    }

    #[test]
    fn a_block_that_opens_near_the_cut_goes_into_the_next_message_whole() {
        let format = Format { fences: true, ..chars(60) };
        let words = "a".repeat(40);
        let text = format!("{words}\n```rust\nlet first = 1;\nlet second = 2;\n```\nand prose after it");
        assert_eq!(
            messages(format, &text),
            [words.as_str(), "```rust\nlet first = 1;\nlet second = 2;\n```", "and prose after it"]
        );
    }

    #[test]
    fn a_block_that_ends_at_the_cut_is_not_opened_again() {
        let format = Format { fences: true, ..chars(42) };
        let text = "```\nlet first = 1;\nlet second_one = 2;\n``````\nprose goes on";
        assert_eq!(
            messages(format, text),
            ["```\nlet first = 1;\nlet second_one = 2;\n```", "prose goes on"]
        );
    }

    #[test]
    fn a_mark_on_a_blank_stays_on_it() {
        assert_eq!(messages(chars(8), "abcd \u{301}efgh"), ["abcd \u{301}ef", "gh"]);
    }

    #[test]
    fn a_limit_too_small_for_fences_still_ends() {
        let format = Format { fences: true, ..chars(5) };
        assert!(
            messages(format, "```rust\nlet a = 1;\n```").iter().all(|message| message.chars().count() <= 5)
        );
    }

    proptest! {
        #[test]
        fn every_message_fits_and_nothing_but_white_space_is_lost(text in "[a-z \n\u{1F468}\u{200D}\u{301}é]{0,200}", max in 8_usize..40) {
            let format = chars(max);
            let out = messages(format, &text);
            for message in &out {
                prop_assert!(message.chars().count() <= max, "{message:?}");
            }
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&out.concat()), bare(&text));
        }

        #[test]
        fn graphemes_of_a_text_come_out_whole(text in "[a\u{301}\u{1F468}\u{200D}é]{0,60}") {
            let text = text.repeat(3);
            let joined: String = messages(chars(70), &text).concat();
            prop_assert_eq!(
                joined.graphemes(true).collect::<Vec<_>>(),
                text.graphemes(true).collect::<Vec<_>>()
            );
        }

        #[test]
        fn code_blocks_of_any_text_keep_within_the_limit(text in "(```[a-z]{0,3}\n|[a-z ]{0,12}\n|````\n){0,20}", max in 30_usize..60) {
            let format = Format { fences: true, ..chars(max) };
            for message in messages(format, &text) {
                prop_assert!(message.chars().count() <= max, "{message:?}");
            }
        }

        #[test]
        fn every_message_has_even_fences_and_code_stays_code(blocks in blocks(), language in "[a-z]{0,30}", closer in "`{3,12}", max in 48_usize..120) {
            let format = Format { fences: true, ..chars(max) };
            let text: String = blocks.iter().map(|(is_code, words)| {
                if *is_code { format!("```{language}\n{words}\n{closer}\n") } else { format!("{words}\n") }
            }).collect();
            let mut shown = [String::new(), String::new()];
            for message in messages(format, &text) {
                prop_assert!(message.chars().count() <= max, "{message:?}");
                prop_assert_eq!(fence::open_at_end(&message), None, "{}", &message);
                let mut code = false;
                for line in message.lines() {
                    if line.starts_with('`') {
                        code = !code;
                    } else {
                        shown[usize::from(code)].extend(line.split_whitespace());
                    }
                }
            }
            let said = [false, true].map(|wanted| {
                let words = blocks.iter().filter(|(is_code, _)| *is_code == wanted);
                words.flat_map(|(_, words)| words.split_whitespace()).collect::<String>()
            });
            prop_assert_eq!(shown, said);
        }
    }

    /// Prose and code in turns; what each says.
    fn blocks() -> impl Strategy<Value = Vec<(bool, String)>> {
        let words = "[a-z]{1,16}([ \n][a-z]{1,16}){0,12}";
        prop::collection::vec((any::<bool>(), words), 1..8)
    }
}
