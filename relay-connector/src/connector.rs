//! The connector: the parts that it is composed of, and what its owner does with it.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use relay_auth::{RandomFailed, Secret};
use relay_wire::{EnrollRequest, EnrollResponse, GatewayId, ProvisionRequest, ProvisionResponse};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::access::accounts::GatewayAccounts;
use crate::delivery::closing::Closing;
use crate::delivery::delivery_buffers::DeliveryBuffers;
use crate::delivery::redelivery::Redelivery;
use crate::delivery::registry::Registry;
use crate::front::supervisor::Supervisor;
use crate::metrics::{Metrics, Reading};
use crate::server::listener::Server;
use crate::server::observability;
use crate::{
    Accept, ChatAccess, ConnectorBuilder, EnrollError, FrontContext, FrontState, GatewayRecord,
    ProvisionError, RevokeOutcome, RotateError, Seq, Store, StoreError, Tenant,
};

/// An open connector. Clones are handles to the same one.
///
/// It serves `GET {base}/relay` as a WebSocket and the contract's HTTP routes beside it, in plaintext: put a
/// proxy that ends TLS in front of it wherever the network is not the machine's own.
#[derive(Clone)]
pub struct Connector {
    parts: Arc<Parts>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

/// The parts, each of which knows only what it needs.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) accounts: Arc<GatewayAccounts>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) buffers: Arc<DeliveryBuffers>,
    pub(crate) redelivery: Redelivery,
    pub(crate) server: Arc<Server>,
    pub(crate) supervisor: Supervisor,
    pub(crate) metrics: Metrics,
}

/// Why a connector is not ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unready {
    /// What is to be delivered, and to whom, cannot be looked up.
    #[error("the store cannot be read: {0}")]
    Store(#[from] StoreError),
    /// What comes cannot be stored now, so that nothing is taken.
    #[error("the store cannot be written and nothing is taken; make room on its disk")]
    Full,
    /// A front waits for somebody to mend something.
    #[error("the front of {platform} has stopped: {why}; {remedy}")]
    Front {
        /// Its platform.
        platform: String,
        /// Why.
        why: String,
        /// What to do about it.
        remedy: String,
    },
}

impl Connector {
    /// Begins a connector that remembers its gateways in this store.
    pub fn builder(store: impl Store) -> ConnectorBuilder {
        ConnectorBuilder::new(Arc::new(store))
    }

    /// Composes a connector of its parts.
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Serves a listener until `shutdown` completes, and [runs the fronts](Self::run_fronts) meanwhile. Then the fronts
    /// are stopped and every gateway is closed with 1001; those that do not answer within
    /// [`Limits::teardown`](crate::Limits::teardown) are cut off. Dropping the future cuts all of them off at once.
    pub async fn serve(&self, listener: impl Accept, shutdown: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let _stopped = stop.clone().drop_guard();
        let serving = async {
            let shutdown = async {
                shutdown.await;
                stop.cancel();
            };
            crate::server::listener::serve(Arc::clone(&self.parts.server), listener, shutdown).await;
            stop.cancel();
        };
        tokio::join!(
            serving,
            self.run_fronts(stop.clone()),
            stop.run_until_cancelled(self.parts.redelivery.run())
        );
    }

    /// Runs the fronts until `shutdown`, for a connector without a listener. Those that have not ended within
    /// [`Limits::teardown`](crate::Limits::teardown) are dropped then. Where they are run already this does nothing:
    /// a connector that serves runs them.
    pub async fn run_fronts(&self, shutdown: CancellationToken) {
        let mut running = pin!(self.parts.supervisor.run(&shutdown));
        tokio::select! {
            () = &mut running => return,
            () = shutdown.cancelled() => {}
        }
        if timeout(self.parts.supervisor.teardown, running).await.is_err() {
            tracing::warn!("some fronts did not end in time; dropping them");
        }
    }

    /// What the front of a platform is given when it is run: for a program that runs a front by itself, and for the
    /// tests of fronts.
    pub fn front_context(&self, platform: &str) -> Option<FrontContext> {
        let supervisor = &self.parts.supervisor;
        supervisor.fronts.for_platform(platform).map(|served| supervisor.context(served))
    }

    /// Who may talk on the platform of a front; `None` where no front serves it.
    pub fn chat_access(&self, platform: &str) -> Option<ChatAccess> {
        self.parts.supervisor.access.get(platform).cloned()
    }

    /// How each front stands, by its platform, in the order they were given.
    pub fn front_states(&self) -> Vec<(String, watch::Receiver<FrontState>)> {
        let fronts = self.parts.supervisor.fronts.iter();
        fronts.map(|served| (served.platform.clone(), served.state.subscribe())).collect()
    }

    /// Mints a token that enrolls one gateway of the tenant, once, within `ttl` (whole seconds;
    /// [`ENROLLMENT_TTL`](crate::ENROLLMENT_TTL) is a good choice). Whoever holds it may enroll.
    pub fn mint_enrollment_token(&self, tenant: &Tenant, ttl: Duration) -> Result<Secret, RandomFailed> {
        self.parts.accounts.mint_enrollment_token(tenant, ttl)
    }

    /// Redeems an enrollment token: what `POST /relay/enroll` does once it knows who asks. A gateway that its tenant enrolls again
    /// gets a new secret; the one before it stays good until the next rotation.
    pub async fn enroll(&self, request: EnrollRequest) -> Result<EnrollResponse, EnrollError> {
        self.parts.accounts.enroll(request, None).await
    }

    /// Brings up a gateway of this tenant: what `POST /relay/provision` does once it knows who asks. One that
    /// the tenant has already is brought up to date, and is told the secret that it has.
    pub async fn provision(
        &self,
        request: ProvisionRequest,
        tenant: &Tenant,
    ) -> Result<ProvisionResponse, ProvisionError> {
        self.parts.accounts.provision(request, tenant).await
    }

    /// Gives a gateway a new secret; the one before it stays good until the next rotation.
    pub async fn rotate(&self, gateway_id: &GatewayId) -> Result<Secret, RotateError> {
        self.parts.accounts.rotate(gateway_id).await
    }

    /// Takes all secrets from a gateway and closes its connection with 4401.
    pub async fn revoke(&self, gateway_id: &GatewayId) -> Result<RevokeOutcome, StoreError> {
        let outcome = self.parts.accounts.revoke(gateway_id).await?;
        self.parts.registry.close(gateway_id, &Closing::Unauthorized);
        self.parts.supervisor.refresh_commands().await;
        Ok(outcome)
    }

    /// Closes the connection of a gateway with 4401 if it is revoked: another program may have done that to the
    /// store.
    pub async fn recheck(&self, gateway_id: &GatewayId) -> Result<(), StoreError> {
        if !self.parts.accounts.is_admitted(gateway_id).await? {
            self.parts.registry.close(gateway_id, &Closing::Unauthorized);
            self.parts.supervisor.refresh_commands().await;
        }
        Ok(())
    }

    /// Puts dead letters back to where they were in their buffers, to be delivered again; how many there were.
    pub async fn retry(&self, items: Vec<Seq>) -> Result<usize, StoreError> {
        let count = self.parts.buffers.retry(items).await?;
        self.buffers_changed();
        Ok(count)
    }

    /// Has every connection read its buffer from the beginning, as far as it has not been sent: another program
    /// has put something into the store.
    pub fn buffers_changed(&self) {
        self.parts.registry.rewind();
    }

    /// What this connector has counted and measured, as text that Prometheus reads.
    ///
    /// What waits in the buffers is left out where the store cannot be read.
    pub async fn metrics(&self) -> String {
        let parts = &self.parts;
        let (connections, in_flight) = parts.registry.totals();
        let backlog = async {
            let gateways = parts.store.gateways().await?;
            let instances: BTreeSet<_> = gateways.into_iter().map(|gateway| gateway.instance).collect();
            parts.buffers.backlog(instances).await
        };
        let fronts =
            self.front_states().into_iter().map(|(platform, state)| (platform, state.borrow().clone()));
        let reading =
            Reading { connections, in_flight, backlog: backlog.await.ok(), fronts: fronts.collect() };
        parts.metrics.scrape(&reading)
    }

    /// Whether this connector can do its work now.
    ///
    /// # Errors
    /// It cannot, and why.
    pub async fn readiness(&self) -> Result<(), Unready> {
        // Any look-up will do; this one is an index's and finds nothing.
        self.parts.store.subscribers(&Tenant::default(), "").await?;
        if self.parts.store.is_full() {
            return Err(Unready::Full);
        }
        for (platform, state) in self.front_states() {
            if let FrontState::Fatal { why, remedy } = &*state.borrow() {
                return Err(Unready::Front { platform, why: why.clone(), remedy: remedy.clone() });
            }
        }
        Ok(())
    }

    /// Serves `/metrics`, `/healthz` and `/readyz` on a listener of their own until `shutdown` completes. Nobody who
    /// calls them is asked who they are: listen where only those who may know can connect.
    pub async fn serve_observability(&self, listener: impl Accept, shutdown: impl Future<Output = ()>) {
        observability::serve(observability::router(self.clone()), listener, shutdown).await;
    }

    /// All that this connector remembers.
    pub fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }

    /// Looks a gateway up.
    pub async fn gateway(&self, gateway_id: &GatewayId) -> Result<Option<GatewayRecord>, StoreError> {
        self.parts.accounts.gateway(gateway_id).await
    }
}
