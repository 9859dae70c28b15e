//! Bytes to lines of bounded length.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// Bytes that are read at once.
const READ: usize = 32 * 1024;

/// A buffer that a long line made grow is given back beyond this size, in bytes.
const KEPT: usize = 64 * 1024;

/// What was between two line ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A line, without its end.
    Whole(&'a [u8]),
    /// A line beyond the limit; its bytes are gone.
    TooLong,
    /// Bytes after the last line end, when the stream ended: half a line.
    Cut,
}

/// Reads lines and never keeps more than one of them, up to a limit.
pub(crate) struct LineReader<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    limit: usize,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Lines of at most `limit` bytes.
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        Self { reader: BufReader::with_capacity(READ, reader), line: Vec::new(), limit }
    }

    /// The next line; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        if self.line.capacity() > KEPT {
            self.line = Vec::new();
        }
        let mut too_long = false;
        loop {
            let bytes = self.reader.fill_buf().await?;
            if bytes.is_empty() {
                let cut = too_long || !self.line.is_empty();
                return Ok(cut.then_some(Line::Cut));
            }
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            if !too_long && self.line.len() + piece.len() > self.limit {
                too_long = true;
                self.line = Vec::new();
            }
            if !too_long {
                self.line.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(if too_long { Line::TooLong } else { Line::Whole(&self.line) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, LineReader};

    async fn lines(input: &[u8], limit: usize) -> Vec<String> {
        let mut reader = LineReader::new(input, limit);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await.expect("memory does not fail") {
            lines.push(match line {
                Line::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Line::TooLong => "<too long>".to_owned(),
                Line::Cut => "<cut>".to_owned(),
            });
        }
        lines
    }

    #[tokio::test]
    async fn a_line_beyond_the_limit_is_skipped_and_the_next_one_is_whole() {
        assert_eq!(lines(b"one\n12345678\n\nlast\n", 7).await, ["one", "<too long>", "", "last"]);
        assert_eq!(lines(b"1234567\n", 7).await, ["1234567"]);
    }

    #[tokio::test]
    async fn a_line_longer_than_every_buffer_costs_no_memory() {
        let mut input = vec![b'x'; 9 << 20];
        input.extend_from_slice(b"\nafter\n");
        let mut reader = LineReader::new(&*input, 8 << 20);
        assert_eq!(reader.next().await.expect("reads"), Some(Line::TooLong));
        assert_eq!(reader.next().await.expect("reads"), Some(Line::Whole(b"after")));
        assert!(reader.line.capacity() <= super::KEPT);
    }

    #[tokio::test]
    async fn half_a_line_is_no_line() {
        assert_eq!(lines(b"one\n{\"half\":", 100).await, ["one", "<cut>"]);
    }
}
