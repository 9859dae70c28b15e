//! The other end of the link.

use relay_wire::Identity;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use relay_auth::UnixSeconds;
use relay_net::{ByteStream, Dial, DialError};
use relay_runtime::{Clock, Random};
use relay_transport::{Deliveries, Delivery, Link, LinkConfig, LinkState, LinkTask, RelayTransport as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use url::Url;

pub(crate) const NOW: UnixSeconds = UnixSeconds(1_754_700_000);

pub(crate) const DESCRIPTOR: &str = "{\"type\":\"descriptor\",\"descriptor\":{\"contract_version\":1,\"platform\":\"discord\",\"label\":\"Discord\",\
     \"max_message_length\":2000,\"supports_draft_streaming\":false,\"supports_edit\":true,\"supports_threads\":true,\
     \"markdown_dialect\":\"discord\",\"len_unit\":\"utf16\"}}\n";

/// Where dials arrive. Dropped, every dial is refused.
pub(crate) struct Connector {
    dials: mpsc::UnboundedReceiver<DuplexStream>,
}

/// Opens pipes in memory, with this many bytes of room in each direction.
struct Pipes {
    connector: mpsc::UnboundedSender<DuplexStream>,
    room: usize,
}

impl Dial for Pipes {
    fn dial<'a>(&'a self, _: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(self.room);
            let refused = |_| DialError::Connect {
                host: "memory".to_owned(),
                port: 0,
                source: io::ErrorKind::ConnectionRefused.into(),
            };
            self.connector.send(theirs).map_err(refused)?;
            Ok(Box::new(ours) as Box<dyn ByteStream>)
        })
    }
}

/// A link under test with everything around it.
pub(crate) struct Fixture {
    pub(crate) link: Link,
    pub(crate) deliveries: Deliveries,
    pub(crate) task: LinkTask,
    pub(crate) connector: Connector,
}

/// Randomness that is none.
pub(crate) fn always(number: u64) -> Random {
    Random::from_fn(move |bytes| {
        bytes.copy_from_slice(&number.to_le_bytes());
        Ok(())
    })
}

/// The plain configuration: one Discord identity, a clock and dice that stand still.
pub(crate) fn config() -> LinkConfig {
    let url = Url::parse("ws://localhost/relay").expect("a URL");
    LinkConfig::new(url, Identity { platform: "discord".into(), bot_id: "b1".into() })
        .with_clock(Clock::fixed(NOW))
        // Half of every ceiling; request ids begin with 80000000.
        .with_random(always(1 << 63))
}

pub(crate) fn start(config: LinkConfig) -> Fixture {
    start_with_room(config, 64 * 1024)
}

pub(crate) fn start_with_room(config: LinkConfig, room: usize) -> Fixture {
    start_through(config, room, |pipes| pipes)
}

/// Starts a link whose dialer wraps the one in memory.
pub(crate) fn start_through(
    config: LinkConfig,
    room: usize,
    wrap: impl FnOnce(Arc<dyn Dial>) -> Arc<dyn Dial>,
) -> Fixture {
    let (connector, dials) = mpsc::unbounded_channel();
    let config = config.with_dialer(wrap(Arc::new(Pipes { connector, room })));
    let (link, deliveries, task) = Link::start(config);
    Fixture { link, deliveries, task, connector: Connector { dials } }
}

/// Waits for a day of the clock that stands still: a link that dials for ever would otherwise hang its test.
async fn patiently<F: Future>(work: F) -> F::Output {
    let day = Duration::from_hours(24);
    tokio::time::timeout(day, work).await.expect("it happens within a day")
}

/// A link that is live, and its peer.
pub(crate) async fn live(config: LinkConfig) -> (Fixture, Peer) {
    let mut fixture = start(config);
    let peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    (fixture, peer)
}

impl Fixture {
    /// Waits for a state.
    pub(crate) async fn reach(&self, state: &LinkState) {
        self.reach_any(|now| now == state).await;
    }

    pub(crate) async fn reach_any(&self, wanted: impl Fn(&LinkState) -> bool) -> LinkState {
        let mut watch = self.link.state();
        patiently(watch.wait_for(|now| wanted(now))).await.expect("the task runs").clone()
    }

    /// The next delivery, which must be an inbound message; its text and buffer id.
    pub(crate) async fn text(&mut self) -> (String, Option<String>) {
        match patiently(self.deliveries.events().recv()).await.expect("a delivery") {
            Delivery::Inbound(inbound) => {
                (inbound.event.text.clone(), inbound.buffer_id.map(|id| id.to_string()))
            }
            other => panic!("no inbound message: {other:?}"),
        }
    }
}

impl Connector {
    /// The next dial, before any byte.
    pub(crate) async fn dialed(&mut self) -> DuplexStream {
        patiently(self.dials.recv()).await.expect("the link dials")
    }

    /// The next dial; `None` once there will be none any more.
    pub(crate) async fn dialed_or_none(&mut self) -> Option<DuplexStream> {
        self.dials.recv().await
    }

    /// Takes the next dial up to the upgrade.
    #[allow(clippy::result_large_err, reason = "the callback's type is given")]
    pub(crate) async fn accept(&mut self) -> Peer {
        let stream = self.dialed().await;
        let (mut path, mut authorization) = (String::new(), None);
        let note = |request: &Request, response: Response| {
            request.uri().path().clone_into(&mut path);
            authorization = request
                .headers()
                .get("authorization")
                .map(|value| value.to_str().expect("a token is ASCII").to_owned());
            Ok(response)
        };
        let socket = accept_hdr_async(stream, note).await.expect("an upgrade");
        Peer { socket, path, authorization }
    }

    /// Takes the next dial up to the descriptor.
    pub(crate) async fn live(&mut self) -> Peer {
        let mut peer = self.accept().await;
        assert_eq!(peer.line().await, "{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b1\"}\n");
        peer.send(DESCRIPTOR).await;
        peer
    }

    /// Answers the next dial with these bytes in place of an upgrade.
    pub(crate) async fn answer(&mut self, response: &str) {
        let mut stream = self.dialed().await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert!(stream.read_buf(&mut head).await.expect("readable") > 0, "the request ended early");
        }
        stream.write_all(response.as_bytes()).await.expect("written");
    }
}

/// The connector's end of one connection.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<DuplexStream>,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
}

impl Peer {
    /// The next text message, byte for byte.
    pub(crate) async fn line(&mut self) -> String {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no text message: {other:?}"),
            }
        }
    }

    /// The close code that the link says goodbye with.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("the link reads");
    }

    pub(crate) async fn send_binary(&mut self, bytes: impl Into<Bytes>) {
        self.socket.send(Message::Binary(bytes.into())).await.expect("the link reads");
    }

    /// Closes with a code, and lets the link answer.
    pub(crate) async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.socket.send(Message::Close(Some(frame))).await.expect("the link reads");
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Reads and answers pings while something else goes on.
    pub(crate) async fn meanwhile<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                output = &mut work => return output,
                message = self.socket.next() => {
                    message.expect("the connection lives").expect("the connection lives");
                }
            }
        }
    }
}

pub(crate) fn inbound(text: &str, buffer_id: Option<&str>) -> String {
    let buffer_id = buffer_id.map(|id| format!(",\"bufferId\":\"{id}\"")).unwrap_or_default();
    format!(
        "{{\"type\":\"inbound\",\"event\":{{\"text\":\"{text}\",\"source\":{{\"platform\":\"discord\",\
         \"chat_id\":\"c1\",\"chat_type\":\"dm\"}}}}{buffer_id}}}\n"
    )
}

pub(crate) fn result(request_id: &str, message_id: &str) -> String {
    format!(
        "{{\"type\":\"outbound_result\",\"requestId\":\"{request_id}\",\
         \"result\":{{\"success\":true,\"message_id\":\"{message_id}\"}}}}\n"
    )
}

pub(crate) fn interrupt(session_key: &str) -> String {
    format!("{{\"type\":\"interrupt_inbound\",\"session_key\":\"{session_key}\",\"chat_id\":\"c1\"}}\n")
}
