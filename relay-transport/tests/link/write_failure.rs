//! A stream that can still be read when it can no longer be written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::SinkExt as _;
use futures_util::future::BoxFuture;
use relay_net::{ByteStream, Dial, DialError};
use relay_transport::{DisabledReason, LinkState};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use url::Url;

use crate::connector::{config, start_through};

/// Fails every write once it is broken, as a socket does after a reset.
struct HalfBroken {
    stream: Box<dyn ByteStream>,
    broken: Arc<AtomicBool>,
}

impl AsyncRead for HalfBroken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for HalfBroken {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.broken.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Dials through another dialer and breaks what it gets when told to.
struct Breaking {
    through: Arc<dyn Dial>,
    broken: Arc<AtomicBool>,
}

impl Dial for Breaking {
    fn dial<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>> {
        Box::pin(async move {
            let stream = self.through.dial(url).await?;
            let broken = Arc::clone(&self.broken);
            Ok(Box::new(HalfBroken { stream, broken }) as Box<dyn ByteStream>)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_code_counts_although_the_hello_could_not_be_written() {
    let broken = Arc::new(AtomicBool::new(false));
    let breaking = |through| Arc::new(Breaking { through, broken: Arc::clone(&broken) }) as Arc<dyn Dial>;
    let mut fixture = start_through(config(), 64 * 1024, breaking);
    fixture.connector.live().await.close(4401, "gone").await;

    let mut peer = fixture.connector.accept().await;
    let frame = CloseFrame { code: 4401.into(), reason: "gone".into() };
    peer.socket.send(Message::Close(Some(frame))).await.expect("the link reads");
    broken.store(true, Ordering::Relaxed);

    let settled = fixture.reach_any(|state| matches!(state, LinkState::Disabled { .. })).await;
    let revoked = LinkState::Disabled { reason: DisabledReason::Revoked { reason: "gone".to_owned() } };
    assert_eq!(settled, revoked);
}
