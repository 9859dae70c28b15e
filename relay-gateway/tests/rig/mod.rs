//! A connector in the test's own process, for gateways that are processes of their own.

use std::sync::Arc;

use relay_auth::Secret;
use relay_connector::{Connector, ENROLLMENT_TTL, Front, MemoryFront, MemoryStore, Tenant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A connector with one front that listens on loopback.
pub(crate) struct Serving {
    pub(crate) front: Arc<MemoryFront>,
    pub(crate) url: String,
    /// Lets one gateway in.
    pub(crate) token: Secret,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Serving {
    pub(crate) async fn start() -> Self {
        let front = Arc::new(MemoryFront::new());
        let connector = Connector::builder(MemoryStore::default())
            .front(Arc::clone(&front) as Arc<dyn Front>)
            .build()
            .expect("the connector is complete");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let token = connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL).expect("randomness");
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let task = tokio::spawn(async move { connector.serve(listener, stopped.cancelled()).await });
        Self { front, url, token, shutdown, task }
    }

    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        self.task.await.expect("the connector ends by itself");
    }
}
