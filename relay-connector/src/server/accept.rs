//! What a connector listens on.

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// A source of streams, one for each client that connects: a TCP listener, or whatever stands in for one.
pub trait Accept: Send {
    /// The bytes of one client, both ways.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Waits for the next client. Nothing is lost when the caller stops waiting. After an error the connector
    /// pauses and asks again.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        // Frames are small and answers are waited for.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small frames may be delayed on this connection");
        }
        Ok(stream)
    }
}
