//! How an operator names an agent.

use std::fmt;
use std::str::FromStr;

use super::acp::{AcpSpec, preset_names};

/// `echo`, `acp:NAME [ARG …]`, `acp:PROGRAM [ARG …]` or `command:PROGRAM [ARG …]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentSpec {
    /// Says back what it is told.
    Echo,
    /// Runs a program for each message.
    Command(Vec<String>),
    /// Speaks the Agent Client Protocol with a program that stays.
    Acp(AcpSpec),
}

/// Why a text names no agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentSpecError {
    /// Neither of the known kinds.
    #[error(
        "`{0}` names no agent; write `echo`, `acp:NAME`, `acp:PROGRAM [ARG ...]` or `command:PROGRAM [ARG ...]`"
    )]
    Unknown(String),
    /// `command:` without a program.
    #[error("`command:` is followed by no program; write `command:PROGRAM [ARG ...]`")]
    NoProgram,
    /// `acp:` without an agent.
    #[error(
        "`acp:` is followed by no agent; write `acp:PROGRAM [ARG ...]`, or one of these names: {presets}"
    )]
    NoAcpAgent {
        /// The agents that are known by name.
        presets: String,
    },
    /// A quote that is never closed.
    #[error("the command `{0}` has a quote that is never closed; words are split as a shell splits them")]
    Unbalanced(String),
}

impl AgentSpecError {
    pub(super) fn no_acp_agent() -> Self {
        Self::NoAcpAgent { presets: preset_names() }
    }
}

impl AgentSpec {
    /// The program that is run, and its arguments; empty for an agent that is part of the gateway.
    pub(crate) fn argv(&self) -> &[String] {
        match self {
            Self::Echo => &[],
            Self::Command(argv) => argv,
            Self::Acp(acp) => acp.command(),
        }
    }
}

impl fmt::Display for AgentSpec {
    /// The kind and the program. Its arguments may hold what no log should.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo => f.write_str("echo"),
            Self::Command(argv) => write!(f, "command:{}", argv.first().map_or("", String::as_str)),
            Self::Acp(acp) => write!(f, "acp:{acp}"),
        }
    }
}

impl FromStr for AgentSpec {
    type Err = AgentSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "echo" {
            return Ok(Self::Echo);
        }
        let words =
            |line: &str| shlex::split(line).ok_or_else(|| AgentSpecError::Unbalanced(line.to_owned()));
        if let Some(line) = text.strip_prefix("acp:") {
            return AcpSpec::of_words(words(line)?).map(Self::Acp);
        }
        let Some(line) = text.strip_prefix("command:") else {
            return Err(AgentSpecError::Unknown(text.to_owned()));
        };
        let argv = words(line)?;
        match argv.first() {
            Some(program) if !program.is_empty() => Ok(Self::Command(argv)),
            _ => Err(AgentSpecError::NoProgram),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentSpec, AgentSpecError};

    #[test]
    fn a_command_is_split_as_a_shell_splits_it() {
        assert_eq!("echo".parse(), Ok(AgentSpec::Echo));
        assert_eq!(
            "command: ./answer --tone 'very kind' a\\ b".parse(),
            Ok(AgentSpec::Command(["./answer", "--tone", "very kind", "a b"].map(String::from).to_vec()))
        );
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        assert_eq!("".parse::<AgentSpec>(), Err(AgentSpecError::Unknown(String::new())));
        assert_eq!("command:".parse::<AgentSpec>(), Err(AgentSpecError::NoProgram));
        assert_eq!("command: ''".parse::<AgentSpec>(), Err(AgentSpecError::NoProgram));
        let nobody = "acp:".parse::<AgentSpec>().expect_err("no agent").to_string();
        assert!(nobody.contains("gemini") && nobody.contains("hermes"), "{nobody}");
        let unclosed = "command:say 'hi".parse::<AgentSpec>();
        assert_eq!(unclosed, Err(AgentSpecError::Unbalanced("say 'hi".to_owned())));
    }
}
