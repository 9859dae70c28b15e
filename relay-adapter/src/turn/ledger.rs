//! What the inbox is told of one turn.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tracing::error;

use crate::question::Asking;
use crate::{EntryId, Inbox, InboxError, Question, QuestionReply, Step, TurnOver};

/// What a turn has done besides showing its answer.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    acted: bool,
    asked: bool,
}

/// One turn's place in the inbox. The agent and whoever shows its output both write there; it keeps the one from
/// undoing what the other said.
pub(crate) struct TurnLedger {
    inbox: Arc<dyn Inbox>,
    entry: EntryId,
    asking: Option<Asking>,
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
        Self { inbox, entry, asking, done: Mutex::default() }
    }

    /// Commits a step. A turn that has acted or asked does not become untouched by showing nothing.
    pub(crate) fn record(&self, step: Step) -> BoxFuture<'static, Result<(), InboxError>> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let step = match (step, *done) {
            (Step::NothingShown, Done { acted: true, .. }) => Step::Acted,
            (Step::NothingShown, Done { asked: true, .. }) => Step::Sending(None),
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

    /// Asks the people of the chat. That the chat may have seen something is committed first.
    pub(crate) async fn ask(&self, question: Question) -> Result<QuestionReply, TurnOver> {
        let Some(asking) = &self.asking else { return Ok(QuestionReply::Unsupported) };
        let recorded = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            let first = !std::mem::replace(&mut done.asked, true) && !done.acted;
            first.then(|| self.inbox.record(self.entry, Step::Sending(None)))
        };
        if let Some(recorded) = recorded {
            recorded.await.map_err(|failure| {
                error!(error = %failure, "a question is not asked");
                TurnOver
            })?;
        }
        Ok(asking.ask(question).await)
    }
}
