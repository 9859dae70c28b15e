//! The inbox port over the database.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    Admission, EntryId, Inbox, InboxError, InboxErrorKind, Incoming, ShownQuestion, Step, Unfinished,
    UnfinishedPage,
};
use relay_runtime::Clock;
use relay_sqlite::{Database, SqliteErrorKind};
use rusqlite::Transaction;
use tokio::sync::watch;

use super::entries::{self, Row, State};
use super::error::OpenError;
use super::retention::Retention;
use super::schema::INBOX;
use super::sessions::SqliteSessions;

/// After so many admissions what is too old is removed; no more than twice as many at once.
const PRUNE_EVERY: u32 = 512;

/// An inbox in a SQLite file that only one gateway uses at a time.
///
/// What is committed survives the end of the process and a power cut. While the disk is full commits wait.
#[derive(Debug)]
pub struct SqliteInbox {
    pub(super) database: Arc<Database>,
    retention: Retention,
    clock: Clock,
    since_pruned: Arc<AtomicU32>,
}

impl SqliteInbox {
    /// Opens or makes the file, and starts the thread that writes it. Dropping the inbox, and its
    /// sessions, waits until all that was asked of it is committed.
    pub fn open(path: &Path, retention: Retention) -> Result<Self, OpenError> {
        Ok(Self::over(Database::open(path, &INBOX)?, retention, Clock::system()))
    }

    /// The same without a thread: each call commits before it returns, so that a simulated run can be repeated.
    pub fn open_inline(path: &Path, retention: Retention, clock: Clock) -> Result<Self, OpenError> {
        Ok(Self::over(Database::open_inline(path, &INBOX)?, retention, clock))
    }

    /// Whether commits wait because the file cannot be written, such as on a full disk.
    pub fn stalled(&self) -> watch::Receiver<bool> {
        self.database.full()
    }

    /// The agents' sessions, in the same file.
    pub fn sessions(&self) -> SqliteSessions {
        SqliteSessions::new(Arc::clone(&self.database), self.clock.clone())
    }

    pub(super) fn over(database: Database, retention: Retention, clock: Clock) -> Self {
        Self { database: Arc::new(database), retention, clock, since_pruned: Arc::default() }
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, InboxError>> {
        let committed = self.database.write(work);
        async move { committed.await.map_err(|error| InboxError::new(class(error.kind()), error)) }.boxed()
    }
}

fn class(kind: SqliteErrorKind) -> InboxErrorKind {
    match kind {
        SqliteErrorKind::Create
        | SqliteErrorKind::ReadOnly
        | SqliteErrorKind::InUse
        | SqliteErrorKind::Full => InboxErrorKind::Unwritable,
        SqliteErrorKind::NotADatabase | SqliteErrorKind::Foreign | SqliteErrorKind::Damaged => {
            InboxErrorKind::Damaged
        }
        SqliteErrorKind::Closed => InboxErrorKind::Closed,
        _ => InboxErrorKind::Other,
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
        let (retention, since_pruned) = (self.retention, Arc::clone(&self.since_pruned));
        let now = i64::try_from(self.clock.now().0).unwrap_or(i64::MAX);
        self.write(move |transaction| {
            let admission = entries::admit(transaction, &row, now)?;
            if since_pruned.fetch_add(1, Ordering::Relaxed) + 1 >= PRUNE_EVERY {
                entries::prune(transaction, retention, 2 * PRUNE_EVERY, now)?;
                since_pruned.store(0, Ordering::Relaxed);
            }
            Ok(admission)
        })
    }

    fn record(&self, entry: EntryId, step: Step) -> BoxFuture<'static, Result<(), InboxError>> {
        let (state, rest) = match step {
            Step::Sending(rest) => (State::InDoubt, rest),
            Step::Left(rest) => (State::Left, Some(rest)),
            Step::NothingShown => (State::Untouched, None),
            Step::Acted => (State::Acted, None),
            Step::Asked(ShownQuestion { prompt_id, message, text, .. }) => {
                let question =
                    serde_json::to_string(&(prompt_id, message, text)).expect("text is plain data");
                return self.write(move |transaction| entries::ask(transaction, entry, Some(&question)));
            }
            Step::Settled => return self.write(move |transaction| entries::ask(transaction, entry, None)),
        };
        let rest = rest.map(|rest| {
            serde_json::to_string(&(rest.text, rest.message, rest.shown)).expect("text is plain data")
        });
        self.write(move |transaction| entries::record(transaction, entry, state, rest.as_deref()))
    }

    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>> {
        self.write(move |transaction| entries::finish(transaction, entry))
    }

    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>> {
        self.write(move |transaction| entries::page(transaction, after))
    }

    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>> {
        self.write(move |transaction| entries::find(transaction, entry))
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        self.write(|_| Ok(()))
    }

    fn is_durable(&self) -> bool {
        true
    }
}
