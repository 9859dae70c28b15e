//! The connector: what all connections share, and what its owner does with it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use relay_auth::{RandomFailed, Secret};
use relay_wire::{EnrollRequest, EnrollResponse, GatewayId, ProvisionRequest, ProvisionResponse};
use tokio::sync::OnceCell;

use crate::access::enrollment::Enroller;
use crate::access::provisioning::provision;
use crate::delivery::buffer_ids::BufferIds;
use crate::delivery::dispatcher::Dispatcher;
use crate::delivery::registry::Registry;
use crate::front::chat_lanes::ChatLanes;
use crate::front::fronts::Fronts;
use crate::media::Shelf;
use crate::random;
use crate::{
    Accept, Clock, ConnectorBuilder, EnrollError, EventSink, FrameTap, GatewayRecord, IdentityVerifier,
    Limits, ProvisionError, Random, RevokeOutcome, RotateError, Seq, Store, StoreError, Tenant,
};

/// An open connector. Clones are handles to the same one.
///
/// It serves `GET {base}/relay` as a WebSocket and the contract's HTTP routes beside it, in plaintext: put a
/// proxy that ends TLS in front of it wherever the network is not the machine's own.
#[derive(Clone)]
pub struct Connector {
    shared: Arc<Shared>,
}

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) base_path: String,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) tap: Option<FrameTap>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) enroller: Enroller,
    /// Knows who asks for a gateway; without one, nobody is provisioned and enrollment asks for a token alone.
    pub(crate) identity: Option<Arc<dyn IdentityVerifier>>,
    pub(crate) media: Arc<Shelf>,
    pub(crate) fronts: Fronts,
    pub(crate) chat_lanes: Arc<ChatLanes>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// Known once the store was first asked.
    pub(crate) ids: OnceCell<BufferIds>,
}

impl Connector {
    /// Begins a connector that remembers its gateways in this store.
    pub fn builder(store: impl Store) -> ConnectorBuilder {
        ConnectorBuilder::new(Arc::new(store))
    }

    pub(crate) fn new(shared: Shared) -> Self {
        for served in shared.fronts.iter() {
            served.front.attach(EventSink::new(&shared.dispatcher, &served.platform));
        }
        Self { shared: Arc::new(shared) }
    }

    /// Serves a listener until `shutdown` completes. Then every gateway is closed with 1001, and those that do
    /// not answer within [`Limits::teardown`] are cut off. Dropping the future cuts all of them off at once.
    pub async fn serve(&self, listener: impl Accept, shutdown: impl Future<Output = ()>) {
        crate::server::listener::serve(Arc::clone(&self.shared), listener, shutdown).await;
    }

    /// Mints a token that enrolls one gateway of the tenant, once, within `ttl` (whole seconds;
    /// [`ENROLLMENT_TTL`](crate::ENROLLMENT_TTL) is a good choice). Whoever holds it may enroll.
    pub fn mint_enrollment_token(&self, tenant: &Tenant, ttl: Duration) -> Result<Secret, RandomFailed> {
        self.shared.enroller.mint(tenant, ttl, (self.shared.clock)())
    }

    /// Redeems an enrollment token: what `POST /relay/enroll` does once it knows who asks. A gateway that its tenant enrolls again
    /// gets a new secret; the one before it stays good until the next rotation.
    pub async fn enroll(&self, request: EnrollRequest) -> Result<EnrollResponse, EnrollError> {
        self.shared.enroll(request, None).await
    }

    /// Brings up a gateway of this tenant: what `POST /relay/provision` does once it knows who asks. One that
    /// the tenant has already is brought up to date, and is told the secret that it has.
    pub async fn provision(
        &self,
        request: ProvisionRequest,
        tenant: &Tenant,
    ) -> Result<ProvisionResponse, ProvisionError> {
        self.shared.provision(request, tenant).await
    }

    /// Gives a gateway a new secret; the one before it stays good until the next rotation.
    pub async fn rotate(&self, gateway_id: &GatewayId) -> Result<Secret, RotateError> {
        self.shared.rotate(gateway_id).await
    }

    /// Takes all secrets from a gateway and closes its connection with 4401.
    pub async fn revoke(&self, gateway_id: &GatewayId) -> Result<RevokeOutcome, StoreError> {
        self.shared.revoke(gateway_id).await
    }

    /// Closes the connection of a gateway with 4401 if it is revoked: another program may have done that to the
    /// store.
    pub async fn recheck(&self, gateway_id: &GatewayId) -> Result<(), StoreError> {
        self.shared.recheck(gateway_id).await
    }

    /// Puts dead letters back to where they were in their buffers, to be delivered again; how many there were.
    pub async fn retry(&self, items: Vec<Seq>) -> Result<usize, StoreError> {
        let count = self.shared.store.retry(items).await?;
        self.buffers_changed();
        Ok(count)
    }

    /// Has every connection read its buffer from the beginning, as far as it has not been sent: another program
    /// has put something into the store.
    pub fn buffers_changed(&self) {
        self.shared.registry.rewind();
    }

    /// All that this connector remembers.
    pub fn store(&self) -> &dyn Store {
        self.shared.store.as_ref()
    }

    /// Looks a gateway up.
    pub async fn gateway(&self, gateway_id: &GatewayId) -> Result<Option<GatewayRecord>, StoreError> {
        self.shared.store.gateway(gateway_id).await
    }
}

impl Shared {
    /// What this store's buffer ids look like. They begin with a word that is made once for each store, so that
    /// a new store cannot take up the ids of an old one: gateways drop what they have seen.
    pub(crate) async fn ids(&self) -> Result<BufferIds, StoreError> {
        let ids = self.ids.get_or_try_init(|| async {
            let candidate = random::hex::<6>(&self.random).map_err(|error| StoreError {
                doing: "make a word for its buffer ids",
                source: error.into(),
            })?;
            Ok(BufferIds::new(&self.store.lineage(candidate.expose()).await?))
        });
        ids.await.cloned()
    }

    /// With an identity, the token must be its tenant's.
    pub(crate) async fn enroll(
        &self,
        request: EnrollRequest,
        identity: Option<&Tenant>,
    ) -> Result<EnrollResponse, EnrollError> {
        self.enroller.redeem(request, identity, self.store.as_ref(), (self.clock)()).await
    }

    pub(crate) async fn provision(
        &self,
        request: ProvisionRequest,
        tenant: &Tenant,
    ) -> Result<ProvisionResponse, ProvisionError> {
        provision(request, tenant, self.store.as_ref(), &self.random, (self.clock)()).await
    }
}
