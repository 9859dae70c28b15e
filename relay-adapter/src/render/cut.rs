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
    /// than a whole message.
    pub(crate) fn cut(&self, text: &str) -> Cut {
        let end = self.boundary(text, self.max);
        if let Some(opener) = self.open_block(&text[..end]) {
            let closer = fence::closer(opener);
            let reserve = self.unit.len(closer) + 1;
            let end = self.boundary(text, self.max.saturating_sub(reserve));
            let opening_line = text[..end].rfind(opener).map_or(0, |at| at + opener.len());
            // Only where the message holds more than the fences themselves; else the rest never shrinks.
            if self.max > 4 * (reserve + self.unit.len(opener)) && end > opening_line {
                return match self.open_block(&text[..end]) {
                    Some(_) => Cut {
                        head: format!("{}\n{closer}", text[..end].trim_end()),
                        consumed: end + usize::from(text[end..].starts_with('\n')),
                        reopen: self.reopener(&text[..end]),
                    },
                    None => Self::plain(text, end),
                };
            }
        }
        Self::plain(text, end)
    }

    fn plain(text: &str, end: usize) -> Cut {
        let rest = &text[end..];
        let skipped = rest.len() - rest.trim_start_matches([' ', '\n', '\r']).len();
        Cut { head: text[..end].trim_end().to_owned(), consumed: end + skipped, reopen: String::new() }
    }

    /// What a text must begin with that goes on where this one ends.
    pub(crate) fn reopener(&self, text: &str) -> String {
        self.open_block(text).map(|opener| format!("{opener}\n")).unwrap_or_default()
    }

    fn open_block<'t>(&self, text: &'t str) -> Option<&'t str> {
        if self.fences { fence::open_at_end(text) } else { None }
    }

    /// Where to cut a text so that its front is at most `max` long: after a paragraph, else a line, else a
    /// word, each only in the second half, else between graphemes. Never at 0.
    fn boundary(&self, text: &str, max: usize) -> usize {
        let longest = self.longest_prefix(text, max);
        if text[longest..].starts_with('\n') {
            return longest;
        }
        let ends_a_word = text[longest..].starts_with(' ');
        let front = &text[..longest];
        let second_half = |at: &usize| *at >= longest / 2 && *at > 0;
        front
            .rfind("\n\n")
            .filter(second_half)
            .or_else(|| front.rfind('\n').filter(second_half))
            .or_else(|| front.rfind(' ').filter(|at| second_half(at) && !ends_a_word))
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

    use super::Format;

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
    }
}
