//! The slash commands that the gateway answers itself, for platforms that want to know them beforehand.

use relay_adapter::chat_commands;
use relay_wire::{CommandSpec, Hello, Identity};
use serde_json::json;

/// The only platform whose hello has a manifest (contract, `hello`).
const DISCORD: &str = "discord";

/// Discord's number for an option that is text.
const TEXT_OPTION: u8 = 3;

/// Announces an identity, with the gateway's commands where the platform registers them.
pub(crate) fn hello(identity: &Identity) -> Hello {
    let command_manifest = (identity.platform == DISCORD).then(manifest);
    Hello { platform: identity.platform.clone(), bot_id: identity.bot_id.clone(), command_manifest }
}

/// What the adapter understands. Three of them take a name, in Discord's own schema.
fn manifest() -> Vec<CommandSpec> {
    let spec = |(name, description): (&str, &str)| {
        CommandSpec {
        name: name.into(),
        description: description.into(),
        options: matches!(name, "agent" | "mode" | "model").then(|| {
            json!([{ "type": TEXT_OPTION, "name": "name", "description": "Which one", "required": false }])
        }),
    }
    };
    chat_commands().map(spec).collect()
}

#[cfg(test)]
mod tests {
    use relay_wire::{GatewayFrame, Identity};
    use serde_json::json;

    use super::hello;

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
}
