//! What a connector sends, from bytes to frames.

use relay_wire::{ConnectorFrame, Line, LineDecoder};

/// A line, or none where it passed the bound.
type Split = Option<Vec<u8>>;

/// The input's first line says how the rest is fed: its first byte times 8 is the bound on a line, each
/// further byte is the size of a chunk less one, over and over. The rest is the stream.
///
/// However it is cut, the lines are the same; the memory stays within its bound; every line that is a frame
/// reads the same again once it was written.
pub fn connector_frame(input: &[u8]) {
    let newline = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (head, rest) = input.split_at(newline);
    let stream = rest.strip_prefix(b"\n").unwrap_or_default();
    let Some((bound, sizes)) = head.split_first() else { return };
    let max = usize::from(*bound) * 8;

    let whole = split(max, [stream]);
    assert_eq!(split(max, stream.chunks(1)), whole, "cut into bytes, the lines differ");
    assert_eq!(split(max, cut(stream, sizes)), whole, "cut as the input says, the lines differ");
    whole.iter().flatten().for_each(|line| reads_the_same_again(line));
}

fn cut<'s>(mut stream: &'s [u8], sizes: &[u8]) -> impl Iterator<Item = &'s [u8]> {
    let sizes: Vec<_> = sizes.iter().map(|size| usize::from(*size) + 1).collect();
    let mut sizes = sizes.into_iter().cycle();
    std::iter::from_fn(move || {
        let size = sizes.next().unwrap_or(usize::MAX).min(stream.len());
        let (chunk, rest) = stream.split_at(size);
        stream = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn split<'s>(max: usize, chunks: impl IntoIterator<Item = &'s [u8]>) -> Vec<Split> {
    let mut decoder = LineDecoder::new(max);
    let mut largest = 0;
    let mut lines = Vec::new();
    for chunk in chunks {
        largest = largest.max(chunk.len());
        decoder.push(chunk);
        assert!(decoder.capacity() <= (2 * (max + 2 + largest)).max(8), "more memory than stated");
        while let Some(line) = decoder.next_line() {
            lines.push(match line {
                Line::Complete(bytes) => {
                    assert!(bytes.len() <= max && !bytes.contains(&b'\n'));
                    Some(bytes.to_vec())
                }
                Line::TooLong { .. } => None,
            });
        }
        assert!(decoder.unfinished_len() <= max + 1, "an endless line is kept");
    }
    lines
}

fn reads_the_same_again(line: &[u8]) {
    let frame = match ConnectorFrame::decode(line) {
        Ok(frame) => frame,
        Err(error) => return drop(error.to_string()),
    };
    let mut written = Vec::new();
    frame.encode(&mut written);
    assert_eq!(written.pop(), Some(b'\n'));
    assert!(!written.contains(&b'\n'), "a frame is one line");
    assert_eq!(ConnectorFrame::decode(&written).as_ref(), Ok(&frame));

    if let ConnectorFrame::Inbound(inbound) = &frame {
        let _ = inbound.event.source.session_key(relay_wire::SessionKeyOptions::default());
        let _ = inbound.event.channel_context();
        assert_eq!(inbound.event.attachments().count(), inbound.event.media_urls.len());
    }
    if let ConnectorFrame::PassthroughForward(passthrough) = &frame {
        let _ = passthrough.forward.body();
    }
}
