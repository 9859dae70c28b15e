//! What a message wears while it is answered and after: an emoji, where the platform has reactions.

use std::time::Duration;

use relay_transport::Outcome;
use relay_wire::{Action, Op, ReactAction};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::TurnEnd;
use crate::admission::ChatCommand;
use crate::outbox::Outbox;
use crate::session::Message;
use crate::{Address, Progress};

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
        let Some(wearer) = Wearer::of(message, outbox).filter(|_| wanted) else { return Self(None) };
        let (ended, end) = oneshot::channel();
        tasks.spawn(async move {
            wearer.react(SEEN, false).await;
            // Dropped without a word, the turn is not over: it goes on at the next start.
            if let Ok(end) = end.await {
                wearer.end(end).await;
            }
        });
        Self(Some(ended))
    }

    /// Shows how a message ended that an earlier run of the gateway had begun to answer: it wears what that one gave it.
    pub(crate) fn end_of_earlier_run(
        wanted: bool,
        outbox: &Outbox,
        message: &Message,
        tasks: &TaskTracker,
        end: TurnEnd,
    ) {
        let was_begun =
            matches!(message.recovered, Some(Progress::Left(_) | Progress::InDoubt | Progress::Acted))
                && ChatCommand::of(&message.event.text).is_none();
        if wanted
            && was_begun
            && end != TurnEnd::Kept
            && let Some(wearer) = Wearer::of(message, outbox)
        {
            tasks.spawn(async move { wearer.end(end).await });
        }
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

/// A message that can wear reactions.
struct Wearer {
    outbox: Outbox,
    address: Address,
    message_id: String,
}

impl Wearer {
    fn of(message: &Message, outbox: &Outbox) -> Option<Self> {
        let address = &message.address;
        let has_them = message.follow_up.is_none() && outbox.descriptor(address).supports(Op::React);
        let message_id = message.id().filter(|_| has_them)?.to_owned();
        Some(Self { outbox: outbox.clone(), address: address.clone(), message_id })
    }

    async fn react(&self, emoji: &str, remove: bool) -> Option<Outcome> {
        let action = reaction(&self.address, &self.message_id, emoji, remove);
        timeout(WITHIN, self.outbox.request(&self.address, action)).await.ok()
    }

    async fn end(&self, end: TurnEnd) {
        self.react(SEEN, true).await;
        let (emoji, instead) = match end {
            TurnEnd::Answered | TurnEnd::Silent | TurnEnd::Command => (DONE, "\u{1F44D}"),
            TurnEnd::Interrupted | TurnEnd::Kept => return,
            _ => (FAILED, "\u{1F44E}"),
        };
        // Some platforms have a few reactions of their own and no others.
        if let Some(Outcome::Failed(_)) = self.react(emoji, false).await {
            self.react(instead, false).await;
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
