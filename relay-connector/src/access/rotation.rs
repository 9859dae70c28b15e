//! A new secret for a gateway, and the end of one: what an operator does.

use relay_auth::{RandomFailed, Secret};
use relay_wire::GatewayId;

use crate::connector::Shared;
use crate::random;
use crate::server::close::Closing;
use crate::{RevokeOutcome, RotateOutcome, StoreError};

/// Why a gateway got no new secret.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// There is no such gateway.
    #[error("there is no gateway of that id here; list those there are")]
    Unknown,
    /// It was revoked.
    #[error("the gateway is revoked; mint an enrollment token and let it enroll again")]
    Revoked,
    /// The system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomFailed),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Shared {
    pub(crate) async fn rotate(&self, gateway_id: &GatewayId) -> Result<Secret, RotateError> {
        let secret = random::secret(&self.random)?;
        match self.store.rotate(gateway_id, secret.clone()).await? {
            RotateOutcome::Rotated => Ok(secret),
            RotateOutcome::Unknown => Err(RotateError::Unknown),
            RotateOutcome::Revoked => Err(RotateError::Revoked),
        }
    }

    pub(crate) async fn recheck(&self, gateway_id: &GatewayId) -> Result<(), StoreError> {
        let record = self.store.gateway(gateway_id).await?;
        if record.is_none_or(|record| record.revoked.is_some()) {
            self.registry.close(gateway_id, &Closing::Unauthorized);
        }
        Ok(())
    }

    pub(crate) async fn revoke(&self, gateway_id: &GatewayId) -> Result<RevokeOutcome, StoreError> {
        let outcome = self.store.revoke(gateway_id, (self.clock)()).await?;
        self.registry.close(gateway_id, &Closing::Unauthorized);
        Ok(outcome)
    }
}
