//! One change of a reply: into the inbox, to the connector, and what its outcome means.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_transport::Outcome;
use relay_wire::{Action, DraftAction, EditAction, FollowUpAction, SendAction};
use tokio::time::Instant;

use super::{Growth, Reply, Told};
use crate::render::cut::Cut;
use crate::{InboxError, Remainder, Step};

/// A change that was asked for, to be settled by its outcome.
pub(super) enum Change {
    /// The message now shows `text` up to here; unless it is `complete` it may go on growing.
    Grow { upto: usize, complete: bool },
    /// The message is complete; the rest goes on in another one.
    Complete(Cut),
}

pub(super) enum AfterChange {
    Continue,
    GiveUp,
    Keep,
}

/// A change on its way: first into the inbox, then to the connector.
pub(super) type Changing<'a> = BoxFuture<'a, Result<Outcome, InboxError>>;

impl<'a> Reply<'a> {
    /// What there is to change; `None` while nothing was said.
    pub(super) fn change(&self) -> Option<Change> {
        if self.text.trim().is_empty() {
            return None;
        }
        Some(match self.format.whole(&self.text) {
            Some(_) => Change::Grow { upto: self.text.trim_end().len(), complete: self.completes() },
            None => Change::Complete(self.cut()),
        })
    }

    /// Where the current message ends. It never takes back what it shows: were the outcome of that unknown, those words
    /// might stand in two messages.
    fn cut(&self) -> Cut {
        let best = self.format.cut(&self.text);
        if best.consumed < self.shown { self.format.cut_at(&self.text, self.shown) } else { best }
    }

    /// What is left to show, once the agent has said all.
    fn rest(&self) -> Option<Remainder> {
        let rest = || Remainder {
            text: self.ledger.with_owed(&self.text),
            message: self.message.clone(),
            shown: self.shown,
        };
        self.whole.then(rest)
    }

    /// Tells the inbox what is about to happen, then does it.
    pub(super) fn begin(&mut self, change: &Change) -> Changing<'a> {
        let step = match (&self.message, self.rest()) {
            (None, None) if self.is_draft => None,
            (None, rest) => Some((Told::Sending, Step::Sending(rest))),
            // To edit twice shows the same as once, so after a restart it may be done again.
            (Some(_), Some(rest)) if self.told != Told::Left => Some((Told::Left, Step::Left(rest))),
            (Some(_), _) => None,
        };
        let recorded = step.map(|(told, step)| {
            self.told = told;
            self.ledger.record(step)
        });
        let action = self.action(change);
        let (outbox, address) = (self.outbox, self.address);
        async move {
            if let Some(recorded) = recorded {
                recorded.await?;
            }
            Ok(outbox.request(address, action).await)
        }
        .boxed()
    }

    /// Tells the inbox where the reply stands once a message has been settled, if that is worth a commit.
    async fn settled(&mut self) -> Result<(), InboxError> {
        if self.told != Told::Sending {
            return Ok(());
        }
        let step = match self.rest() {
            Some(rest) if !rest.text.trim().is_empty() && rest.message.is_none() => Step::Left(rest),
            None if !self.said_anything => Step::NothingShown,
            _ => return Ok(()),
        };
        self.told = if step == Step::NothingShown { Told::Nothing } else { Told::Left };
        self.ledger.record(step).await
    }

    fn action(&self, change: &Change) -> Action {
        let content = match change {
            Change::Grow { upto, .. } => self.format.whole(&self.text[..*upto]).unwrap_or_default(),
            Change::Complete(cut) => cut.head.clone(),
        };
        let chat_id = self.address.chat_id.clone();
        match (&self.message, &self.follow_up) {
            (Some(message), _) => Action::Edit(EditAction {
                chat_id,
                message_id: message.clone(),
                content,
                ..EditAction::default()
            }),
            (None, None) if self.growth == Growth::Drafts => Action::Draft(DraftAction {
                chat_id,
                draft_id: self.draft_id,
                content,
                is_final: !is_growing(change),
                ..DraftAction::default()
            }),
            (None, Some((session_key, kind))) => Action::FollowUp(FollowUpAction {
                session_key: Some((*session_key).clone()),
                kind: (*kind).to_owned(),
                content,
                metadata: relay_wire::Metadata::default(),
            }),
            (None, None) => Action::Send(SendAction {
                chat_id,
                content,
                reply_to: self.answers.map(ToOwned::to_owned),
                ..SendAction::default()
            }),
        }
    }

    /// What comes of an outcome.
    pub(super) async fn settle(
        &mut self,
        change: Change,
        outcome: Outcome,
    ) -> Result<AfterChange, InboxError> {
        let is_not_sent = outcome == Outcome::NotSent;
        let next = self.judge(change, outcome);
        if matches!(next, AfterChange::GiveUp) {
            return Ok(next);
        }
        self.settled().await?;
        let next = if is_not_sent && !self.outbox.live().await { AfterChange::Keep } else { next };
        Ok(next)
    }

    fn judge(&mut self, change: Change, outcome: Outcome) -> AfterChange {
        let now = Instant::now();
        let was_edit = self.message.is_some();
        let was_draft = !was_edit && self.growth == Growth::Drafts;
        match outcome {
            Outcome::Delivered(result) => {
                self.pace.accepted(now);
                self.change_in_doubt = false;
                let id = result.message_id.filter(|id| !id.is_empty() && !was_draft);
                let message = self.message.take().or(id);
                self.record(change, message);
                AfterChange::Continue
            }
            // What may have been said counts as said: twice is worse than once too few.
            Outcome::Unknown => {
                if was_edit || (was_draft && is_growing(&change)) {
                    self.change_in_doubt = true;
                } else {
                    self.in_doubt = true;
                }
                let message = self.message.take();
                self.record(change, message);
                AfterChange::Continue
            }
            // This chat has no drafts, whatever its platform says.
            Outcome::Failed(_) if was_draft && !self.is_draft => self.without_drafts(),
            Outcome::Failed(_) if self.pace.refused(now) => AfterChange::Continue,
            Outcome::Failed(_) if was_draft => self.without_drafts(),
            // The message cannot be changed any more; what it does not show goes into a new one.
            Outcome::Failed(_) if was_edit => {
                let reopen = self.format.reopener(&self.text[..self.shown]);
                self.change_in_doubt = false;
                self.start_message_after(self.shown, &reopen);
                AfterChange::Continue
            }
            Outcome::NotSent => AfterChange::Continue,
            Outcome::Declined(_) | Outcome::Failed(_) => AfterChange::GiveUp,
        }
    }

    /// The current message is sent as others are, and so are further ones.
    fn without_drafts(&mut self) -> AfterChange {
        self.growth = self.growth_without_drafts;
        (self.is_draft, self.shown, self.change_in_doubt) = (false, 0, false);
        self.pace.next_message();
        AfterChange::Continue
    }

    fn record(&mut self, change: Change, message: Option<String>) {
        self.said_anything = true;
        if !(self.growth == Growth::Drafts && is_growing(&change)) {
            self.answers = None;
        }
        match change {
            Change::Complete(cut) => self.start_message_after(cut.consumed, &cut.reopen),
            Change::Grow { upto, complete: false } if self.growth == Growth::Drafts => {
                (self.is_draft, self.shown) = (true, upto);
            }
            Change::Grow { upto, .. } if self.growth == Growth::Edits && message.is_some() => {
                self.message = message;
                self.shown = upto;
            }
            // Nobody can name the message, so it stays as it is.
            Change::Grow { upto, .. } => self.start_message_after(upto, ""),
        }
    }

    pub(super) fn start_message_after(&mut self, consumed: usize, reopen: &str) {
        self.text.replace_range(..consumed, reopen);
        self.in_doubt |= std::mem::take(&mut self.change_in_doubt);
        self.message = None;
        if std::mem::take(&mut self.is_draft) || self.growth == Growth::Drafts {
            self.draft_id += 1;
        }
        self.shown = 0;
        self.pace.next_message();
    }
}

fn is_growing(change: &Change) -> bool {
    matches!(change, Change::Grow { complete: false, .. })
}
