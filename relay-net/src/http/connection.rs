//! One HTTP/1.1 connection: requests and their responses, one after the other.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::body::Outgoing;
use super::traffic::Traffic;
use crate::ByteStream;

/// The largest head of a response taken, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// A connection without a task of its own: it moves while something on it is waited for, and ends when it is dropped.
pub(super) struct HttpConnection {
    sender: SendRequest<Outgoing>,
    /// `None` once it has ended.
    driver: Option<Pin<Box<Driver>>>,
    traffic: Traffic,
}

type Driver = http1::Connection<TokioIo<Counted>, Outgoing>;

impl HttpConnection {
    /// Speaks HTTP over a stream that is open.
    pub(super) async fn over(stream: Box<dyn ByteStream>) -> hyper::Result<Self> {
        let traffic = Traffic::new();
        let stream = TokioIo::new(Counted { stream, traffic: traffic.clone() });
        let (sender, driver) = http1::Builder::new().max_buf_size(MAX_HEAD).handshake(stream).await?;
        Ok(Self { sender, driver: Some(Box::pin(driver)), traffic })
    }

    /// What moves over it.
    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Sends a request and waits for the head of the response. A failure gives the request back where nothing of it
    /// was looked at.
    pub(super) async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        let sending = self.sender.try_send_request(request);
        drive(&mut self.driver, sending).await
    }

    /// Waits for something that comes over the connection. How the connection ended is said by whatever waits.
    pub(super) async fn drive<F: Future>(&mut self, work: F) -> F::Output {
        drive(&mut self.driver, work).await
    }

    /// Whether it takes another request, as far as anybody can know: the last response has come to its end, the peer
    /// wants the connection kept, has not closed it and has sent nothing that nobody asked for.
    pub(super) async fn is_ready(&mut self) -> bool {
        poll_fn(|cx| {
            if let Some(driver) = &mut self.driver
                && driver.as_mut().poll(cx).is_ready()
            {
                self.driver = None;
            }
            let ready = self.driver.is_some() && matches!(self.sender.poll_ready(cx), Poll::Ready(Ok(())));
            Poll::Ready(ready)
        })
        .await
    }
}

async fn drive<F: Future>(driver: &mut Option<Pin<Box<Driver>>>, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        if let Some(connection) = driver
            && connection.as_mut().poll(cx).is_ready()
        {
            *driver = None;
        }
        work.as_mut().poll(cx)
    })
    .await
}

impl fmt::Debug for HttpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnection").field("open", &self.driver.is_some()).finish_non_exhaustive()
    }
}

/// A stream whose bytes are counted.
struct Counted {
    stream: Box<dyn ByteStream>,
    traffic: Traffic,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let read = buf.filled().len() - before;
        if read > 0 {
            self.traffic.read(read);
        }
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = polled {
            self.traffic.written(written);
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
