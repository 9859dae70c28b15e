//! A connector with one chat.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_auth::{RandomFailed, Secret};
use relay_connector::{ChatUpdateKind, Connector, ENROLLMENT_TTL, MemoryFront, MemoryStore, Tenant};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// The chat.
const CHAT: &str = "example";

/// How long an answer may take before an example counts as broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connector on a free port of this machine, with one chat. It serves until the process ends.
pub struct LocalConnector {
    /// Its host and port.
    pub host: String,
    connector: Connector,
    front: Arc<MemoryFront>,
}

impl fmt::Debug for LocalConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalConnector").field("host", &self.host).finish_non_exhaustive()
    }
}

impl LocalConnector {
    /// Starts one.
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        let front = Arc::new(MemoryFront::new());
        let connector = Connector::builder(MemoryStore::default()).front(front.clone()).build()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let host = listener.local_addr()?.to_string();
        let serving = connector.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        Ok(Self { host, connector, front })
    }

    /// A token that enrolls one gateway.
    pub fn enrollment_token(&self) -> Result<Secret, RandomFailed> {
        self.connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL)
    }

    /// Says something in the chat once a gateway is there, and waits for the next message of an agent.
    ///
    /// # Panics
    ///
    /// When none comes in time: the example is broken.
    pub async fn ask(&self, text: &str) -> String {
        let answered = async {
            self.front.connected().await;
            let mut updates = self.front.updates();
            self.front.say(CHAT, text).await.expect("it is short and kept in memory");
            loop {
                let update = updates.recv().await.expect("the front stays");
                if let ChatUpdateKind::Posted { content, .. } = update.kind {
                    return content;
                }
            }
        };
        timeout(PATIENCE, answered).await.expect("an agent answers in time")
    }
}
