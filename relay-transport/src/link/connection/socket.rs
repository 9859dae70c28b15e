//! One WebSocket, read and written at the same time by one task.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, Sink as _, SinkExt as _, Stream as _};
use relay_wire::GatewayFrame;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, Utf8Bytes};

use crate::link::reconnect::DisconnectReason;
use relay_net::TimedStream;

/// How much is fed before a flush, in bytes. Below the WebSocket layer's own write buffer of 128 KiB, so that
/// feeding by itself never meets a full socket.
pub(crate) const BATCH_BYTES: usize = 64 * 1024;

/// What a turn of the socket brought.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Everything that was fed has been taken.
    Flushed,
    /// A message came, and took so long to come.
    Message(Message, Duration),
}

pub(crate) struct Socket {
    stream: WebSocketStream<TimedStream>,
    /// One line at a time is encoded here.
    line: Vec<u8>,
    /// Since when something fed waits to be taken by the socket.
    unflushed_since: Option<Instant>,
    /// When the bytes came that the last whole message ended with.
    whole_at: Instant,
    /// Since when a message has been coming that is not whole yet.
    half_since: Option<Instant>,
}

impl Socket {
    pub(crate) fn new(stream: WebSocketStream<TimedStream>) -> Self {
        let whole_at = stream.get_ref().heard();
        Self { stream, line: Vec::new(), unflushed_since: None, whole_at, half_since: None }
    }

    /// Feeds a frame as a message of its own; its size. It is on its way once [`turn`](Self::turn) says flushed.
    pub(crate) fn feed(&mut self, frame: &GatewayFrame) -> Result<usize, DisconnectReason> {
        self.line.clear();
        frame.encode(&mut self.line);
        let text = Utf8Bytes::try_from(Bytes::copy_from_slice(&self.line))
            .map_err(|_| DisconnectReason::Protocol { detail: "a frame of ours is not UTF-8".to_owned() })?;
        self.feed_message(Message::Text(text))?;
        Ok(self.line.len())
    }

    pub(crate) fn feed_ping(&mut self) -> Result<(), DisconnectReason> {
        self.feed_message(Message::Ping(Bytes::new()))
    }

    /// Feeds a close frame; reading goes on until the peer has closed too.
    pub(crate) fn feed_close(&mut self, code: u16) -> Result<(), DisconnectReason> {
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::default() };
        self.feed_message(Message::Close(Some(frame)))
    }

    /// Says goodbye in passing: what the socket does not take at once is not worth waiting for.
    pub(crate) fn part(&mut self, code: Option<u16>) {
        if let Some(code) = code {
            // The socket is given up either way.
            let _ = self.feed_close(code);
        }
        let _ = self.stream.flush().now_or_never();
    }

    /// Marks that the WebSocket layer has an answer of its own to write, such as a pong.
    pub(crate) fn answer_waits(&mut self) {
        self.unflushed_since.get_or_insert_with(Instant::now);
    }

    pub(crate) fn unflushed_since(&self) -> Option<Instant> {
        self.unflushed_since
    }

    pub(crate) fn heard(&self) -> Instant {
        self.stream.get_ref().heard()
    }

    pub(crate) fn listen_anew(&mut self) {
        self.stream.get_mut().listen_anew();
        self.whole_at = self.heard();
    }

    /// Counts from now on how long the socket takes to write what waits.
    pub(crate) fn write_anew(&mut self) {
        if let Some(since) = &mut self.unflushed_since {
            *since = Instant::now();
        }
    }

    /// Whether a message is coming that is not whole yet.
    pub(crate) fn is_half_read(&self) -> bool {
        self.half_since.is_some()
    }

    /// A message is whole; how long it took to come.
    fn whole(&mut self) -> Duration {
        self.whole_at = self.heard();
        self.half_since.take().map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Writes and reads at the same time, until either comes to something: a peer that will not read before it
    /// has been read cannot block both. Reads only when `reading`. Cancel safe.
    pub(crate) async fn turn(&mut self, reading: bool) -> Result<Turn, DisconnectReason> {
        poll_fn(|cx| {
            let mut broken: Option<SocketError> = None;
            if self.unflushed_since.is_some() {
                match Pin::new(&mut self.stream).poll_flush(cx) {
                    Poll::Ready(Ok(())) => {
                        self.unflushed_since = None;
                        return Poll::Ready(Ok(Turn::Flushed));
                    }
                    Poll::Ready(Err(error)) => broken = Some(error),
                    Poll::Pending => {}
                }
            }
            // Also when writing failed: why the peer left may still be there to read, such as a 4401 that it
            // sent before it had read the hello.
            if reading || broken.is_some() {
                match Pin::new(&mut self.stream).poll_next(cx) {
                    Poll::Ready(Some(Ok(message))) => {
                        return Poll::Ready(Ok(Turn::Message(message, self.whole())));
                    }
                    Poll::Ready(Some(Err(error))) => broken = broken.or(Some(error)),
                    Poll::Ready(None) => broken = broken.or(Some(SocketError::ConnectionClosed)),
                    Poll::Pending if self.half_since.is_none() && self.heard() > self.whole_at => {
                        self.half_since = Some(self.heard());
                    }
                    Poll::Pending => {}
                }
            }
            match broken {
                Some(error) => Poll::Ready(Err(DisconnectReason::of_socket(&error))),
                None => Poll::Pending,
            }
        })
        .await
    }

    fn feed_message(&mut self, message: Message) -> Result<(), DisconnectReason> {
        self.unflushed_since.get_or_insert_with(Instant::now);
        Pin::new(&mut self.stream).start_send(message).map_err(|error| DisconnectReason::of_socket(&error))
    }
}
