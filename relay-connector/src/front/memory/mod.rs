//! The front for chats on this machine: whatever is said into them, and what agents answer.

mod chat;
mod chats;
mod update;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use relay_wire::{
    Action, ActionResult, CapabilityDescriptor, ChatType, EGRESS_DECLINED, Event, LenUnit, MessageType,
    Source,
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

pub use self::chat::{Author, ChatMessage};
use self::chats::{Chats, Refusal};
pub use self::update::{ChatUpdate, ChatUpdateKind};
use super::attached::Attached;
use crate::{ActionContext, DeliverError, Delivery, Front, FrontContext, FrontError, StoreError, Tenant};

const PLATFORM: &str = "local";

/// An action of another tenant's gateway.
const FOREIGN: Refusal =
    Refusal { code: EGRESS_DECLINED, error: "egress declined: these chats belong to another tenant" };

/// Updates that a subscriber may lag behind before it misses some; [`MemoryFront::messages`] has them all.
const UPDATES: usize = 1024;

/// What became of something said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostedMessage {
    /// The id that the message has in its chat.
    pub message_id: String,
    /// Who gets it.
    pub delivery: Delivery,
}

/// Chats on this machine. It performs send, edit, delete, typing and `get_chat_info`, for one tenant.
pub struct MemoryFront {
    tenant: Tenant,
    attached: Attached,
    updates: broadcast::Sender<ChatUpdate>,
    chats: Mutex<Chats>,
}

impl fmt::Debug for MemoryFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryFront").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl Default for MemoryFront {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryFront {
    /// A front of the tenant `home` that numbers its messages `m1`, `m2`, ….
    pub fn new() -> Self {
        Self::for_tenant(Tenant::default())
    }

    /// A front whose chats belong to this tenant: only its gateways hear and answer them.
    pub fn for_tenant(tenant: Tenant) -> Self {
        Self {
            tenant,
            attached: Attached::default(),
            updates: broadcast::channel(UPDATES).0,
            chats: Mutex::default(),
        }
    }

    /// Numbers messages from here on. A gateway takes a message id that it has seen for a redelivery, also
    /// after a restart, so a front that starts anew needs ids that are new: the unix time in milliseconds is a
    /// good beginning.
    #[must_use]
    pub fn numbered_from(self, first: u64) -> Self {
        self.chats().number_from(first);
        self
    }

    /// Makes a chat, so that agents can write to it before anything was said.
    pub fn open(&self, chat_id: &str) {
        self.chats().open(chat_id);
    }

    /// Says something in a chat, which is made if need be, as the person at this machine. The message is kept
    /// in the chat whether or not a gateway hears it. Until a connector runs this front, it waits.
    pub async fn say(&self, chat_id: &str, text: &str) -> Result<PostedMessage, DeliverError> {
        let message_id = self.chats().say(chat_id, text);
        let event = Event {
            text: text.to_owned(),
            message_type: MessageType::Text,
            source: Source {
                platform: PLATFORM.into(),
                chat_id: chat_id.to_owned(),
                chat_type: ChatType::Dm,
                chat_name: Some(chat_id.to_owned()),
                user_id: Some("you".into()),
                user_name: Some("you".into()),
                ..Source::default()
            },
            message_id: Some(message_id.clone()),
            ..Event::default()
        };
        let delivery = self.attached.context().await.events.deliver(&self.tenant, event).await?;
        Ok(PostedMessage { message_id, delivery })
    }

    /// Completes once what is said would be kept for somebody, connected or not. Never, for a front that
    /// no connector runs.
    pub async fn heard(&self) -> Result<(), StoreError> {
        self.attached.context().await.events.wanted(&self.tenant).await
    }

    /// Completes once somebody would hear it at once: a gateway of the tenant is connected, announced and awake. Never,
    /// for a front that no connector runs.
    pub async fn connected(&self) {
        self.attached.context().await.events.reachable(&self.tenant).await;
    }

    /// What agents do from now on, in every chat. Who lags behind by 1024 updates misses the oldest.
    pub fn updates(&self) -> broadcast::Receiver<ChatUpdate> {
        self.updates.subscribe()
    }

    /// The latest messages of a chat, oldest first; at most 1000 are kept.
    pub fn messages(&self, chat_id: &str) -> Vec<ChatMessage> {
        self.chats().messages(chat_id)
    }

    fn perform_now(&self, action: Action, asker: &ActionContext) -> ActionResult {
        if asker.tenant != self.tenant {
            return FOREIGN.into();
        }
        let mut chats = self.chats();
        let (result, update) = chats.perform(action);
        if let Some(update) = update {
            // Sent under the lock, so that updates come in the order of the changes. Nobody need listen.
            let _ = self.updates.send(update);
        }
        result
    }

    fn chats(&self) -> MutexGuard<'_, Chats> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Front for MemoryFront {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        async move {
            context.descriptor.publish(descriptor());
            context.state.live();
            self.attached.set(context);
            shutdown.cancelled().await;
            Ok(())
        }
        .boxed()
    }

    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult> {
        future::ready(self.perform_now(action, &context)).boxed()
    }
}

fn descriptor() -> CapabilityDescriptor {
    CapabilityDescriptor {
        platform: PLATFORM.into(),
        label: "Terminal".into(),
        max_message_length: chats::MAX_MESSAGE,
        supports_edit: true,
        markdown_dialect: "plain".into(),
        len_unit: LenUnit::Chars,
        emoji: "\u{1F4BB}".into(),
        platform_hint: "Your answer is read in a terminal: plain text, no markup.".into(),
        pii_safe: true,
        supported_ops: chats::OPS.iter().map(|op| op.as_str().into()).collect(),
        ..CapabilityDescriptor::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;
    use relay_wire::{Action, SendAction};
    use tokio_util::sync::CancellationToken;

    use super::{Delivery, MemoryFront};
    use crate::{ActionContext, Connector, Front, MemoryStore, Tenant};

    fn context(tenant: &str) -> ActionContext {
        let tenant = Tenant::new(tenant).unwrap();
        ActionContext { tenant, gateway_id: "gw".parse().unwrap(), bot_id: None }
    }

    #[tokio::test]
    async fn another_tenants_gateway_cannot_write_into_the_chats() {
        let front = MemoryFront::new().numbered_from(7);
        front.open("c");
        let send = SendAction { chat_id: "c".into(), content: "hi".into(), ..SendAction::default() };
        let refused = front.perform(Action::Send(send.clone()), context("work")).await;
        assert!(refused.is_declined());
        assert!(front.messages("c").is_empty());
        assert!(front.perform(Action::Send(send), context("home")).await.success);
        assert_eq!(front.messages("c")[0].message_id, "m7");
    }

    #[tokio::test]
    async fn what_is_said_waits_for_a_connector_that_runs_the_front() {
        let front = Arc::new(MemoryFront::new());
        let mut saying = Box::pin(front.say("c", "hello"));
        assert!((&mut saying).now_or_never().is_none());
        assert_eq!(front.connected().now_or_never(), None);
        assert_eq!(front.messages("c").len(), 1);
        let connector =
            Connector::builder(MemoryStore::default()).front(Arc::clone(&front) as Arc<dyn Front>).build();
        let (connector, stop) = (connector.unwrap(), CancellationToken::new());
        let (said, ()) = tokio::join!(
            async {
                let said = saying.await;
                stop.cancel();
                said
            },
            connector.run_fronts(stop.clone())
        );
        assert_eq!(said.unwrap().delivery, Delivery::Unwanted);
    }
}
