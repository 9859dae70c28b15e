//! The frame tap: a look at every line that crosses a socket.

use std::sync::Arc;

use crate::server::redaction::redacted;

/// Which way a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a gateway.
    FromGateway,
    /// To a gateway.
    ToGateway,
}

/// Sees every line of every connection in both directions, without its newline and with its secrets replaced.
/// It is called on the connection's own task and must not block.
pub type FrameTap = Arc<dyn Fn(Direction, &str) + Send + Sync>;

/// Shows a line to a tap, if there is one.
pub(crate) fn show(tap: Option<&FrameTap>, direction: Direction, line: &[u8]) {
    if let Some(tap) = tap {
        let text = String::from_utf8_lossy(line);
        tap(direction, &redacted(text.trim_end_matches(['\n', '\r'])));
    }
}
