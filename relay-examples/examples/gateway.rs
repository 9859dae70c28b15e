//! A gateway in a program of your own: it enrolls, dials a connector, and lets an agent answer what comes.

use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{Adapter, AdapterSettings, MemoryInbox, MemorySessionStore};
use relay_examples::{LocalConnector, Outcome, Shouting};
use relay_net::{HttpClient, TcpDialer};
use relay_transport::{ConnectorApi, Credentials, Link, LinkConfig};
use relay_wire::{GatewayId, Identity};
use tokio::time::Instant;
use url::Url;

#[tokio::main]
async fn main() -> Outcome {
    // Yours runs elsewhere; its operator gives you the URL and a token that enrolls one gateway.
    let connector = LocalConnector::start().await?;
    let (host, token) = (&connector.host, connector.enrollment_token()?);

    // Keep the credentials: the token is good once.
    let http = HttpClient::new(Arc::new(TcpDialer::default()));
    let enroll = Url::parse(&format!("http://{host}/relay/enroll"))?;
    let enrolled = ConnectorApi::over(http).enroll(&enroll, &token, &GatewayId::new("mine")?, None).await?;
    let credentials = Credentials::new(enrolled.gateway_id, enrolled.secret);

    // The link keeps one WebSocket up, and says in `link.state()` how that stands.
    let identity = Identity { platform: "local".into(), bot_id: String::new() };
    let dial = Url::parse(&format!("ws://{host}/relay"))?;
    let config = LinkConfig::new(dial, identity.clone()).with_credentials(credentials);
    let (link, deliveries, task) = Link::start(config);

    // The adapter makes turns of what comes. A durable inbox instead of this one survives the process.
    let adapter = Adapter::new(
        Arc::new(link.clone()),
        Arc::new(Shouting),
        Arc::new(MemoryInbox::default()),
        Arc::new(MemorySessionStore::default()),
        AdapterSettings::default().with_identities(vec![identity]),
    );

    // It serves until this completes, which says by when all must be over: yours waits for a signal.
    let stop = async {
        println!("the agent answers: {}", connector.ask("hello").await);
        link.drain(Duration::from_secs(3)).await;
        Instant::now() + Duration::from_secs(5)
    };
    adapter.run(deliveries, stop).await?;
    link.close().await;
    task.await;
    Ok(())
}
