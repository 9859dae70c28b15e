//! How the agents of a running gateway stand.

use std::collections::BTreeMap;

use relay_adapter::{AgentState, Agents};
use serde::{Deserialize, Serialize};

/// One agent at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AgentStatus {
    /// Its name; empty for a single one.
    pub(crate) name: String,
    /// The kind and the program.
    pub(crate) agent: String,
    /// `starting`, `ready` or `unavailable`.
    pub(crate) state: String,
    /// Since when it is unavailable, in seconds since 1970.
    pub(crate) since: Option<u64>,
    /// Why it is unavailable, in one word.
    pub(crate) reason: Option<String>,
    /// What an operator can do about that.
    pub(crate) remedy: Option<String>,
}

impl AgentStatus {
    /// Each agent, in the order in which they are written.
    pub(crate) fn of(agents: &Agents) -> Vec<Self> {
        let status = agents.iter().map(|(name, agent)| {
            let state = agent.state().borrow().clone();
            let mut status = Self {
                name: name.map(ToString::to_string).unwrap_or_default(),
                agent: agent.info().to_string(),
                state: state.as_str().to_owned(),
                ..Self::default()
            };
            if let AgentState::Unavailable { since, reason, remedy } = state {
                (status.since, status.reason) = (Some(since.0), Some(reason.to_string()));
                status.remedy = Some(remedy);
            }
            status
        });
        status.collect()
    }

    /// Its name, else its kind: what metrics call it.
    pub(crate) fn label(&self) -> &str {
        let kind = self.agent.split(':').next().unwrap_or_default();
        if self.name.is_empty() { kind } else { &self.name }
    }

    pub(crate) fn is_available(&self) -> bool {
        self.reason.is_none()
    }

    /// Why it cannot answer and what to do, in one sentence; `None` where it can.
    pub(crate) fn trouble(&self) -> Option<String> {
        let reason = self.reason.as_deref()?;
        let remedy = self.remedy.as_deref().unwrap_or("see the log");
        let named = format!("{}: ", self.label());
        let remedy = remedy.strip_prefix(&*named).unwrap_or(remedy);
        Some(format!("agent {} cannot answer ({reason}): {remedy}", self.label()))
    }
}

/// Whether nobody answers any message.
pub(crate) fn none_is_available(agents: &[AgentStatus]) -> bool {
    !agents.is_empty() && !agents.iter().any(AgentStatus::is_available)
}

/// Turns by the agent, of several, and how they ended.
pub(crate) type AgentTurns = BTreeMap<(String, &'static str), u64>;

#[cfg(test)]
mod tests {
    use super::{AgentStatus, none_is_available};

    fn agent(name: &str, reason: Option<&str>) -> AgentStatus {
        AgentStatus {
            name: name.to_owned(),
            agent: "acp:gemini".to_owned(),
            reason: reason.map(str::to_owned),
            remedy: reason.map(|_| "sign it in".to_owned()),
            ..AgentStatus::default()
        }
    }

    #[test]
    fn an_agent_that_cannot_answer_says_why_and_what_to_do() {
        let told = agent("deep", Some("login_needed")).trouble().expect("it cannot");
        assert_eq!(told, "agent deep cannot answer (login_needed): sign it in");
        assert_eq!(agent("", Some("busy")).label(), "acp");
        assert_eq!(agent("deep", None).trouble(), None);
    }

    #[test]
    fn one_that_answers_is_enough() {
        assert!(!none_is_available(&[agent("a", None), agent("b", Some("busy"))]));
        assert!(none_is_available(&[agent("a", Some("busy")), agent("b", Some("busy"))]));
    }
}
