//! What a front is given to work with.

use std::fmt;

use relay_net::HttpClient;
use tokio::sync::watch;

use crate::{
    ChatAccess, Clock, DescriptorSender, EventSink, FrontStateSender, FrontStorage, GatewayCommands,
    MediaStore, Random, TenantRouter, Vault,
};

/// What the connector gives a front when it [runs](crate::Front::run) it. Clones share everything.
#[derive(Clone)]
#[non_exhaustive]
pub struct FrontContext {
    /// Takes what comes from the platform.
    pub events: EventSink,
    /// Publishes how the front stands.
    pub state: FrontStateSender,
    /// Publishes what the platform can do. Until the first is published, gateways that announce it wait.
    pub descriptor: DescriptorSender,
    /// The front's own small durable state.
    pub storage: FrontStorage,
    /// Its credentials for follow-ups.
    pub vault: Vault,
    /// Files both ways: what people send, and what gateways uploaded for chats.
    pub media: MediaStore,
    /// Who may talk: asked about everything that a person does before it is handed over.
    pub access: ChatAccess,
    /// Whose a chat is.
    pub tenants: TenantRouter,
    /// The slash commands that gateways offer on this platform, also those of gateways that are away.
    pub commands: watch::Receiver<Vec<GatewayCommands>>,
    /// The way out over HTTP, by the connector's own dialer, proxies and roots.
    pub http: HttpClient,
    /// The time of day.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
}

impl fmt::Debug for FrontContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontContext")
            .field("storage", &self.storage)
            .field("state", &self.state)
            .field("descriptor", &self.descriptor)
            .finish_non_exhaustive()
    }
}
