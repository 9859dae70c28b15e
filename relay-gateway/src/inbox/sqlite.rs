//! The inbox port over the database.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{Admission, EntryId, Inbox, InboxError, Incoming, Step, Unfinished};
use tokio::sync::watch;

use super::commands::{Answer, Command, Progress, Row, State};
use super::database::Database;
use super::error::OpenError;
use super::retention::Retention;
use super::writer::Writer;

/// An inbox in a SQLite file that only one gateway uses at a time.
///
/// What is committed survives the end of the process and a power cut. While the disk is full commits wait.
pub struct SqliteInbox(Mode);

enum Mode {
    Threaded(Writer),
    Inline(Mutex<Database>),
}

impl SqliteInbox {
    /// Opens or makes the file, and starts the thread that writes it. Dropping the inbox waits until all that was
    /// asked of it is committed.
    pub fn open(path: &Path, retention: Retention) -> Result<Self, OpenError> {
        let database = Database::open(path, retention, unix_time)?;
        let writer =
            Writer::start(database).map_err(|source| OpenError::Create { path: path.to_owned(), source })?;
        Ok(Self(Mode::Threaded(writer)))
    }

    /// The same without a thread: each call commits before it returns, so that a simulated run can be repeated.
    /// The clock gives seconds since 1970.
    pub fn open_inline(path: &Path, retention: Retention, clock: fn() -> i64) -> Result<Self, OpenError> {
        Ok(Self(Mode::Inline(Mutex::new(Database::open(path, retention, clock)?))))
    }

    /// Whether commits wait because the file cannot be written, such as on a full disk; never for an inline one.
    pub fn stalled(&self) -> watch::Receiver<bool> {
        match &self.0 {
            Mode::Threaded(writer) => writer.stalled(),
            Mode::Inline(_) => watch::channel(false).1,
        }
    }

    #[cfg(test)]
    pub(super) fn threaded(database: Database) -> Self {
        Self(Mode::Threaded(Writer::start(database).expect("a thread")))
    }

    fn ask(&self, command: Command) -> BoxFuture<'static, Result<Answer, InboxError>> {
        match &self.0 {
            Mode::Threaded(writer) => {
                let answer = writer.ask(command);
                let gone = || Err(InboxError("the inbox is closed".to_owned()));
                async move { answer.await.unwrap_or_else(|_| gone()) }.boxed()
            }
            Mode::Inline(database) => {
                let mut database = database.lock().unwrap_or_else(PoisonError::into_inner);
                let answers = database.run(std::iter::once(&command));
                let answer = answers.map(|mut answers| answers.remove(0));
                ready(answer.map_err(|error| InboxError(error.to_string()))).boxed()
            }
        }
    }

    fn tell(&self, command: Command) -> BoxFuture<'static, Result<(), InboxError>> {
        self.ask(command).map(|answer| answer.map(drop)).boxed()
    }
}

impl Inbox for SqliteInbox {
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>> {
        let row = Row {
            buffer_id: incoming.keys.buffer_id.map(|id| id.to_string()),
            message: incoming.keys.message,
            event: serde_json::to_string(&**incoming.event).expect("an event is plain data"),
            follow_up: incoming.follow_up.map(str::to_owned),
        };
        let answer = self.ask(Command::Admit(row));
        async move {
            match answer.await? {
                Answer::Admitted(admission) => Ok(admission),
                other => unreachable!("an admission is answered by one, not by {other:?}"),
            }
        }
        .boxed()
    }

    fn record(&self, entry: EntryId, step: Step) -> BoxFuture<'static, Result<(), InboxError>> {
        let (state, rest) = match step {
            Step::Sending(rest) => (State::InDoubt, rest),
            Step::Left(rest) => (State::Left, Some(rest)),
            Step::NothingShown => (State::Untouched, None),
            Step::Acted => (State::Acted, None),
        };
        let rest = rest.map(|rest| {
            serde_json::to_string(&(rest.text, rest.message, rest.shown)).expect("text is plain data")
        });
        self.tell(Command::Record { entry, progress: Progress { state, rest } })
    }

    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>> {
        self.tell(Command::Finish { entry })
    }

    fn unfinished(&self) -> BoxFuture<'static, Result<Vec<Unfinished>, InboxError>> {
        let answer = self.ask(Command::Unfinished);
        async move {
            match answer.await? {
                Answer::Unfinished(unfinished) => Ok(unfinished),
                other => unreachable!("what is unfinished is answered by it, not by {other:?}"),
            }
        }
        .boxed()
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        self.tell(Command::Flush)
    }

    fn is_durable(&self) -> bool {
        true
    }
}

pub(super) fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
