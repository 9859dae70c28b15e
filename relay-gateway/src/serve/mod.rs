//! A running gateway: one link, one adapter, until told to stop.

pub(crate) mod commands;
mod hibernate;
mod media;
mod running_gateway;
pub(crate) mod signals;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{Adapter, AdapterCounters, AdapterSettings, Agents, Inbox, Observer, SessionStore};
use relay_runtime::Clock;
use relay_transport::{DisabledReason, Drained, Link, LinkConfig, LinkState, RelayTransport};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use self::hibernate::hibernate_when_idle;
pub(crate) use self::running_gateway::{ProgramParts, RunningGateway};
use crate::cli::Exit;
use crate::observability::metrics::{MeasuredInbox, MeasuredTransport, Measurements};

/// How long the end of a gateway may take unless told otherwise.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// What a gateway is made of.
pub struct GatewayParts {
    /// The link to the connector.
    pub link: LinkConfig,
    /// What answers: one agent, or several.
    pub agents: Agents,
    /// What remembers messages until they are done with.
    pub inbox: Arc<dyn Inbox>,
    /// What remembers the agents' own sessions, and which of them a chat has chosen.
    pub sessions: Arc<dyn SessionStore>,
    /// How messages become turns.
    pub adapter: AdapterSettings,
    /// How long the end may take, from the signal to the closed socket.
    pub shutdown_grace: Duration,
    /// After how long without a message the link hibernates; never, for `None`.
    pub hibernate_after: Option<Duration>,
}

impl fmt::Debug for GatewayParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayParts")
            .field("link", &self.link)
            .field("adapter", &self.adapter)
            .field("shutdown_grace", &self.shutdown_grace)
            .field("hibernate_after", &self.hibernate_after)
            .finish_non_exhaustive()
    }
}

/// A gateway that dials, answers messages and keeps its link.
pub struct Gateway {
    agents: Agents,
    link: Link,
    counters: AdapterCounters,
    clock: Clock,
    measurements: Measurements,
    serving: JoinHandle<Exit>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("state", &*self.link.state().borrow()).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Starts a gateway that runs until `shutdown` is cancelled.
    ///
    /// A disabled link ends it too, with [`Exit::Refused`] or [`Exit::Config`]: there is nothing left to serve, and
    /// dialing again is what a revoked gateway must not do.
    pub fn start(parts: GatewayParts, shutdown: CancellationToken) -> Self {
        let GatewayParts { link, agents, inbox, sessions, adapter, shutdown_grace, hibernate_after } = parts;
        let clock = link.clock().clone();
        let (link, deliveries, task) = Link::start(link);
        let measurements = Measurements::default();
        let transport =
            MeasuredTransport { inner: Arc::new(link.clone()), measurements: measurements.clone() };
        let inbox = MeasuredInbox { inner: inbox, measurements: measurements.clone() };
        let observer = observed(adapter.observer().cloned(), &measurements);
        let adapter = adapter.with_observer(Some(observer));
        let (transport, inbox): (Arc<dyn RelayTransport>, _) = (Arc::new(transport), Arc::new(inbox));
        let adapter = Adapter::new(transport, agents.clone(), inbox, sessions, adapter);
        let counters = adapter.counters();
        let closing = link.clone();
        let hibernating = hibernate_after.map(|after| {
            tokio::spawn(hibernate_when_idle(link.clone(), adapter.activity(), after, shutdown_grace))
        });
        let serving = tokio::spawn(async move {
            let watching = tokio::spawn(watch_state(closing.state(), shutdown.clone()));
            let stop = async {
                shutdown.cancelled().await;
                if let Some(hibernating) = &hibernating {
                    hibernating.abort();
                }
                drain(&closing, shutdown_grace).await
            };
            let served = adapter.run(deliveries, stop).await;
            closing.close().await;
            task.await;
            let ended = watching.await.unwrap_or(Exit::Failed);
            match served {
                Ok(()) => ended,
                Err(failure) => {
                    error!("{failure}");
                    Exit::Failed
                }
            }
        });
        Self { agents, link, counters, clock, measurements, serving }
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

    /// The link, to look at.
    pub(crate) fn link(&self) -> Link {
        self.link.clone()
    }

    /// What the adapter counts.
    /// The clock of the link.
    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// What answers.
    pub(crate) fn agents(&self) -> Agents {
        self.agents.clone()
    }

    pub(crate) fn counters(&self) -> AdapterCounters {
        self.counters.clone()
    }

    /// What is measured of it.
    pub(crate) fn measurements(&self) -> Measurements {
        self.measurements.clone()
    }

    /// Waits for the end.
    pub async fn stopped(self) -> Exit {
        self.serving.await.unwrap_or(Exit::Failed)
    }
}

/// An observer that measures turns, and passes them on to another one.
fn observed(observer: Option<Observer>, measurements: &Measurements) -> Observer {
    let measurements = measurements.clone();
    Arc::new(move |report| {
        measurements.turn_ended(report);
        if let Some(observer) = &observer {
            observer(report);
        }
    })
}

/// Asks the connector to keep what comes from now on, while everything is still served. Answers by when turns
/// must be over.
async fn drain(link: &Link, grace: Duration) -> Instant {
    let begun = Instant::now();
    match link.drain(grace.mul_f64(0.3)).await {
        Drained::Acked => debug!("the connector keeps what comes from now on"),
        Drained::NotAcked => {
            warn!(
                "the connector did not confirm in time that it keeps messages; what it still sends comes again"
            );
        }
        Drained::NoConnection => debug!("there is no connection to drain"),
    }
    // The last tenth is for closing the socket.
    begun + grace.mul_f64(0.9)
}

/// Ends the gateway when its link is disabled, or died.
async fn watch_state(mut state: watch::Receiver<LinkState>, shutdown: CancellationToken) -> Exit {
    let ended = state.wait_for(|state| matches!(state, LinkState::Disabled { .. } | LinkState::Closed)).await;
    let exit = match ended.as_deref() {
        Ok(LinkState::Disabled { reason }) => {
            error!("relay disabled: {reason}");
            match reason {
                DisabledReason::Revoked { .. } => Exit::Refused,
                _ => Exit::Config,
            }
        }
        Ok(_) => return Exit::Done,
        // Its task is gone without a last word, which it says itself; whoever supervises starts the gateway again.
        Err(_) => Exit::Failed,
    };
    shutdown.cancel();
    exit
}

#[cfg(test)]
mod tests {
    use relay_transport::{DisabledReason, LinkState};
    use tokio::sync::watch;
    use tokio_util::sync::CancellationToken;

    use super::watch_state;
    use crate::Exit;

    #[tokio::test]
    async fn the_exit_code_says_how_the_link_ended_and_a_link_that_died_is_a_failure() {
        let reason = DisabledReason::Refused { reason: "x".to_owned() };
        for (last, exit, stops) in [
            (LinkState::Closed, Exit::Done, false),
            (LinkState::Disabled { reason }, Exit::Config, true),
            (LinkState::Live, Exit::Failed, true),
        ] {
            let (sender, state) = watch::channel(last);
            drop(sender);
            let shutdown = CancellationToken::new();
            assert_eq!(watch_state(state, shutdown.clone()).await, exit);
            assert_eq!(shutdown.is_cancelled(), stops);
        }
    }
}
