//! Buffers in SQL.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::fronts::change;
use super::gateways::{seconds, tenant, time};
use crate::store::BufferStore;
use crate::store::buffer::{
    AppendError, Appended, Backlog, BufferLimits, Buffered, Cursor, DeadLetter, DeadLetterReason,
    FIRST_RETRY, LONGEST_RETRY, NewDelivery, RedeliveryPolicy, Retried, Seq, in_order,
};
use crate::store::error::StoreError;
use crate::store::instance::Instance;

impl BufferStore for SqliteStore {
    fn lineage<'a>(&'a self, candidate: &'a str) -> BoxFuture<'a, Result<String, StoreError>> {
        let candidate = candidate.to_owned();
        self.write("learn what its buffer ids begin with", move |db| {
            db.prepare_cached("INSERT OR IGNORE INTO facts VALUES ('lineage', ?1)")?.execute([&candidate])?;
            db.prepare_cached("SELECT value FROM facts WHERE name = 'lineage'")?
                .query_row([], |row| row.get(0))
        })
        .boxed()
    }

    fn append(&self, arrival: NewDelivery) -> BoxFuture<'_, Result<Vec<Appended>, AppendError>> {
        let key = Arc::clone(&self.vault_key);
        let appended = self.write("keep a delivery", move |db| {
            let instances = arrival
                .instances
                .iter()
                .map(|instance| prepare(db, &arrival, instance))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            if !arrival.is_taken && !instances.is_empty() && instances.iter().all(|instance| instance.is_full)
            {
                return Ok(None);
            }
            change(db, &key, &arrival.platform, &arrival.changes, arrival.now)?;
            instances
                .iter()
                .map(|instance| append(db, &arrival, instance))
                .collect::<Result<_, _>>()
                .map(Some)
        });
        async move { appended.await?.ok_or(AppendError::Full) }.boxed()
    }

    fn is_full(&self) -> bool {
        SqliteStore::is_full(self)
    }

    fn pending<'a>(
        &'a self,
        instance: &'a Instance,
        cursors: Vec<Cursor>,
        items: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<Buffered>, StoreError>> {
        let instance = instance.clone();
        self.read("read what is to be delivered", move |db| {
            let Some(id) = find(db, &instance)? else { return Ok(Vec::new()) };
            let mut found = Vec::new();
            for cursor in &cursors {
                found.extend(pending(db, id, cursor, items, bytes)?);
            }
            Ok(in_order(found, items, bytes))
        })
        .boxed()
    }

    fn remove<'a>(
        &'a self,
        instance: &'a Instance,
        acked: Vec<Seq>,
    ) -> BoxFuture<'a, Result<Vec<Seq>, StoreError>> {
        let instance = instance.clone();
        self.write("remove what was acknowledged", move |db| {
            let Some(id) = find(db, &instance)? else { return Ok(acked.clone()) };
            let mut unknown = Vec::new();
            let mut statement =
                db.prepare_cached("DELETE FROM deliveries WHERE seq = ?1 AND instance = ?2")?;
            for seq in &acked {
                if statement.execute(params![number(*seq), id])? == 0 {
                    unknown.push(*seq);
                }
            }
            Ok(unknown)
        })
        .boxed()
    }

    fn suspect<'a>(&'a self, instance: &'a Instance, item: Seq) -> BoxFuture<'a, Result<(), StoreError>> {
        let instance = instance.clone();
        self.write("mark a delivery that a connection was lost with", move |db| {
            let Some(id) = find(db, &instance)? else { return Ok(()) };
            db.prepare_cached("UPDATE deliveries SET suspect = 1 WHERE seq = ?1 AND instance = ?2")?
                .execute(params![number(item), id])?;
            Ok(())
        })
        .boxed()
    }

    fn nack<'a>(
        &'a self,
        instance: &'a Instance,
        items: Vec<Seq>,
        policy: RedeliveryPolicy,
    ) -> BoxFuture<'a, Result<Vec<Seq>, StoreError>> {
        let instance = instance.clone();
        self.write("count a delivery that was not acknowledged", move |db| {
            let Some(id) = find(db, &instance)? else { return Ok(Vec::new()) };
            let mut dead = Vec::new();
            for &seq in &items {
                let count: Option<i64> = db
                    .prepare_cached(
                        "UPDATE deliveries SET unacked = unacked + 1 WHERE seq = ?1 AND instance = ?2 AND \
                         aside IS NULL RETURNING unacked",
                    )?
                    .query_row(params![number(seq), id], |row| row.get(0))
                    .optional()?;
                if count.is_some_and(|count| count >= i64::from(policy.max)) {
                    make_dead_letter(db, seq, DeadLetterReason::Unacknowledged, seconds(policy.now))?;
                    dead.push(seq);
                }
            }
            forget(db, id, policy.limits)?;
            Ok(dead)
        })
        .boxed()
    }

    fn backlog<'a>(&'a self, instance: &'a Instance) -> BoxFuture<'a, Result<Backlog, StoreError>> {
        let instance = instance.clone();
        self.read("measure a backlog", move |db| {
            Ok(find(db, &instance)?.map(|id| totals(db, id)).transpose()?.unwrap_or_default().waiting)
        })
        .boxed()
    }

    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>> {
        self.read("list the dead letters", |db| {
            let mut statement = db.prepare_cached(
                "SELECT d.seq, i.tenant, i.name, d.platform, d.line, d.unacked, d.arrived, d.aside, d.reason, \
                 d.retries FROM deliveries d JOIN instances i ON i.id = d.instance WHERE d.aside IS NOT NULL \
                 ORDER BY d.seq",
            )?;
            statement.query_map([], dead_letters)?.collect()
        })
        .boxed()
    }

    fn retry(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.write_or_refuse("deliver dead letters again", move |db| {
            for_each(
                db,
                "UPDATE deliveries SET aside = NULL, reason = NULL, unacked = 0, suspect = 0, retries = 0 WHERE \
                 seq = ?1 AND aside IS NOT NULL",
                &items,
            )
        })
        .boxed()
    }

    fn retry_due(&self, policy: RedeliveryPolicy) -> BoxFuture<'_, Result<Retried, StoreError>> {
        self.write("deliver again what was not acknowledged", move |db| retry_due(db, policy)).boxed()
    }

    fn discard(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.write_or_refuse("drop dead letters", move |db| {
            for_each(db, "DELETE FROM deliveries WHERE seq = ?1 AND aside IS NOT NULL", &items)
        })
        .boxed()
    }
}

/// Looks before it writes, so that nothing is written where nothing is due.
fn retry_due(db: &Connection, policy: RedeliveryPolicy) -> rusqlite::Result<Retried> {
    let now = seconds(policy.now);
    let oldest_allowed = now.saturating_sub(whole_seconds(policy.limits));
    let mut statement = db.prepare_cached(
        "SELECT seq, aside + min(?1 << min(retries, 16), ?2) FROM deliveries WHERE aside IS NOT NULL AND reason = ?3 \
         AND arrived >= ?4",
    )?;
    let unacknowledged = DeadLetterReason::Unacknowledged.as_str();
    let candidates: Vec<(i64, i64)> = statement
        .query_map(params![FIRST_RETRY, LONGEST_RETRY, unacknowledged, oldest_allowed], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let (due, later): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|(_, due)| *due <= now);
    let mut statement = db.prepare_cached(
        "UPDATE deliveries SET aside = NULL, reason = NULL, unacked = ?2, suspect = 1, retries = retries + 1 WHERE \
         seq = ?1",
    )?;
    for (seq, _) in &due {
        statement.execute(params![seq, policy.max.saturating_sub(1)])?;
    }
    Ok(Retried { items: due.len(), next: later.into_iter().map(|(_, due)| time(due)).min() })
}

fn for_each(db: &Connection, sql: &str, items: &[Seq]) -> rusqlite::Result<usize> {
    let mut statement = db.prepare_cached(sql)?;
    items.iter().map(|seq| statement.execute([number(*seq)])).sum()
}

/// An instance that a delivery comes to.
struct Recipient<'a> {
    instance: &'a Instance,
    id: i64,
    /// What was too old.
    dead_letters: usize,
    /// There is no room for the delivery.
    is_full: bool,
}

/// Finds an instance's buffer, and makes dead letters of what has waited there for too long.
fn prepare<'a>(
    db: &Connection,
    arrival: &NewDelivery,
    instance: &'a Instance,
) -> rusqlite::Result<Recipient<'a>> {
    db.prepare_cached("INSERT OR IGNORE INTO instances (tenant, name) VALUES (?1, ?2)")?
        .execute([instance.tenant().as_str(), &*instance.key()])?;
    let id = find(db, instance)?.unwrap_or_default();
    let now = seconds(arrival.now);
    let oldest_allowed = now.saturating_sub(whole_seconds(arrival.limits));
    let mut dead_letters = 0;
    while let Some((oldest, _)) = oldest(db, id)?.filter(|(_, arrived)| *arrived < oldest_allowed) {
        make_dead_letter(db, oldest, DeadLetterReason::TooOld, now)?;
        dead_letters += 1;
    }
    let Backlog { items, bytes } = totals(db, id)?.waiting;
    let BufferLimits { items: most, bytes: heaviest, .. } = arrival.limits;
    let is_full = items > 0 && (items >= most || bytes + arrival.line.len() > heaviest);
    Ok(Recipient { instance, id, dead_letters, is_full })
}

fn append(db: &Connection, arrival: &NewDelivery, recipient: &Recipient<'_>) -> rusqlite::Result<Appended> {
    let Recipient { instance, id, mut dead_letters, is_full: _ } = *recipient;
    let now = seconds(arrival.now);
    db.prepare_cached("INSERT INTO deliveries (instance, platform, arrived, line) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, arrival.platform, now, arrival.line.as_ref()])?;
    let seq = seq(db.last_insert_rowid());
    loop {
        let Backlog { items, bytes } = totals(db, id)?.waiting;
        if items <= arrival.limits.items && bytes <= arrival.limits.bytes {
            break;
        }
        // What came just now stays, however big it is.
        let Some((oldest, _)) = oldest(db, id)?.filter(|(oldest, _)| *oldest != seq) else { break };
        make_dead_letter(db, oldest, DeadLetterReason::Overflow, now)?;
        dead_letters += 1;
    }
    let gone = if dead_letters > 0 { forget(db, id, arrival.limits)? } else { 0 };
    Ok(Appended { instance: instance.clone(), seq, dead_letters, gone })
}

fn oldest(db: &Connection, id: i64) -> rusqlite::Result<Option<(Seq, i64)>> {
    db.prepare_cached(
        "SELECT seq, arrived FROM deliveries WHERE instance = ?1 AND aside IS NULL ORDER BY seq LIMIT 1",
    )?
    .query_row([id], |row| Ok((seq(row.get(0)?), row.get(1)?)))
    .optional()
}

fn make_dead_letter(db: &Connection, item: Seq, reason: DeadLetterReason, now: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE deliveries SET aside = ?2, reason = ?3 WHERE seq = ?1")?.execute(params![
        number(item),
        now,
        reason.as_str()
    ])?;
    Ok(())
}

/// Removes the oldest dead letters, down to the bounds.
fn forget(db: &Connection, id: i64, limits: BufferLimits) -> rusqlite::Result<usize> {
    let mut gone = 0;
    loop {
        let Backlog { items, bytes } = totals(db, id)?.dead_letters;
        if items <= 1 || (items <= limits.items && bytes <= limits.bytes) {
            return Ok(gone);
        }
        gone += db
            .prepare_cached(
                "DELETE FROM deliveries WHERE seq = (SELECT min(seq) FROM deliveries WHERE instance = ?1 AND \
                 aside IS NOT NULL)",
            )?
            .execute([id])?;
    }
}

fn pending(
    db: &Connection,
    id: i64,
    cursor: &Cursor,
    items: usize,
    bytes: usize,
) -> rusqlite::Result<Vec<Buffered>> {
    let mut statement = db.prepare_cached(
        "SELECT seq, unacked, line, suspect FROM deliveries WHERE instance = ?1 AND platform = ?2 AND seq > ?3 AND aside \
         IS NULL ORDER BY seq LIMIT ?4",
    )?;
    let limit = i64::try_from(items).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![id, cursor.platform, number(cursor.after), limit])?;
    let (mut found, mut weight) = (Vec::new(), 0);
    while weight < bytes.max(1)
        && let Some(row) = rows.next()?
    {
        let line = Bytes::from(row.get::<_, Vec<u8>>(2)?);
        weight += line.len();
        found.push(Buffered {
            seq: seq(row.get(0)?),
            platform: cursor.platform.clone(),
            line,
            nacks: row.get(1)?,
            suspect: row.get(3)?,
        });
    }
    Ok(found)
}

fn dead_letters(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        seq: seq(row.get(0)?),
        instance: Instance::from_key(tenant(row, 1)?, &row.get::<_, String>(2)?),
        platform: row.get(3)?,
        line: Bytes::from(row.get::<_, Vec<u8>>(4)?),
        nacks: row.get(5)?,
        arrived: time(row.get(6)?),
        at: time(row.get(7)?),
        reason: DeadLetterReason::from_word(&row.get::<_, String>(8)?),
        retries: row.get(9)?,
    })
}

fn find(db: &Connection, instance: &Instance) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM instances WHERE tenant = ?1 AND name = ?2")?
        .query_row([instance.tenant().as_str(), &*instance.key()], |row| row.get(0))
        .optional()
}

/// What waits for an instance, and its dead letters.
#[derive(Default)]
struct Totals {
    waiting: Backlog,
    dead_letters: Backlog,
}

fn totals(db: &Connection, id: i64) -> rusqlite::Result<Totals> {
    db.prepare_cached("SELECT waiting, waiting_bytes, aside, aside_bytes FROM instances WHERE id = ?1")?
        .query_row([id], |row| {
            let size =
                |column| Ok::<_, rusqlite::Error>(usize::try_from(row.get::<_, i64>(column)?).unwrap_or(0));
            Ok(Totals {
                waiting: Backlog { items: size(0)?, bytes: size(1)? },
                dead_letters: Backlog { items: size(2)?, bytes: size(3)? },
            })
        })
}

fn whole_seconds(limits: BufferLimits) -> i64 {
    i64::try_from(limits.age.as_secs()).unwrap_or(i64::MAX)
}

/// Row numbers begin at 1.
fn seq(row: i64) -> Seq {
    Seq(u64::try_from(row).unwrap_or_default())
}

fn number(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}
