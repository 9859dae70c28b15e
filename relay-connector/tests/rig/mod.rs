//! A connector on a loopback port and a gateway made of bare lines, for tests over real sockets.

#![allow(dead_code, reason = "each test file uses its part of the rig")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use relay_auth::{Expiry, Secret, UnixSeconds};
use relay_connector::{
    Connector, ConnectorBuilder, Delivery, ENROLLMENT_TTL, Limits, LocalFront, MemoryStore, Tenant,
};
use relay_wire::EnrollRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// The connector's clock stands here.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_754_700_000);

/// What the local front announces, to the byte.
pub(crate) const DESCRIPTOR: &str = "{\"type\":\"descriptor\",\"descriptor\":{\"contract_version\":1,\"platform\":\"local\",\
    \"label\":\"Terminal\",\"max_message_length\":4096,\"supports_draft_streaming\":false,\
    \"supports_edit\":true,\"supports_threads\":false,\"markdown_dialect\":\"plain\",\"len_unit\":\"chars\",\
    \"emoji\":\"\u{1F4BB}\",\"platform_hint\":\"Your answer is read in a terminal: plain text, no markup.\",\
    \"pii_safe\":true,\"supports_context\":false,\"supports_inchannel_continuable\":false,\
    \"supports_block_formatting\":false,\
    \"supported_ops\":[\"send\",\"edit\",\"delete\",\"typing\",\"get_chat_info\"]}}\n";

pub(crate) const HELLO: &str = "{\"type\":\"hello\",\"platform\":\"local\",\"botId\":\"\"}\n";

/// A connector that serves until the rig is dropped.
pub(crate) struct Rig {
    pub(crate) connector: Connector,
    pub(crate) front: Arc<LocalFront>,
    pub(crate) address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    pub(crate) serving: JoinHandle<()>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::with(|builder| builder.limits(limits)).await
    }

    /// A connector with the local front first, and whatever else the test adds.
    pub(crate) async fn with(add: impl FnOnce(ConnectorBuilder) -> ConnectorBuilder) -> Self {
        let front = Arc::new(LocalFront::new());
        let builder = Connector::builder(MemoryStore::default())
            .front(Arc::clone(&front) as Arc<dyn relay_connector::Front>)
            .clock(Arc::new(|| NOW));
        let connector = add(builder).build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn({
            let connector = connector.clone();
            async move { connector.serve(listener, async { drop(stopped.await) }).await }
        });
        Self { connector, front, address, shutdown: Some(shutdown), serving }
    }

    pub(crate) fn shut_down(&mut self) {
        drop(self.shutdown.take());
    }

    pub(crate) fn enrollment_token(&self) -> String {
        self.enrollment_token_for(&Tenant::default())
    }

    pub(crate) fn enrollment_token_for(&self, tenant: &Tenant) -> String {
        let token = self.connector.mint_enrollment_token(tenant, ENROLLMENT_TTL).unwrap();
        token.expose().to_owned()
    }

    /// Enrolls a gateway of the tenant `home`; its secret.
    pub(crate) async fn enroll(&self, gateway_id: &str) -> Secret {
        self.enroll_for(&Tenant::default(), gateway_id).await
    }

    pub(crate) async fn enroll_for(&self, tenant: &Tenant, gateway_id: &str) -> Secret {
        let (enrollment_token, gateway_id) = (self.enrollment_token_for(tenant), gateway_id.to_owned());
        let request = EnrollRequest { enrollment_token, gateway_id };
        Secret::new(self.connector.enroll(request).await.unwrap().secret)
    }

    pub(crate) fn upgrade_token(gateway_id: &str, secret: &Secret) -> String {
        relay_auth::mint(gateway_id, secret, Expiry::At(NOW.plus(300)))
    }

    /// Enrolls and dials.
    pub(crate) async fn gateway(&self, gateway_id: &str) -> Peer {
        let secret = self.enroll(gateway_id).await;
        self.dial(&Self::upgrade_token(gateway_id, &secret)).await
    }

    /// Enrolls, dials and announces the local platform.
    pub(crate) async fn ready(&self, gateway_id: &str) -> Peer {
        let mut peer = self.gateway(gateway_id).await;
        peer.send(HELLO).await;
        assert_eq!(peer.line().await, DESCRIPTOR);
        peer
    }

    pub(crate) async fn dial(&self, token: &str) -> Peer {
        self.dial_at("/relay", Some(token)).await.unwrap()
    }

    pub(crate) async fn dial_at(&self, path: &str, token: Option<&str>) -> Result<Peer, tungstenite::Error> {
        Peer::dial(self.address, path, token).await
    }

    pub(crate) async fn http(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Response<String> {
        http(self.address, method, path, body).await
    }

    /// Says something that exactly so many gateways must be sent.
    pub(crate) fn say(&self, text: &str, to: Delivery) -> String {
        let said = self.front.say("c1", text);
        assert_eq!(said.delivery, to);
        said.message_id
    }
}

/// One HTTP request on a connection of its own: status, head and body of the answer.
pub(crate) async fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: impl Into<Bytes>,
) -> Response<String> {
    let request = Request::builder().method(method).uri(path).body(Full::new(body.into())).unwrap();
    exchange(address, request).await
}

/// A request of any kind on a connection of its own.
pub(crate) async fn exchange(address: SocketAddr, mut request: Request<Full<Bytes>>) -> Response<String> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    request.headers_mut().insert("host", address.to_string().parse().unwrap());
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    drop(sender);
    connection.abort();
    Response::from_parts(head, body)
}

/// Sends these bytes and reads up to the end of the connection, or to what has come when it breaks.
pub(crate) async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is cut with bytes unread is reset, after its answer.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

/// The gateway's end of a socket.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<TcpStream>,
    lines: VecDeque<String>,
}

impl Peer {
    pub(crate) async fn dial(
        address: SocketAddr,
        path: &str,
        token: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
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

    /// A round trip: everything sent before it has been handled, nothing else was sent to this peer.
    pub(crate) async fn nothing_more(&mut self) {
        self.send("{\"type\":\"outbound\",\"requestId\":\"fence\",\"action\":{\"op\":\"fence\"}}\n").await;
        let line = self.line().await;
        assert!(line.contains("\"requestId\":\"fence\""), "not quiet: {line}");
    }
}
