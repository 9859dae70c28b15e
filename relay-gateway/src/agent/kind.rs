//! The kinds of agents there are: a table, and what each entry of it can do.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{Agent, AgentInfo};
use relay_config::Block;

use super::{AgentSpecError, acp, command, echo};

/// A kind of agent. Its file reads its settings, checks them for doctor, and builds the agent.
pub(crate) struct AgentKind {
    /// Its name: the first word of a line, and `kind` in a block.
    pub(crate) name: &'static str,
    /// How it is written on one line.
    pub(crate) usage: &'static [&'static str],
    /// Reads what follows the name and a colon on one line.
    pub(crate) line: fn(&str) -> Result<Arc<dyn AgentPlan>, AgentSpecError>,
    /// Reads a block. What is wrong is noted in it.
    pub(crate) block: fn(&mut Block) -> Option<Arc<dyn AgentPlan>>,
}

/// Every kind.
pub(crate) static KINDS: [&AgentKind; 3] = [&echo::KIND, &command::KIND, &acp::KIND];

/// An agent as its operator wants it, read and not built yet.
pub(crate) trait AgentPlan: fmt::Debug + Send + Sync + 'static {
    /// What it will be. No secret is in it.
    fn info(&self) -> AgentInfo;

    /// Looks whether it can be built and started, and says what was found. Nothing is started.
    fn check(&self, host: &AgentHost) -> Result<String, AgentProblem>;

    /// How it is signed in, for people, where that is known.
    fn sign_in(&self) -> Option<&'static str> {
        None
    }

    /// Builds it. Nothing is started yet.
    fn build(&self, host: &AgentHost) -> Result<Arc<dyn Agent>, AgentProblem>;
}

/// Variables by their names.
pub(crate) type Variables = Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// What an agent finds where it runs.
#[derive(Clone)]
pub(crate) struct AgentHost {
    /// Its name, where it is one of several.
    pub(crate) name: Option<String>,
    /// Where it may keep files; an absolute path.
    pub(crate) folders: PathBuf,
    /// Nothing that it keeps is to stay: `folders` goes away.
    pub(crate) is_trial: bool,
    /// The variables that it may ask for.
    pub(crate) environment: Variables,
    /// How long the echo agent pauses between words, unless its settings say.
    pub(crate) echo_pause: Duration,
}

/// Why an agent cannot be built or started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {remedy}")]
pub(crate) struct AgentProblem {
    /// What is wrong, and where.
    pub(crate) what: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl AgentProblem {
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

/// The kind of a name.
pub(crate) fn find(name: &str) -> Option<&'static AgentKind> {
    KINDS.into_iter().find(|kind| kind.name == name)
}

/// How agents are written on one line, for people.
pub(crate) fn usage() -> String {
    let ways: Vec<String> =
        KINDS.iter().flat_map(|kind| kind.usage).map(|usage| format!("`{usage}`")).collect();
    let (last, others) = ways.split_last().expect("there are kinds");
    format!("{} or {last}", others.join(", "))
}
