//! Reading and writing take turns: neither waits for all of the other, whichever has more.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use relay_net::{ByteStream, Dial, DialError};
use relay_transport::{LinkState, RelayTransport as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::unconstrained;
use url::Url;

use crate::connector::{Fixture, Peer, config, inbound, start_through};

/// One letter for each time that the socket gave bytes (`r`) or took them (`w`).
type Trace = Arc<Mutex<String>>;

struct Traced {
    stream: Box<dyn ByteStream>,
    trace: Trace,
}

impl Traced {
    fn note(&self, letter: char) {
        self.trace.lock().expect("nobody panics").push(letter);
    }
}

impl AsyncRead for Traced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.note('r');
        }
        polled
    }
}

impl AsyncWrite for Traced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if polled.is_ready() {
            self.note('w');
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

struct Tracing {
    through: Arc<dyn Dial>,
    trace: Trace,
}

impl Dial for Tracing {
    fn dial<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>> {
        Box::pin(async move {
            let stream = self.through.dial(url).await?;
            Ok(Box::new(Traced { stream, trace: Arc::clone(&self.trace) }) as Box<dyn ByteStream>)
        })
    }
}

/// A live link with room for everything in its pipe, and a trace that begins now.
async fn traced() -> (Fixture, Peer, Trace) {
    let trace = Trace::default();
    let tracing = |through| Arc::new(Tracing { through, trace: Arc::clone(&trace) }) as Arc<dyn Dial>;
    let mut fixture = start_through(config(), 16 * 1024 * 1024, tracing);
    let peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    trace.lock().expect("nobody panics").clear();
    (fixture, peer, trace)
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_does_not_wait_for_everything_that_stands_to_be_read() {
    let (fixture, mut peer, trace) = traced().await;
    // All of it stands in the pipe before the link looks again.
    unconstrained(async {
        for _ in 0..4_000 {
            peer.send(&inbound("x", None)).await;
        }
    })
    .await;
    fixture.link.ack("now".parse().unwrap());
    assert_eq!(peer.line().await, "{\"type\":\"inbound_ack\",\"bufferId\":\"now\"}\n");
    let trace = trace.lock().expect("nobody panics").clone();
    let written = trace.find('w').expect("it was written");
    assert!(written <= 2, "{trace}");
    assert!(trace.len() > 10, "there was more to read: {trace}");
}

#[tokio::test(start_paused = true)]
async fn an_event_does_not_wait_for_everything_that_stands_to_be_written() {
    let (mut fixture, mut peer, trace) = traced().await;
    for _ in 0..50_000 {
        fixture.link.ack("again".parse().unwrap());
    }
    unconstrained(peer.send(&inbound("now", None))).await;
    assert_eq!(fixture.text().await.0, "now");
    while fixture.link.counts().acks < 50_000 {
        tokio::task::yield_now().await;
    }
    let trace = trace.lock().expect("nobody panics").clone();
    let read = trace.find('r').expect("it was read");
    assert!(read <= 2, "{trace}");
    assert!(trace.len() > 10, "there was more to write: {trace}");
}
