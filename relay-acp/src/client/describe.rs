//! What an agent told of itself at its start, for people.

use agent_client_protocol_schema::v1::{AuthMethod, InitializeResponse};

/// The longest that one thing may be, in characters.
const LONGEST: usize = 200;

/// Name and version, capabilities, and ways to sign in, as far as the agent told.
pub(crate) fn describe(initialized: &InitializeResponse) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    if let Some(info) = &initialized.agent_info {
        told.push(("version", format!("{} {}", info.name, info.version)));
    }
    told.push(("capabilities", capabilities(initialized)));
    let ways: Vec<&str> = initialized.auth_methods.iter().map(AuthMethod::name).collect();
    if !ways.is_empty() {
        told.push(("sign-in", ways.join(", ")));
    }
    let line = |text: String| crate::session::line(&text, LONGEST);
    told.into_iter().map(|(name, text)| (name, line(text))).collect()
}

fn capabilities(initialized: &InitializeResponse) -> String {
    let can = &initialized.agent_capabilities;
    let prompt = &can.prompt_capabilities;
    let all = [
        (can.load_session, "session/load"),
        (can.session_capabilities.resume.is_some(), "session/resume"),
        (can.session_capabilities.close.is_some(), "session/close"),
        (prompt.image, "images"),
        (prompt.audio, "audio"),
        (prompt.embedded_context, "embedded files"),
        (can.mcp_capabilities.http, "MCP over HTTP"),
        (can.mcp_capabilities.sse, "MCP over SSE"),
    ];
    let there: Vec<&str> = all.iter().filter(|(there, _)| *there).map(|(_, name)| *name).collect();
    if there.is_empty() { "none beyond the least".to_owned() } else { there.join(", ") }
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::InitializeResponse;
    use serde_json::json;

    use super::describe;

    #[test]
    fn an_agent_is_described_by_what_it_told() {
        let read = |value| serde_json::from_value::<InitializeResponse>(value).expect("an answer");
        let silent = read(json!({"protocolVersion": 1}));
        assert_eq!(describe(&silent), [("capabilities", "none beyond the least".to_owned())]);
        let full = read(json!({
            "protocolVersion": 1,
            "agentInfo": {"name": "gemini-cli", "version": "0.50"},
            "agentCapabilities": {
                "loadSession": true,
                "promptCapabilities": {"image": true},
                "mcpCapabilities": {"http": true},
                "sessionCapabilities": {"resume": {}}
            },
            "authMethods": [{"id": "a", "name": "Use an API key"}, {"id": "b", "name": "Log in\nwith X"}]
        }));
        assert_eq!(
            describe(&full),
            [
                ("version", "gemini-cli 0.50".to_owned()),
                ("capabilities", "session/load, session/resume, images, MCP over HTTP".to_owned()),
                ("sign-in", "Use an API key, Log in with X".to_owned()),
            ]
        );
    }
}
