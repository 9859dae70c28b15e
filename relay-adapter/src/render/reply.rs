//! One reply on its way into a chat: first text early, then paced changes, further messages as it grows.

mod change;

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, OptionFuture};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use relay_wire::{Action, Op, SessionKey};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::error;

use self::change::{AfterChange, Change, Changing};
use super::cut::Format;
use super::file::{self, Filed};
use super::pace::Pace;
use super::status::{StatusChange, StatusMessage};
use crate::outbox::Outbox;
use crate::session::Message;
use crate::turn::{TurnLedger, reaction};
use crate::{
    AdapterSettings, Address, OutputFile, Question, QuestionReply, Reaction, Remainder, TextDelta, TurnEvent,
    TurnEvents,
};

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

/// How an answer that is not whole yet is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    /// Not at all: messages cannot be changed.
    None,
    /// By edits of the message.
    Edits,
    /// By drafts, of which the last becomes the message.
    Drafts,
}

/// What waits until all text before it is in the chat.
enum Barrier {
    /// A question, and where its answer goes.
    Ask(Box<Question>, oneshot::Sender<QuestionReply>),
    /// A file.
    File(Box<OutputFile>),
    /// Nothing more: the text alone is urgent.
    Flush,
}

/// A reply that is being shown.
pub(crate) struct Reply<'a> {
    outbox: &'a Outbox,
    ledger: &'a TurnLedger,
    settings: &'a AdapterSettings,
    told: Told,
    address: &'a Address,
    format: Format,
    /// Answers through a credential that the connector holds, instead of as a plain message.
    follow_up: Option<(&'a SessionKey, &'a str)>,
    /// The message that is answered.
    question: Option<&'a str>,
    /// What the first message answers.
    answers: Option<&'a str>,
    growth: Growth,
    /// What is left where drafts are refused.
    growth_without_drafts: Growth,
    /// The platform takes files.
    takes_files: bool,
    /// The platform has reactions.
    takes_reactions: bool,
    pace: Pace,
    status: StatusMessage<'a>,
    /// Questions that wait for their answer, and reactions on their way.
    asides: FuturesUnordered<BoxFuture<'a, ()>>,
    barrier: Option<Barrier>,

    /// The text from the start of the current message on.
    text: String,
    /// The agent's message that was written last, where it says which.
    agent_message: Option<Arc<str>>,
    /// A step of work came after the last text: the next one begins a paragraph.
    paragraph_ends: bool,
    /// The last text was a thought.
    is_thinking: bool,
    /// The current message, once it is in the chat under a known id.
    message: Option<String>,
    /// The chat shows the current message as a draft.
    is_draft: bool,
    /// Names the current message's draft.
    draft_id: i64,
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
        settings: &'a AdapterSettings,
        session_key: &'a SessionKey,
        message: &'a Message,
    ) -> Self {
        let address = &message.address;
        let descriptor = outbox.descriptor(address);
        let follow_up = message.follow_up.as_deref().map(|kind| (session_key, kind));
        let edits = follow_up.is_none() && descriptor.supports_edit && descriptor.supports(Op::Edit);
        let drafts =
            follow_up.is_none() && descriptor.supports_draft_streaming && descriptor.supports(Op::Draft);
        let growth_without_drafts = if edits { Growth::Edits } else { Growth::None };
        let format = Format::of(&descriptor);
        let number = first_draft_id(session_key, message);
        let card = follow_up.is_none().then(|| (number, message.id()));
        Self {
            outbox,
            ledger,
            settings,
            told: Told::Nothing,
            address,
            format,
            follow_up,
            question: message.id(),
            answers: message.id(),
            growth: if drafts { Growth::Drafts } else { growth_without_drafts },
            growth_without_drafts,
            takes_files: descriptor.supports(Op::SendMedia),
            takes_reactions: follow_up.is_none() && descriptor.supports(Op::React),
            pace: Pace::starting(Instant::now()),
            status: StatusMessage::new(outbox, address, format, settings.tools, edits, card),
            asides: FuturesUnordered::new(),
            barrier: None,
            text: String::new(),
            agent_message: None,
            paragraph_ends: false,
            is_thinking: false,
            message: None,
            is_draft: false,
            draft_id: number,
            shown: 0,
            said_anything: false,
            whole: false,
            given_up: false,
            in_doubt: false,
            change_in_doubt: false,
        }
    }

    /// A line of the gateway's own, which does not grow.
    pub(crate) fn of_line(mut self, line: &str) -> Self {
        self.growth = Growth::None;
        line.clone_into(&mut self.text);
        self
    }

    /// Goes on with what an earlier run left; `None` where its message cannot be edited any more.
    pub(crate) fn resume(mut self, rest: Remainder) -> Option<Self> {
        if rest.message.is_some() && self.growth_without_drafts != Growth::Edits {
            return None;
        }
        let Remainder { text, message, shown } = rest;
        self.shown = if text.is_char_boundary(shown) { shown } else { 0 };
        (self.said_anything, self.told) = (message.is_some(), Told::Left);
        if message.is_some() {
            self.answers = None;
            self.growth = Growth::Edits;
        }
        (self.text, self.message) = (text, message);
        Some(self)
    }

    /// Shows what the agent gives as it comes and returns when the last change has been settled.
    pub(crate) async fn show(&mut self, mut events: TurnEvents) -> Shown {
        let mut pending: Option<(Change, Changing<'a>)> = None;
        let mut status: Option<StatusChange<'a>> = None;
        let mut filing: Option<BoxFuture<'a, Filed>> = None;
        loop {
            // What was said is taken first: an answer that is whole is known to be.
            while self.listens() && filing.is_none() {
                match events.try_recv() {
                    Ok(event) => self.take(event),
                    Err(TryRecvError::Disconnected) => self.is_whole(),
                    Err(TryRecvError::Empty) => break,
                }
            }
            let due = if pending.is_none() { self.due() } else { None };
            let is_flushed = pending.is_none() && due.is_none() && filing.is_none();
            if is_flushed && let Some(barrier) = self.barrier.take() {
                filing = self.cross(barrier);
                continue;
            }
            let status_due = if status.is_none() { self.status.due(self.whole) } else { None };
            let is_aside = status.is_some() || status_due.is_some() || !self.asides.is_empty();
            if self.whole && is_flushed && !is_aside {
                return self.result();
            }
            let listens = self.listens() && filing.is_none();
            let settled = OptionFuture::from(pending.as_mut().map(|(_, outcome)| outcome));
            let status_settled = OptionFuture::from(status.as_mut().map(|(_, outcome)| outcome));
            let filed = OptionFuture::from(filing.as_mut());
            tokio::select! {
                biased;
                event = events.recv(), if listens => match event {
                    Some(event) => self.take(event),
                    None => self.is_whole(),
                },
                Some(outcome) = settled => {
                    let Some((change, _)) = pending.take() else { continue };
                    let next = match outcome {
                        Ok(outcome) => self.settle(change, outcome).await,
                        Err(failure) => Err(failure),
                    };
                    match next {
                        Ok(AfterChange::Continue) => {}
                        Ok(AfterChange::GiveUp) => {
                            self.given_up = true;
                            return self.result();
                        }
                        Ok(AfterChange::Keep) => return Shown::Kept,
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
                Some(filed) = filed => {
                    filing = None;
                    self.filed(filed);
                }
                Some(outcome) = status_settled => {
                    if let Some((sent, _)) = status.take() {
                        self.status.settle(sent, outcome, self.whole);
                    }
                }
                () = reached(status_due), if status_due.is_some() => status = Some(self.status.change()),
                Some(()) = self.asides.next(), if !self.asides.is_empty() => {}
            }
        }
    }

    /// The turn was stopped: what the chat is still to see of its work.
    pub(crate) fn stopped(&mut self) -> Vec<Action> {
        // Questions among them are withdrawn.
        self.asides.clear();
        self.barrier = None;
        self.status.stopped()
    }

    /// Whether what the agent gives is taken now; if not, the agent waits.
    fn listens(&self) -> bool {
        !self.whole && self.text.len() < MAX_WAITING && self.barrier.is_none()
    }

    fn is_whole(&mut self) {
        self.whole = true;
        self.status.end();
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
        self.ledger.clock().heard();
        match event {
            TurnEvent::Text(delta) => self.append(delta),
            TurnEvent::Thought(text) if self.settings.thoughts => self.think(&text),
            TurnEvent::Thought(_) => {}
            TurnEvent::Tool(call) => {
                self.paragraph_ends = true;
                self.status.step(*call);
            }
            TurnEvent::Plan(entries) => self.status.plan(entries),
            TurnEvent::File(file) => self.barrier = Some(Barrier::File(file)),
            TurnEvent::React(reaction) => self.react(&reaction),
            TurnEvent::Notice(line) => {
                self.say_apart(line);
                if self.growth == Growth::None {
                    // Or it would come with the end of the answer that it is about.
                    self.barrier = Some(Barrier::Flush);
                }
            }
            TurnEvent::Usage(usage) => self.ledger.used(usage),
            TurnEvent::Acted(recorded) => drop(recorded.send(())),
            TurnEvent::Ask(question, reply) => self.barrier = Some(Barrier::Ask(question, reply)),
        }
    }

    /// A paragraph of its own.
    fn say_apart(&mut self, line: String) {
        self.paragraph_ends = true;
        self.append(line.into());
        self.paragraph_ends = true;
    }

    fn append(&mut self, delta: TextDelta) {
        let TextDelta { text, message } = delta;
        if message.is_some() && message != self.agent_message {
            self.paragraph_ends |= self.agent_message.is_some();
            self.agent_message = message;
        }
        self.paragraph_ends |= std::mem::take(&mut self.is_thinking);
        let begins = self.text.is_empty() || self.paragraph_ends;
        let text = if begins { text.trim_start_matches(['\n', '\r']) } else { &text };
        if text.is_empty() {
            return;
        }
        self.begin_paragraph();
        self.text.push_str(text);
    }

    fn begin_paragraph(&mut self) {
        if std::mem::take(&mut self.paragraph_ends) && !self.text.is_empty() {
            let line_ends = self.text.len() - self.text.trim_end_matches('\n').len();
            (line_ends..2).for_each(|_| self.text.push('\n'));
        }
    }

    /// A thought is a quotation.
    fn think(&mut self, text: &str) {
        let text = if self.is_thinking { text } else { text.trim_start_matches(['\n', '\r']) };
        if text.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.is_thinking, true) {
            self.paragraph_ends = true;
            self.begin_paragraph();
            self.text.push_str("> ");
        }
        self.text.push_str(&text.replace('\n', "\n> "));
    }

    fn react(&self, reaction: &Reaction) {
        let Some(message) = self.question.filter(|_| self.takes_reactions) else { return };
        let action = self::reaction(self.address, message, &reaction.emoji, reaction.remove);
        let (outbox, address) = (self.outbox, self.address);
        self.asides.push(async move { drop(outbox.request(address, action).await) }.boxed());
    }

    /// Does what waited for the text before it. The text after it goes into a message of its own.
    fn cross(&mut self, barrier: Barrier) -> Option<BoxFuture<'a, Filed>> {
        if !self.text.trim().is_empty() {
            self.start_message_after(self.text.len(), "");
        }
        self.paragraph_ends = false;
        match barrier {
            Barrier::Flush => None,
            Barrier::Ask(question, reply) => {
                self.asides.push(ask(self.ledger, *question, reply).boxed());
                None
            }
            Barrier::File(file) => {
                let media = self.settings.media.as_deref();
                let (takes, ledger) = (self.takes_files, self.ledger);
                let (outbox, address, answers) = (self.outbox, self.address, self.answers);
                let filing = async move {
                    if takes && ledger.showing().await.is_err() {
                        return Filed::Declined;
                    }
                    file::send(*file, takes, media, outbox, address, answers).await
                };
                Some(filing.boxed())
            }
        }
    }

    fn filed(&mut self, filed: Filed) {
        match filed {
            Filed::Sent => {
                (self.said_anything, self.answers) = (true, None);
            }
            Filed::InDoubt => self.in_doubt = true,
            Filed::Declined => self.given_up = true,
            Filed::Named(line) => self.say_apart(line),
        }
    }

    /// All text so far is to be in the chat, and its message is complete.
    fn completes(&self) -> bool {
        self.whole || self.barrier.is_some()
    }

    /// When the next change is to be made; `None` when there is nothing to change.
    fn due(&self) -> Option<Instant> {
        let completes = self.completes();
        let visible = self.text.trim_end().len();
        let shows_all = visible == self.shown || self.text.trim().is_empty();
        if shows_all && !(self.is_draft && completes) {
            return None;
        }
        let now = Instant::now();
        let overflows = self.format.whole(&self.text).is_none();
        match (completes, overflows) {
            (false, false) if self.growth == Growth::None => None,
            (false, false) => Some(self.pace.next_change()),
            (false, true) | (true, _) => Some(self.pace.next_final(now)),
        }
    }
}

/// Asks, until there is an answer or the agent wants none any more.
async fn ask(ledger: &TurnLedger, question: Question, mut reply: oneshot::Sender<QuestionReply>) {
    let unwanted = CancellationToken::new();
    let mut asking = std::pin::pin!(ledger.ask(question, &unwanted));
    let answer = tokio::select! {
        biased;
        answer = &mut asking => answer,
        () = reply.closed() => {
            unwanted.cancel();
            asking.await
        }
    };
    if let Ok(answer) = answer {
        let _ = reply.send(answer);
    }
}

/// Names the drafts and the card of a turn: the same at each attempt, and apart from those of other turns in the chat. 31 bits, which
/// every platform's numbers have.
fn first_draft_id(session_key: &SessionKey, message: &Message) -> i64 {
    let named = session_key.as_str().bytes().chain([0]).chain(message.id().unwrap_or_default().bytes());
    let named = named.chain(message.entry.0.to_le_bytes());
    // FNV-1a.
    let digest =
        named.fold(0x811c_9dc5_u32, |digest, byte| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    i64::from(digest & 0x7fff_f000) + 1
}

/// Waits until then. A timer rounds up to its next tick, which a change at once need not wait for.
async fn reached(due: Option<Instant>) {
    if let Some(due) = due
        && due > Instant::now()
    {
        sleep_until(due).await;
    }
}
