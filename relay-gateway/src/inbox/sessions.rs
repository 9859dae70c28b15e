//! The agents' own session ids, in the inbox's file.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{RememberedSession, SessionStore, SessionStoreError};
use relay_runtime::Clock;
use relay_sqlite::Database;
use relay_wire::SessionKey;
use rusqlite::{OptionalExtension as _, Transaction, params};

/// Sessions that were not used for so long are forgotten.
const LONGEST_REST: Duration = Duration::from_hours(90 * 24);

/// The most sessions that are kept, at some 300 bytes each; beyond it the longest unused are forgotten.
const MOST: u32 = 20_000;

/// The agents' own session ids in an SQLite file, so that a restarted gateway takes conversations up again.
#[derive(Clone, Debug)]
pub struct SqliteSessions {
    database: Arc<Database>,
    clock: Clock,
    most: u32,
}

impl SqliteSessions {
    pub(super) fn new(database: Arc<Database>, clock: Clock) -> Self {
        Self { database, clock, most: MOST }
    }

    /// The same with another bound.
    #[cfg(test)]
    pub(super) fn with_most(self, most: u32) -> Self {
        Self { most, ..self }
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, SessionStoreError>> {
        let committed = self.database.write(work);
        async move { committed.await.map_err(SessionStoreError::caused_by) }.boxed()
    }

    fn now(&self) -> i64 {
        i64::try_from(self.clock.now().0).unwrap_or(i64::MAX)
    }
}

impl SessionStore for SqliteSessions {
    fn load(
        &self,
        key: &SessionKey,
    ) -> BoxFuture<'static, Result<Option<RememberedSession>, SessionStoreError>> {
        let (key, now) = (key.as_str().to_owned(), self.now());
        self.write(move |transaction| {
            transaction
                .prepare_cached("UPDATE sessions SET used = ?2 WHERE key = ?1 RETURNING agent, session, cwd")?
                .query_row(params![key, now], |row| {
                    Ok(RememberedSession { agent: row.get(0)?, session_id: row.get(1)?, cwd: row.get(2)? })
                })
                .optional()
        })
    }

    fn store(
        &self,
        key: &SessionKey,
        session: RememberedSession,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let (key, now, most) = (key.as_str().to_owned(), self.now(), self.most);
        let session_id = session.session_id.clone();
        let stored = self.write(move |transaction| store(transaction, &key, &session, now, most));
        async move { if stored.await? { Ok(()) } else { Err(SessionStoreError::Taken { session_id }) } }
            .boxed()
    }

    fn forget(&self, key: &SessionKey) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let key = key.as_str().to_owned();
        self.write(move |transaction| {
            transaction.prepare_cached("DELETE FROM sessions WHERE key = ?1")?.execute([&key])?;
            Ok(())
        })
    }
}

/// Stores a session, unless another conversation has its id; then answers false.
fn store(
    transaction: &Transaction<'_>,
    key: &str,
    session: &RememberedSession,
    now: i64,
    most: u32,
) -> rusqlite::Result<bool> {
    let RememberedSession { agent, session_id, cwd } = session;
    // First, so that nobody's place is taken by what is forgotten anyway.
    let oldest = now.saturating_sub(i64::try_from(LONGEST_REST.as_secs()).unwrap_or(i64::MAX));
    transaction.prepare_cached("DELETE FROM sessions WHERE used < ?1")?.execute([oldest])?;
    let taken = transaction
        .prepare_cached("SELECT 1 FROM sessions WHERE agent = ?1 AND session = ?2 AND key <> ?3")?
        .exists(params![agent, session_id, key])?;
    if taken {
        return Ok(false);
    }
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO sessions (key, agent, session, cwd, used) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![key, agent, session_id, cwd, now])?;
    transaction
        .prepare_cached(
            "DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE key <> ?2 ORDER BY used DESC, key \
             LIMIT -1 OFFSET ?1)",
        )?
        .execute(params![most.saturating_sub(1), key])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use relay_adapter::{RememberedSession, SessionStore as _, SessionStoreError};
    use relay_auth::UnixSeconds;
    use relay_runtime::TestClock;
    use relay_sqlite::Database;

    use super::super::schema::{FIRST, INBOX};
    use super::{LONGEST_REST, SqliteSessions};

    fn session(agent: &str, session_id: &str) -> RememberedSession {
        RememberedSession { agent: agent.into(), session_id: session_id.into(), cwd: "/work".into() }
    }

    fn open(path: &std::path::Path, clock: &TestClock) -> SqliteSessions {
        let database = Database::open(path, &INBOX).expect("it opens");
        SqliteSessions::new(Arc::new(database), clock.clock())
    }

    #[tokio::test]
    async fn a_conversation_finds_its_session_again_after_a_restart() {
        let home = tempfile::tempdir().expect("a folder");
        let (path, clock) = (home.path().join("inbox.db"), TestClock::new(UnixSeconds(1_000)));
        let sessions = open(&path, &clock);
        assert_eq!(sessions.load(&"ours".parse().unwrap()).await, Ok(None));
        sessions.store(&"ours".parse().unwrap(), session("a", "1")).await.expect("it is committed");
        sessions.store(&"ours".parse().unwrap(), session("a", "2")).await.expect("it is committed");
        sessions.store(&"theirs".parse().unwrap(), session("a", "3")).await.expect("it is committed");
        sessions.forget(&"theirs".parse().unwrap()).await.expect("it is committed");
        drop(sessions);
        let sessions = open(&path, &clock);
        assert_eq!(sessions.load(&"ours".parse().unwrap()).await, Ok(Some(session("a", "2"))));
        assert_eq!(sessions.load(&"theirs".parse().unwrap()).await, Ok(None));
    }

    #[tokio::test]
    async fn an_id_given_twice_is_refused_and_what_was_known_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let sessions = open(&home.path().join("inbox.db"), &TestClock::new(UnixSeconds(1_000)));
        sessions.store(&"ours".parse().unwrap(), session("a", "1")).await.expect("free");
        sessions.store(&"ours".parse().unwrap(), session("a", "1")).await.expect("its own");
        sessions
            .store(&"theirs".parse().unwrap(), session("b", "1"))
            .await
            .expect("another agent's ids are its own");
        let taken = SessionStoreError::Taken { session_id: "1".into() };
        assert_eq!(sessions.store(&"theirs".parse().unwrap(), session("a", "1")).await, Err(taken));
        assert_eq!(sessions.load(&"theirs".parse().unwrap()).await, Ok(Some(session("b", "1"))));
    }

    #[tokio::test]
    async fn what_is_not_used_for_long_is_forgotten_and_their_number_is_bounded() {
        let home = tempfile::tempdir().expect("a folder");
        let clock = TestClock::new(UnixSeconds(1_000));
        let sessions = open(&home.path().join("inbox.db"), &clock).with_most(2);
        for (key, id) in [("one", "1"), ("two", "2")] {
            sessions.store(&key.parse().unwrap(), session("a", id)).await.expect("free");
            clock.advance(Duration::from_secs(1));
        }
        // To read it is to use it.
        assert_eq!(sessions.load(&"one".parse().unwrap()).await, Ok(Some(session("a", "1"))));
        clock.advance(Duration::from_secs(1));
        sessions.store(&"three".parse().unwrap(), session("a", "3")).await.expect("free");
        assert_eq!(sessions.load(&"two".parse().unwrap()).await, Ok(None), "the longest unused made room");
        assert_eq!(sessions.load(&"one".parse().unwrap()).await, Ok(Some(session("a", "1"))));
        clock.advance(LONGEST_REST + Duration::from_secs(1));
        sessions.store(&"four".parse().unwrap(), session("a", "1")).await.expect("its id is free again");
        assert_eq!(sessions.load(&"one".parse().unwrap()).await, Ok(None));
    }

    #[tokio::test]
    async fn an_inbox_of_the_first_version_gets_room_for_sessions() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("inbox.db");
        let old = rusqlite::Connection::open(&path).expect("a file");
        old.execute_batch(&format!("{FIRST} PRAGMA user_version = 1;")).expect("its tables");
        drop(old);
        let sessions = open(&path, &TestClock::new(UnixSeconds(1_000)));
        assert_eq!(sessions.store(&"ours".parse().unwrap(), session("a", "1")).await, Ok(()));
    }
}
