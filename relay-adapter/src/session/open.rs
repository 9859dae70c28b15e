//! The agent's sessions that are open: opened at a conversation's first message, closed when nothing comes any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use hashlink::LinkedHashMap;
use relay_wire::{CapabilityDescriptor, Event, SessionKey};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::Assignments;
use crate::agent::AgentNumber;
use crate::{AgentSession, ChatInfo, SessionContext, SessionMemory, SessionStore, Usage};

/// Opens the agent's sessions, finds them again, and closes the ones that nobody uses.
///
/// An open session at rest is an entry of a map, and no task.
pub(crate) struct OpenSessions {
    assignments: Arc<Assignments>,
    store: Arc<dyn SessionStore>,
    capacity: usize,
    idle_after: Duration,
    state: Mutex<State>,
    closing: TaskTracker,
}

#[derive(Default)]
struct State {
    /// The one that was used longest ago comes first.
    open: LinkedHashMap<SessionKey, Open>,
    /// Sessions on their way out. A conversation's next one is opened after.
    leaving: HashMap<SessionKey, Leaving>,
}

struct Open {
    /// Whose it is.
    agent: AgentNumber,
    session: Arc<dyn AgentSession>,
    used_at: Instant,
    /// When its conversation began, as far as this process knows.
    began_at: Instant,
    /// What the conversation has used, as its last turn said.
    usage: Option<Usage>,
    /// Who uses it now: its turn, or a command.
    users: usize,
}

type Leaving = Shared<BoxFuture<'static, ()>>;

/// A session in use; it is not closed meanwhile.
pub(crate) struct InUse<'o> {
    sessions: &'o OpenSessions,
    key: SessionKey,
    agent: AgentNumber,
    session: Arc<dyn AgentSession>,
}

impl OpenSessions {
    pub(crate) fn new(
        assignments: Arc<Assignments>,
        store: Arc<dyn SessionStore>,
        capacity: usize,
        idle_after: Duration,
    ) -> Self {
        let closing = TaskTracker::new();
        Self { assignments, store, capacity: capacity.max(1), idle_after, state: Mutex::default(), closing }
    }

    /// The session of a conversation with the agent of its chat, opened where there is none. That with another agent is
    /// closed before.
    pub(crate) async fn enter(
        &self,
        key: &SessionKey,
        event: &Event,
        descriptor: &Arc<CapabilityDescriptor>,
    ) -> InUse<'_> {
        let agent = self.assignments.of(&event.source);
        loop {
            let leaving = {
                let mut state = self.state();
                if state.open.get(key).is_some_and(|open| open.agent != agent) {
                    self.close(&mut state, key);
                }
                if let Some(in_use) = self.take(&mut state, key, agent) {
                    return in_use;
                }
                state.leaving.get(key).filter(|leaving| leaving.peek().is_none()).cloned()
            };
            match leaving {
                Some(leaving) => leaving.await,
                None => break,
            }
        }
        let agents = self.assignments.agents();
        let memory =
            SessionMemory::new(Arc::clone(&self.store), key.clone()).with_agent(agents.name(agent).cloned());
        let context = SessionContext::new(key.clone(), Arc::clone(descriptor), ChatInfo::of(event), memory);
        // Without the lock: what the agent does there is its own affair. Turns of one conversation never overlap, so
        // nobody else opens it meanwhile.
        let session = agents.get(agent).open(context);
        let mut state = self.state();
        let now = Instant::now();
        let open =
            Open { agent, session: Arc::clone(&session), used_at: now, began_at: now, usage: None, users: 1 };
        state.open.insert(key.clone(), open);
        self.make_room(&mut state);
        InUse { sessions: self, key: key.clone(), agent, session }
    }

    /// The session of a conversation with the agent of its chat, if it is open.
    pub(crate) fn find(&self, key: &SessionKey, event: &Event) -> Option<InUse<'_>> {
        let agent = self.assignments.of(&event.source);
        self.take(&mut self.state(), key, agent)
    }

    /// A turn ended that said what its conversation has used.
    pub(crate) fn used(&self, key: &SessionKey, usage: Option<Usage>) {
        if let Some(open) = self.state().open.get_mut(key)
            && usage.is_some()
        {
            open.usage = usage;
        }
    }

    /// The conversation of an open session began anew.
    pub(crate) fn begun_anew(&self, key: &SessionKey) {
        if let Some(open) = self.state().open.get_mut(key) {
            (open.began_at, open.usage) = (Instant::now(), None);
        }
    }

    /// How old the conversation of an open session is, and what it has used.
    pub(crate) fn age_and_usage(&self, key: &SessionKey, event: &Event) -> Option<(Duration, Option<Usage>)> {
        let agent = self.assignments.of(&event.source);
        self.state()
            .open
            .get(key)
            .filter(|open| open.agent == agent)
            .map(|open| (open.began_at.elapsed(), open.usage))
    }

    fn take(&self, state: &mut State, key: &SessionKey, agent: AgentNumber) -> Option<InUse<'_>> {
        let open = state.open.to_back(key).filter(|open| open.agent == agent)?;
        open.users += 1;
        open.used_at = Instant::now();
        Some(InUse { sessions: self, key: key.clone(), agent, session: Arc::clone(&open.session) })
    }

    /// Closes what is too much, the ones that were used longest ago first.
    fn make_room(&self, state: &mut State) {
        let surplus = state.open.len().saturating_sub(self.capacity);
        if surplus == 0 {
            return;
        }
        let at_rest = state.open.iter().filter(|(_, open)| open.users == 0).map(|(key, _)| key.clone());
        let leaving: Vec<_> = at_rest.take(surplus).collect();
        for key in &leaving {
            self.close(state, key);
        }
    }

    /// Closes what was not used for long.
    pub(crate) fn close_idle(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let idle = state
            .open
            .iter()
            .take_while(|(_, open)| now.duration_since(open.used_at) >= self.idle_after)
            .filter(|(_, open)| open.users == 0);
        let idle: Vec<_> = idle.map(|(key, _)| key.clone()).collect();
        for key in &idle {
            self.close(&mut state, key);
        }
    }

    fn close(&self, state: &mut State, key: &SessionKey) {
        let Some(open) = state.open.remove(key) else { return };
        debug!(session_key = %key, "closing an agent's session that is not used");
        let running = self.closing.spawn(async move { open.session.close().await });
        let leaving: Leaving = async move { drop(running.await) }.boxed().shared();
        state.leaving.retain(|_, leaving| leaving.peek().is_none());
        state.leaving.insert(key.clone(), leaving);
    }

    /// Closes every session; completes when the last one is closed. One that is still in a turn is left to the agent's
    /// own end.
    pub(crate) async fn close_all(&self) {
        {
            let mut state = self.state();
            let at_rest = state.open.iter().filter(|(_, open)| open.users == 0);
            let all: Vec<_> = at_rest.map(|(key, _)| key.clone()).collect();
            for key in &all {
                self.close(&mut state, key);
            }
        }
        self.closing.close();
        self.closing.wait().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InUse<'_> {
    pub(crate) fn session(&self) -> &dyn AgentSession {
        self.session.as_ref()
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        let mut state = self.sessions.state();
        if let Some(open) = state.open.get_mut(&self.key).filter(|open| open.agent == self.agent) {
            open.users -= 1;
            open.used_at = Instant::now();
        }
        self.sessions.make_room(&mut state);
    }
}
