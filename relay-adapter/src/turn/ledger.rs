//! What the inbox is told of one turn.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tracing::error;

use crate::{EntryId, Inbox, InboxError, Step, TurnOver};

/// One turn's place in the inbox. The agent and whoever shows its output both write there; it keeps the one from
/// undoing what the other said.
pub(crate) struct TurnLedger {
    inbox: Arc<dyn Inbox>,
    entry: EntryId,
    /// Held while a step is handed over, so that the steps of both sides have one order.
    acted: Mutex<bool>,
}

impl fmt::Debug for TurnLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnLedger").field("entry", &self.entry).finish_non_exhaustive()
    }
}

impl TurnLedger {
    pub(crate) fn new(inbox: Arc<dyn Inbox>, entry: EntryId) -> Self {
        Self { inbox, entry, acted: Mutex::new(false) }
    }

    /// Commits a step. A turn that has acted does not become untouched by showing nothing.
    pub(crate) fn record(&self, step: Step) -> BoxFuture<'static, Result<(), InboxError>> {
        let acted = self.acted.lock().unwrap_or_else(PoisonError::into_inner);
        let step = if *acted && step == Step::NothingShown { Step::Acted } else { step };
        self.inbox.record(self.entry, step)
    }

    /// Commits that the agent is about to act. Where that cannot be committed, it must not.
    pub(crate) async fn acted(&self) -> Result<(), TurnOver> {
        let recorded = {
            let mut acted = self.acted.lock().unwrap_or_else(PoisonError::into_inner);
            if std::mem::replace(&mut *acted, true) {
                return Ok(());
            }
            self.inbox.record(self.entry, Step::Acted)
        };
        recorded.await.map_err(|failure| {
            error!(error = %failure, "the agent is kept from acting: a crash would make it act twice");
            TurnOver
        })
    }
}
