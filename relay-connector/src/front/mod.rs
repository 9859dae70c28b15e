//! Fronts: the chat platforms that a connector speaks to.

pub(crate) mod arrival;
pub(crate) mod chat_lanes;
pub(crate) mod event_sink;
pub(crate) mod fronts;
#[cfg(feature = "lines")]
pub(crate) mod lines;
pub(crate) mod local;

use axum::Router;
use futures_util::future::BoxFuture;
use relay_wire::{Action, ActionResult, CapabilityDescriptor, GatewayId};

use crate::{EventSink, Tenant};

/// On whose behalf an action is performed. The front decides whether that tenant may act on the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionContext {
    /// The tenant, proved by the gateway's token.
    pub tenant: Tenant,
    /// The gateway.
    pub gateway_id: GatewayId,
    /// The bot to act as; `None` for the front's own choice.
    pub bot_id: Option<String>,
}

/// One chat platform.
pub trait Front: Send + Sync + 'static {
    /// The platform's name, such as `discord`; what its events say in `source.platform`.
    fn platform(&self) -> &str;

    /// What the platform can do. Asked once, when the connector is built; `supported_ops` lists exactly the
    /// ops that [`perform`](Self::perform) is ever called with.
    fn descriptor(&self) -> CapabilityDescriptor;

    /// Takes the way by which events reach the tenants' gateways. Called once, when the connector is built.
    fn attach(&self, events: EventSink);

    /// Routes to mount on the connector's listener at `/front/{platform}`, below its base path: webhooks. Asked once,
    /// when the connector is built. Whoever calls them has proved nothing; that is for the front to check.
    fn routes(&self) -> Option<Router> {
        None
    }

    /// Performs one action. Actions of one connection are begun in order, and those of one chat one after the
    /// other, whichever connections they come from.
    ///
    /// An action that is begun is finished, also when the gateway's connection ends meanwhile: only the result is lost
    /// then. The future is dropped past [`Limits::action`](crate::Limits::action), and when the connector ends and it
    /// takes longer than [`Limits::teardown`](crate::Limits::teardown).
    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult>;
}
