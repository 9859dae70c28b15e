//! What a message wears while it is answered and after: an emoji, where the platform has reactions.

use std::time::Duration;

use relay_transport::Outcome;
use relay_wire::{Action, Op, ReactAction};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::TurnEnd;
use crate::Address;
use crate::outbox::Outbox;
use crate::session::Message;

const SEEN: &str = "\u{1F440}";
const DONE: &str = "\u{2705}";
/// How long one is waited for: the end of a gateway waits for them all.
const WITHIN: Duration = Duration::from_secs(5);

const FAILED: &str = "\u{274C}";

/// The reactions to a message whose turn runs. Nothing waits for them, and they keep their order.
pub(crate) struct Reactions(Option<oneshot::Sender<TurnEnd>>);

impl Reactions {
    /// Shows that a message is being answered. `wanted` is what the settings say.
    pub(crate) fn begin(wanted: bool, outbox: &Outbox, message: &Message, tasks: &TaskTracker) -> Self {
        let address = &message.address;
        let has_them =
            wanted && message.follow_up.is_none() && outbox.descriptor(address).supports(Op::React);
        let Some(message_id) = message.id().filter(|_| has_them).map(str::to_owned) else {
            return Self(None);
        };
        let (ended, end) = oneshot::channel();
        let (outbox, address) = (outbox.clone(), address.clone());
        tasks.spawn(async move {
            let react = async |emoji, remove| {
                let action = reaction(&address, &message_id, emoji, remove);
                timeout(WITHIN, outbox.request(&address, action)).await.ok()
            };
            react(SEEN, false).await;
            // Dropped without a word, the turn is not over: it goes on at the next start.
            let Ok(end) = end.await else { return };
            react(SEEN, true).await;
            let (emoji, instead) = match end {
                TurnEnd::Answered | TurnEnd::Silent | TurnEnd::Command => (DONE, "\u{1F44D}"),
                TurnEnd::Interrupted | TurnEnd::Kept => return,
                _ => (FAILED, "\u{1F44E}"),
            };
            // Some platforms have a few reactions of their own and no others.
            if let Some(Outcome::Failed(_)) = react(emoji, false).await {
                react(instead, false).await;
            }
        });
        Self(Some(ended))
    }

    /// Shows how the turn ended.
    pub(crate) fn end(self, end: TurnEnd) {
        if let Some(ended) = self.0
            && end != TurnEnd::Kept
        {
            let _ = ended.send(end);
        }
    }
}

/// An emoji on a message, or its removal.
pub(crate) fn reaction(address: &Address, message_id: &str, emoji: &str, remove: bool) -> Action {
    Action::React(ReactAction {
        chat_id: address.chat_id.clone(),
        message_id: message_id.to_owned(),
        emoji: emoji.to_owned(),
        remove,
        ..ReactAction::default()
    })
}
