//! Whose a chat is, and what its gateways offer there.

use relay_wire::{CommandSpec, GatewayId, Identity};

use crate::Tenant;

/// A chat, or what chats are in (a guild, a team, a server), that belongs to a tenant because somebody said so.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Binding {
    /// The platform.
    pub platform: String,
    /// The chat or scope, by its id there.
    pub place: String,
    /// Whose it is.
    pub tenant: Tenant,
}

/// The slash commands that a gateway announced for one of its bots.
#[derive(Clone, Debug, PartialEq)]
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
