//! The one message of a turn that shows the agent's work: a card of steps where the platform has cards, else a message
//! that is edited as the work goes on.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_transport::Outcome;
use relay_wire::{Action, EditAction, Op, SendAction, TaskChunk};
use tokio::time::Instant;

use super::card::Card;
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
    form: Form,
    /// Messages of this chat can be edited.
    edits: bool,
    /// What it shows.
    shown: View,
    /// What it should show; empty where there is nothing to see.
    wanted: View,
    pace: Pace,
}

enum Form {
    /// A message, once it is in the chat under a known id.
    Message(Option<String>),
    /// A card.
    Card(Card),
}

/// What is seen of the work: the text of a message, or the steps of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    text: String,
    steps: Vec<TaskChunk>,
}

/// What a change does.
pub(super) enum Sent {
    /// The message then shows this.
    View(View),
    /// The card is at its end.
    End,
}

/// A change of the message on its way.
pub(super) type StatusChange<'a> = (Sent, BoxFuture<'a, Outcome>);

impl<'a> StatusMessage<'a> {
    /// Of a turn in this chat that answers the message `answers`. `edits` says whether messages can be edited there;
    /// `card` names the card where there may be one. A chat that has neither sees no work.
    pub(super) fn new(
        outbox: &'a Outbox,
        address: &'a Address,
        format: Format,
        display: ToolDisplay,
        edits: bool,
        card: Option<(i64, Option<&str>)>,
    ) -> Self {
        let card = card.filter(|_| outbox.descriptor(address).supports(Op::TaskCard));
        let log = match card {
            _ if display == ToolDisplay::Off => None,
            Some(_) => Some(WorkLog::of_card(display)),
            None => edits.then(|| WorkLog::new(display)),
        };
        let form = match card {
            Some((turn, answers)) => Form::Card(Card::new(turn, answers, address)),
            None => Form::Message(None),
        };
        let pace = Pace::starting(Instant::now());
        let (shown, wanted) = (View::default(), View::default());
        Self { outbox, address, format, log, form, edits, shown, wanted, pace }
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
            self.wanted = match self.form {
                Form::Message(_) => {
                    View { text: log.text(&self.format).unwrap_or_default(), ..View::default() }
                }
                Form::Card(_) => View { steps: log.chunks(), ..View::default() },
            };
        }
    }

    fn give_up(&mut self) {
        self.log = None;
        self.wanted.clone_from(&self.shown);
    }

    fn is_begun(&self) -> bool {
        match &self.form {
            Form::Message(message) => message.is_some(),
            Form::Card(card) => card.is_open(),
        }
    }

    /// When the message is to be changed next; `None` while it shows what it should. A turn that is over gets no status
    /// message that it did not have.
    pub(super) fn due(&self, is_over: bool) -> Option<Instant> {
        let is_left_open = is_over && matches!(&self.form, Form::Card(card) if card.is_open());
        if (self.wanted == self.shown && !is_left_open) || (is_over && !self.is_begun()) {
            return None;
        }
        let now = Instant::now();
        Some(if is_over { self.pace.next_final(now) } else { self.pace.next_change() })
    }

    /// The change that is due.
    pub(super) fn change(&self) -> StatusChange<'a> {
        let (sent, action) = match &self.form {
            Form::Card(card) if self.wanted == self.shown => (Sent::End, card.end()),
            Form::Card(_) | Form::Message(_) => (Sent::View(self.wanted.clone()), self.action()),
        };
        let (outbox, address) = (self.outbox, self.address);
        (sent, async move { outbox.request(address, action).await }.boxed())
    }

    /// Takes in what became of a change. Once the turn is over nothing is tried again.
    pub(super) fn settle(&mut self, sent: Sent, outcome: Outcome, is_over: bool) {
        let Sent::View(view) = sent else {
            if let Form::Card(card) = &mut self.form {
                card.ended();
            }
            return;
        };
        let now = Instant::now();
        match (outcome, &mut self.form) {
            (Outcome::Delivered(_), Form::Card(card)) => {
                self.pace.accepted(now);
                card.shows_all();
                self.shown = view;
            }
            // A step is sent again under its id with the next ones.
            (Outcome::Unknown, Form::Card(card)) => {
                card.may_lack();
                self.shown = view;
            }
            // This chat has no cards, whatever its platform says.
            (Outcome::Failed(_), Form::Card(card)) if !card.is_open() => self.without_card(),
            (Outcome::Delivered(result), Form::Message(message)) => {
                self.pace.accepted(now);
                self.shown = view;
                *message = message.take().or(result.message_id).filter(|id| !id.is_empty());
                if message.is_none() {
                    // Nobody can name it, and a second one would be one too many.
                    self.give_up();
                }
            }
            // It shows this or what it showed; the next change settles that.
            (Outcome::Unknown, Form::Message(Some(_))) => self.shown = view,
            (Outcome::Failed(_) | Outcome::NotSent, _) if !is_over && self.pace.refused(now) => {}
            (outcome, form) => {
                if let (Outcome::Declined(_), Form::Card(card)) = (outcome, form) {
                    card.ended();
                }
                self.give_up();
            }
        }
    }

    /// The work is shown as it is where there are no cards.
    fn without_card(&mut self) {
        self.form = Form::Message(None);
        if !self.edits {
            self.log = None;
        }
        (self.shown, self.wanted) = (View::default(), View::default());
        self.update(WorkLog::leave_card);
    }

    /// The last changes of a turn that was stopped.
    pub(super) fn stopped(&mut self) -> Vec<Action> {
        if !self.is_begun() {
            return Vec::new();
        }
        self.update(|log| log.end(ToolState::Failed));
        let change = (self.wanted != self.shown).then(|| self.action());
        let end = match &self.form {
            Form::Card(card) => Some(card.end()),
            Form::Message(_) => None,
        };
        change.into_iter().chain(end).collect()
    }

    fn action(&self) -> Action {
        let chat_id = self.address.chat_id.clone();
        let content = self.wanted.text.clone();
        match &self.form {
            Form::Card(card) => card.change(&self.shown.steps, &self.wanted.steps),
            Form::Message(Some(message)) => Action::Edit(EditAction {
                chat_id,
                message_id: message.clone(),
                content,
                ..EditAction::default()
            }),
            Form::Message(None) => Action::Send(SendAction { chat_id, content, ..SendAction::default() }),
        }
    }
}
