//! Both halves of the protocol on loopback, with a wire between them that a test can cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, SinkExt as _};
use relay_adapter::{
    AdapterSettings, Agent, AgentError, AgentInfo, AgentSession, MemoryInbox, MemorySessionStore,
    SessionContext, Turn, TurnOutput, TurnReport, TurnSummary,
};
use relay_auth::{Expiry, Secret, mint};
use relay_config::ConnectorUrl;
use relay_connector::{Connector, ENROLLMENT_TTL, Front, MemoryStore, Tenant};
use relay_gateway::{Exit, Gateway, GatewayParts};
use relay_transport::{Credentials, LinkConfig};
use relay_wire::{EnrollRequest, Identity};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};
use tokio_util::sync::CancellationToken;

use crate::platform::Platform;

pub const GATEWAY: &str = "gw-test";
const SIBLING: &str = "gw-sibling";

/// A connector with two platforms, listening on loopback.
pub struct Server {
    pub discord: Arc<Platform>,
    pub telegram: Arc<Platform>,
    pub address: SocketAddr,
    connector: Connector,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl Server {
    pub async fn start(discord: Platform) -> Self {
        let (discord, telegram) = (Arc::new(discord), Arc::new(Platform::new("telegram")));
        let connector = Connector::builder(MemoryStore::default())
            .front(Arc::clone(&discord) as Arc<dyn Front>)
            .front(Arc::clone(&telegram) as Arc<dyn Front>)
            .build()
            .expect("the connector is complete");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn({
            let (connector, shutdown) = (connector.clone(), shutdown.clone());
            async move { connector.serve(listener, shutdown.cancelled()).await }
        });
        Self { discord, telegram, address, connector, shutdown, serving }
    }

    /// Enrolls a gateway and answers its secret.
    pub async fn enroll(&self, gateway_id: &str) -> Secret {
        let token = self
            .connector
            .mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL)
            .expect("the machine has randomness");
        let request =
            EnrollRequest { enrollment_token: token.expose().to_owned(), gateway_id: gateway_id.to_owned() };
        let response = self.connector.enroll(request).await.expect("the token is fresh");
        Secret::new(response.secret)
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.serving.await.expect("the connector ends by itself");
    }
}

/// A port that passes bytes on to another one until it is told to drop what it has.
pub struct Wire {
    pub address: SocketAddr,
    cut: watch::Sender<()>,
}

impl Wire {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let (cut, mut cuts) = watch::channel(());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = TcpStream::connect(target).await.expect("the connector listens");
                cuts.mark_unchanged();
                let mut cuts = cuts.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { address, cut }
    }

    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}

/// Says "working" and hangs when told to "hang", else says what it is told.
struct TestAgent;

impl Agent for TestAgent {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("test", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(TestAgent)
    }
}

impl AgentSession for TestAgent {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            if turn.event.text == "hang" {
                let _ = output.text("working").await;
                turn.cancelled.cancelled().await;
            } else {
                let _ = output.text(turn.event.text.as_ref()).await;
            }
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        async { Ok(()) }.boxed()
    }
}

/// Starts a gateway that dials the given connector.
pub fn start_gateway(
    connector: &str,
    secret: Secret,
    settings: AdapterSettings,
    shutdown: &CancellationToken,
) -> Gateway {
    let [discord, telegram] = ["discord", "telegram"]
        .map(|platform| Identity { platform: platform.to_owned(), bot_id: String::new() });
    let url = ConnectorUrl::parse(connector).expect("an address");
    let link = LinkConfig::new(url.dial().clone(), discord.clone())
        .with_identity(telegram.clone())
        .with_credentials(Credentials::new(GATEWAY.parse().unwrap(), secret));
    let parts = GatewayParts {
        link,
        agents: Arc::new(TestAgent).into(),
        inbox: Arc::new(MemoryInbox::default()),
        sessions: Arc::new(MemorySessionStore::default()),
        adapter: settings.with_identities(vec![discord, telegram]),
        // A turn that hangs is what a test wants, not what it waits for at its end.
        shutdown_grace: Duration::from_millis(500),
        hibernate_after: None,
    };
    Gateway::start(parts, shutdown.clone())
}

/// A gateway that is live on a connector.
pub struct Relay {
    pub discord: Arc<Platform>,
    pub telegram: Arc<Platform>,
    pub server: Server,
    pub gateway: Gateway,
    wire: Wire,
    ends: watch::Receiver<Vec<String>>,
    shutdown: CancellationToken,
}

impl Relay {
    pub async fn start() -> Self {
        Self::start_on(Platform::new("discord")).await
    }

    pub async fn start_on(discord: Platform) -> Self {
        let server = Server::start(discord).await;
        let secret = server.enroll(GATEWAY).await;
        let wire = Wire::to(server.address).await;
        let (ends_in, ends) = watch::channel(Vec::new());
        let observer = move |report: &TurnReport| {
            let id = report.message_id.clone().unwrap_or_default();
            ends_in.send_modify(|ends: &mut Vec<String>| ends.push(format!("{id} {}", report.end.as_str())));
        };
        let settings = AdapterSettings::default().with_observer(Some(Arc::new(observer)));
        let shutdown = CancellationToken::new();
        let gateway = start_gateway(&format!("http://{}", wire.address), secret, settings, &shutdown);
        assert!(gateway.live().await, "the gateway is accepted");
        let (discord, telegram) = (Arc::clone(&server.discord), Arc::clone(&server.telegram));
        Self { discord, telegram, server, gateway, wire, ends, shutdown }
    }

    /// Waits for the ends of so many messages: their ids, and how they ended.
    pub async fn ends(&self, count: usize) -> Vec<String> {
        let mut ends = self.ends.clone();
        ends.wait_for(|ends| ends.len() >= count).await.expect("the gateway lives").clone()
    }

    pub fn cut_connection(&self) {
        self.wire.cut();
    }

    /// Another gateway of the same tenant asks for a session to be stopped.
    pub async fn interrupt_from_a_sibling(&self, session_key: &str) {
        let secret = self.server.enroll(SIBLING).await;
        let mut request = format!("ws://{}/relay", self.server.address).into_client_request().expect("a URL");
        let bearer = format!("Bearer {}", mint(SIBLING, &secret, Expiry::Never));
        request.headers_mut().insert("authorization", bearer.parse().expect("a header"));
        let stream = TcpStream::connect(self.server.address).await.expect("the connector listens");
        let (mut socket, _) =
            tokio_tungstenite::client_async(request, stream).await.expect("the upgrade is accepted");
        for line in [
            "{\"type\":\"hello\",\"platform\":\"telegram\",\"botId\":\"\"}\n".to_owned(),
            format!("{{\"type\":\"interrupt\",\"session_key\":\"{session_key}\",\"reason\":null}}\n"),
        ] {
            socket.send(Message::text(line)).await.expect("the connector reads");
        }
        socket.close(None).await.expect("the connector reads");
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        assert_eq!(self.gateway.stopped().await, Exit::Done);
        self.server.stop().await;
    }
}
