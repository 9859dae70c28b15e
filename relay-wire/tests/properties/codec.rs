//! The line codec gives the same lines however the stream is cut, and never holds more than it says.

use proptest::prelude::*;
use relay_wire::{Line, LineDecoder};

/// A line, or its excess over the bound.
#[derive(Clone, Debug, PartialEq)]
enum Split {
    Line(Vec<u8>),
    TooLong,
}

/// What a stream's lines are, said as simply as possible.
fn split_at_once(stream: &[u8], max: usize) -> Vec<Split> {
    let mut parts: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    let unfinished = parts.pop().expect("a split has a last part");
    let mut lines: Vec<_> = parts
        .into_iter()
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| line.len() > max || !line.iter().all(u8::is_ascii_whitespace))
        .map(|line| if line.len() > max { Split::TooLong } else { Split::Line(line.to_vec()) })
        .collect();
    if unfinished.len() > max + 1 {
        lines.push(Split::TooLong);
    }
    lines
}

/// The same in pieces, with the bounds on memory checked at every step.
fn split_in_chunks(chunks: &[&[u8]], max: usize) -> Vec<Split> {
    let largest = chunks.iter().map(|chunk| chunk.len()).max().unwrap_or(0);
    let mut decoder = LineDecoder::new(max);
    let mut lines = Vec::new();
    for chunk in chunks {
        decoder.push(chunk);
        // A vector begins at 8 bytes, so small sums do not double.
        assert!(decoder.capacity() <= (2 * (max + 2 + largest)).max(8), "{} are held", decoder.capacity());
        while let Some(line) = decoder.next_line() {
            lines.push(match line {
                Line::Complete(bytes) => Split::Line(bytes.to_vec()),
                Line::TooLong { max: stated } => {
                    assert_eq!(stated, max);
                    Split::TooLong
                }
            });
        }
        assert!(decoder.unfinished_len() <= max + 1);
    }
    lines
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(b'\n'), 2 => Just(b'\r'), 2 => Just(b' '), 1 => Just(b'\t'), 6 => any::<u8>()
    ];
    prop::collection::vec(byte, 0..160)
}

/// The stream cut at the given places.
fn cut(stream: &[u8], mut places: Vec<usize>) -> Vec<&[u8]> {
    places.retain(|place| *place < stream.len());
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn however_a_stream_is_cut_its_lines_are_those_of_a_naive_split(
        stream in stream(), places in prop::collection::vec(0_usize..160, 0..20), max in 0_usize..24,
    ) {
        let expected = split_at_once(&stream, max);
        prop_assert_eq!(split_in_chunks(&cut(&stream, places), max), expected.clone());
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(split_in_chunks(&bytes, max), expected);
    }
}
