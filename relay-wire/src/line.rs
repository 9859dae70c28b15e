//! The line codec: WebSocket messages in any cut, newline-delimited JSON lines out.

/// The longest line accepted unless told otherwise, in bytes without its line ending: 8 MiB.
pub const DEFAULT_MAX_LINE: usize = 8 * 1024 * 1024;

/// How many bytes of memory a decoder at rest keeps for the next chunk; what one long line made it grow
/// beyond this is given back.
const KEPT_CAPACITY: usize = 64 * 1024;

/// One step of [`LineDecoder::next_line`].
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A complete line, without its `\n` or `\r\n`; never blank.
    Complete(&'a [u8]),
    /// A line grew past the bound. Its bytes are dropped up to its newline; the lines after it are intact.
    /// Reported once a line, as soon as the bound is passed.
    TooLong {
        /// The bound that was passed, in bytes.
        max: usize,
    },
}

/// Joins chunks and splits them on `\n`.
///
/// Memory is bounded by twice the longest line plus the largest chunk pushed at once, and given back between
/// lines; see [`capacity`](Self::capacity). A line that is not finished
/// yet is *incomplete*, which is no error: [`next_line`](Self::next_line) answers `None` and the rest is
/// awaited.
#[derive(Debug)]
pub struct LineDecoder {
    buffer: Vec<u8>,
    /// Where the first line not yet handed out begins in `buffer`.
    start: usize,
    /// Up to where `buffer` is known to hold no newline, so that no byte is searched twice.
    scanned: usize,
    max_line: usize,
    /// Inside a line that was reported as too long: drop everything up to its newline.
    discarding: bool,
}

impl Default for LineDecoder {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_LINE)
    }
}

impl LineDecoder {
    /// A decoder that accepts lines of up to `max_line` bytes.
    pub fn new(max_line: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, scanned: 0, max_line, discarding: false }
    }

    /// Takes the next bytes of the stream. Call [`next_line`](Self::next_line) until `None` after each push.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
    }

    /// The next line, or `None` while the stream holds no complete one.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        loop {
            let Some(at) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                return self.unfinished();
            };
            let (begin, end) = (self.start, self.scanned + at);
            self.start = end + 1;
            self.scanned = self.start;
            if std::mem::take(&mut self.discarding) {
                continue;
            }
            let end = if self.buffer[begin..end].ends_with(b"\r") { end - 1 } else { end };
            if end - begin > self.max_line {
                return Some(Line::TooLong { max: self.max_line });
            }
            if self.buffer[begin..end].iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Some(Line::Complete(&self.buffer[begin..end]));
        }
    }

    /// How many bytes of an unfinished line wait for their newline. After the stream's end these are what
    /// was lost with it.
    pub fn unfinished_len(&self) -> usize {
        if self.discarding { 0 } else { self.buffer.len() - self.start }
    }

    /// How many bytes of memory are held: at most twice the sum of the bound, a line ending and the largest
    /// chunk, and after the last complete line of a push at most 64 KiB, unless an unfinished one waits.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    fn unfinished(&mut self) -> Option<Line<'_>> {
        let max = self.max_line;
        let waiting = self.buffer.len() - self.start;
        // One byte of slack: the last one may be the `\r` of a line ending that is not here yet.
        let too_long = waiting > max.saturating_add(1);
        let first_report = too_long && !self.discarding;
        self.discarding |= too_long;
        if self.discarding || waiting == 0 {
            self.forget();
        }
        first_report.then_some(Line::TooLong { max })
    }

    /// Drops what the buffer holds.
    fn forget(&mut self) {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_CAPACITY);
        (self.start, self.scanned) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, LineDecoder};

    fn lines(decoder: &mut LineDecoder, chunk: &[u8]) -> Vec<Result<String, usize>> {
        decoder.push(chunk);
        let mut out = Vec::new();
        while let Some(line) = decoder.next_line() {
            out.push(match line {
                Line::Complete(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
                Line::TooLong { max } => Err(max),
            });
        }
        out
    }

    #[allow(clippy::unnecessary_wraps, reason = "it stands for a line among the reports")]
    fn ok(line: &str) -> Result<String, usize> {
        Ok(line.to_owned())
    }

    #[test]
    fn several_lines_in_one_chunk_come_out_in_order() {
        assert_eq!(lines(&mut LineDecoder::default(), b"a\nb\r\nc\n"), [ok("a"), ok("b"), ok("c")]);
    }

    #[test]
    fn a_line_in_pieces_comes_out_whole_and_incomplete_is_no_error() {
        let mut decoder = LineDecoder::default();
        assert!(lines(&mut decoder, b"{\"a\"").is_empty());
        assert_eq!(decoder.unfinished_len(), 4);
        assert!(lines(&mut decoder, b":1}\r").is_empty());
        assert_eq!(lines(&mut decoder, b"\n{}"), [ok("{\"a\":1}")]);
        assert_eq!(lines(&mut decoder, b"\n"), [ok("{}")]);
        assert_eq!(decoder.unfinished_len(), 0);
    }

    #[test]
    fn no_byte_of_an_unfinished_line_is_searched_twice() {
        let mut decoder = LineDecoder::default();
        for len in 1..=100 {
            assert!(lines(&mut decoder, b"x").is_empty());
            assert_eq!(decoder.scanned, len);
        }
        assert_eq!(lines(&mut decoder, b"\nab"), [ok(&"x".repeat(100))]);
        assert_eq!(decoder.scanned - decoder.start, 2);
    }

    #[test]
    fn blank_lines_are_skipped() {
        assert_eq!(lines(&mut LineDecoder::default(), b"\n\r\n  \t\n1\n"), [ok("1")]);
    }

    #[test]
    fn a_line_of_exactly_the_bound_passes_and_one_byte_more_does_not() {
        let mut decoder = LineDecoder::new(4);
        assert_eq!(lines(&mut decoder, b"1234\n"), [ok("1234")]);
        assert_eq!(lines(&mut decoder, b"1234\r\n"), [ok("1234")]);
        assert_eq!(lines(&mut decoder, b"12345\nok\n"), [Err(4), ok("ok")]);
    }

    #[test]
    fn the_memory_of_a_long_line_is_given_back_after_it() {
        let mut decoder = LineDecoder::default();
        decoder.push(&vec![b'x'; 1024 * 1024]);
        assert_eq!(decoder.next_line(), None);
        decoder.push(b"\n");
        assert!(matches!(decoder.next_line(), Some(Line::Complete(line)) if line.len() == 1024 * 1024));
        assert_eq!(decoder.next_line(), None);
        assert!(decoder.capacity() <= 64 * 1024, "{} bytes are kept", decoder.capacity());
    }

    #[test]
    fn an_endless_line_is_reported_once_costs_no_memory_and_spares_its_neighbours() {
        let mut decoder = LineDecoder::new(16);
        assert_eq!(lines(&mut decoder, b"first\n"), [ok("first")]);
        let mut reports = Vec::new();
        for _ in 0..1_000 {
            reports.extend(lines(&mut decoder, &[b'x'; 64]));
            assert!(decoder.capacity() <= 256, "the dropped bytes are not kept");
        }
        assert_eq!(reports, [Err(16)]);
        assert_eq!(lines(&mut decoder, b"tail\nnext\n"), [ok("next")]);
    }
}
