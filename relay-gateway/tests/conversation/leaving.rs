//! The end of a gateway, and its sleep, as a connector sees them: line by line.

use relay_wire::Identity;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use relay_adapter::{
    AdapterSettings, Agent, AgentError, AgentInfo, AgentSession, MemoryInbox, MemorySessionStore,
    SessionContext, Turn, TurnOutput, TurnSummary,
};
use relay_gateway::{Exit, Gateway, GatewayParts};
use relay_transport::LinkConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use url::Url;

const DESCRIPTOR: &str = r#"{"type":"descriptor","descriptor":{"contract_version":1,"platform":"discord","label":"Discord","max_message_length":2000,"supports_draft_streaming":false,"supports_edit":false,"supports_threads":false,"markdown_dialect":"plain","len_unit":"chars","supported_ops":["send"]}}"#;

/// Answers with its own text once it is let.
#[derive(Clone)]
struct Patient(Arc<Notify>);

impl Agent for Patient {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("patient", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(self.clone())
    }
}

impl AgentSession for Patient {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            self.0.notified().await;
            let _ = output.text(turn.event.text.as_ref()).await;
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        async { Ok(()) }.boxed()
    }
}

/// The connector's end of a connection.
struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    /// Takes the next connection and its hello.
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.expect("the gateway dials");
        let mut peer = Self(tokio_tungstenite::accept_async(stream).await.expect("it upgrades"));
        assert_eq!(peer.line().await, r#"{"type":"hello","platform":"discord","botId":""}"#);
        peer.say(DESCRIPTOR).await;
        peer
    }

    async fn say(&mut self, line: &str) {
        self.0.send(Message::text(format!("{line}\n"))).await.expect("the gateway reads");
    }

    async fn deliver(&mut self, number: u32) {
        let event = format!(
            r#"{{"text":"text {number}","message_id":"{number}","source":{{"platform":"discord","chat_id":"c{number}","chat_type":"dm","user_id":"u"}}}}"#
        );
        self.say(&format!(r#"{{"type":"inbound","event":{event},"bufferId":"b{number}"}}"#)).await;
    }

    async fn line(&mut self) -> String {
        loop {
            match self.0.next().await.expect("the gateway closes first").expect("a message") {
                Message::Text(text) => return text.trim_end().to_owned(),
                Message::Close(frame) => panic!("a line was expected, not {frame:?}"),
                _ => {}
            }
        }
    }

    /// The gateway closes with 1000, and nothing comes before that.
    async fn closed(mut self) {
        let Some(Ok(Message::Close(Some(frame)))) = self.0.next().await else { panic!("it is closed") };
        assert_eq!(u16::from(frame.code), 1000);
        // Answers the close, which the gateway waits for.
        while self.0.next().await.is_some() {}
    }

    /// The next line is a send of this text; it is delivered.
    async fn delivers(&mut self, text: &str) {
        let line = self.line().await;
        assert!(
            line.contains(&format!(r#""op":"send","chat_id":"c{}","content":"{text}""#, &text[5..])),
            "{line}"
        );
        let id =
            line.split(r#""requestId":""#).nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
        self.say(&format!(
            r#"{{"type":"outbound_result","requestId":"{id}","result":{{"success":true,"message_id":"m"}}}}"#
        ))
        .await;
    }
}

async fn start(hibernate_after: Option<Duration>) -> (TcpListener, Arc<Notify>, Gateway, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/relay", listener.local_addr().expect("a bound port"));
    let discord = Identity { platform: "discord".to_owned(), bot_id: String::new() };
    let go_on = Arc::new(Notify::new());
    let parts = GatewayParts {
        link: LinkConfig::new(Url::parse(&url).expect("a URL"), discord.clone()),
        agents: Arc::new(Patient(Arc::clone(&go_on))).into(),
        inbox: Arc::new(MemoryInbox::default()),
        sessions: Arc::new(MemorySessionStore::default()),
        adapter: AdapterSettings::default().with_identities(vec![discord]),
        shutdown_grace: Duration::from_secs(30),
        hibernate_after,
    };
    let shutdown = CancellationToken::new();
    let gateway = Gateway::start(parts, shutdown.clone());
    (listener, go_on, gateway, shutdown)
}

#[tokio::test]
async fn a_gateway_that_stops_goes_idle_serves_until_the_ack_finishes_its_turns_and_closes() {
    let (listener, go_on, gateway, shutdown) = start(None).await;
    let mut peer = Peer::accept(&listener).await;
    peer.deliver(1).await;
    assert_eq!(peer.line().await, r#"{"type":"inbound_ack","bufferId":"b1"}"#);
    shutdown.cancel();
    assert_eq!(peer.line().await, r#"{"type":"going_idle"}"#);
    // Sent before the connector read it.
    peer.deliver(2).await;
    assert_eq!(peer.line().await, r#"{"type":"inbound_ack","bufferId":"b2"}"#);
    go_on.notify_waiters();
    peer.delivers("text 1").await;
    peer.delivers("text 2").await;
    peer.say(r#"{"type":"going_idle_ack"}"#).await;
    peer.closed().await;
    assert_eq!(gateway.stopped().await, Exit::Done);
}

#[tokio::test]
async fn an_idle_gateway_sleeps_only_after_the_ack_and_wakes_by_itself_with_an_answer() {
    let (listener, go_on, gateway, shutdown) = start(Some(Duration::from_millis(1))).await;
    let mut peer = Peer::accept(&listener).await;
    assert_eq!(peer.line().await, r#"{"type":"going_idle"}"#);
    // It came too late to be kept: it is taken, and its answer needs a connection.
    peer.deliver(1).await;
    assert_eq!(peer.line().await, r#"{"type":"inbound_ack","bufferId":"b1"}"#);
    peer.say(r#"{"type":"going_idle_ack"}"#).await;
    peer.closed().await;
    go_on.notify_one();
    let mut peer = Peer::accept(&listener).await;
    peer.delivers("text 1").await;
    shutdown.cancel();
    assert_eq!(peer.line().await, r#"{"type":"going_idle"}"#);
    peer.say(r#"{"type":"going_idle_ack"}"#).await;
    peer.closed().await;
    assert_eq!(gateway.stopped().await, Exit::Done);
}
