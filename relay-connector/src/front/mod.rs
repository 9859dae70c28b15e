//! Fronts: the chat platforms that a connector speaks to.

pub(crate) mod arrival;
pub(crate) mod attached;
pub(crate) mod context;
pub(crate) mod descriptor;
pub(crate) mod event_sink;
pub(crate) mod fronts;
#[cfg(feature = "lines")]
pub(crate) mod lines;
pub(crate) mod memory;
pub(crate) mod state;
pub(crate) mod storage;
pub(crate) mod supervisor;
pub(crate) mod tenant_router;
pub(crate) mod vault;

use axum::Router;
use futures_util::future::BoxFuture;
use relay_wire::{Action, ActionResult, GatewayId};
use tokio_util::sync::CancellationToken;

use crate::{FrontContext, FrontError, Tenant};

/// On whose behalf an action is performed. The front decides whether that tenant may act on the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionContext {
    /// The tenant, proved by the gateway's token.
    pub tenant: Tenant,
    /// The gateway.
    pub gateway_id: GatewayId,
    /// The bot to act as; `None` for the front's own choice.
    pub bot_id: Option<String>,
}

impl ActionContext {
    /// On behalf of this gateway, as whichever bot the front takes.
    pub fn new(tenant: Tenant, gateway_id: GatewayId) -> Self {
        Self { tenant, gateway_id, bot_id: None }
    }

    /// The same, as this bot.
    #[must_use]
    pub fn with_bot(mut self, bot_id: impl Into<Option<String>>) -> Self {
        self.bot_id = bot_id.into();
        self
    }
}

/// One chat platform.
pub trait Front: Send + Sync + 'static {
    /// The platform's name, such as `discord`; what its events say in `source.platform`.
    fn platform(&self) -> &str;

    /// Takes in what comes from the platform and hands it over, until `shutdown`. It publishes how it stands, and what
    /// the platform can do as soon as that is known: gateways that announce the platform wait for the first
    /// descriptor.
    ///
    /// One that panics or ends by itself is run again after a while.
    ///
    /// # Errors
    /// What only a person can mend. The front is not run again before the connector is.
    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>>;

    /// Routes to mount on the connector's listener at `/front/{platform}`, below its base path: webhooks. Asked once,
    /// when the connector is built. Whoever calls them has proved nothing; that is for the front to check.
    fn routes(&self) -> Option<Router> {
        None
    }

    /// Performs one action, of an op that the descriptor lists. Actions of one connection are begun in order, and those
    /// of one chat one after the other, whichever connections they come from.
    ///
    /// An action that is begun is finished, also when the gateway's connection ends meanwhile: only the result is lost
    /// then. The future is dropped past [`Limits::action`](crate::Limits::action), and when the connector ends and it
    /// takes longer than [`Limits::teardown`](crate::Limits::teardown).
    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult>;
}
