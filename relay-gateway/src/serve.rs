//! A running gateway: one link, one adapter, until told to stop.

use std::sync::Arc;

use relay_adapter::{Adapter, AdapterSettings, Agent, MemoryInbox};
use relay_transport::{DisabledReason, Link, LinkConfig, LinkState, RelayTransport};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::exit::Exit;

/// A gateway that dials, answers messages and keeps its link.
pub struct Gateway {
    link: Link,
    serving: JoinHandle<Exit>,
}

impl Gateway {
    /// Starts a gateway that runs until `shutdown` is cancelled.
    ///
    /// A disabled link ends it too, with [`Exit::Refused`] or [`Exit::Config`]: there is nothing left to serve, and
    /// dialing again is what a revoked gateway must not do.
    pub fn start(
        link: LinkConfig,
        agent: Arc<dyn Agent>,
        settings: AdapterSettings,
        shutdown: CancellationToken,
    ) -> Self {
        let (link, deliveries, task) = Link::start(link);
        let transport: Arc<dyn RelayTransport> = Arc::new(link.clone());
        let adapter = Adapter::new(transport, agent, Arc::new(MemoryInbox::default()), settings);
        let closing = link.clone();
        let serving = tokio::spawn(async move {
            let watching = tokio::spawn(watch_state(closing.state(), shutdown.clone()));
            adapter.run(deliveries, shutdown).await;
            closing.close().await;
            task.await;
            watching.await.unwrap_or(Exit::Failed)
        });
        Self { link, serving }
    }

    /// Waits until messages flow; `false` when the gateway ended instead.
    pub async fn live(&self) -> bool {
        let mut state = self.link.state();
        let settled = state.wait_for(|state| {
            matches!(state, LinkState::Live | LinkState::Disabled { .. } | LinkState::Closed)
        });
        settled.await.is_ok_and(|state| *state == LinkState::Live)
    }

    /// The link's state, now and as it changes.
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.link.state()
    }

    /// Waits for the end.
    pub async fn stopped(self) -> Exit {
        self.serving.await.unwrap_or(Exit::Failed)
    }
}

/// Ends the gateway when its link is disabled.
async fn watch_state(mut state: watch::Receiver<LinkState>, shutdown: CancellationToken) -> Exit {
    let ended = state.wait_for(|state| matches!(state, LinkState::Disabled { .. } | LinkState::Closed)).await;
    let Ok(LinkState::Disabled { reason }) = ended.as_deref() else { return Exit::Done };
    error!("relay disabled: {reason}");
    shutdown.cancel();
    match reason {
        DisabledReason::Revoked { .. } => Exit::Refused,
        DisabledReason::Refused { .. } => Exit::Config,
    }
}
