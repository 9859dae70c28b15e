//! A gateway made of bare lines, for tests over the real sockets of a running program.

#![allow(dead_code, reason = "each test file uses its part of the rig")]

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) const HELLO: &str = "{\"type\":\"hello\",\"platform\":\"local\",\"botId\":\"\"}\n";

/// One HTTP request on a connection of its own.
pub(crate) async fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: impl Into<Bytes>,
) -> Response<String> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string())
        .body(Full::new(body.into()))
        .unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    drop(sender);
    connection.abort();
    Response::from_parts(head, body)
}

/// The gateway's end of a socket.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    lines: VecDeque<String>,
}

impl Peer {
    pub(crate) async fn dial(
        address: SocketAddr,
        path: &str,
        token: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self { socket, lines: VecDeque::new() })
    }

    pub(crate) async fn send(&mut self, lines: &str) {
        self.socket.send(Message::text(lines)).await.unwrap();
    }

    /// The next line, with its newline.
    pub(crate) async fn line(&mut self) -> String {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return line;
            }
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    assert!(text.ends_with('\n'), "a message without a newline at its end: {text}");
                    self.lines.extend(text.split_inclusive('\n').map(str::to_owned));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no line came, but {other:?}"),
            }
        }
    }

    /// Reads up to the close frame: its code and reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no close frame came, but {other:?}"),
            }
        }
    }
}
