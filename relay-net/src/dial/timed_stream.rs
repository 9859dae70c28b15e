//! A byte stream that knows when something last came over it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::ByteStream;

/// Counts bytes, not messages, as a sign of life: a large message over a slow line takes longer than a peer may
/// be silent.
pub struct TimedStream {
    stream: Box<dyn ByteStream>,
    heard: Instant,
}

impl TimedStream {
    /// Counts the silence from now on.
    pub fn new(stream: Box<dyn ByteStream>) -> Self {
        Self { stream, heard: Instant::now() }
    }

    /// When bytes last came, or since when they have been listened for.
    pub fn heard(&self) -> Instant {
        self.heard
    }

    /// Counts the silence from now on.
    pub fn listen_anew(&mut self) {
        self.heard = Instant::now();
    }
}

impl fmt::Debug for TimedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedStream").field("heard", &self.heard).finish_non_exhaustive()
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.heard = Instant::now();
        }
        polled
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
