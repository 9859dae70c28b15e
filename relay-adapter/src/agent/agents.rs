//! The agents of a gateway, and which of them answers where.

use std::fmt;
use std::sync::Arc;

use relay_wire::Source;

use super::{Agent, AgentName};

/// One agent, or several with a name each. Each has its own processes and failures: one that cannot answer stops no
/// other.
#[derive(Clone)]
pub struct Agents {
    list: Arc<[NamedAgent]>,
    /// The first that matches counts; the number is the agent's.
    routes: Arc<[(AgentRoute, AgentNumber)]>,
    default: AgentNumber,
}

/// An agent with its name, which a single one does not have.
type NamedAgent = (Option<AgentName>, Arc<dyn Agent>);

/// An agent's place among the agents of its gateway.
pub(crate) type AgentNumber = usize;

/// Which messages an agent answers: those that meet every condition there is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentRoute {
    /// The platform, such as `discord`.
    pub platform: Option<String>,
    /// The platform's id of the chat, of a thread in it, or of the channel that a thread hangs under.
    pub chat: Option<String>,
    /// `dm`, `group`, `channel`, `thread`, `forum` or a later contract's word.
    pub chat_type: Option<String>,
    /// Who answers.
    pub agent: AgentName,
}

impl AgentRoute {
    /// All messages.
    pub fn to(agent: AgentName) -> Self {
        Self { platform: None, chat: None, chat_type: None, agent }
    }

    /// Those of a platform.
    #[must_use]
    pub fn on_platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Those of a chat.
    #[must_use]
    pub fn in_chat(mut self, chat: impl Into<String>) -> Self {
        self.chat = Some(chat.into());
        self
    }

    /// Those of chats of a type.
    #[must_use]
    pub fn of_type(mut self, chat_type: impl Into<String>) -> Self {
        self.chat_type = Some(chat_type.into());
        self
    }

    /// Whether a message from there meets its conditions.
    pub fn matches(&self, source: &Source) -> bool {
        let is = |wanted: Option<&str>, there: &str| wanted.is_none_or(|wanted| wanted == there);
        let chats = [Some(&source.chat_id), source.thread_id.as_ref(), source.parent_chat_id.as_ref()];
        is(self.platform.as_deref(), &source.platform)
            && is(self.chat_type.as_deref(), source.chat_type.as_str())
            && self.chat.as_ref().is_none_or(|chat| chats.contains(&Some(chat)))
    }

    /// Whether every message that `other` matches is matched by this one, so that `other` is never reached behind it.
    pub fn covers(&self, other: &Self) -> bool {
        let covers = |own: &Option<String>, other: &Option<String>| own.is_none() || own == other;
        covers(&self.platform, &other.platform)
            && covers(&self.chat, &other.chat)
            && covers(&self.chat_type, &other.chat_type)
    }
}

/// Why agents do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgentsError {
    /// Two have one name.
    #[error("two agents are called `{0}`; give each a name of its own")]
    Duplicate(AgentName),
    /// A route or the default names an agent that is not there.
    #[error("there is no agent `{0}`; name one of those there are")]
    Unknown(AgentName),
}

impl Agents {
    /// Several agents. `routes` are tried in their order; where none matches, `default` answers.
    pub fn new(
        agents: impl IntoIterator<Item = (AgentName, Arc<dyn Agent>)>,
        default: &AgentName,
        routes: impl IntoIterator<Item = AgentRoute>,
    ) -> Result<Self, AgentsError> {
        let mut named: Vec<NamedAgent> = Vec::new();
        for (name, agent) in agents {
            if named.iter().any(|(known, _)| known.as_ref() == Some(&name)) {
                return Err(AgentsError::Duplicate(name));
            }
            named.push((Some(name), agent));
        }
        let number = |name: &AgentName| {
            let found = named.iter().position(|(known, _)| known.as_ref() == Some(name));
            found.ok_or_else(|| AgentsError::Unknown(name.clone()))
        };
        let default = number(default)?;
        let routes = routes.into_iter().map(|route| number(&route.agent).map(|number| (route, number)));
        let routes = routes.collect::<Result<_, _>>()?;
        Ok(Self { list: named.into(), routes, default })
    }

    /// Each with its name, which a single one does not have; in the order in which they are listed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Option<&AgentName>, &Arc<dyn Agent>)> {
        self.list.iter().map(|(name, agent)| (name.as_ref(), agent))
    }

    /// How many there are; at least one.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether it is one without a name.
    pub(crate) fn is_single(&self) -> bool {
        self.list.iter().all(|(name, _)| name.is_none())
    }

    /// Who answers a message from there unless its chat has chosen.
    pub(crate) fn route(&self, source: &Source) -> AgentNumber {
        let found = self.routes.iter().find(|(route, _)| route.matches(source));
        found.map_or(self.default, |(_, number)| *number)
    }

    /// Who answers where no route matches.
    pub(crate) fn default(&self) -> AgentNumber {
        self.default
    }

    pub(crate) fn get(&self, number: AgentNumber) -> &Arc<dyn Agent> {
        &self.list[number].1
    }

    pub(crate) fn name(&self, number: AgentNumber) -> Option<&AgentName> {
        self.list[number].0.as_ref()
    }

    /// The agent that a person or a store means by a name.
    pub(crate) fn find(&self, name: &str) -> Option<AgentNumber> {
        let is = |known: &Option<AgentName>| {
            known.as_ref().is_some_and(|known| known.as_str().eq_ignore_ascii_case(name))
        };
        self.list.iter().position(|(known, _)| is(known))
    }
}

/// A single one.
impl From<Arc<dyn Agent>> for Agents {
    fn from(agent: Arc<dyn Agent>) -> Self {
        Self { list: Arc::new([(None, agent)]), routes: Arc::new([]), default: 0 }
    }
}

/// A single one.
impl<A: Agent> From<Arc<A>> for Agents {
    fn from(agent: Arc<A>) -> Self {
        Self::from(agent as Arc<dyn Agent>)
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agents = self.list.iter().map(|(name, agent)| (name.as_ref(), agent.info()));
        f.debug_struct("Agents")
            .field("agents", &agents.collect::<Vec<_>>())
            .field("routes", &self.routes)
            .field("default", &self.default)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use relay_wire::{ChatType, Source};

    use super::AgentRoute;

    fn route() -> AgentRoute {
        AgentRoute::to("a".parse().expect("a name"))
    }

    #[test]
    fn a_route_matches_what_meets_each_of_its_conditions() {
        let source = Source {
            platform: "discord".into(),
            chat_id: "c".into(),
            thread_id: Some("t".into()),
            parent_chat_id: Some("p".into()),
            chat_type: ChatType::Thread,
            ..Source::default()
        };
        assert!(route().matches(&source));
        for chat in ["c", "t", "p"] {
            assert!(
                route().on_platform("discord").in_chat(chat).of_type("thread").matches(&source),
                "{chat}"
            );
        }
        assert!(!route().in_chat("d").matches(&source));
        assert!(!route().on_platform("slack").in_chat("c").matches(&source));
        assert!(!route().of_type("dm").matches(&source));
    }

    #[test]
    fn a_route_covers_those_that_ask_for_at_least_as_much() {
        assert!(route().covers(&route().on_platform("x").in_chat("1")));
        assert!(route().on_platform("x").covers(&route().on_platform("x").of_type("dm")));
        assert!(!route().on_platform("x").covers(&route()));
        assert!(!route().on_platform("x").covers(&route().on_platform("y")));
        assert!(!route().of_type("dm").covers(&route().in_chat("1")));
    }
}
