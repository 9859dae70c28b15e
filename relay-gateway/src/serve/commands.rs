//! The slash commands of the gateway and of its agents, for platforms that want to know them beforehand.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relay_adapter::{Agent, AgentCommand, Agents, chat_commands};
use relay_wire::{CommandSpec, Hello, Identity};
use serde_json::json;
use tracing::{debug, warn};

/// The only platform whose hello has a manifest (contract, `hello`).
const DISCORD: &str = "discord";

/// Discord's number for an option that is text.
const TEXT_OPTION: u8 = 3;

/// What Discord takes: commands of one application, and characters of a name and of a description.
const MOST: usize = 100;
const LONGEST_NAME: usize = 32;
const LONGEST_DESCRIPTION: usize = 100;

/// Announces an identity, with the gateway's own commands where the platform registers them.
pub(crate) fn hello(identity: &Identity) -> Hello {
    let command_manifest = (identity.platform == DISCORD).then(|| manifest(&[]));
    Hello { platform: identity.platform.clone(), bot_id: identity.bot_id.clone(), command_manifest }
}

/// What the adapter understands, three of them with a name, and then what the agents do; in Discord's own schema.
fn manifest(of_agents: &[AgentCommand]) -> Vec<CommandSpec> {
    let option = |name: &str, what: &str| {
        Some(json!([{ "type": TEXT_OPTION, "name": name, "description": what, "required": false }]))
    };
    let own = chat_commands().map(|(name, description)| CommandSpec {
        name: name.into(),
        description: description.into(),
        options: matches!(name, "agent" | "mode" | "model").then(|| option("name", "Which one")).flatten(),
    });
    let mut manifest: Vec<_> = own.collect();
    let mut names: BTreeSet<_> = manifest.iter().map(|command| command.name.clone()).collect();
    for AgentCommand { name, description, .. } in of_agents {
        let name = name.to_lowercase();
        let fits = (1..=LONGEST_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !fits {
            debug!(command = name, "a command of an agent has a name that no menu takes; /help lists it");
            continue;
        }
        if manifest.len() >= MOST || !names.insert(name.clone()) {
            continue;
        }
        let words = description.split_whitespace().collect::<Vec<_>>().join(" ");
        let description: String = words.chars().take(LONGEST_DESCRIPTION).collect();
        let description = if description.is_empty() { name.clone() } else { description };
        manifest.push(CommandSpec { name, description, options: option("text", "What it is about") });
    }
    manifest
}

/// The commands of the agents. They are known once an agent has begun a session, so that those of the run before stand
/// in until then.
pub(crate) struct CommandMenu {
    agents: Vec<Arc<dyn Agent>>,
    /// Names the agents that the kept commands are of.
    of: String,
    kept: Vec<AgentCommand>,
    file: PathBuf,
}

impl CommandMenu {
    /// The menu of these agents, with what an earlier run kept of them in the home.
    pub(crate) fn open(home: &Path, of: String, agents: &Agents) -> Self {
        let file = home.join("relay/commands.json");
        let kept = fs::read(&file).ok().and_then(|text| {
            let (kept_of, kept) = serde_json::from_slice::<(String, Vec<(String, String)>)>(&text).ok()?;
            (kept_of == of).then_some(kept)
        });
        let kept = kept.unwrap_or_default().into_iter();
        Self {
            agents: agents.iter().map(|(_, agent)| Arc::clone(agent)).collect(),
            of,
            kept: kept.map(|(name, description)| AgentCommand::new(name, description)).collect(),
            file,
        }
    }

    /// The commands for a hello, where its platform registers them.
    pub(crate) fn of_hello(&self, hello: &Hello) -> Option<Vec<CommandSpec>> {
        (hello.platform == DISCORD).then(|| manifest(&self.commands()))
    }

    /// Keeps what the agents said in this run for the next one.
    pub(crate) fn keep(&self) {
        let commands = self.commands();
        if commands == self.kept {
            return;
        }
        let commands: Vec<_> =
            commands.iter().map(|command| (&*command.name, &*command.description)).collect();
        let text = serde_json::to_vec(&(&self.of, commands)).expect("text is plain data");
        if let Err(error) = fs::write(&self.file, text) {
            warn!(file = %self.file.display(), %error, "the commands of the agents are not kept for the next start");
        }
    }

    fn commands(&self) -> Vec<AgentCommand> {
        let said: Vec<_> = self.agents.iter().flat_map(|agent| agent.commands()).collect();
        if said.is_empty() { self.kept.clone() } else { said }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use relay_adapter::{Agent, AgentCommand, AgentInfo, AgentSession, SessionContext};
    use relay_wire::{GatewayFrame, Identity};
    use serde_json::json;

    use super::{CommandMenu, MOST, hello, manifest};

    fn line(platform: &str) -> String {
        let identity = Identity { platform: platform.to_owned(), bot_id: "b".to_owned() };
        let mut line = Vec::new();
        GatewayFrame::Hello(hello(&identity)).encode(&mut line);
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn discord_is_told_the_commands_and_nobody_else() {
        let line_of_discord = line("discord");
        let hello: serde_json::Value = serde_json::from_str(&line_of_discord).expect("JSON");
        let manifest = hello["command_manifest"].as_array().expect("a list");
        assert_eq!(
            manifest[0],
            json!({ "name": "stop", "description": "Stop the answer that is being given" })
        );
        let names: Vec<_> = manifest.iter().filter_map(|command| command["name"].as_str()).collect();
        assert_eq!(names, ["stop", "new", "status", "agent", "mode", "model", "approve", "deny", "help"]);
        // What Discord takes.
        for command in manifest {
            let description = command["description"].as_str().expect("text");
            assert!((1..=100).contains(&description.chars().count()), "{description}");
        }
        assert_eq!(manifest[3]["options"][0]["name"], "name");
        assert_eq!(line("telegram"), "{\"type\":\"hello\",\"platform\":\"telegram\",\"botId\":\"b\"}\n");
    }

    #[test]
    fn commands_of_agents_stand_behind_the_gateways_own_as_far_as_a_menu_takes_them() {
        let long = "x".repeat(200);
        let named =
            ["Compact", "stop", "mcp:list", "compact", "", &long].map(|name| AgentCommand::new(name, ""));
        let commands = manifest(&[&named[..], &[AgentCommand::new("init", &*long)]].concat());
        let own = manifest(&[]).len();
        assert_eq!(
            commands[own..].iter().map(|command| &*command.name).collect::<Vec<_>>(),
            ["compact", "init"]
        );
        assert_eq!(commands[own].description, "compact");
        assert_eq!(commands[own + 1].description.len(), 100);
        let many: Vec<_> = (0..200).map(|number| AgentCommand::new(format!("c{number}"), "x")).collect();
        assert_eq!(manifest(&many).len(), MOST);
    }

    /// An agent that says its commands late.
    #[derive(Default)]
    struct Late(Mutex<Vec<AgentCommand>>);

    impl Agent for Late {
        fn info(&self) -> AgentInfo {
            AgentInfo::new("late", "")
        }

        fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
            unreachable!("nobody writes to it")
        }

        fn commands(&self) -> Vec<AgentCommand> {
            self.0.lock().expect("no test panics while holding it").clone()
        }
    }

    #[test]
    fn what_agents_said_stands_in_the_menu_of_the_next_run_until_they_say_more() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join("relay")).expect("a folder");
        let discord = hello(&Identity { platform: "discord".into(), bot_id: String::new() });
        let last =
            |menu: &CommandMenu| menu.of_hello(&discord).expect("a manifest").pop().map(|last| last.name);
        let agent = Arc::new(Late::default());
        let agents = (Arc::clone(&agent) as Arc<dyn Agent>).into();
        let open = |of: &str| CommandMenu::open(home.path(), of.to_owned(), &agents);
        let menu = open("acp:a");
        assert_eq!(last(&menu).as_deref(), Some("help"));
        agent.0.lock().expect("free").push(AgentCommand::new("compact", "Shortens the context"));
        assert_eq!(last(&menu).as_deref(), Some("compact"));
        menu.keep();
        agent.0.lock().expect("free").clear();
        assert_eq!(last(&open("acp:a")).as_deref(), Some("compact"), "kept");
        assert_eq!(last(&open("acp:b")).as_deref(), Some("help"), "of another agent");
        let telegram = hello(&Identity { platform: "telegram".into(), bot_id: String::new() });
        assert_eq!(open("acp:a").of_hello(&telegram), None);
    }
}
