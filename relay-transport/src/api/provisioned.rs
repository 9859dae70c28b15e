//! What a gateway gets for its owner's identity.

use relay_auth::Secret;
use relay_wire::{EmptyId, GatewayId, ProvisionResponse};

/// The answer to a provisioning.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provisioned {
    /// Signs the gateway's upgrade tokens. `None` where the connector says that it withholds it
    /// (`secretIssued: false`): the gateway has one from before, which stays good.
    pub secret: Option<Secret>,
    /// Signs deliveries over HTTP; superseded by the socket.
    pub delivery_key: Option<Secret>,
    /// The tenant, as the connector took it from the identity; may be empty.
    pub tenant: String,
    /// The gateway's name as the connector keeps it.
    pub gateway_id: GatewayId,
    /// The chats or scopes that now belong to it.
    pub route_keys: Vec<String>,
}

impl Provisioned {
    /// Blank counts as missing; a name that is left out is the one that was `asked` for.
    pub(super) fn of(answer: ProvisionResponse, asked: &str) -> Result<Self, EmptyId> {
        let secret = |text: String| Some(text).filter(|text| !text.trim().is_empty()).map(Secret::new);
        let gateway_id = if answer.gateway_id.is_empty() { asked.to_owned() } else { answer.gateway_id };
        Ok(Self {
            secret: secret(answer.secret),
            delivery_key: secret(answer.delivery_key),
            tenant: answer.tenant,
            gateway_id: GatewayId::new(gateway_id)?,
            route_keys: answer.route_keys,
        })
    }
}
