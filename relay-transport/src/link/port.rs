//! The port that the rest of the gateway sees of a link.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use relay_wire::{Action, BufferId, Identity, SessionKey};
use tokio::sync::watch;

use crate::{Descriptors, LinkState, Outcome};

/// A way to a connector. The one real implementation is the WebSocket link; tests bring their own.
pub trait RelayTransport: Send + Sync + 'static {
    /// Performs an action through an identity (`None`: the default one) and waits for what became of it.
    ///
    /// On a link that is [open](LinkState::is_open) it is written as it comes. A [hibernating](LinkState::Hibernating) one wakes
    /// for it, and it waits for that connection. In any other state it is [`NotSent`](Outcome::NotSent) at once.
    ///
    /// Dropping the future gives up waiting, not the action: it may still be performed.
    fn request(&self, action: Action, via: Option<Identity>) -> BoxFuture<'_, Outcome>;

    /// Acknowledges a delivery that has been taken for good. Never waits. An acknowledgement that is lost
    /// with the socket brings the delivery again, which admission must expect anyway.
    fn ack(&self, buffer_id: BufferId);

    /// Asks the connector to stop a session's turn wherever it runs. Never waits; lost with the socket.
    fn interrupt(&self, session_key: SessionKey, reason: Option<String>);

    /// What is known of the platforms now.
    fn descriptors(&self) -> Arc<Descriptors>;

    /// The link's state, now and as it changes.
    fn state(&self) -> watch::Receiver<LinkState>;
}
