//! Which agent answers in which chat: the one that its people chose, else the one of the routes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::Source;
use tracing::{error, warn};

use crate::agent::AgentNumber;
use crate::{AgentName, Agents, ChatPlace, SessionStore, SessionStoreError};

/// Finds the agent of a chat.
pub(crate) struct Assignments {
    agents: Agents,
    store: Arc<dyn SessionStore>,
    /// What chats chose, as the store has it.
    chosen: Mutex<HashMap<ChatPlace, AgentNumber>>,
}

impl Assignments {
    pub(crate) fn new(agents: Agents, store: Arc<dyn SessionStore>) -> Self {
        Self { agents, store, chosen: Mutex::default() }
    }

    pub(crate) fn agents(&self) -> &Agents {
        &self.agents
    }

    /// Reads what chats chose in earlier runs, and hands what one agent alone has begun to the default of several. Where that cannot be read, only the routes decide.
    pub(crate) async fn load(&self) {
        if self.agents.is_single() {
            return;
        }
        if let Some(default) = self.agents.name(self.agents.default())
            && let Err(failure) = self.store.adopt(default).await
        {
            error!(agent = %default, error = %failure, "conversations of the time with one agent are not taken up");
        }
        let choices = match self.store.choices().await {
            Ok(choices) => choices,
            Err(failure) => {
                error!(error = %failure, "what chats have chosen by /agent cannot be read; only the routes decide");
                return;
            }
        };
        let mut chosen = self.chosen();
        for (place, name) in choices {
            if let Some(number) = self.agents.find(name.as_str()) {
                chosen.insert(place, number);
            } else {
                warn!(
                    agent = %name,
                    chat = %place,
                    "a chat has chosen an agent that is not configured any more; its route decides"
                );
            }
        }
    }

    /// Who answers a message from there. A thread without a choice of its own has that of its chat.
    pub(crate) fn of(&self, source: &Source) -> AgentNumber {
        self.chosen_at(&ChatPlace::around(source)).unwrap_or_else(|| self.agents.route(source))
    }

    /// The name of whoever answers a message from there; `None` for a single agent.
    pub(crate) fn name(&self, source: &Source) -> Option<&AgentName> {
        self.agents.name(self.of(source))
    }

    /// From now on this agent answers there. Durable before it counts.
    pub(crate) async fn choose(&self, source: &Source, number: AgentNumber) -> Result<(), SessionStoreError> {
        let [place, around @ ..] = ChatPlace::around(source);
        let around = around.into_iter().filter(|other| *other != place).collect::<Vec<_>>();
        // Nothing is kept of a chat that is back at what it has without a choice.
        let otherwise = self.chosen_at(&around).unwrap_or_else(|| self.agents.route(source));
        let name = self.agents.name(number).filter(|_| number != otherwise);
        self.store.choose(&place, name).await?;
        match name {
            Some(_) => drop(self.chosen().insert(place, number)),
            None => drop(self.chosen().remove(&place)),
        }
        Ok(())
    }

    fn chosen_at(&self, places: &[ChatPlace]) -> Option<AgentNumber> {
        let chosen = self.chosen();
        if chosen.is_empty() { None } else { places.iter().find_map(|place| chosen.get(place)).copied() }
    }

    fn chosen(&self) -> MutexGuard<'_, HashMap<ChatPlace, AgentNumber>> {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
