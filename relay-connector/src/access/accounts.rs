//! The gateways' accounts: how one comes into being, is proved, gets another secret, and ends.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use relay_auth::{RandomFailed, Secret};
use relay_wire::{EnrollRequest, EnrollResponse, GatewayId, ProvisionRequest, ProvisionResponse};

use crate::access::authentication::{self, Authenticated, Rejection};
use crate::access::enrollment::Enroller;
use crate::access::provisioning::provision;
use crate::access::rotation::rotate;
use crate::store::GatewayStore;
use crate::{
    Clock, EnrollError, GatewayRecord, IdentityVerifier, Instance, Policy, ProvisionError, Random,
    RevokeOutcome, RotateError, StoreError, Tenant,
};

/// All that is decided about a gateway before and beside its connection. It knows nothing of connections: whoever
/// ends an account also closes them.
pub(crate) struct GatewayAccounts {
    pub(crate) store: Arc<dyn GatewayStore>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) enroller: Enroller,
    /// Knows who asks for a gateway; without one, nobody is provisioned and enrollment asks for a token alone.
    pub(crate) identity: Option<Arc<dyn IdentityVerifier>>,
}

impl GatewayAccounts {
    /// The gateway whose upgrade token these headers carry.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
    ) -> Result<Result<Authenticated, Rejection>, StoreError> {
        authentication::authenticate(headers, self.store.as_ref(), self.clock.now()).await
    }

    pub(crate) fn mint_enrollment_token(
        &self,
        tenant: &Tenant,
        ttl: Duration,
    ) -> Result<Secret, RandomFailed> {
        self.enroller.mint(tenant, ttl, self.clock.now())
    }

    /// With an identity, the token must be its tenant's.
    pub(crate) async fn enroll(
        &self,
        request: EnrollRequest,
        identity: Option<&Tenant>,
    ) -> Result<EnrollResponse, EnrollError> {
        self.enroller.redeem(request, identity, self.store.as_ref(), self.clock.now()).await
    }

    pub(crate) async fn provision(
        &self,
        request: ProvisionRequest,
        tenant: &Tenant,
    ) -> Result<ProvisionResponse, ProvisionError> {
        provision(request, tenant, self.store.as_ref(), &self.random, self.clock.now()).await
    }

    pub(crate) async fn rotate(&self, gateway_id: &GatewayId) -> Result<Secret, RotateError> {
        rotate(gateway_id, self.store.as_ref(), &self.random).await
    }

    pub(crate) async fn revoke(&self, gateway_id: &GatewayId) -> Result<RevokeOutcome, StoreError> {
        self.store.revoke(gateway_id, self.clock.now()).await
    }

    /// Whether a gateway may be connected: it is known and not revoked.
    pub(crate) async fn is_admitted(&self, gateway_id: &GatewayId) -> Result<bool, StoreError> {
        Ok(self.gateway(gateway_id).await?.is_some_and(|record| record.revoked.is_none()))
    }

    pub(crate) async fn gateway(&self, gateway_id: &GatewayId) -> Result<Option<GatewayRecord>, StoreError> {
        self.store.gateway(gateway_id).await
    }

    /// Stores which messages of a platform concern an instance's agent.
    pub(crate) async fn set_policy(
        &self,
        instance: &Instance,
        platform: &str,
        policy: Policy,
    ) -> Result<(), StoreError> {
        self.store.set_policy(instance, platform, policy).await
    }
}
