//! A gateway with an agent of the caller's.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{Adapter, AdapterSettings, Agent, MemoryInbox, MemorySessionStore};
use relay_auth::Secret;
use relay_net::{HttpClient, TcpDialer};
use relay_transport::{ConnectorApi, Credentials, Link, LinkConfig};
use relay_wire::{GatewayId, Identity};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long the end of a gateway may take.
const GRACE: Duration = Duration::from_secs(5);

/// A gateway that fronts the platform `local`.
pub struct LocalGateway {
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl fmt::Debug for LocalGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalGateway").finish_non_exhaustive()
    }
}

impl LocalGateway {
    /// Enrolls with the connector at this host and dials it.
    pub async fn start(host: &str, token: &Secret, agent: Arc<dyn Agent>) -> Result<Self, Box<dyn Error>> {
        Self::for_platform("local", host, token, agent).await
    }

    /// The same for another platform of the connector.
    pub async fn for_platform(
        platform: &str,
        host: &str,
        token: &Secret,
        agent: Arc<dyn Agent>,
    ) -> Result<Self, Box<dyn Error>> {
        let api = ConnectorApi::over(HttpClient::new(Arc::new(TcpDialer::default())));
        let enroll = Url::parse(&format!("http://{host}/relay/enroll"))?;
        let enrolled = api.enroll(&enroll, token, &GatewayId::new("example")?, None).await?;
        let credentials = Credentials::new(enrolled.gateway_id, enrolled.secret);
        let identity = Identity { platform: platform.to_owned(), bot_id: String::new() };
        let dial = Url::parse(&format!("ws://{host}/relay"))?;
        let config = LinkConfig::new(dial, identity.clone()).with_credentials(credentials);
        let (link, deliveries, task) = Link::start(config);
        let adapter = Adapter::new(
            Arc::new(link.clone()),
            agent,
            Arc::new(MemoryInbox::default()),
            Arc::new(MemorySessionStore::default()),
            AdapterSettings::default().with_identities(vec![identity]),
        );
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let serving = tokio::spawn(async move {
            let stop = async {
                stopped.cancelled().await;
                link.drain(GRACE / 2).await;
                Instant::now() + GRACE
            };
            adapter.run(deliveries, stop).await.expect("an inbox in memory can be read");
            link.close().await;
            task.await;
        });
        Ok(Self { shutdown, serving })
    }

    /// Finishes what is under way and ends.
    pub async fn stop(self) -> Result<(), Box<dyn Error>> {
        self.shutdown.cancel();
        Ok(self.serving.await?)
    }
}
