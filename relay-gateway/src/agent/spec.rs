//! How an operator names an agent.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use relay_adapter::Agent;
use relay_config::{AgentSetting, Block, Lookup, Place, Problem, Problems, nearest};

use super::acp::preset_names;
use super::kind::{self, AgentHost, AgentPlan, AgentProblem, KINDS};

/// An agent by its settings: `echo`, `acp:NAME [ARG …]`, `acp:PROGRAM [ARG …]`, `command:PROGRAM [ARG …]`, or a block of
/// config.yaml.
#[derive(Clone, Debug)]
pub struct AgentSpec(Arc<dyn AgentPlan>);

/// Why a text names no agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentSpecError {
    /// None of the known kinds.
    #[error("`{text}` names no agent; write {}", kind::usage())]
    Unknown {
        /// What was written.
        text: String,
    },
    /// A kind that takes nothing after its name.
    #[error("nothing follows `{0}`; write `{0}` alone")]
    Surplus(&'static str),
    /// `command:` without a program.
    #[error("`command:` is followed by no program; write `command:PROGRAM [ARG ...]`")]
    NoProgram,
    /// `acp:` without an agent.
    #[error(
        "`acp:` is followed by no agent; write `acp:PROGRAM [ARG ...]`, or one of these names: {}",
        preset_names()
    )]
    NoAcpAgent,
    /// A quote that is never closed.
    #[error("the command `{0}` has a quote that is never closed; words are split as a shell splits them")]
    Unbalanced(String),
}

impl AgentSpec {
    /// The agent of config.yaml. What is wrong with it is told together; what was looked up comes besides.
    pub(crate) fn of_setting(setting: &AgentSetting) -> (Result<Self, Problems>, Vec<Lookup>) {
        match setting {
            AgentSetting::Line(line) => {
                let spec = line.value.parse().map_err(|error: AgentSpecError| {
                    let place = Place::Value(line.origin.clone());
                    Problems(vec![Problem::new(place, error.to_string())])
                });
                (spec, Vec::new())
            }
            AgentSetting::Block(block) => Self::of_block(block.clone()),
        }
    }

    fn of_block(mut block: Block) -> (Result<Self, Problems>, Vec<Lookup>) {
        let names = KINDS.map(|kind| kind.name);
        let Some(name) = block.text("kind") else {
            let origin = block.origin();
            block.problem(&origin, format!("the block says no `kind`; write one of {}", names.join(", ")));
            // Which other keys there may be depends on the kind.
            return (Err(block.problems()), Vec::new());
        };
        let Some(kind) = kind::find(&name.value) else {
            let remedy = match nearest(&name.value, names) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("write one of {}", names.join(", ")),
            };
            block.problem(&name.origin, format!("`{}` is no kind of agent; {remedy}", name.value));
            return (Err(block.problems()), Vec::new());
        };
        let plan = (kind.block)(&mut block);
        let (problems, lookups) = block.finish(&format!("an agent of kind {}", kind.name));
        let spec = match plan {
            Some(plan) if problems.0.is_empty() => Ok(Self(plan)),
            _ => Err(problems),
        };
        (spec, lookups)
    }

    /// Looks whether it can be started, and says what was found.
    pub(crate) fn check(&self, host: &AgentHost) -> Result<String, AgentProblem> {
        self.0.check(host)
    }

    /// How it is signed in, for people, where that is known.
    pub(crate) fn sign_in(&self) -> Option<&'static str> {
        self.0.sign_in()
    }

    /// Builds the agent. Nothing is started yet.
    pub(crate) fn build(&self, host: &AgentHost) -> Result<Arc<dyn Agent>, AgentProblem> {
        self.0.build(host)
    }
}

impl Default for AgentSpec {
    /// The agent that says back what it is told.
    fn default() -> Self {
        "echo".parse().expect("a kind of agent")
    }
}

impl fmt::Display for AgentSpec {
    /// The kind and the program. Its arguments may hold what no log should.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.info().fmt(f)
    }
}

impl FromStr for AgentSpec {
    type Err = AgentSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let unknown = || AgentSpecError::Unknown { text: text.to_owned() };
        let kind = kind::find(name).ok_or_else(unknown)?;
        (kind.line)(rest).map(Self)
    }
}

/// The words of a line, as a shell splits it.
pub(super) fn split(line: &str) -> Result<Vec<String>, AgentSpecError> {
    shlex::split(line).ok_or_else(|| AgentSpecError::Unbalanced(line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{AgentSpec, AgentSpecError};
    use crate::agent::rig;

    fn refused(text: &str) -> AgentSpecError {
        text.parse::<AgentSpec>().expect_err("no agent")
    }

    #[test]
    fn an_agent_is_shown_by_its_kind_and_program() {
        for (text, shown) in [
            ("echo", "echo"),
            ("command: ./answer --tone 'very kind' a\\ b", "command:./answer"),
            ("acp:gemini --model x", "acp:gemini"),
            (" acp:/opt/agent --token s3cret", "acp:/opt/agent"),
        ] {
            let spec: AgentSpec = text.parse().expect("an agent");
            assert_eq!(spec.to_string(), shown);
        }
    }

    #[test]
    fn a_block_says_its_kind_and_no_key_that_is_not_known() {
        let told = |yaml: &str| match AgentSpec::of_setting(&rig::setting(yaml)).0 {
            Ok(spec) => spec.to_string(),
            Err(problems) => problems.to_string(),
        };
        let at = "home/config.yaml:1 (agent";
        assert_eq!(told("agent: {kind: acp, preset: hermes}"), "acp:hermes");
        assert_eq!(told("agent: {kind: echo, pause: 20ms}"), "echo");
        assert_eq!(
            told("agent: {preset: gemini}"),
            format!("{at}): the block says no `kind`; write one of echo, command, acp")
        );
        assert_eq!(
            told("agent: {kind: comand}"),
            format!("{at}.kind): `comand` is no kind of agent; did you mean `command`?")
        );
        assert_eq!(
            told("agent: {kind: echo, pauses: 1s}"),
            format!("{at}.pauses): `pauses` is no setting of an agent of kind echo; did you mean `pause`?")
        );
        assert_eq!(
            told("agent: {kind: command}"),
            format!("{at}): the block names no program; write `command: [PROGRAM, ARG, ...]`")
        );
        assert!(told("agent: 'acp:'").starts_with(&format!("{at}): `acp:` is followed by no agent; ")));
    }

    #[test]
    fn the_document_has_a_row_for_every_setting_of_an_agent() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/agents.md");
        let document = std::fs::read_to_string(document).expect("docs/agents.md is there");
        let (_, lookups) = AgentSpec::of_setting(&rig::setting("agent: {kind: acp, preset: hermes}"));
        for lookup in lookups {
            let key = lookup.name().strip_prefix("agent.").expect("a key of the block");
            if key.starts_with("limits.") {
                continue;
            }
            let row = format!("| `{key}` |");
            assert!(document.contains(&row), "docs/agents.md has no row {row}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        assert_eq!(
            refused("sing").to_string(),
            "`sing` names no agent; write `echo`, `command:PROGRAM [ARG ...]`, `acp:NAME [ARG ...]` or \
             `acp:PROGRAM [ARG ...]`"
        );
        assert_eq!(refused(""), AgentSpecError::Unknown { text: String::new() });
        assert_eq!(refused("echo:x"), AgentSpecError::Surplus("echo"));
        assert_eq!(refused("command:"), AgentSpecError::NoProgram);
        assert_eq!(refused("command: ''"), AgentSpecError::NoProgram);
        let nobody = refused("acp:").to_string();
        assert!(nobody.contains("gemini") && nobody.contains("hermes"), "{nobody}");
        assert_eq!(refused("command:say 'hi"), AgentSpecError::Unbalanced("say 'hi".to_owned()));
    }
}
