//! Text out of a stream of bytes that may be cut anywhere.

/// Decodes UTF-8 as it comes: a character that is cut between two chunks is held back until it is whole,
/// and what is no UTF-8 at all reads as U+FFFD.
#[derive(Debug, Default)]
pub(super) struct StreamText {
    held: Vec<u8>,
}

impl StreamText {
    /// The text that a chunk completes.
    pub(super) fn push(&mut self, chunk: &[u8]) -> String {
        self.held.extend_from_slice(chunk);
        let mut text = String::new();
        let mut used = 0;
        for part in self.held.utf8_chunks() {
            text.push_str(part.valid());
            used += part.valid().len();
            let invalid = part.invalid();
            let may_go_on = used + invalid.len() == self.held.len() && is_unfinished(invalid);
            if !invalid.is_empty() && !may_go_on {
                text.push(char::REPLACEMENT_CHARACTER);
                used += invalid.len();
            }
        }
        self.held.drain(..used);
        text
    }

    /// What the stream's end leaves behind.
    pub(super) fn finish(self) -> Option<char> {
        (!self.held.is_empty()).then_some(char::REPLACEMENT_CHARACTER)
    }
}

fn is_unfinished(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::StreamText;

    #[test]
    fn a_character_cut_between_chunks_comes_out_whole() {
        let bytes = "aé\u{1F50C}z".as_bytes();
        for size in 1..=bytes.len() {
            let mut stream = StreamText::default();
            let text: String = bytes.chunks(size).map(|chunk| stream.push(chunk)).collect();
            assert_eq!((text.as_str(), stream.finish()), ("aé\u{1F50C}z", None), "in chunks of {size}");
        }
    }

    #[test]
    fn what_is_no_utf8_is_replaced_and_its_neighbours_stay() {
        let mut stream = StreamText::default();
        assert_eq!(stream.push(b"a\xFFb\xC3"), "a\u{FFFD}b");
        assert_eq!(stream.push(b"c"), "\u{FFFD}c");
        assert_eq!(stream.push(b"\xF0\x9F"), "");
        assert_eq!(stream.finish(), Some('\u{FFFD}'));
    }
}
