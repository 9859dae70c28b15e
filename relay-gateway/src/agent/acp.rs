//! Agents of the Agent Client Protocol: from a specification to what `relay-acp` is told.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use relay_acp::{AcpAgent, AcpSettings, Environment, PRESETS, Preset};

use super::spec::AgentSpecError;

/// `acp:` with the name of a preset or with a program, and arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcpSpec {
    /// The preset, where one is named.
    preset: Option<&'static Preset>,
    /// The program and its arguments; there is at least the program.
    command: Vec<String>,
}

impl AcpSpec {
    /// What follows `acp:`, as words. A first word that is the name of a preset stands for its command; a program of
    /// that name is meant by its path.
    pub(super) fn of_words(words: Vec<String>) -> Result<Self, AgentSpecError> {
        let mut words = words.into_iter();
        let first = words.next().filter(|word| !word.is_empty()).ok_or_else(AgentSpecError::no_acp_agent)?;
        let preset = Preset::find(&first);
        let program = match preset {
            Some(preset) => preset.command.iter().map(|&word| word.to_owned()).collect(),
            None => vec![first],
        };
        Ok(Self { preset, command: program.into_iter().chain(words).collect() })
    }

    /// The program and its arguments.
    pub(crate) fn command(&self) -> &[String] {
        &self.command
    }

    /// How the program is installed, where relay knows.
    pub(crate) fn install(&self) -> Option<&'static str> {
        self.preset.map(|preset| preset.install)
    }

    /// The agent. Sessions get their own folders below `folders`, an absolute path; of the gateway's environment the
    /// agent gets what every program needs, and what its preset names.
    pub(super) fn build(&self, folders: &Path, gateway: impl Fn(&str) -> Option<OsString>) -> AcpAgent {
        let name = self.preset.map_or_else(|| self.command[0].as_str(), |preset| preset.name);
        let mut settings = AcpSettings::new(name, self.command.clone(), folders);
        settings.environment = Environment::inherited(&gateway);
        if let Some(preset) = self.preset {
            settings.mode = preset.mode();
            for &(name, value) in preset.env {
                settings.environment.set(name, value);
            }
            for &name in preset.env_from {
                if let Some(value) = gateway(name) {
                    settings.environment.set(name, value);
                }
            }
        }
        AcpAgent::new(settings)
    }
}

impl fmt::Display for AcpSpec {
    /// The preset or the program. Arguments may hold what no log should.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.preset.map_or_else(|| self.command[0].as_str(), |preset| preset.name))
    }
}

/// The names of the presets, for people.
pub(super) fn preset_names() -> String {
    PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use relay_adapter::Agent as _;

    use super::AcpSpec;

    fn spec(words: &[&str]) -> AcpSpec {
        AcpSpec::of_words(words.iter().map(|&word| word.to_owned()).collect()).expect("a specification")
    }

    #[test]
    fn the_name_of_a_preset_stands_for_its_command_and_its_arguments_follow() {
        assert_eq!(spec(&["gemini", "--model", "x"]).command(), ["gemini", "--acp", "--model", "x"]);
        assert_eq!(spec(&["./gemini"]).command(), ["./gemini"], "a path is no preset");
    }

    #[test]
    fn the_agent_is_named_without_its_arguments() {
        let agent = spec(&["/opt/agent", "--token", "s3cret"]);
        assert_eq!(agent.to_string(), "/opt/agent");
        let info = agent.build("/srv/agents".as_ref(), |_| None).info();
        assert_eq!(info.to_string(), "acp:/opt/agent");
    }
}
