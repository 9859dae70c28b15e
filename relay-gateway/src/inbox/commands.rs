//! What is asked of the database, and where its answers go.

use relay_adapter::{Admission, EntryId, InboxError, Unfinished};
use tokio::sync::oneshot;

/// One thing to do, with everything it needs.
#[derive(Debug)]
pub(super) enum Command {
    Admit(Row),
    Record {
        entry: EntryId,
        progress: Progress,
    },
    Finish {
        entry: EntryId,
    },
    Unfinished,
    /// Nothing: its answer says that all before it is committed.
    Flush,
}

/// A message as it is stored.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) buffer_id: Option<String>,
    pub(super) message: Option<String>,
    /// The event as JSON, as it crosses the wire.
    pub(super) event: String,
    pub(super) follow_up: Option<String>,
}

/// Progress as it is stored.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) state: State,
    /// The rest of the answer as JSON.
    pub(super) rest: Option<String>,
}

/// The states of a message that is not done with. The numbers are in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Untouched = 0,
    InDoubt = 1,
    Left = 2,
    Acted = 3,
}

impl State {
    pub(super) fn of(number: i64) -> Option<Self> {
        [Self::Untouched, Self::InDoubt, Self::Left, Self::Acted]
            .into_iter()
            .find(|state| *state as i64 == number)
    }
}

/// What a command answers.
#[derive(Debug)]
pub(super) enum Answer {
    Admitted(Admission),
    Done,
    Unfinished(Vec<Unfinished>),
}

/// A command and its answer's way back.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) command: Command,
    pub(super) reply: oneshot::Sender<Result<Answer, InboxError>>,
}
