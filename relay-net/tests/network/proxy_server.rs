//! A proxy that tells what it was asked, and answers whatever it is told.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// The requests of a proxy for one connection, its port, and where it leads.
pub(crate) struct ProxyServer {
    pub(crate) port: u16,
    pub(crate) asked: oneshot::Receiver<String>,
}

/// Answers `answer`, and where that is a success leads to `target` whatever host it was asked for.
pub(crate) async fn proxy(answer: Vec<u8>, target: Option<u16>, tls: Option<TlsAcceptor>) -> ProxyServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (tell, asked) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        match tls {
            // A client that does not trust the proxy leaves.
            Some(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    lead(stream, answer, target, tell).await;
                }
            }
            None => lead(stream, answer, target, tell).await,
        }
    });
    ProxyServer { port, asked }
}

async fn lead(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: Vec<u8>,
    target: Option<u16>,
    tell: oneshot::Sender<String>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut request).await.expect("readable") > 0, "the request ended early");
    }
    let _ = tell.send(String::from_utf8(request).expect("text"));
    // A client may have heard enough before the end.
    let _ = stream.write_all(&answer).await;
    if let Some(target) = target {
        let mut there = TcpStream::connect(("127.0.0.1", target)).await.expect("the target listens");
        let _ = copy_bidirectional(&mut stream, &mut there).await;
    } else if answer.is_empty() {
        // Silence: the connection stays open until the client leaves.
        let _ = stream.read_buf(&mut Vec::new()).await;
    }
}
