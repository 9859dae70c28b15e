//! The agents' own session ids and what chats chose among agents, in the inbox's file.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{AgentName, ChatPlace, RememberedSession, SessionStore, SessionStoreError};
use relay_auth::UnixSeconds;
use relay_runtime::Clock;
use relay_sqlite::Database;
use relay_wire::SessionKey;
use rusqlite::{OptionalExtension as _, Transaction, params};

/// Sessions that were not used for so long are forgotten.
const LONGEST_REST: Duration = Duration::from_hours(90 * 24);

/// The most sessions that are kept, at some 300 bytes each; beyond it the longest unused are forgotten. Of chats' choices
/// as many, of which the oldest are.
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
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<Option<RememberedSession>, SessionStoreError>> {
        let (slot, now) = (Slot::of(key, agent), self.now());
        self.write(move |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE sessions SET used = ?3 WHERE key = ?1 AND name = ?2 RETURNING agent, session, cwd, opened",
                )?
                .query_row(params![slot.key, slot.name, now], |row| {
                    let opened = u64::try_from(row.get::<_, i64>(3)?).unwrap_or_default();
                    Ok(RememberedSession::new(
                        row.get::<_, String>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, String>(2)?,
                        UnixSeconds(opened),
                    ))
                })
                .optional()
        })
    }

    fn store(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
        session: RememberedSession,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let (slot, now, most) = (Slot::of(key, agent), self.now(), self.most);
        let session_id = session.session_id.clone();
        let stored = self.write(move |transaction| store(transaction, &slot, &session, now, most));
        async move { if stored.await? { Ok(()) } else { Err(SessionStoreError::Taken { session_id }) } }
            .boxed()
    }

    fn forget(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let slot = Slot::of(key, agent);
        self.write(move |transaction| {
            transaction
                .prepare_cached("DELETE FROM sessions WHERE key = ?1 AND name = ?2")?
                .execute([&slot.key, &slot.name])?;
            Ok(())
        })
    }

    fn adopt(&self, agent: &AgentName) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let name = agent.as_str().to_owned();
        self.write(move |transaction| {
            transaction
                .prepare_cached("UPDATE OR IGNORE sessions SET name = ?1 WHERE name = ''")?
                .execute([&name])?;
            Ok(())
        })
    }

    fn choices(&self) -> BoxFuture<'static, Result<Vec<(ChatPlace, AgentName)>, SessionStoreError>> {
        self.write(|transaction| {
            let mut statement =
                transaction.prepare_cached("SELECT platform, chat, thread, name FROM choices")?;
            let mut rows = statement.query(())?;
            let mut choices = Vec::new();
            while let Some(row) = rows.next()? {
                let [platform, chat, thread, name] = [0, 1, 2, 3].map(|column| row.get::<_, String>(column));
                // Another one than a name is none of ours.
                if let Ok(name) = AgentName::new(&name?) {
                    choices.push((ChatPlace::new(platform?, chat?, thread?), name));
                }
            }
            Ok(choices)
        })
    }

    fn choose(
        &self,
        place: &ChatPlace,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let (place, agent, now, most) = (place.clone(), agent.cloned(), self.now(), self.most);
        self.write(move |transaction| {
            let ChatPlace { platform, chat_id, thread_id, .. } = &place;
            let Some(agent) = &agent else {
                transaction
                    .prepare_cached("DELETE FROM choices WHERE platform = ?1 AND chat = ?2 AND thread = ?3")?
                    .execute([platform, chat_id, thread_id])?;
                return Ok(());
            };
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO choices (platform, chat, thread, name, chosen) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![platform, chat_id, thread_id, agent.as_str(), now])?;
            transaction
                .prepare_cached(
                    "DELETE FROM choices WHERE rowid IN (SELECT rowid FROM choices ORDER BY chosen DESC, rowid DESC \
                     LIMIT -1 OFFSET ?1)",
                )?
                .execute([most])?;
            Ok(())
        })
    }
}

/// A conversation with an agent, as it is stored.
struct Slot {
    key: String,
    /// Empty where there is one agent alone.
    name: String,
}

impl Slot {
    fn of(key: &SessionKey, agent: Option<&AgentName>) -> Self {
        let name = agent.map(|agent| agent.as_str().to_owned()).unwrap_or_default();
        Self { key: key.as_str().to_owned(), name }
    }
}

/// Stores a session, unless another conversation has its id; then answers false.
fn store(
    transaction: &Transaction<'_>,
    Slot { key, name }: &Slot,
    session: &RememberedSession,
    now: i64,
    most: u32,
) -> rusqlite::Result<bool> {
    let RememberedSession { agent, session_id, cwd, opened, .. } = session;
    let opened = i64::try_from(opened.0).unwrap_or_default();
    // First, so that nobody's place is taken by what is forgotten anyway.
    let oldest = now.saturating_sub(i64::try_from(LONGEST_REST.as_secs()).unwrap_or(i64::MAX));
    transaction.prepare_cached("DELETE FROM sessions WHERE used < ?1")?.execute([oldest])?;
    let taken = transaction
        .prepare_cached(
            "SELECT 1 FROM sessions WHERE agent = ?1 AND session = ?2 AND NOT (key = ?3 AND name = ?4)",
        )?
        .exists(params![agent, session_id, key, name])?;
    if taken {
        return Ok(false);
    }
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO sessions (key, name, agent, session, cwd, used, opened) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![key, name, agent, session_id, cwd, now, opened])?;
    transaction
        .prepare_cached(
            "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE NOT (key = ?2 AND name = ?3) \
             ORDER BY used DESC, key LIMIT -1 OFFSET ?1)",
        )?
        .execute(params![most.saturating_sub(1), key, name])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use relay_adapter::{AgentName, ChatPlace, RememberedSession, SessionStore as _, SessionStoreError};
    use relay_auth::UnixSeconds;
    use relay_runtime::TestClock;
    use relay_sqlite::Database;

    use super::super::schema::{FIRST, INBOX, SESSIONS};
    use super::{LONGEST_REST, SqliteSessions};

    fn session(agent: &str, session_id: &str) -> RememberedSession {
        RememberedSession::new(agent, session_id, "/work", UnixSeconds(900))
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
        assert_eq!(sessions.load(&"ours".parse().unwrap(), None).await, Ok(None));
        sessions.store(&"ours".parse().unwrap(), None, session("a", "1")).await.expect("it is committed");
        sessions.store(&"ours".parse().unwrap(), None, session("a", "2")).await.expect("it is committed");
        sessions.store(&"theirs".parse().unwrap(), None, session("a", "3")).await.expect("it is committed");
        sessions.forget(&"theirs".parse().unwrap(), None).await.expect("it is committed");
        drop(sessions);
        let sessions = open(&path, &clock);
        assert_eq!(sessions.load(&"ours".parse().unwrap(), None).await, Ok(Some(session("a", "2"))));
        assert_eq!(sessions.load(&"theirs".parse().unwrap(), None).await, Ok(None));
    }

    #[tokio::test]
    async fn an_id_given_twice_is_refused_and_what_was_known_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let sessions = open(&home.path().join("inbox.db"), &TestClock::new(UnixSeconds(1_000)));
        sessions.store(&"ours".parse().unwrap(), None, session("a", "1")).await.expect("free");
        sessions.store(&"ours".parse().unwrap(), None, session("a", "1")).await.expect("its own");
        sessions
            .store(&"theirs".parse().unwrap(), None, session("b", "1"))
            .await
            .expect("another agent's ids are its own");
        let taken = SessionStoreError::Taken { session_id: "1".into() };
        assert_eq!(sessions.store(&"theirs".parse().unwrap(), None, session("a", "1")).await, Err(taken));
        assert_eq!(sessions.load(&"theirs".parse().unwrap(), None).await, Ok(Some(session("b", "1"))));
    }

    #[tokio::test]
    async fn what_is_not_used_for_long_is_forgotten_and_their_number_is_bounded() {
        let home = tempfile::tempdir().expect("a folder");
        let clock = TestClock::new(UnixSeconds(1_000));
        let sessions = open(&home.path().join("inbox.db"), &clock).with_most(2);
        for (key, id) in [("one", "1"), ("two", "2")] {
            sessions.store(&key.parse().unwrap(), None, session("a", id)).await.expect("free");
            clock.advance(Duration::from_secs(1));
        }
        // To read it is to use it.
        assert_eq!(sessions.load(&"one".parse().unwrap(), None).await, Ok(Some(session("a", "1"))));
        clock.advance(Duration::from_secs(1));
        sessions.store(&"three".parse().unwrap(), None, session("a", "3")).await.expect("free");
        assert_eq!(
            sessions.load(&"two".parse().unwrap(), None).await,
            Ok(None),
            "the longest unused made room"
        );
        assert_eq!(sessions.load(&"one".parse().unwrap(), None).await, Ok(Some(session("a", "1"))));
        clock.advance(LONGEST_REST + Duration::from_secs(1));
        sessions
            .store(&"four".parse().unwrap(), None, session("a", "1"))
            .await
            .expect("its id is free again");
        assert_eq!(sessions.load(&"one".parse().unwrap(), None).await, Ok(None));
    }

    #[tokio::test]
    async fn an_inbox_of_the_first_version_gets_room_for_sessions() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("inbox.db");
        let old = rusqlite::Connection::open(&path).expect("a file");
        old.execute_batch(&format!("{FIRST} PRAGMA user_version = 1;")).expect("its tables");
        drop(old);
        let sessions = open(&path, &TestClock::new(UnixSeconds(1_000)));
        assert_eq!(sessions.store(&"ours".parse().unwrap(), None, session("a", "1")).await, Ok(()));
    }

    fn name(text: &str) -> AgentName {
        text.parse().expect("a name")
    }

    #[tokio::test]
    async fn what_one_agent_alone_has_begun_is_kept_and_handed_to_the_default_of_several() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("inbox.db");
        let old = rusqlite::Connection::open(&path).expect("a file");
        old.execute_batch(&format!(
            "{FIRST} {SESSIONS} PRAGMA user_version = 2; INSERT INTO sessions VALUES ('ours', 'a', '1', '/work', 1000);"
        ))
        .expect("its tables");
        drop(old);
        let sessions = open(&path, &TestClock::new(UnixSeconds(1_000)));
        let ours = "ours".parse().unwrap();
        let mut kept = session("a", "1");
        kept.opened = UnixSeconds(0);
        assert_eq!(sessions.load(&ours, None).await, Ok(Some(kept.clone())));
        let (fast, deep) = (name("fast"), name("deep"));
        sessions.adopt(&fast).await.expect("it is committed");
        assert_eq!(sessions.load(&ours, Some(&fast)).await, Ok(Some(kept.clone())));
        assert_eq!(sessions.load(&ours, Some(&deep)).await, Ok(None), "it belongs to one of them");
        sessions.store(&ours, Some(&deep), session("b", "1")).await.expect("another agent's ids are its own");
        assert_eq!(sessions.load(&ours, Some(&fast)).await, Ok(Some(kept.clone())));
    }

    #[tokio::test]
    async fn what_chats_chose_is_known_after_a_restart_and_bounded() {
        let home = tempfile::tempdir().expect("a folder");
        let (path, clock) = (home.path().join("inbox.db"), TestClock::new(UnixSeconds(1_000)));
        let sessions = open(&path, &clock).with_most(2);
        let places = ["1", "2", "3"].map(|chat| ChatPlace::new("discord", chat, ""));
        for place in &places {
            sessions.choose(place, Some(&name("deep"))).await.expect("it is committed");
            clock.advance(Duration::from_secs(1));
        }
        sessions.choose(&places[1], Some(&name("fast"))).await.expect("it is committed");
        sessions.choose(&places[2], None).await.expect("it is committed");
        drop(sessions);
        let sessions = open(&path, &clock);
        assert_eq!(sessions.choices().await, Ok(vec![(places[1].clone(), name("fast"))]));
    }
}
