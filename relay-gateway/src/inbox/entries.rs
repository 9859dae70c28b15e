//! The messages of the inbox in SQL. Nothing here waits or knows of threads.

use std::sync::Arc;

use relay_adapter::{Admission, EntryId, Progress, Remainder, ShownQuestion, Unfinished, UnfinishedPage};
use relay_wire::Event;
use rusqlite::{OptionalExtension as _, Row as SqlRow, Transaction, params};
use tracing::error;

use super::retention::Retention;

/// A message as it is stored.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) buffer_id: Option<String>,
    pub(super) message: Option<String>,
    /// The event as JSON, as it crosses the wire.
    pub(super) event: String,
    pub(super) follow_up: Option<String>,
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
    fn of(number: i64) -> Option<Self> {
        [Self::Untouched, Self::InDoubt, Self::Left, Self::Acted]
            .into_iter()
            .find(|state| *state as i64 == number)
    }
}

pub(super) fn record(
    transaction: &Transaction<'_>,
    entry: EntryId,
    state: State,
    rest: Option<&str>,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE unfinished SET state = ?2, rest = ?3 WHERE id = ?1")?
        .execute(params![entry.0, state as i64, rest])?;
    Ok(())
}

/// The question that is open for a message, or that none is.
pub(super) fn ask(
    transaction: &Transaction<'_>,
    entry: EntryId,
    question: Option<&str>,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE unfinished SET question = ?2 WHERE id = ?1")?
        .execute(params![entry.0, question])?;
    Ok(())
}

pub(super) fn finish(transaction: &Transaction<'_>, entry: EntryId) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM unfinished WHERE id = ?1")?.execute([entry.0])?;
    Ok(())
}

pub(super) fn admit(transaction: &Transaction<'_>, row: &Row, now: i64) -> rusqlite::Result<Admission> {
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

/// What is not done with after an entry, as far as one page goes.
pub(super) fn page(
    transaction: &Transaction<'_>,
    after: Option<EntryId>,
) -> rusqlite::Result<UnfinishedPage> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, event, follow_up, state, rest, question FROM unfinished WHERE id > ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([after.map_or(i64::MIN, |entry| entry.0)])?;
    let (mut page, mut last, mut count, mut bytes) = (UnfinishedPage::default(), None, 0, 0);
    while let Some(row) = rows.next()? {
        if count == UnfinishedPage::MESSAGES || bytes >= UnfinishedPage::BYTES {
            page.next = last;
            break;
        }
        last = Some(EntryId(row.get(0)?));
        count += 1;
        bytes += row.get_ref(1)?.as_str()?.len();
        page.messages.extend(unfinished(row)?);
    }
    Ok(page)
}

pub(super) fn find(transaction: &Transaction<'_>, entry: EntryId) -> rusqlite::Result<Option<Unfinished>> {
    let mut statement = transaction
        .prepare_cached("SELECT id, event, follow_up, state, rest, question FROM unfinished WHERE id = ?1")?;
    let mut rows = statement.query([entry.0])?;
    rows.next()?.map_or(Ok(None), unfinished)
}

/// Reads a row; `None` where it cannot be understood.
fn unfinished(row: &SqlRow<'_>) -> rusqlite::Result<Option<Unfinished>> {
    let id = EntryId(row.get(0)?);
    let follow_up = row.get(2)?;
    let event = serde_json::from_str::<Event>(row.get_ref(1)?.as_str()?);
    match (event, progress(row.get(3)?, row.get(4)?)) {
        (Ok(event), Some(progress)) => {
            let question = question(row.get(5)?);
            let found = Unfinished::new(id, Arc::new(event), follow_up, progress);
            Ok(Some(found.with_question(question)))
        }
        (event, _) => {
            let why =
                event.err().map_or_else(|| "its state is unknown".to_owned(), |error| error.to_string());
            error!(
                entry = id.0,
                why, "a message that an earlier run took cannot be read any more; it is left in the inbox"
            );
            Ok(None)
        }
    }
}

fn progress(state: i64, rest: Option<String>) -> Option<Progress> {
    match State::of(state)? {
        State::Untouched => Some(Progress::Untouched),
        State::InDoubt => Some(Progress::InDoubt),
        State::Acted => Some(Progress::Acted),
        State::Left => {
            let (text, message, shown): (String, _, _) = serde_json::from_str(&rest?).ok()?;
            Some(Progress::Left(Remainder::new(text, message, shown)))
        }
    }
}

fn question(stored: Option<String>) -> Option<ShownQuestion> {
    let (prompt_id, message, text): (String, _, String) = serde_json::from_str(&stored?).ok()?;
    Some(ShownQuestion::new(prompt_id, message, text))
}

/// Removes the oldest names as far as they are too old or too many. Ids grow with time, so the oldest are the
/// first ones; by age at most so many go at once.
pub(super) fn prune(
    transaction: &Transaction<'_>,
    retention: Retention,
    most: u32,
    now: i64,
) -> rusqlite::Result<()> {
    let oldest = now.saturating_sub(i64::try_from(retention.age.as_secs()).unwrap_or(i64::MAX));
    transaction
        .prepare_cached("DELETE FROM taken WHERE id <= (SELECT max(id) FROM taken) - ?1")?
        .execute([retention.count])?;
    transaction
        .prepare_cached(
            "DELETE FROM taken WHERE at < ?1 AND id IN (SELECT id FROM taken ORDER BY id LIMIT ?2)",
        )?
        .execute(params![oldest, most])?;
    Ok(())
}
