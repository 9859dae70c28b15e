//! The slash commands that the gateway answers itself, for platforms that want to know them beforehand.

use relay_wire::{CommandSpec, Hello, Identity};

/// The only platform whose hello has a manifest (contract, `hello`).
const DISCORD: &str = "discord";

/// Announces an identity, with the gateway's commands where the platform registers them.
pub(crate) fn hello(identity: &Identity) -> Hello {
    let command_manifest = (identity.platform == DISCORD).then(manifest);
    Hello { platform: identity.platform.clone(), bot_id: identity.bot_id.clone(), command_manifest }
}

/// What the adapter understands.
fn manifest() -> Vec<CommandSpec> {
    vec![CommandSpec {
        name: "stop".into(),
        description: "Stop the answer that is being given".into(),
        options: None,
    }]
}

#[cfg(test)]
mod tests {
    use relay_wire::{GatewayFrame, Identity};

    use super::hello;

    fn line(platform: &str) -> String {
        let identity = Identity { platform: platform.to_owned(), bot_id: "b".to_owned() };
        let mut line = Vec::new();
        GatewayFrame::Hello(hello(&identity)).encode(&mut line);
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn discord_is_told_the_commands_and_nobody_else() {
        assert_eq!(
            line("discord"),
            "{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b\",\"command_manifest\":[{\"name\":\"stop\",\
             \"description\":\"Stop the answer that is being given\"}]}\n"
        );
        assert_eq!(line("telegram"), "{\"type\":\"hello\",\"platform\":\"telegram\",\"botId\":\"b\"}\n");
    }
}
