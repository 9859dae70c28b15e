//! The connector's side of a measurement: one gateway at a time, over a bare WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::frames::{Frame, descriptor};

/// How long a gateway may take for whatever is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Where gateways dial.
pub(crate) struct Door {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

/// A gateway that came in.
pub(crate) struct Peer {
    socket: WebSocketStream<Box<dyn Stream>>,
}

impl Door {
    pub(crate) async fn open(tls: Option<TlsAcceptor>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, tls })
    }

    /// The address that a gateway is told.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Waits for a gateway's hello; the moment it came, and the gateway, which has its descriptor.
    pub(crate) async fn hello(&self) -> anyhow::Result<(Instant, Peer)> {
        timeout(PATIENCE, self.accept()).await.context("no gateway comes")?
    }

    async fn accept(&self) -> anyhow::Result<(Instant, Peer)> {
        loop {
            let (tcp, _) = self.listener.accept().await?;
            tcp.set_nodelay(true)?;
            let stream: Box<dyn Stream> = match &self.tls {
                Some(tls) => Box::new(tls.accept(tcp).await.context("no TLS with the gateway")?),
                None => Box::new(tcp),
            };
            // A request over plain HTTP is none of a measurement's business.
            let Ok(socket) = accept_async(stream).await else { continue };
            let mut peer = Peer { socket };
            let lines = peer.next().await?;
            let came = Instant::now();
            if Frame::read(lines.lines().next().unwrap_or_default())?.kind != "hello" {
                bail!("the gateway's first frame is no hello: {lines}");
            }
            peer.send(descriptor()).await?;
            return Ok((came, peer));
        }
    }
}

impl Peer {
    /// The next message: one line or several.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.context("the gateway is silent")?;
            if let Some(text) = text(message)? {
                return Ok(text);
            }
        }
    }

    /// The next message, if it is here already.
    pub(crate) fn waiting(&mut self) -> anyhow::Result<Option<Utf8Bytes>> {
        while let Some(message) = self.socket.next().now_or_never() {
            if let Some(text) = text(message)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Queues a line for the next flush.
    pub(crate) async fn feed(&mut self, line: String) -> anyhow::Result<()> {
        Ok(self.socket.feed(Message::text(line)).await?)
    }

    pub(crate) async fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.socket.flush().await?)
    }

    pub(crate) async fn send(&mut self, line: String) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(line)).await?)
    }
}

type Received = Option<Result<Message, tokio_tungstenite::tungstenite::Error>>;

fn text(message: Received) -> anyhow::Result<Option<Utf8Bytes>> {
    match message.context("the gateway hung up")?? {
        Message::Text(text) => Ok(Some(text)),
        Message::Binary(bytes) => Ok(Some(Utf8Bytes::try_from(bytes)?)),
        Message::Close(frame) => bail!("the gateway left: {frame:?}"),
        _ => Ok(None),
    }
}
