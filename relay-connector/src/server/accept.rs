//! What a connector listens on.

use std::future::Future;
use std::io;

#[cfg(target_os = "linux")]
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// How long bytes may go unacknowledged by the peer's machine until the kernel gives a connection up: as long as it takes
/// to miss the answers to pings. In milliseconds.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: u32 = 20_000;

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
        #[cfg(target_os = "linux")]
        if let Err(error) = set_tcp_user_timeout(&stream, UNACKNOWLEDGED) {
            tracing::debug!(%error, "the kernel may keep this connection for long after its peer is gone");
        }
        Ok(stream)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::UNACKNOWLEDGED;

    #[tokio::test]
    async fn the_kernel_gives_a_dead_peer_up_as_soon_as_the_connector_does() {
        let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let accepted = super::Accept::accept(&mut listener).await.unwrap();
        assert_eq!(rustix::net::sockopt::tcp_user_timeout(&accepted).unwrap(), UNACKNOWLEDGED);
        assert!(accepted.nodelay().unwrap());
    }
}
