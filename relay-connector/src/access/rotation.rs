//! A new secret for a gateway: what an operator asks for.

use relay_auth::{RandomFailed, Secret};
use relay_wire::GatewayId;

use crate::Random;
use crate::store::GatewayStore;
use crate::{RotateOutcome, StoreError};

/// Why a gateway got no new secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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

/// Makes and stores the newest secret of a gateway.
pub(crate) async fn rotate(
    gateway_id: &GatewayId,
    store: &dyn GatewayStore,
    random: &Random,
) -> Result<Secret, RotateError> {
    let secret = random.secret()?;
    match store.rotate(gateway_id, secret.clone()).await? {
        RotateOutcome::Rotated => Ok(secret),
        RotateOutcome::Unknown => Err(RotateError::Unknown),
        RotateOutcome::Revoked => Err(RotateError::Revoked),
    }
}
