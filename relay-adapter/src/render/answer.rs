//! One answer on its way into a chat: first text early, then paced edits, further messages as it grows.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, OptionFuture};
use relay_transport::Outcome;
use relay_wire::{Action, EditAction, FollowUpAction, Op, SendAction, SessionKey};
use tokio::time::{Instant, sleep_until};

use super::cut::{Cut, Format};
use super::pace::Pace;
use crate::Address;
use crate::agent::AnswerPieces;
use crate::outbox::Outbox;
use crate::sessions::Message;

/// Text that waits for a stalled chat; beyond it the agent waits too.
const MAX_WAITING: usize = 256 * 1024;

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// There was nothing to show.
    Nothing,
    /// All of it reached the chat.
    Everything,
    /// Some of it did not, or nobody knows whether it did.
    NotAll,
}

/// An answer that is being shown.
pub(crate) struct Answer<'a> {
    outbox: &'a Outbox,
    address: &'a Address,
    format: Format,
    reconnect_wait: Duration,
    /// Answers through a credential that the connector holds, instead of as a plain message.
    follow_up: Option<(&'a SessionKey, &'a str)>,
    /// What the first message answers.
    reply_to: Option<&'a str>,
    /// Messages can be edited, so a growing answer is shown while it grows.
    edits: bool,
    pace: Pace,

    /// The text from the start of the current message on.
    text: String,
    /// The current message, once it is in the chat under a known id.
    message: Option<String>,
    /// How many bytes of `text` the current message shows.
    shown: usize,
    said_anything: bool,
    /// A message that cannot be changed any more may lack something.
    in_doubt: bool,
    /// The current message may lack its last change; its next one settles that.
    change_in_doubt: bool,
}

/// A change that was asked for, to be settled by its outcome.
enum Change {
    /// The message now shows `text` up to here, and may go on growing.
    Grow { upto: usize },
    /// The message is complete; the rest goes on in another one.
    Complete(Cut),
}

enum Next {
    Continue,
    GiveUp,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(
        outbox: &'a Outbox,
        session_key: &'a SessionKey,
        message: &'a Message,
        reconnect_wait: Duration,
    ) -> Self {
        let address = &message.address;
        let descriptor = outbox.descriptor(address);
        let edits = message.follow_up.is_none() && descriptor.supports_edit && descriptor.supports(Op::Edit);
        Self {
            outbox,
            address,
            format: Format::of(&descriptor),
            reconnect_wait,
            follow_up: message.follow_up.as_deref().map(|kind| (session_key, kind)),
            reply_to: message.id(),
            edits,
            pace: Pace::starting(Instant::now()),
            text: String::new(),
            message: None,
            shown: 0,
            said_anything: false,
            in_doubt: false,
            change_in_doubt: false,
        }
    }

    /// Shows the pieces as they come and returns when the last change has been settled.
    pub(crate) async fn show(mut self, mut pieces: AnswerPieces) -> Shown {
        let mut open = true;
        let mut pending: Option<(Change, BoxFuture<'a, Outcome>)> = None;
        loop {
            let due = if pending.is_none() { self.due(open) } else { None };
            if !open && pending.is_none() && due.is_none() {
                return self.result();
            }
            let settled = OptionFuture::from(pending.as_mut().map(|(_, outcome)| outcome));
            tokio::select! {
                piece = pieces.recv(), if open && self.text.len() < MAX_WAITING => match piece {
                    Some(piece) => self.append(&piece),
                    None => open = false,
                },
                Some(outcome) = settled => {
                    if let Some((change, _)) = pending.take()
                        && let Next::GiveUp = self.settle(change, outcome).await
                    {
                        self.in_doubt = true;
                        return self.result();
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    pending = self.change().map(|change| {
                        let request = self.request(&change);
                        (change, request)
                    });
                }
            }
        }
    }

    fn result(&self) -> Shown {
        match (self.in_doubt || self.change_in_doubt, self.said_anything) {
            (true, _) => Shown::NotAll,
            (false, true) => Shown::Everything,
            (false, false) => Shown::Nothing,
        }
    }

    fn append(&mut self, piece: &str) {
        let at_start = self.text.is_empty();
        self.text.push_str(if at_start { piece.trim_start_matches(['\n', '\r']) } else { piece });
    }

    /// When the next change is to be made; `None` when there is nothing to change.
    fn due(&self, open: bool) -> Option<Instant> {
        let visible = self.text.trim_end().len();
        if visible == self.shown || self.text.trim().is_empty() {
            return None;
        }
        let now = Instant::now();
        let overflows = self.format.whole(&self.text).is_none();
        match (open, overflows) {
            (true, false) if !self.edits => None,
            (true, false) => Some(self.pace.next_change()),
            (true, true) | (false, _) => Some(self.pace.next_final(now)),
        }
    }

    fn change(&self) -> Option<Change> {
        if self.text.trim().is_empty() {
            return None;
        }
        Some(match self.format.whole(&self.text) {
            Some(_) => Change::Grow { upto: self.text.trim_end().len() },
            None => Change::Complete(self.format.cut(&self.text)),
        })
    }

    fn request(&self, change: &Change) -> BoxFuture<'a, Outcome> {
        let content = match change {
            Change::Grow { upto } => self.format.whole(&self.text[..*upto]).unwrap_or_default(),
            Change::Complete(cut) => cut.head.clone(),
        };
        let chat_id = self.address.chat_id.clone().into();
        let action = match (&self.message, &self.follow_up) {
            (Some(message), _) => Action::Edit(EditAction {
                chat_id,
                message_id: message.clone().into(),
                content: content.into(),
                ..EditAction::default()
            }),
            (None, Some((session_key, kind))) => Action::FollowUp(FollowUpAction {
                session_key: (*session_key).clone(),
                kind: (*kind).to_owned().into(),
                content: content.into(),
                metadata: relay_wire::Metadata::default(),
            }),
            (None, None) => Action::Send(SendAction {
                chat_id,
                content: content.into(),
                reply_to: self.reply_to.map(|id| id.to_owned().into()),
                ..SendAction::default()
            }),
        };
        let (outbox, address) = (self.outbox, self.address);
        async move { outbox.request(address, action).await }.boxed()
    }

    async fn settle(&mut self, change: Change, outcome: Outcome) -> Next {
        let now = Instant::now();
        let was_edit = self.message.is_some();
        match outcome {
            Outcome::Delivered(result) => {
                self.pace.accepted(now);
                self.change_in_doubt = false;
                let id = result.message_id.map(std::borrow::Cow::into_owned).filter(|id| !id.is_empty());
                let message = self.message.take().or(id);
                self.said(change, message);
                Next::Continue
            }
            // What may have been said counts as said: twice is worse than once too few.
            Outcome::Unknown => {
                if was_edit {
                    self.change_in_doubt = true;
                } else {
                    self.in_doubt = true;
                }
                let message = self.message.take();
                self.said(change, message);
                Next::Continue
            }
            Outcome::Failed(_) if self.pace.refused(now) => Next::Continue,
            // The message cannot be changed any more; what it does not show goes into a new one.
            Outcome::Failed(_) if was_edit => {
                let reopen = self.format.reopener(&self.text[..self.shown]);
                self.change_in_doubt = false;
                self.start_message_after(self.shown, &reopen);
                Next::Continue
            }
            Outcome::NotSent if self.outbox.live_within(self.reconnect_wait).await => Next::Continue,
            Outcome::Declined(_) | Outcome::Failed(_) | Outcome::NotSent => Next::GiveUp,
        }
    }

    fn said(&mut self, change: Change, message: Option<String>) {
        self.said_anything = true;
        self.reply_to = None;
        match change {
            Change::Complete(cut) => self.start_message_after(cut.consumed, &cut.reopen),
            Change::Grow { upto } if self.edits && message.is_some() => {
                self.message = message;
                self.shown = upto;
            }
            // Nobody can name the message, so it stays as it is.
            Change::Grow { upto } => self.start_message_after(upto, ""),
        }
    }

    fn start_message_after(&mut self, consumed: usize, reopen: &str) {
        self.text.replace_range(..consumed, reopen);
        self.in_doubt |= std::mem::take(&mut self.change_in_doubt);
        self.message = None;
        self.shown = 0;
        self.pace.next_message();
    }
}
