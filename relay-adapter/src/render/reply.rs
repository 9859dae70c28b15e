//! One reply on its way into a chat: first text early, then paced edits, further messages as it grows.

mod change;

use std::sync::Arc;

use futures_util::future::OptionFuture;
use relay_wire::{Op, SessionKey};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, error};

use self::change::{Change, Changing, Next};
use super::cut::Format;
use super::pace::Pace;
use crate::outbox::Outbox;
use crate::session::Message;
use crate::turn::TurnLedger;
use crate::{Address, QuestionReply, Remainder, TextDelta, TurnEvent, TurnEvents};

/// Text that waits for a stalled chat; beyond it the agent waits too.
const MAX_WAITING: usize = 256 * 1024;

/// What became of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// There was nothing to show.
    Nothing,
    /// All of it reached the chat.
    Everything,
    /// Some of it did not: the chat refused it.
    NotAll,
    /// Nobody knows whether some of it did.
    InDoubt,
    /// It cannot be shown now; the inbox keeps what is left of it.
    Kept,
}

/// What the inbox was last told of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// That nothing is shown.
    Nothing,
    /// That a message is on its way.
    Sending,
    /// What is left of it.
    Left,
}

/// A reply that is being shown.
pub(crate) struct Reply<'a> {
    outbox: &'a Outbox,
    ledger: &'a TurnLedger,
    told: Told,
    address: &'a Address,
    format: Format,
    /// Answers through a credential that the connector holds, instead of as a plain message.
    follow_up: Option<(&'a SessionKey, &'a str)>,
    /// What the first message answers.
    answers: Option<&'a str>,
    /// Messages can be edited, so a growing answer is shown while it grows.
    edits: bool,
    pace: Pace,

    /// The text from the start of the current message on.
    text: String,
    /// The agent's message that was written last, where it says which.
    agent_message: Option<Arc<str>>,
    /// A step of work came after the last text: the next one begins a paragraph.
    paragraph_ends: bool,
    /// The current message, once it is in the chat under a known id.
    message: Option<String>,
    /// How many bytes of `text` the current message shows.
    shown: usize,
    said_anything: bool,
    /// The agent has said all it will say.
    whole: bool,
    /// The chat took no more of it.
    given_up: bool,
    /// A message that cannot be changed any more may lack something.
    in_doubt: bool,
    /// The current message may lack its last change; its next one settles that.
    change_in_doubt: bool,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(
        outbox: &'a Outbox,
        ledger: &'a TurnLedger,
        session_key: &'a SessionKey,
        message: &'a Message,
    ) -> Self {
        let address = &message.address;
        let descriptor = outbox.descriptor(address);
        let edits = message.follow_up.is_none() && descriptor.supports_edit && descriptor.supports(Op::Edit);
        Self {
            outbox,
            ledger,
            told: Told::Nothing,
            address,
            format: Format::of(&descriptor),
            follow_up: message.follow_up.as_deref().map(|kind| (session_key, kind)),
            answers: message.id(),
            edits,
            pace: Pace::starting(Instant::now()),
            text: String::new(),
            agent_message: None,
            paragraph_ends: false,
            message: None,
            shown: 0,
            said_anything: false,
            whole: false,
            given_up: false,
            in_doubt: false,
            change_in_doubt: false,
        }
    }

    /// Goes on with what an earlier run left; `None` where its message cannot be edited any more.
    pub(crate) fn resume(mut self, rest: Remainder) -> Option<Self> {
        if rest.message.is_some() && !self.edits {
            return None;
        }
        let Remainder { text, message, shown } = rest;
        self.shown = if text.is_char_boundary(shown) { shown } else { 0 };
        (self.said_anything, self.told) = (message.is_some(), Told::Left);
        if message.is_some() {
            self.answers = None;
        }
        (self.text, self.message) = (text, message);
        Some(self)
    }

    /// Shows what the agent gives as it comes and returns when the last change has been settled.
    pub(crate) async fn show(mut self, mut events: TurnEvents) -> Shown {
        let mut pending: Option<(Change, Changing<'a>)> = None;
        loop {
            // What was said is taken first: an answer that is whole is known to be.
            while !self.whole && self.text.len() < MAX_WAITING {
                match events.try_recv() {
                    Ok(event) => self.take(event),
                    Err(TryRecvError::Disconnected) => self.whole = true,
                    Err(TryRecvError::Empty) => break,
                }
            }
            let due = if pending.is_none() { self.due() } else { None };
            if self.whole && pending.is_none() && due.is_none() {
                return self.result();
            }
            let settled = OptionFuture::from(pending.as_mut().map(|(_, outcome)| outcome));
            tokio::select! {
                biased;
                event = events.recv(), if !self.whole && self.text.len() < MAX_WAITING => match event {
                    Some(event) => self.take(event),
                    None => self.whole = true,
                },
                Some(outcome) = settled => {
                    let Some((change, _)) = pending.take() else { continue };
                    let next = match outcome {
                        Ok(outcome) => self.settle(change, outcome).await,
                        Err(failure) => Err(failure),
                    };
                    match next {
                        Ok(Next::Continue) => {}
                        Ok(Next::GiveUp) => {
                            self.given_up = true;
                            return self.result();
                        }
                        Ok(Next::Keep) => return Shown::Kept,
                        Err(failure) => {
                            error!(error = %failure, "an answer is not shown any further");
                            return Shown::Kept;
                        }
                    }
                }
                () = reached(due), if due.is_some() => {
                    pending = self.change().map(|change| {
                        let changing = self.begin(&change);
                        (change, changing)
                    });
                }
            }
        }
    }

    fn result(&self) -> Shown {
        match (self.given_up, self.in_doubt || self.change_in_doubt, self.said_anything) {
            (true, ..) => Shown::NotAll,
            (false, true, _) => Shown::InDoubt,
            (false, false, true) => Shown::Everything,
            (false, false, false) => Shown::Nothing,
        }
    }

    fn take(&mut self, event: TurnEvent) {
        match event {
            TurnEvent::Text(delta) => self.append(delta),
            TurnEvent::Tool(_) => self.paragraph_ends = true,
            TurnEvent::Notice(line) => {
                self.paragraph_ends = true;
                self.append(line.into());
                self.paragraph_ends = true;
            }
            TurnEvent::Acted(recorded) => drop(recorded.send(())),
            TurnEvent::Ask(_, reply) => drop(reply.send(QuestionReply::Unsupported)),
            other => debug!(event = ?other, "not shown"),
        }
    }

    fn append(&mut self, delta: TextDelta) {
        let TextDelta { text, message } = delta;
        if message.is_some() && message != self.agent_message {
            self.paragraph_ends |= self.agent_message.is_some();
            self.agent_message = message;
        }
        let begins = self.text.is_empty() || self.paragraph_ends;
        let text = if begins { text.trim_start_matches(['\n', '\r']) } else { &text };
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.paragraph_ends) && !self.text.is_empty() {
            let line_ends = self.text.len() - self.text.trim_end_matches('\n').len();
            (line_ends..2).for_each(|_| self.text.push('\n'));
        }
        self.text.push_str(text);
    }

    /// When the next change is to be made; `None` when there is nothing to change.
    fn due(&self) -> Option<Instant> {
        let visible = self.text.trim_end().len();
        if visible == self.shown || self.text.trim().is_empty() {
            return None;
        }
        let now = Instant::now();
        let overflows = self.format.whole(&self.text).is_none();
        match (self.whole, overflows) {
            (false, false) if !self.edits => None,
            (false, false) => Some(self.pace.next_change()),
            (false, true) | (true, _) => Some(self.pace.next_final(now)),
        }
    }
}

/// Waits until then. A timer rounds up to its next tick, which a change at once need not wait for.
async fn reached(due: Option<Instant>) {
    if let Some(due) = due
        && due > Instant::now()
    {
        sleep_until(due).await;
    }
}
