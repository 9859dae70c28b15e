//! The one message of a turn that shows the agent's work, edited as it goes on.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_transport::Outcome;
use relay_wire::{Action, EditAction, SendAction};
use tokio::time::Instant;

use super::cut::Format;
use super::pace::Pace;
use super::work::WorkLog;
use crate::outbox::Outbox;
use crate::{Address, PlanEntry, ToolCall, ToolDisplay, ToolState};

/// A turn's status message. It is no part of the answer: what does not reach the chat is given up.
pub(super) struct StatusMessage<'a> {
    outbox: &'a Outbox,
    address: &'a Address,
    format: Format,
    /// `None` where no work is shown: the settings or the platform do not have it, or it was given up.
    log: Option<WorkLog>,
    /// The message, once it is in the chat under a known id.
    message: Option<String>,
    /// What it shows.
    shown: String,
    /// What it should show; empty where there is nothing to see.
    wanted: String,
    pace: Pace,
}

/// A change of the message on its way, and what it then shows.
pub(super) type StatusChange<'a> = (String, BoxFuture<'a, Outcome>);

impl<'a> StatusMessage<'a> {
    /// Of a turn in this chat; `edits` says whether messages can be edited there, without which there is none.
    pub(super) fn new(
        outbox: &'a Outbox,
        address: &'a Address,
        format: Format,
        display: ToolDisplay,
        edits: bool,
    ) -> Self {
        let log = (display != ToolDisplay::Off && edits).then(|| WorkLog::new(display));
        let pace = Pace::starting(Instant::now());
        Self {
            outbox,
            address,
            format,
            log,
            message: None,
            shown: String::new(),
            wanted: String::new(),
            pace,
        }
    }

    pub(super) fn step(&mut self, call: ToolCall) {
        self.update(|log| log.step(call));
    }

    pub(super) fn plan(&mut self, entries: Vec<PlanEntry>) {
        self.update(|log| log.plan(entries));
    }

    /// The agent has done all it does.
    pub(super) fn end(&mut self) {
        self.update(|log| log.end(ToolState::Done));
    }

    fn update(&mut self, change: impl FnOnce(&mut WorkLog)) {
        if let Some(log) = &mut self.log {
            change(log);
            self.wanted = log.text(&self.format).unwrap_or_default();
        }
    }

    fn give_up(&mut self) {
        self.log = None;
        self.wanted.clone_from(&self.shown);
    }

    /// When the message is to be changed next; `None` while it shows what it should. A turn that is over gets no status
    /// message that it did not have.
    pub(super) fn due(&self, is_over: bool) -> Option<Instant> {
        if self.wanted == self.shown || (is_over && self.message.is_none()) {
            return None;
        }
        let now = Instant::now();
        Some(if is_over { self.pace.next_final(now) } else { self.pace.next_change() })
    }

    /// The change that is due.
    pub(super) fn change(&self) -> StatusChange<'a> {
        let text = self.wanted.clone();
        let action = self.action(text.clone());
        let (outbox, address) = (self.outbox, self.address);
        (text, async move { outbox.request(address, action).await }.boxed())
    }

    /// Takes in what became of a change. Once the turn is over nothing is tried again.
    pub(super) fn settle(&mut self, text: String, outcome: Outcome, is_over: bool) {
        let now = Instant::now();
        match outcome {
            Outcome::Delivered(result) => {
                self.pace.accepted(now);
                self.shown = text;
                self.message = self.message.take().or(result.message_id).filter(|id| !id.is_empty());
                if self.message.is_none() {
                    // Nobody can name it, and a second one would be one too many.
                    self.give_up();
                }
            }
            // It shows this or what it showed; the next change settles that.
            Outcome::Unknown if self.message.is_some() => self.shown = text,
            Outcome::Failed(_) | Outcome::NotSent if !is_over && self.pace.refused(now) => {}
            Outcome::Unknown | Outcome::Failed(_) | Outcome::NotSent | Outcome::Declined(_) => self.give_up(),
        }
    }

    /// The last change of a turn that was stopped.
    pub(super) fn stopped(&mut self) -> Option<Action> {
        self.message.as_ref()?;
        self.update(|log| log.end(ToolState::Failed));
        (self.wanted != self.shown).then(|| self.action(self.wanted.clone()))
    }

    fn action(&self, content: String) -> Action {
        let chat_id = self.address.chat_id.clone();
        match &self.message {
            Some(message) => Action::Edit(EditAction {
                chat_id,
                message_id: message.clone(),
                content,
                ..EditAction::default()
            }),
            None => Action::Send(SendAction { chat_id, content, ..SendAction::default() }),
        }
    }
}
