//! What a gateway gets for its enrollment token.

use relay_auth::Secret;
use relay_wire::{EnrollResponse, GatewayId};

/// The answer to an enrollment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enrolled {
    /// Signs the gateway's upgrade tokens.
    pub secret: Secret,
    /// Signs deliveries over HTTP; superseded by the socket.
    pub delivery_key: Option<Secret>,
    /// The tenant that the token was minted for; may be empty.
    pub tenant: String,
    /// The gateway's name as the connector keeps it.
    pub gateway_id: GatewayId,
}

impl Enrolled {
    /// `None` where the secret is blank; a name that is left out is the one that was `asked` for.
    pub(super) fn of(answer: EnrollResponse, asked: &GatewayId) -> Option<Self> {
        if answer.secret.trim().is_empty() {
            return None;
        }
        let delivery_key = Some(answer.delivery_key).filter(|key| !key.trim().is_empty()).map(Secret::new);
        let gateway_id = GatewayId::new(answer.gateway_id).unwrap_or_else(|_| asked.clone());
        Some(Self { secret: answer.secret.into(), delivery_key, tenant: answer.tenant, gateway_id })
    }
}
