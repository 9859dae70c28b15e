//! What a connector remembers: which gateways there are and which enrollment tokens were used.

use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds, VerifyList};
use relay_wire::GatewayId;

use crate::Tenant;

/// A gateway as it is stored.
#[derive(Clone, Debug)]
pub struct GatewayRecord {
    /// Who it works for.
    pub tenant: Tenant,
    /// The secrets its upgrade tokens may be signed with: the newest, then the one before it.
    pub verify: VerifyList,
}

/// An enrollment to be stored, in one step that either happens or does not.
#[derive(Clone, Debug)]
pub struct Enrollment {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// The tenant that the token was minted for.
    pub tenant: Tenant,
    /// Its new secret.
    pub secret: Secret,
    /// Names the token; it is used up by this.
    pub nonce: String,
    /// Until when the token would have been good: its nonce need not be kept any longer.
    pub expires: UnixSeconds,
    /// The time of the enrollment.
    pub now: UnixSeconds,
}

/// What became of an [`Enrollment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrollOutcome {
    /// The gateway is new.
    Enrolled,
    /// The gateway was known to this tenant: the new secret is its primary, the former primary still works.
    Rotated,
    /// The token was used before. Nothing changed.
    TokenUsed,
    /// The gateway belongs to another tenant. Nothing changed, the token is still good.
    ForeignGateway,
}

/// The storage could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the connector's store failed while it tried to {doing}: {source}; nothing was changed")]
pub struct StoreError {
    /// What was being done, as the end of "tried to …".
    pub doing: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Where the connector keeps its gateways.
pub trait Store: Send + Sync + 'static {
    /// Looks a gateway up.
    fn gateway<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
    ) -> BoxFuture<'a, Result<Option<GatewayRecord>, StoreError>>;

    /// Uses the token up and stores the gateway, atomically: of two enrollments with one token, one succeeds.
    fn enroll(&self, enrollment: Enrollment) -> BoxFuture<'_, Result<EnrollOutcome, StoreError>>;
}
