//! Provisioning: from an identity to a gateway with a secret (contract, HTTP routes).
//!
//! A gateway calls once for each platform that it fronts, and again at every start. All of these get the same
//! secret. A new one for each call would push the first one off the list of two that are good at a time, and
//! no answer at all would lock out those that keep their secret in memory only: they ask for it at every
//! start. Whoever may call has the tenant's identity, so nobody learns a secret that is not theirs. A secret
//! that leaked is replaced by the operator's `rotate` and `revoke`, or by enrolling again.

use relay_auth::{RandomFailed, Secret, UnixSeconds};
use relay_wire::{GatewayId, Identity, ProvisionRequest, ProvisionResponse};

use crate::Random;
use crate::access::declared::{self, DeclaredError};
use crate::access::enrollment::new_gateway_id;
use crate::store::GatewayStore;
use crate::{EnrollError, ProvisionOutcome, Provisioning, StoreError, Tenant};

/// Why a gateway was not provisioned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// The gateway id cannot be one.
    #[error("{}", EnrollError::GatewayId)]
    GatewayId,
    /// What it says of itself cannot be kept.
    #[error(transparent)]
    Declared(#[from] DeclaredError),
    /// The gateway id is taken by another tenant.
    #[error("the gateway id belongs to another tenant; choose another")]
    ForeignGateway,
    /// The operator has put this gateway out.
    #[error("this gateway was revoked; ask the connector's operator for an enrollment token")]
    Revoked,
    /// The system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomFailed),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores what the gateway says, and answers with its secret.
pub(crate) async fn provision(
    request: ProvisionRequest,
    tenant: &Tenant,
    store: &dyn GatewayStore,
    random: &Random,
    now: UnixSeconds,
) -> Result<ProvisionResponse, ProvisionError> {
    let ProvisionRequest {
        gateway_id,
        platform,
        bot_id,
        gateway_endpoint,
        route_keys,
        instance_id,
        wake_url,
    } = request;
    let gateway_id = new_gateway_id(gateway_id).ok_or(ProvisionError::GatewayId)?;
    // Blank counts as unset, as everywhere in the contract.
    let instance_id = instance_id.filter(|id| !id.is_empty());
    let wake_url = wake_url.filter(|url| !url.is_empty());
    let endpoint = (!gateway_endpoint.is_empty()).then_some(gateway_endpoint);
    declared::platform(&platform)?;
    if !bot_id.is_empty() {
        declared::name("botId", &bot_id)?;
    }
    declared::keys("routeKeys", &route_keys)?;
    if let Some(id) = &instance_id {
        declared::name("instanceId", id)?;
    }
    if let Some(url) = &endpoint {
        declared::url("gatewayEndpoint", url)?;
    }
    if let Some(url) = &wake_url {
        declared::url("wakeUrl", url)?;
    }
    let secret = random.secret()?;
    let outcome = store
        .provision(Provisioning {
            gateway_id: gateway_id.clone(),
            tenant: tenant.clone(),
            secret: secret.clone(),
            identity: Identity { platform, bot_id },
            instance_id,
            endpoint,
            route_keys: route_keys.clone(),
            wake_url,
            now,
        })
        .await?;
    let secret = match outcome {
        ProvisionOutcome::Issued => secret,
        ProvisionOutcome::Known => primary(&gateway_id, tenant, store).await?,
        ProvisionOutcome::ForeignGateway => return Err(ProvisionError::ForeignGateway),
        ProvisionOutcome::Revoked => return Err(ProvisionError::Revoked),
    };
    // Deliveries over HTTP are superseded by the socket and this connector makes none, so the key that the
    // contract's answer holds is kept nowhere.
    let delivery_key = random.secret()?;
    Ok(ProvisionResponse {
        secret: secret.expose().to_owned(),
        delivery_key: delivery_key.expose().to_owned(),
        tenant: tenant.as_str().to_owned(),
        gateway_id: gateway_id.as_str().to_owned(),
        route_keys,
    })
}

/// The newest secret of a gateway that the tenant has; it may have been revoked a moment ago.
async fn primary(
    gateway_id: &GatewayId,
    tenant: &Tenant,
    store: &dyn GatewayStore,
) -> Result<Secret, ProvisionError> {
    let record = store.gateway(gateway_id).await?.filter(|record| record.tenant == *tenant);
    record.and_then(|record| record.verify.secrets().first().cloned()).ok_or(ProvisionError::Revoked)
}
