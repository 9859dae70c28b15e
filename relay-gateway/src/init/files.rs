//! The files of a home that is set up: what is to stand in them, and how it differs from what does.

use std::fs;
use std::path::{Path, PathBuf};

use relay_config::{ConfigFile, DotEnv, PrivateFile, Settings, Sources};

use crate::cli::AccessChoice;

/// A file and what is to stand in it.
pub(crate) struct Planned {
    pub(crate) path: PathBuf,
    pub(crate) content: String,
    /// It may be written anew where there is another: nothing of that is lost.
    pub(crate) keeps_the_rest: bool,
}

/// How a planned file differs from what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// There is none yet.
    New,
    /// It has this content.
    None,
    /// There is another.
    Other,
}

impl Planned {
    pub(crate) fn difference(&self) -> std::io::Result<Difference> {
        match fs::read_to_string(&self.path) {
            Ok(content) if content.trim_end() == self.content.trim_end() => Ok(Difference::None),
            Ok(_) => Ok(Difference::Other),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Difference::New),
            Err(error) => Err(error),
        }
    }

    /// Writes it whole or not at all, for its owner alone.
    pub(crate) fn write(&self) -> std::io::Result<()> {
        PrivateFile::beside(&self.path)?.put(self.content.as_bytes())
    }
}

/// The name of the file with the bot's token.
pub(crate) const TOKEN_FILE: &str = "telegram-token";

/// `connector.yaml` for one bot.
pub(crate) fn connector_yaml(api: Option<&str>, access: AccessChoice, allow: &[String]) -> String {
    let api = api.map(|api| format!("    api: {}\n", quoted(api))).unwrap_or_default();
    let access = match access {
        AccessChoice::Pairing => {
            "    # Who may talk: `pairing` (people whom an owner let in), `list` (those under `allow`), or `everyone`.\n    \
             access: pairing\n"
        }
        AccessChoice::List => "    access: list\n",
        AccessChoice::Everyone => "    access: everyone\n",
    };
    let ids: Vec<String> = allow.iter().map(|id| quoted(id)).collect();
    let allow = if ids.is_empty() { String::new() } else { format!("    allow: [{}]\n", ids.join(", ")) };
    format!(
        "# What this connector serves; docs/fronts/telegram.md lists every setting.\nfronts:\n  telegram:\n    \
         token_file: {TOKEN_FILE}\n{api}{access}{allow}"
    )
}

/// `config.yaml` with this agent in it; `None` where only its owner can put it there.
pub(crate) fn config_yaml(path: &Path, text: &str, agent: &str) -> Option<String> {
    let line = format!("agent: {}", quoted(agent));
    let block =
        text.lines().position(|line| line.split('#').next().unwrap_or_default().trim_end() == "relay:");
    let changed = match block {
        Some(at) => {
            let below = text.lines().skip(at + 1).find(|line| !line.trim().is_empty());
            let indent = below.map_or(2, |line| line.len() - line.trim_start().len()).max(1);
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.insert(at + 1, format!("{}{line}", " ".repeat(indent)));
            lines.join("\n") + "\n"
        }
        None if text.trim().is_empty() => format!("relay:\n  {line}\n"),
        None => format!("{}\n\nrelay:\n  {line}\n", text.trim_end()),
    };
    // Read as the gateway will: what it would not find was not put in the right place.
    (agent_of(path, &changed)? == agent).then_some(changed)
}

/// The agent that a config.yaml names on a line.
fn agent_of(path: &Path, text: &str) -> Option<String> {
    let config = ConfigFile::parse(path, text).ok()?;
    let (dotenv, _) = DotEnv::parse("", "");
    let sources = Sources::new(std::collections::BTreeMap::new(), dotenv, config);
    match Settings::survey(&sources).agent? {
        relay_config::AgentSetting::Line(line) => Some(line.value),
        relay_config::AgentSetting::Block(_) => None,
    }
}

/// A text as YAML takes it, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use relay_connector_setup::ConnectorFile;

    use super::{config_yaml, connector_yaml};
    use crate::cli::AccessChoice;

    #[test]
    fn what_is_written_is_what_is_read() {
        for access in [AccessChoice::Pairing, AccessChoice::List, AccessChoice::Everyone] {
            for allow in [Vec::new(), vec!["42".to_owned(), "it's".to_owned()]] {
                let text = connector_yaml(Some("http://127.0.0.1:1"), access, &allow);
                let file = ConnectorFile::parse("home/connector.yaml", &text).expect(&text);
                assert_eq!(file.fronts[0].access().allow.len(), allow.len(), "{text}");
            }
        }
    }

    #[test]
    fn an_agent_is_put_where_the_gateway_finds_it_and_the_rest_stays() {
        let put = |text: &str, agent: &str| config_yaml(Path::new("config.yaml"), text, agent);
        assert_eq!(put("", "acp:gemini").as_deref(), Some("relay:\n  agent: 'acp:gemini'\n"));
        assert_eq!(
            put("gateway: {x: 1}\n", "command:say 'hi'").as_deref(),
            Some("gateway: {x: 1}\n\nrelay:\n  agent: 'command:say ''hi'''\n")
        );
        assert_eq!(
            put("relay: # ours\n    while_busy: queue\n# end\n", "echo").as_deref(),
            Some("relay: # ours\n    agent: 'echo'\n    while_busy: queue\n# end\n")
        );
        assert_eq!(
            put("relay: {while_busy: queue}\n", "echo"),
            None,
            "a block on one line is its owner's to change"
        );
        assert_eq!(
            put("relay:\n  agent: {kind: echo}\n", "acp:gemini"),
            None,
            "nor is one agent put beside another"
        );
    }
}
