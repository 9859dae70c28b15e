//! The front: one bot on Telegram, as the connector sees it.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{ActionContext, Front, FrontContext, FrontError, Tenant};
use relay_wire::{Action, ActionResult, EGRESS_DECLINED, Source};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::TelegramSettings;
use crate::api::BotApi;
use crate::chat_caller::ChatCaller;
use crate::descriptor::descriptor;
use crate::outcome::{coded, failed};
use crate::performer::Performer;
use crate::placement::set_thread;
use crate::poll::Poller;

/// A bot on Telegram.
pub struct TelegramFront {
    performer: Performer,
    tenant: Tenant,
    poll: Duration,
    /// What the connector gave; there once it runs the front.
    context: OnceLock<FrontContext>,
}

impl fmt::Debug for TelegramFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramFront").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl TelegramFront {
    /// Makes a front; nothing is sent before a connector runs it.
    pub fn new(settings: TelegramSettings) -> Self {
        let TelegramSettings { token, tenant, base_url, dialer, poll } = settings;
        let api = Arc::new(BotApi::new(dialer, base_url, token));
        let performer = Performer::new(ChatCaller::new(api));
        Self { performer, tenant, poll, context: OnceLock::new() }
    }

    pub(crate) fn caller(&self) -> &ChatCaller {
        &self.performer.caller
    }

    pub(crate) fn performer(&self) -> &Performer {
        &self.performer
    }

    pub(crate) fn poll_time(&self) -> Duration {
        self.poll
    }

    /// Says a line of the front's own where something was written, beside everything else.
    pub(crate) fn say(&self, source: &Source, text: &str) {
        self.say_in(source.chat_id.clone(), source.thread_id.as_deref(), text);
    }

    /// The same in any chat.
    pub(crate) fn say_in(&self, chat: String, thread: Option<&str>, text: &str) {
        let caller = self.caller().clone();
        let mut parameters = json!({"chat_id": chat, "text": text});
        set_thread(&mut parameters, thread);
        tokio::spawn(async move {
            if caller.turn(&chat).await.is_ok()
                && let Err(error) = caller.api.call("sendMessage", &parameters).await
            {
                tracing::debug!(%error, "a notice was not sent");
            }
        });
    }

    /// Whether the chat is this tenant's.
    async fn is_owner(&self, tenant: &Tenant, chat: &str) -> bool {
        let Some(context) = self.context.get() else { return *tenant == self.tenant };
        let tenants = context.tenants.clone().with_default(self.tenant.clone());
        match tenants.tenant_of(&[chat]).await {
            Ok(owner) => owner == *tenant,
            Err(error) => {
                tracing::error!(%error, "the tenant of a chat cannot be looked up");
                false
            }
        }
    }
}

impl Front for TelegramFront {
    fn platform(&self) -> &'static str {
        "telegram"
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        async move {
            // One that is run again gets the same. Actions come once there is a descriptor, and find it here.
            let context = self.context.get_or_init(|| context);
            context.descriptor.publish(descriptor());
            let tenants = context.tenants.clone().with_default(self.tenant.clone());
            Box::pin(Poller::new(self, context, tenants).run(shutdown)).await
        }
        .boxed()
    }

    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult> {
        async move {
            if !self.is_owner(&context.tenant, action.chat_id().unwrap_or_default()).await {
                return coded(EGRESS_DECLINED, "egress declined: these chats belong to another tenant");
            }
            match self.performer.perform(action, &context.tenant, self.context.get()).await {
                Ok(result) => result,
                Err(error) if error.is_unknown() => {
                    tracing::warn!(%error, "an action is left without a result");
                    // A guess would be worse: the connector lets the gateway know that nothing is known.
                    std::future::pending().await
                }
                Err(error) => failed(&error),
            }
        }
        .boxed()
    }
}
