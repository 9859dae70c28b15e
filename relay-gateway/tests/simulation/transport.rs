//! The link, with an observer between it and the adapter.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_transport::{Descriptors, Link, LinkState, Outcome, RelayTransport};
use relay_wire::{Action, BufferId, Identity, SessionKey};
use tokio::sync::watch;

use crate::breaks::Break;
use crate::happening::Happening;
use crate::names::{MessageId, PLATFORMS, Word};
use crate::power::Point;
use crate::world::Life;

/// Passes everything on and notes it.
pub struct ObservedLink {
    pub link: Link,
    pub life: Life,
}

impl ObservedLink {
    async fn perform(&self, action: Action, via: Option<Identity>) -> Outcome {
        let op = action.op().to_owned();
        let request = self.life.world.state().next_request();
        let platform = via.as_ref().map_or(PLATFORMS[0], |via| via.platform.as_str());
        self.life.pass(Point::BeforeRequest).await;
        self.life.note(&Happening::Asked { request, op, message: about(platform, &action) });
        let outcome = self.link.request(action, via).await;
        self.life.pass(Point::AfterOutcome).await;
        self.life.note(&Happening::Told { request, outcome: outcome.as_str() });
        match outcome {
            Outcome::Unknown if self.life.world.broken == Some(Break::UnknownIsNotSent) => Outcome::NotSent,
            outcome => outcome,
        }
    }
}

impl RelayTransport for ObservedLink {
    fn request(&self, action: Action, via: Option<Identity>) -> BoxFuture<'_, Outcome> {
        self.perform(action, via).boxed()
    }

    fn ack(&self, buffer_id: BufferId) {
        if self.life.power.is_on() {
            self.life.note(&Happening::Acked { buffer_id: buffer_id.as_str().to_owned() });
            self.link.ack(buffer_id);
            self.life.power.passes(Point::AfterAck);
        }
    }

    fn interrupt(&self, session_key: SessionKey, reason: Option<String>) {
        self.link.interrupt(session_key, reason);
    }

    fn descriptors(&self) -> Arc<Descriptors> {
        self.link.descriptors()
    }

    fn state(&self) -> watch::Receiver<LinkState> {
        self.link.state()
    }
}

/// The message that an action belongs to: the one whose words it says, or the one it replies to.
pub fn about(platform: &str, action: &Action) -> Option<MessageId> {
    let (content, chat_id, reply_to) = match action {
        Action::Send(send) => (send.content.as_ref(), send.chat_id.as_ref(), send.reply_to.as_deref()),
        Action::Edit(edit) => (edit.content.as_ref(), "", None),
        _ => return None,
    };
    Word::all(content)
        .first()
        .map(|word| word.message)
        .or_else(|| MessageId::of_wire(platform, chat_id, reply_to?))
}
