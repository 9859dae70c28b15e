//! Names each frame of a recorded stream, and says of each bad line what is wrong with it.
//!
//! ```text
//! cargo run -p relay-wire --example frame_dump -- [--from gateway|connector] < frames.ndjson
//! ```
//!
//! Without `--from`, each line's direction is found by its type. Lines are counted from 1, blank ones left
//! out. The exit code is 1 when a line was bad, 2 when the arguments were.
#![allow(clippy::print_stderr, reason = "a program for the terminal says why it ends")]

use std::io::{self, Read, Write};
use std::process::ExitCode;

use relay_wire::{ConnectorFrame, FrameError, GatewayFrame, Line, LineDecoder};

/// Who sent a line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Peer {
    Gateway,
    Connector,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Connector => "connector",
        }
    }

    /// The frame's type, and whether this contract version knows it.
    fn read(self, line: &[u8]) -> Result<(String, bool), FrameError> {
        match self {
            Self::Gateway => GatewayFrame::decode(line)
                .map(|frame| (frame.kind().to_owned(), !matches!(frame, GatewayFrame::Unknown(_)))),
            Self::Connector => ConnectorFrame::decode(line)
                .map(|frame| (frame.kind().to_owned(), !matches!(frame, ConnectorFrame::Unknown(_)))),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let from = match arguments[..] {
        [] => None,
        ["--from", "gateway"] => Some(Peer::Gateway),
        ["--from", "connector"] => Some(Peer::Connector),
        _ => {
            eprintln!("usage: frame_dump [--from gateway|connector] < frames.ndjson");
            return ExitCode::from(2);
        }
    };
    match dump(io::stdin().lock(), &mut io::stdout().lock(), from) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(bad) => {
            eprintln!("{bad} bad");
            ExitCode::FAILURE
        }
        // Whoever reads the output has seen enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the stream could not be read to its end: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Describes every line of a stream; answers how many were bad.
fn dump(mut input: impl Read, out: &mut impl Write, from: Option<Peer>) -> io::Result<usize> {
    let mut lines = LineDecoder::default();
    let mut chunk = vec![0; 64 * 1024];
    let (mut number, mut bad) = (0, 0);
    loop {
        let len = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        lines.push(&chunk[..len]);
        while let Some(line) = lines.next_line() {
            number += 1;
            let described = match line {
                Line::Complete(bytes) => describe(bytes, from),
                Line::TooLong { max } => Err(format!("the line is longer than {max} bytes")),
            };
            bad += usize::from(described.is_err());
            match described {
                Ok(frame) => writeln!(out, "line {number}: {frame}")?,
                Err(error) => writeln!(out, "line {number}: bad: {error}")?,
            }
        }
    }
    let unfinished = lines.unfinished_len();
    if unfinished > 0 {
        bad += 1;
        writeln!(out, "line {}: bad: it ends after {unfinished} bytes without its newline", number + 1)?;
    }
    Ok(bad)
}

fn describe(line: &[u8], from: Option<Peer>) -> Result<String, String> {
    let peers: &[Peer] = match &from {
        Some(peer) => std::slice::from_ref(peer),
        None => &[Peer::Connector, Peer::Gateway],
    };
    let read: Vec<_> = peers.iter().map(|peer| (peer, peer.read(line))).collect();
    for (peer, result) in &read {
        match result {
            Ok((kind, true)) => return Ok(format!("{kind}, from the {}", peer.name())),
            Err(error @ FrameError::Missing { frame, .. }) if !frame.is_empty() => {
                return Err(error.to_string());
            }
            _ => {}
        }
    }
    match &read[0].1 {
        Ok((kind, _)) => Ok(format!("{kind:?}, a type that contract version 1 does not have")),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Peer, dump};

    fn dumped(input: &str, from: Option<Peer>) -> (String, usize) {
        let mut out = Vec::new();
        let bad = dump(input.as_bytes(), &mut out, from).expect("memory does not fail");
        (String::from_utf8(out).expect("text"), bad)
    }

    #[test]
    fn each_frame_is_named_with_who_sent_it() {
        let stream = "{\"type\":\"going_idle\"}\n\n{\"type\":\"going_idle_ack\"}\n{\"type\":\"presence\"}\n";
        let expected = concat!(
            "line 1: going_idle, from the gateway\n",
            "line 2: going_idle_ack, from the connector\n",
            "line 3: \"presence\", a type that contract version 1 does not have\n",
        );
        assert_eq!(dumped(stream, None), (expected.to_owned(), 0));
    }

    #[test]
    fn a_stated_direction_makes_the_other_ones_types_unknown() {
        let (out, bad) = dumped("{\"type\":\"going_idle\"}\n", Some(Peer::Connector));
        assert_eq!(out, "line 1: \"going_idle\", a type that contract version 1 does not have\n");
        assert_eq!(bad, 0);
    }

    #[test]
    fn a_bad_line_is_said_what_is_wrong_with_and_spares_its_neighbours() {
        let stream = "{\"type\":\"hello\"}\n[]\n{\"type\":}\n{\"type\":\"going_idle\"}\n{\"type\"";
        let expected = concat!(
            "line 1: bad: the `hello` frame has no usable `platform`, which the contract requires\n",
            "line 2: bad: the line is JSON but no object; a frame is an object with a `type`\n",
            "line 3: bad: the line is not JSON at column 9: expected value\n",
            "line 4: going_idle, from the gateway\n",
            "line 5: bad: it ends after 7 bytes without its newline\n",
        );
        assert_eq!(dumped(stream, None), (expected.to_owned(), 4));
    }
}
