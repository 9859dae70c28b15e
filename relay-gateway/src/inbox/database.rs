//! The database: its schema, and each command as SQL. Nothing here waits or knows of threads.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{Admission, EntryId, Progress, Remainder, Unfinished};
use relay_wire::Event;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use tracing::error;

use super::commands::{Answer, Command, Row, State};
use super::error::OpenError;
use super::retention::Retention;

/// Seconds since 1970.
pub(super) type Clock = fn() -> i64;

/// The version of the schema, as `user_version` holds it.
const FORMAT: i64 = 1;

/// `taken` holds the names of messages, finished or not; `unfinished` what is needed to go on with one.
const SCHEMA: &str = "
    CREATE TABLE taken (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        buffer_id TEXT,
        message TEXT,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX taken_by_buffer_id ON taken (buffer_id) WHERE buffer_id IS NOT NULL;
    CREATE INDEX taken_by_message ON taken (message) WHERE message IS NOT NULL;
    CREATE TABLE unfinished (
        id INTEGER PRIMARY KEY,
        event TEXT NOT NULL,
        follow_up TEXT,
        state INTEGER NOT NULL,
        rest TEXT
    ) STRICT;
    PRAGMA user_version = 1;
";

/// How long another user of the file is waited for: one that is just ending.
const BUSY_WAIT: Duration = Duration::from_millis(500);

/// After so many admissions what is too old is removed; no more than as many at once.
const PRUNE_EVERY: u32 = 512;

pub(super) struct Database {
    connection: Connection,
    retention: Retention,
    clock: Clock,
    since_pruned: u32,
    /// Lets the file grow to this many pages and no further, as a full disk would.
    #[cfg(test)]
    pub(super) page_limit: Arc<std::sync::atomic::AtomicU32>,
}

impl Database {
    pub(super) fn open(path: &Path, retention: Retention, clock: Clock) -> Result<Self, OpenError> {
        create(path).map_err(|source| OpenError::Create { path: path.to_owned(), source })?;
        let told = |error: &rusqlite::Error| OpenError::of(path.to_owned(), error);
        let connection = Connection::open(path).map_err(|error| told(&error))?;
        let found = prepare(&connection).map_err(|error| told(&error))?;
        match found {
            0 => connection
                .execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT;"))
                .map_err(|error| told(&error))?,
            FORMAT => {
                let fault: String = connection
                    .query_row("PRAGMA quick_check(1)", (), |row| row.get(0))
                    .map_err(|error| told(&error))?;
                if fault != "ok" {
                    return Err(OpenError::Damaged { path: path.to_owned(), detail: fault });
                }
            }
            found => return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT }),
        }
        Ok(Self {
            connection,
            retention,
            clock,
            since_pruned: 0,
            #[cfg(test)]
            page_limit: Arc::new(u32::MAX.into()),
        })
    }

    /// Does what is asked, in order and in one transaction: all of it or nothing.
    pub(super) fn run<'c>(
        &mut self,
        commands: impl Iterator<Item = &'c Command>,
    ) -> rusqlite::Result<Vec<Answer>> {
        #[cfg(test)]
        self.connection.pragma_update(
            None,
            "max_page_count",
            self.page_limit.load(std::sync::atomic::Ordering::Relaxed),
        )?;
        let now = (self.clock)();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut answers = Vec::new();
        let mut admitted = self.since_pruned;
        for command in commands {
            answers.push(match command {
                Command::Admit(row) => {
                    admitted += 1;
                    Answer::Admitted(admit(&transaction, row, now)?)
                }
                Command::Record { entry, progress } => {
                    transaction
                        .prepare_cached("UPDATE unfinished SET state = ?2, rest = ?3 WHERE id = ?1")?
                        .execute(params![entry.0, progress.state as i64, progress.rest])?;
                    Answer::Done
                }
                Command::Finish { entry } => {
                    transaction.prepare_cached("DELETE FROM unfinished WHERE id = ?1")?.execute([entry.0])?;
                    Answer::Done
                }
                Command::Unfinished => Answer::Unfinished(unfinished(&transaction)?),
                Command::Flush => Answer::Done,
            });
        }
        if admitted >= PRUNE_EVERY {
            prune(&transaction, self.retention, now)?;
            admitted = 0;
        }
        transaction.commit()?;
        self.since_pruned = admitted;
        Ok(answers)
    }
}

/// Makes the folder and the file, for their owner only.
fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes the file for this process alone and answers its format; 0 for an empty one.
fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Only so does a commit survive a power cut, and not just the end of the process.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    // A transaction that writes nothing: it fails where the file cannot be written or is another's.
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn admit(transaction: &Transaction<'_>, row: &Row, now: i64) -> rusqlite::Result<Admission> {
    // The message decides where both name one; see `DeliveryKeys::is_again`.
    let again = transaction
        .prepare_cached(
            "SELECT 1 FROM taken WHERE message = ?1
             UNION ALL
             SELECT 1 FROM taken WHERE buffer_id = ?2 AND (message IS NULL OR ?1 IS NULL)
             LIMIT 1",
        )?
        .query_row(params![row.message, row.buffer_id], |_| Ok(()))
        .optional()?;
    if again.is_some() {
        return Ok(Admission::Duplicate);
    }
    transaction
        .prepare_cached("INSERT INTO taken (buffer_id, message, at) VALUES (?1, ?2, ?3)")?
        .execute(params![row.buffer_id, row.message, now])?;
    let id = transaction.last_insert_rowid();
    transaction
        .prepare_cached("INSERT INTO unfinished (id, event, follow_up, state) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, row.event, row.follow_up, State::Untouched as i64])?;
    Ok(Admission::New(EntryId(id)))
}

fn unfinished(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Unfinished>> {
    let mut statement =
        transaction.prepare("SELECT id, event, follow_up, state, rest FROM unfinished ORDER BY id")?;
    let mut rows = statement.query(())?;
    let mut unfinished = Vec::new();
    while let Some(row) = rows.next()? {
        let id = EntryId(row.get(0)?);
        let (event, follow_up): (String, _) = (row.get(1)?, row.get(2)?);
        match (serde_json::from_str::<Event<'_>>(&event), progress(row.get(3)?, row.get(4)?)) {
            (Ok(event), Some(progress)) => {
                unfinished.push(Unfinished { id, event: Arc::new(event.into_owned()), follow_up, progress });
            }
            (event, _) => {
                let why =
                    event.err().map_or_else(|| "its state is unknown".to_owned(), |error| error.to_string());
                error!(
                    entry = id.0,
                    why,
                    "a message that an earlier run took cannot be read any more; it is left in the inbox"
                );
            }
        }
    }
    Ok(unfinished)
}

fn progress(state: i64, rest: Option<String>) -> Option<Progress> {
    match State::of(state)? {
        State::Untouched => Some(Progress::Untouched),
        State::InDoubt => Some(Progress::InDoubt),
        State::Acted => Some(Progress::Acted),
        State::Left => {
            let (text, message, shown) = serde_json::from_str(&rest?).ok()?;
            Some(Progress::Left(Remainder { text, message, shown }))
        }
    }
}

/// Removes the oldest names as far as they are too old or too many. Ids grow with time, so the oldest are the
/// first ones.
fn prune(transaction: &Transaction<'_>, retention: Retention, now: i64) -> rusqlite::Result<()> {
    let oldest = now.saturating_sub(i64::try_from(retention.age.as_secs()).unwrap_or(i64::MAX));
    transaction
        .prepare_cached("DELETE FROM taken WHERE id <= (SELECT max(id) FROM taken) - ?1")?
        .execute([retention.count])?;
    transaction
        .prepare_cached(
            "DELETE FROM taken WHERE at < ?1 AND id IN (SELECT id FROM taken ORDER BY id LIMIT ?2)",
        )?
        .execute(params![oldest, 2 * PRUNE_EVERY])?;
    Ok(())
}
