//! Whose a chat is, and what its gateways offer there.

use relay_wire::{CommandSpec, GatewayId, Identity};

use crate::Tenant;

/// A chat, or what chats are in (a guild, a team, a server), that belongs to a tenant because somebody said so.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Binding {
    /// The platform.
    pub platform: String,
    /// The chat or scope, by its id there.
    pub place: String,
    /// Whose it is.
    pub tenant: Tenant,
}

impl Binding {
    /// This chat or scope of the platform belongs to the tenant.
    pub fn new(platform: impl Into<String>, place: impl Into<String>, tenant: Tenant) -> Self {
        Self { platform: platform.into(), place: place.into(), tenant }
    }
}

/// The slash commands that a gateway announced for one of its bots.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GatewayCommands {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The platform and bot.
    pub identity: Identity,
    /// The commands, in its order.
    pub commands: Vec<CommandSpec>,
}

impl GatewayCommands {
    /// What this gateway of the tenant announced for this identity.
    pub fn new(
        gateway_id: GatewayId,
        tenant: Tenant,
        identity: Identity,
        commands: Vec<CommandSpec>,
    ) -> Self {
        Self { gateway_id, tenant, identity, commands }
    }
}
