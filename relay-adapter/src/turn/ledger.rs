//! What the inbox is told of one turn.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::TurnClock;
use crate::question::Asking;
use crate::{EntryId, Inbox, InboxError, Question, QuestionReply, Step, TurnOver, Usage};

/// What a turn has done besides showing its answer.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    acted: bool,
    /// Beside its text: a question, or a file.
    showed: bool,
}

/// One turn's place in the inbox. The agent and whoever shows its output both write there; it keeps the one from
/// undoing what the other said.
pub(crate) struct TurnLedger {
    inbox: Arc<dyn Inbox>,
    entry: EntryId,
    asking: Option<Asking>,
    clock: TurnClock,
    usage: Mutex<Option<Usage>>,
    /// What is to be said after the answer.
    owed: OnceLock<&'static str>,
    /// Held while a step is handed over, so that the steps of both sides have one order.
    done: Mutex<Done>,
}

impl fmt::Debug for TurnLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnLedger").field("entry", &self.entry).finish_non_exhaustive()
    }
}

impl TurnLedger {
    pub(crate) fn new(inbox: Arc<dyn Inbox>, entry: EntryId, asking: Option<Asking>) -> Self {
        Self {
            inbox,
            entry,
            asking,
            clock: TurnClock::default(),
            usage: Mutex::default(),
            owed: OnceLock::new(),
            done: Mutex::default(),
        }
    }

    /// Commits a step. A turn that has acted, asked or sent a file does not become untouched by showing nothing.
    pub(crate) fn record(&self, step: Step) -> BoxFuture<'static, Result<(), InboxError>> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let step = match (step, *done) {
            (Step::NothingShown, Done { acted: true, .. }) => Step::Acted,
            (Step::NothingShown, Done { showed: true, .. }) => Step::Sending(None),
            (step, _) => step,
        };
        self.inbox.record(self.entry, step)
    }

    /// Commits that the agent is about to act. Where that cannot be committed, it must not.
    pub(crate) async fn acted(&self) -> Result<(), TurnOver> {
        let recorded = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if std::mem::replace(&mut done.acted, true) {
                return Ok(());
            }
            self.inbox.record(self.entry, Step::Acted)
        };
        recorded.await.map_err(|failure| {
            error!(error = %failure, "the agent is kept from acting: a crash would make it act twice");
            TurnOver
        })
    }

    /// Commits that the chat may see something of the turn that is no part of its text.
    pub(crate) async fn showing(&self) -> Result<(), TurnOver> {
        let recorded = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            let first = !std::mem::replace(&mut done.showed, true) && !done.acted;
            first.then(|| self.inbox.record(self.entry, Step::Sending(None)))
        };
        let Some(recorded) = recorded else { return Ok(()) };
        recorded.await.map_err(|failure| {
            error!(error = %failure, "a question or a file of the agent is not shown");
            TurnOver
        })
    }

    /// Asks the people of the chat, until `unwanted`. That the chat may have seen something is committed first.
    pub(crate) async fn ask(
        &self,
        question: Question,
        unwanted: &CancellationToken,
    ) -> Result<QuestionReply, TurnOver> {
        let Some(asking) = &self.asking else { return Ok(QuestionReply::Unsupported) };
        self.showing().await?;
        let _waiting = self.clock.question();
        Ok(asking.ask(question, unwanted).await)
    }

    /// This is to be said after the answer, and goes into the inbox with whatever is left of that.
    pub(crate) fn owe(&self, line: &'static str) {
        let _ = self.owed.set(line);
    }

    /// What is left of an answer, with what is owed after it.
    pub(crate) fn with_owed(&self, text: &str) -> String {
        match self.owed.get() {
            Some(line) if text.trim().is_empty() => (*line).to_owned(),
            Some(line) => format!("{}\n\n{line}", text.trim_end()),
            None => text.to_owned(),
        }
    }

    /// The turn's time.
    pub(crate) fn clock(&self) -> &TurnClock {
        &self.clock
    }

    /// The agent says what the conversation has used.
    pub(crate) fn used(&self, usage: Usage) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
    }

    /// What the conversation has used, as the agent said it last.
    pub(crate) fn usage(&self) -> Option<Usage> {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
