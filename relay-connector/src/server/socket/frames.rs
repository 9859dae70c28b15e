//! What each frame of a gateway means (contract, Frames).

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::FutureExt as _;
use relay_wire::{
    ActionResult, BufferId, CommandSpec, ConnectorFrame, GatewayFrame, Hello, Identity, Interrupt,
    InterruptInbound, Outbound, OutboundReply, RequestId, SessionKey,
};
use tokio::task::unconstrained;

use super::Sessions;
use super::actions::{ActionQueue, Job};
use super::hellos::{Hellos, ReadyHello};
use super::reader::answer;
use crate::ActionContext;
use crate::delivery::closing::Closing;
use crate::delivery::gateway_connection::{Announced, GatewayConnection};
use crate::delivery::registry::Registry;
use crate::front::fronts::Fronts;
use crate::metrics::Metrics;
use crate::store::GatewayStore;

/// The `code` of a result for an op that the platform does not offer.
const UNSUPPORTED_OP: &str = "unsupported_op";

/// The `code` of a result for a platform that the connection did not announce.
const UNKNOWN_PLATFORM: &str = "unknown_platform";

/// The `code` of a result for an action beyond the connection's share; nothing was done.
const BUSY: &str = "busy";

/// The longest command manifest that is kept, in bytes as JSON: no platform takes a tenth of it.
const MAX_MANIFEST: usize = 256 * 1024;

/// Turns frames into effects, in their order. It waits for room in the gateway's own queue and for nothing
/// else, least of all for a front.
pub(super) struct FrameHandler<'a> {
    pub(super) actions: ActionQueue,
    pub(super) hellos: Hellos,
    connection: &'a GatewayConnection,
    gateways: &'a dyn GatewayStore,
    fronts: &'a Fronts,
    registry: &'a Registry,
    metrics: &'a Metrics,
    /// Identities that the connection may announce.
    max_identities: usize,
    announced: bool,
    skipped: u64,
    logged_ack: bool,
}

impl<'a> FrameHandler<'a> {
    pub(super) fn new(
        connection: &'a GatewayConnection,
        sessions: &'a Sessions,
        actions: ActionQueue,
    ) -> Self {
        Self {
            actions,
            hellos: Hellos::new(&sessions.fronts, &sessions.limits),
            connection,
            gateways: sessions.gateways.as_ref(),
            fronts: &sessions.fronts,
            registry: &sessions.registry,
            metrics: &sessions.metrics,
            max_identities: sessions.limits.identities,
            announced: false,
            skipped: 0,
            logged_ack: false,
        }
    }

    /// Whether a hello came.
    pub(super) fn is_announced(&self) -> bool {
        self.announced
    }

    /// Takes one line; `Break` when the connection is to end.
    pub(super) async fn handle(&mut self, line: &[u8]) -> ControlFlow<Closing> {
        match GatewayFrame::decode(line) {
            Ok(GatewayFrame::Hello(hello)) => return self.hello(hello).await,
            Ok(GatewayFrame::Outbound(outbound)) => self.outbound(outbound, line.len()).await,
            Ok(GatewayFrame::Interrupt(interrupt)) => self.interrupt(&interrupt),
            Ok(GatewayFrame::GoingIdle) => self.connection.go_idle().await,
            Ok(GatewayFrame::InboundAck(id)) => self.ack(&id),
            // A gateway of a later version may send frames unknown here.
            Ok(_) => {}
            Err(error) => self.skip(&error),
        }
        ControlFlow::Continue(())
    }

    /// Notes a line that is skipped. The first of a connection is logged: a peer could fill a disk otherwise.
    pub(super) fn skip(&mut self, why: &dyn fmt::Display) {
        self.skipped += 1;
        if self.skipped == 1 {
            tracing::warn!(
                gateway = %self.connection.gateway_id,
                %why,
                "skipping a line; further ones of this connection are skipped without a log line"
            );
        }
    }

    /// Takes an ack. One that names nothing is within the contract: the gateway may be repeating itself.
    fn ack(&mut self, id: &BufferId) {
        if !self.connection.acked(id) && !self.logged_ack {
            self.logged_ack = true;
            tracing::info!(
                gateway = %self.connection.gateway_id,
                "ignoring an ack for an unknown buffer id, or one of too many that wait to be stored; further ones of \
                 this connection are ignored without a log line"
            );
        }
    }

    async fn hello(&mut self, hello: Hello) -> ControlFlow<Closing> {
        let Some(served) = self.fronts.for_platform(&hello.platform) else {
            tracing::warn!(
                gateway = %self.connection.gateway_id,
                platform = ?hello.platform,
                "no front serves the platform that the gateway announces; it is closed"
            );
            return ControlFlow::Break(Closing::NotServed(hello.platform));
        };
        let identity = Identity { platform: served.platform.clone(), bot_id: hello.bot_id.clone() };
        let commands = self.commands(hello.command_manifest);
        match self.gateways.announce(&self.connection.gateway_id, identity, commands).await {
            Ok(is_new) => {
                if is_new && let Err(error) = served.refresh_commands(self.gateways).await {
                    tracing::error!(platform = served.platform, %error, "the gateways' commands cannot be read");
                }
            }
            Err(error) => {
                tracing::error!(gateway = %self.connection.gateway_id, %error, "an identity cannot be stored");
                return ControlFlow::Break(Closing::TryLater);
            }
        }
        let bot_id = Some(hello.bot_id).filter(|bot_id| !bot_id.is_empty());
        self.announced = true;
        if !self.hellos.push(Announced { served: Arc::clone(served), bot_id }) {
            return ControlFlow::Break(Closing::TooManyIdentities);
        }
        self.answer_hellos().await
    }

    /// Answers the hellos that need not wait any more, sends the descriptors that have changed, and gives up on a front
    /// that has published none in time.
    pub(super) async fn answer_hellos(&mut self) -> ControlFlow<Closing> {
        while let Some(ReadyHello { identity, published }) = self.hellos.ready() {
            if !self.connection.announce(identity, &published.descriptor, self.max_identities).await {
                return ControlFlow::Break(Closing::TooManyIdentities);
            }
            self.registry.announced();
        }
        while let Some(changed) = self.hellos.changed() {
            let descriptor = Box::new((*changed.descriptor).clone());
            self.connection.answer(&ConnectorFrame::Descriptor(descriptor)).await;
        }
        if let Some(platform) = self.hellos.overdue() {
            tracing::warn!(
                gateway = %self.connection.gateway_id,
                platform,
                "the front has not said what its platform can do; the gateway is to come back later"
            );
            return ControlFlow::Break(Closing::TryLater);
        }
        ControlFlow::Continue(())
    }

    /// The commands of a hello, as far as they can be kept.
    fn commands(&self, manifest: Option<Vec<CommandSpec>>) -> Option<Vec<CommandSpec>> {
        let manifest = manifest?;
        let bytes = serde_json::to_vec(&manifest).map_or(usize::MAX, |bytes| bytes.len());
        if bytes > MAX_MANIFEST {
            tracing::warn!(
                gateway = %self.connection.gateway_id,
                bytes,
                max = MAX_MANIFEST,
                "ignoring the commands of a hello, which are too long; let the gateway announce fewer"
            );
            return None;
        }
        Some(manifest)
    }

    async fn outbound(&mut self, outbound: Outbound, bytes: usize) {
        let Outbound { request_id, action, platform, bot_id } = outbound;
        let served = platform.as_deref().map(|platform| self.fronts.for_platform(platform));
        let identity = match served {
            Some(None) => None,
            Some(Some(served)) => self.connection.identity(Some(&served.platform)),
            None => self.connection.identity(None),
        };
        let Some(identity) = identity else {
            let error = "no hello of this connection announced the platform; send one before acting on it";
            self.metrics.action_refused(action.op(), "refused");
            return refuse(self.connection, request_id, UNKNOWN_PLATFORM, error.to_owned()).await;
        };
        if !identity.served.performs(action.op()) {
            let error = format!(
                "the platform `{}` does not offer this op; its descriptor lists those it does",
                identity.served.platform
            );
            self.metrics.action_refused(action.op(), "refused");
            return refuse(self.connection, request_id, UNSUPPORTED_OP, error).await;
        }
        // Before an action is refused, those that are over make room.
        while !self.actions.has_room(bytes) {
            let Some(Some(performed)) = unconstrained(self.actions.next()).now_or_never() else {
                let error = "too many actions of this connection are under way; nothing was done, try later";
                self.metrics.action_refused(action.op(), "busy");
                return refuse(self.connection, request_id, BUSY, error.to_owned()).await;
            };
            answer(self.connection, performed).await;
        }
        let context = ActionContext {
            tenant: self.connection.tenant.clone(),
            gateway_id: self.connection.gateway_id.clone(),
            bot_id: bot_id.filter(|bot_id| !bot_id.is_empty()).or(identity.bot_id),
        };
        self.actions.push(Job { request_id, served: identity.served, action, context, bytes });
    }

    fn interrupt(&self, interrupt: &Interrupt) {
        let frame = ConnectorFrame::InterruptInbound(InterruptInbound {
            session_key: interrupt.session_key.clone(),
            chat_id: chat_of(&interrupt.session_key).to_owned(),
        });
        let gateways = self.registry.interrupt(&self.connection.tenant, self.connection, &frame);
        tracing::debug!(session = %interrupt.session_key, gateways, "an interrupt was passed on");
    }
}

async fn refuse(connection: &GatewayConnection, request_id: RequestId, code: &'static str, error: String) {
    let result = ActionResult { code: Some(code.into()), ..ActionResult::failed(error) };
    connection.answer(&ConnectorFrame::OutboundResult(OutboundReply { request_id, result })).await;
}

/// The chat that a session key names: its fifth part (contract, Session key). An id with colons is cut, which
/// does no harm: the receiver finds its session by the key.
fn chat_of(key: &SessionKey) -> &str {
    key.as_str().split(':').nth(4).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::chat_of;

    #[test]
    fn the_chat_of_an_interrupt_is_read_from_its_session_key() {
        assert_eq!(chat_of(&"agent:main:local:dm:c1".parse().unwrap()), "c1");
        assert_eq!(chat_of(&"agent:main:discord:group:c1:t1:u1".parse().unwrap()), "c1");
        assert_eq!(chat_of(&"something else".parse().unwrap()), "");
    }
}
