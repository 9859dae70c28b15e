//! A connector on a loopback port and a gateway made of bare lines, for tests over real sockets.

#![allow(dead_code, reason = "each test file uses its part of the rig")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use relay_auth::{Expiry, Secret, UnixSeconds};
use relay_connector::{
    Accept, Clock, Connector, ConnectorBuilder, Delivery, ENROLLMENT_TTL, Limits, MemoryFront, MemoryStore,
    Store, Tenant,
};
use relay_wire::EnrollRequest;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
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

/// How long a peer waits for a line.
const PATIENCE: Duration = Duration::from_hours(1);

/// What every buffer id of the rig begins with.
pub(crate) const LINEAGE: &str = "f00d";

/// The bytes of one connection.
pub(crate) trait Bytes2Way: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Bytes2Way for S {}

/// How a peer reaches the connector.
#[derive(Clone)]
enum Way {
    Tcp(SocketAddr),
    /// No sockets: time can be paused.
    Memory(mpsc::Sender<DuplexStream>),
}

/// Accepts what the rig's peers made.
struct Streams(mpsc::Receiver<DuplexStream>);

impl Accept for Streams {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> std::io::Result<DuplexStream> {
        match self.0.recv().await {
            Some(stream) => Ok(stream),
            None => std::future::pending().await,
        }
    }
}

/// A connector that serves until the rig is dropped.
pub(crate) struct Rig {
    pub(crate) connector: Connector,
    pub(crate) front: Arc<MemoryFront>,
    pub(crate) address: SocketAddr,
    way: Way,
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
        let (connector, front) = Self::build(MemoryStore::default(), add).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(connector, front, listener, address, Way::Tcp(address))
    }

    /// The same without sockets, so that time can be paused, on this store.
    pub(crate) async fn in_memory(
        store: impl Store,
        add: impl FnOnce(ConnectorBuilder) -> ConnectorBuilder,
    ) -> Self {
        let (connector, front) = Self::build(store, add).await;
        let (streams, accepted) = mpsc::channel(1);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        Self::serve(connector, front, Streams(accepted), nowhere, Way::Memory(streams))
    }

    async fn build(
        store: impl Store,
        add: impl FnOnce(ConnectorBuilder) -> ConnectorBuilder,
    ) -> (Connector, Arc<MemoryFront>) {
        store.lineage(LINEAGE).await.unwrap();
        let front = Arc::new(MemoryFront::new());
        let builder = Connector::builder(store)
            .front(Arc::clone(&front) as Arc<dyn relay_connector::Front>)
            .clock(Clock::fixed(NOW));
        (add(builder).build().unwrap(), front)
    }

    fn serve(
        connector: Connector,
        front: Arc<MemoryFront>,
        listener: impl Accept + 'static,
        address: SocketAddr,
        way: Way,
    ) -> Self {
        let (shutdown, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn({
            let connector = connector.clone();
            async move { connector.serve(listener, async { drop(stopped.await) }).await }
        });
        Self { connector, front, address, way, shutdown: Some(shutdown), serving }
    }

    /// Ends as a machine ends that loses its power: nobody is told, and only the store is left.
    pub(crate) async fn crash(self) {
        let Self { connector, front, serving, .. } = self;
        serving.abort();
        let _ = serving.await;
        drop((connector, front));
        // The connections end with the serving, each on its own task.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
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
        match &self.way {
            Way::Tcp(address) => Peer::dial(*address, path, token).await,
            Way::Memory(streams) => {
                let (near, far) = tokio::io::duplex(64 * 1024);
                streams.send(far).await.unwrap();
                Peer::dial_over(Box::new(near), self.address, path, token).await
            }
        }
    }

    pub(crate) async fn http(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Response<String> {
        http(self.address, method, path, body).await
    }

    /// Says something that must fare like this.
    pub(crate) async fn say(&self, text: &str, to: Delivery) -> String {
        let said = self.front.say("c1", text).await.unwrap();
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
    pub(crate) socket: WebSocketStream<Box<dyn Bytes2Way>>,
    lines: VecDeque<String>,
}

impl Peer {
    pub(crate) async fn dial(
        address: SocketAddr,
        path: &str,
        token: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::dial_over(Box::new(stream), address, path, token).await
    }

    async fn dial_over(
        stream: Box<dyn Bytes2Way>,
        address: SocketAddr,
        path: &str,
        token: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
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

    /// The next line, with its newline. One that does not come fails the test: where time is paused, at once.
    pub(crate) async fn line(&mut self) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.lines.pop_front() {
                return line;
            }
            let next = timeout_at(until, self.socket.next()).await;
            match next.unwrap_or_else(|_| panic!("no line came for {PATIENCE:?}")) {
                Some(Ok(Message::Text(text))) => {
                    assert!(text.ends_with('\n'), "a message without a newline at its end: {text}");
                    self.lines.extend(text.split_inclusive('\n').map(str::to_owned));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no line came, but {other:?}"),
            }
        }
    }

    /// The next delivery: its number and its text.
    pub(crate) async fn delivery(&mut self) -> (u64, String) {
        let line = self.line().await;
        let frame: serde_json::Value = serde_json::from_str(&line).unwrap();
        let id = frame["bufferId"].as_str().unwrap_or_else(|| panic!("no buffer id: {line}"));
        let number = id.strip_prefix(LINEAGE).and_then(|id| id.strip_prefix('-')).unwrap();
        let text = frame["event"]["text"].as_str().unwrap_or_default();
        (number.parse().unwrap(), text.to_owned())
    }

    /// So many deliveries: their texts, in order.
    pub(crate) async fn deliveries(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.delivery().await.1);
        }
        texts
    }

    pub(crate) async fn ack(&mut self, number: u64) {
        self.send(&format!("{{\"type\":\"inbound_ack\",\"bufferId\":\"{LINEAGE}-{number}\"}}\n")).await;
    }

    /// Takes the next delivery for good: its text.
    pub(crate) async fn take(&mut self) -> String {
        let (number, text) = self.delivery().await;
        self.ack(number).await;
        text
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
