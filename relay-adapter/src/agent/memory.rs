//! What an agent remembers of its sessions over restarts.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_auth::UnixSeconds;
use relay_wire::SessionKey;

use super::{AgentName, ChatPlace};

/// What an agent needs to take up a conversation again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RememberedSession {
    /// A fingerprint of the agent that the session belongs to: kind, command, arguments, folder, mode. Another agent
    /// must not load it.
    pub agent: String,
    /// The agent's own id of the session.
    pub session_id: String,
    /// The folder that the session works in; may be empty.
    pub cwd: String,
    /// When it was begun, or taken up last; 0 where that is not known.
    pub opened: UnixSeconds,
}

impl RememberedSession {
    /// A session that this agent knows by its id, works in this folder, and was begun or taken up at this time.
    pub fn new(
        agent: impl Into<String>,
        session_id: impl Into<String>,
        cwd: impl Into<String>,
        opened: UnixSeconds,
    ) -> Self {
        Self { agent: agent.into(), session_id: session_id.into(), cwd: cwd.into(), opened }
    }
}

/// Why a session is not remembered.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionStoreError {
    /// The same agent has given the same id to another conversation.
    #[error(
        "the agent gave the session id `{session_id}` to two conversations; this one must begin a session of its own"
    )]
    Taken {
        /// The agent's id of the session.
        session_id: String,
    },
    /// The store could not be read or written.
    #[error("the store of sessions failed: {0}")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
}

impl SessionStoreError {
    /// The store could not be read or written because of this.
    pub fn caused_by(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Arc::new(source))
    }
}

/// Two failures are the same when they say the same.
impl PartialEq for SessionStoreError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Taken { session_id }, Self::Taken { session_id: other }) => session_id == other,
            (Self::Failed(source), Self::Failed(other)) => source.to_string() == other.to_string(),
            _ => false,
        }
    }
}

impl Eq for SessionStoreError {}

/// Keeps the agents' own session ids of each conversation, and which agent a chat has chosen.
///
/// `agent` is the agent's name where a gateway has several: a conversation has a session with each of them, and none
/// finds that of another.
///
/// What is asked in some order is done in that order, whichever of the futures is awaited first, and also when none
/// is. Reading and writing one counts as using it; a durable store may forget those that were not used for long.
pub trait SessionStore: Send + Sync + 'static {
    /// What is remembered of a conversation with an agent.
    fn load(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<Option<RememberedSession>, SessionStoreError>>;

    /// Remembers a conversation's session, instead of what was remembered of it. Refused with
    /// [`SessionStoreError::Taken`] where another conversation has the same [`RememberedSession::agent`] and
    /// `session_id`.
    fn store(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
        session: RememberedSession,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>>;

    /// Remembers nothing of a conversation with an agent any more.
    fn forget(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>>;

    /// What is remembered of the time with one agent alone becomes that of the agent of this name, where this has nothing of
    /// the same conversation. [`RememberedSession::agent`] still says whether it may take that up.
    fn adopt(&self, agent: &AgentName) -> BoxFuture<'static, Result<(), SessionStoreError>>;

    /// The agent that each chat has chosen.
    fn choices(&self) -> BoxFuture<'static, Result<Vec<(ChatPlace, AgentName)>, SessionStoreError>>;

    /// Remembers which agent a chat has chosen, instead of what it chose before; `None` forgets that.
    fn choose(
        &self,
        place: &ChatPlace,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>>;
}

/// The place of one conversation with one agent in the store.
#[derive(Clone)]
pub struct SessionMemory {
    store: Arc<dyn SessionStore>,
    key: SessionKey,
    agent: Option<AgentName>,
}

impl fmt::Debug for SessionMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMemory")
            .field("key", &self.key)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

impl SessionMemory {
    /// The place of a conversation with the only agent.
    pub fn new(store: Arc<dyn SessionStore>, key: SessionKey) -> Self {
        Self { store, key, agent: None }
    }

    /// The place of the same conversation with the agent of this name.
    #[must_use]
    pub fn with_agent(self, agent: Option<AgentName>) -> Self {
        Self { agent, ..self }
    }

    /// What is remembered.
    pub async fn load(&self) -> Result<Option<RememberedSession>, SessionStoreError> {
        self.store.load(&self.key, self.agent.as_ref()).await
    }

    /// Remembers a session; see [`SessionStore::store`].
    pub async fn store(&self, session: RememberedSession) -> Result<(), SessionStoreError> {
        self.store.store(&self.key, self.agent.as_ref(), session).await
    }

    /// Remembers nothing any more.
    pub async fn forget(&self) -> Result<(), SessionStoreError> {
        self.store.forget(&self.key, self.agent.as_ref()).await
    }
}

/// A store that lives as long as the process.
#[derive(Debug, Default)]
pub struct MemorySessionStore(Mutex<Remembered>);

/// A conversation with an agent.
type Slot = (SessionKey, Option<AgentName>);

#[derive(Debug, Default)]
struct Remembered {
    sessions: HashMap<Slot, RememberedSession>,
    choices: HashMap<ChatPlace, AgentName>,
}

impl MemorySessionStore {
    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for MemorySessionStore {
    fn load(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<Option<RememberedSession>, SessionStoreError>> {
        let slot = (key.clone(), agent.cloned());
        ready(Ok(self.remembered().sessions.get(&slot).cloned())).boxed()
    }

    fn store(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
        session: RememberedSession,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let slot = (key.clone(), agent.cloned());
        let sessions = &mut self.remembered().sessions;
        let is_taken = sessions.iter().any(|(other, taken)| {
            *other != slot && taken.agent == session.agent && taken.session_id == session.session_id
        });
        if is_taken {
            return ready(Err(SessionStoreError::Taken { session_id: session.session_id })).boxed();
        }
        sessions.insert(slot, session);
        ready(Ok(())).boxed()
    }

    fn forget(
        &self,
        key: &SessionKey,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        self.remembered().sessions.remove(&(key.clone(), agent.cloned()));
        ready(Ok(())).boxed()
    }

    fn adopt(&self, agent: &AgentName) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let sessions = &mut self.remembered().sessions;
        let unnamed: Vec<_> = sessions.keys().filter(|(_, name)| name.is_none()).cloned().collect();
        for slot in unnamed {
            if let Some(session) = sessions.remove(&slot) {
                sessions.entry((slot.0, Some(agent.clone()))).or_insert(session);
            }
        }
        ready(Ok(())).boxed()
    }

    fn choices(&self) -> BoxFuture<'static, Result<Vec<(ChatPlace, AgentName)>, SessionStoreError>> {
        ready(Ok(self.remembered().choices.clone().into_iter().collect())).boxed()
    }

    fn choose(
        &self,
        place: &ChatPlace,
        agent: Option<&AgentName>,
    ) -> BoxFuture<'static, Result<(), SessionStoreError>> {
        let choices = &mut self.remembered().choices;
        match agent {
            Some(agent) => drop(choices.insert(place.clone(), agent.clone())),
            None => drop(choices.remove(place)),
        }
        ready(Ok(())).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_auth::UnixSeconds;

    use super::{MemorySessionStore, RememberedSession, SessionMemory, SessionStore as _, SessionStoreError};

    fn session(agent: &str, session_id: &str) -> RememberedSession {
        RememberedSession {
            agent: agent.into(),
            session_id: session_id.into(),
            cwd: String::new(),
            opened: UnixSeconds(7),
        }
    }

    #[tokio::test]
    async fn a_conversation_finds_its_own_session_again_and_an_id_given_twice_is_refused() {
        let store = Arc::new(MemorySessionStore::default());
        let [ours, theirs] =
            ["ours", "theirs"].map(|key| SessionMemory::new(Arc::clone(&store) as _, key.parse().unwrap()));
        assert_eq!(ours.load().await, Ok(None));
        ours.store(session("a", "1")).await.expect("free");
        ours.store(session("a", "1")).await.expect("its own");
        let taken = SessionStoreError::Taken { session_id: "1".into() };
        assert_eq!(theirs.store(session("a", "1")).await, Err(taken));
        theirs.store(session("b", "1")).await.expect("another agent's ids are its own");
        assert_eq!(ours.load().await, Ok(Some(session("a", "1"))));
        ours.forget().await.expect("memory");
        assert_eq!(ours.load().await, Ok(None));
        theirs.store(session("a", "1")).await.expect("free again");
    }
    #[tokio::test]
    async fn a_conversation_has_a_session_with_each_agent_and_none_finds_that_of_another() {
        let store = Arc::new(MemorySessionStore::default());
        let memory = |agent: Option<&str>| {
            let agent = agent.map(|name| name.parse().expect("a name"));
            SessionMemory::new(Arc::clone(&store) as _, "ours".parse().unwrap()).with_agent(agent)
        };
        memory(Some("a")).store(session("x", "1")).await.expect("free");
        assert_eq!(memory(Some("b")).load().await, Ok(None));
        assert_eq!(memory(None).load().await, Ok(None));
        let taken = SessionStoreError::Taken { session_id: "1".into() };
        assert_eq!(memory(Some("b")).store(session("x", "1")).await, Err(taken));
        memory(Some("b")).store(session("y", "1")).await.expect("another agent's ids are its own");
        memory(Some("b")).forget().await.expect("memory");
        assert_eq!(memory(Some("a")).load().await, Ok(Some(session("x", "1"))));
        memory(None).store(session("z", "1")).await.expect("free");
        store.adopt(&"b".parse().expect("a name")).await.expect("memory");
        assert_eq!(memory(None).load().await, Ok(None));
        assert_eq!(memory(Some("b")).load().await, Ok(Some(session("z", "1"))));
    }
}
