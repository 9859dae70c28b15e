//! Actions towards one chat.

use std::sync::Arc;

use relay_transport::{Outcome, RelayTransport};
use relay_wire::{Action, CapabilityDescriptor, FollowUpAction, Metadata, SendAction, SessionKey};
use tracing::{debug, warn};

use crate::Address;
use crate::session::Message;

/// The way out: attaches to each action what the connector needs and says in the log what was not delivered.
#[derive(Clone)]
pub(crate) struct Outbox {
    transport: Arc<dyn RelayTransport>,
}

impl Outbox {
    pub(crate) fn new(transport: Arc<dyn RelayTransport>) -> Self {
        Self { transport }
    }

    pub(crate) fn transport(&self) -> &dyn RelayTransport {
        self.transport.as_ref()
    }

    /// What the chat's platform can do.
    pub(crate) fn descriptor(&self, address: &Address) -> Arc<CapabilityDescriptor> {
        self.transport.descriptors().of(&address.platform)
    }

    /// Performs an action in a chat.
    pub(crate) async fn request(&self, address: &Address, mut action: Action) -> Outcome {
        address.attach(&mut action);
        let op = action.op().to_owned();
        let outcome = self.transport.request(action, Some(address.identity())).await;
        let (platform, chat) = (&address.platform, &address.chat_id);
        match &outcome {
            Outcome::Delivered(_) => {}
            Outcome::Declined(result) => {
                warn!(
                    platform,
                    chat,
                    op,
                    error = result.error.as_deref(),
                    "the connector declined an action"
                );
            }
            Outcome::Failed(result) => {
                debug!(
                    platform,
                    chat,
                    op,
                    error = result.error.as_deref(),
                    "the platform did not take an action"
                );
            }
            Outcome::NotSent => debug!(platform, chat, op, "an action was not sent: the link is down"),
            Outcome::Unknown => {
                warn!(platform, chat, op, "an action was sent and nobody knows what became of it");
            }
        }
        outcome
    }

    /// Answers a message in one line, by the way that the message asks for. What becomes of it is in the log.
    pub(crate) async fn reply(&self, session_key: &SessionKey, message: &Message, line: &str) -> Outcome {
        let content = line.to_owned();
        let action = match &message.follow_up {
            Some(kind) => Action::FollowUp(FollowUpAction {
                session_key: Some(session_key.clone()),
                kind: kind.clone(),
                content,
                metadata: Metadata::default(),
            }),
            None => Action::Send(SendAction {
                chat_id: message.address.chat_id.clone(),
                content,
                reply_to: message.id().map(ToOwned::to_owned),
                ..SendAction::default()
            }),
        };
        self.request(&message.address, action).await
    }

    /// Waits for the link to be live; `false` when it is gone for good.
    pub(crate) async fn live(&self) -> bool {
        let mut state = self.transport.state();
        let settled = state.wait_for(|state| state.is_open() || state.is_final());
        settled.await.is_ok_and(|state| state.is_open())
    }
}
