//! One request and its response on a connection of their own, which ends with whoever holds it.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::body::Outgoing;
use super::deadlines::Progress;
use crate::ByteStream;

/// The largest head of a response taken, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// Drives the connection while something on it is waited for.
pub(super) struct Exchange(Option<Pin<Box<Connection>>>);

type Connection = http1::Connection<TokioIo<Watched>, Outgoing>;

impl Exchange {
    /// Sends the request and waits for the head of the response.
    pub(super) async fn begin(
        stream: Box<dyn ByteStream>,
        progress: Progress,
        request: Request<Outgoing>,
    ) -> hyper::Result<(Self, Response<Incoming>)> {
        let stream = TokioIo::new(Watched { stream, progress });
        let (mut sender, connection) = http1::Builder::new().max_buf_size(MAX_HEAD).handshake(stream).await?;
        let mut exchange = Self(Some(Box::pin(connection)));
        let response = exchange.drive(sender.send_request(request)).await?;
        Ok((exchange, response))
    }

    /// Waits for something that comes over the connection. How the connection ended is said by whatever waits.
    pub(super) async fn drive<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            if let Some(connection) = &mut self.0
                && connection.as_mut().poll(cx).is_ready()
            {
                self.0 = None;
            }
            work.as_mut().poll(cx)
        })
        .await
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("open", &self.0.is_some()).finish()
    }
}

/// A stream that notes when bytes move over it.
struct Watched {
    stream: Box<dyn ByteStream>,
    progress: Progress,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.progress.moved();
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if matches!(polled, Poll::Ready(Ok(_))) {
            self.progress.moved();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
