//! Failures of agents as classes that chats and operators know.

use agent_client_protocol_schema::v1::{Error as RpcError, ErrorCode};
use relay_adapter::{AgentError, AgentErrorKind};

use crate::process::Mask;
use crate::rpc::CallError;

/// Words in errors of agents and their models, and what they mean. The first that is found decides.
const WORDS: &[(AgentErrorKind, &[&str])] = &[
    (
        AgentErrorKind::Lost,
        &[
            "session not found",
            "unknown session",
            "no such session",
            "invalid session",
            "session does not exist",
        ],
    ),
    (
        AgentErrorKind::LoginNeeded,
        &[
            "api key",
            "api_key",
            "unauthorized",
            "unauthenticated",
            "authentication",
            "auth required",
            "not logged in",
            "log in",
            "login",
            "credential",
            "401",
        ],
    ),
    (
        AgentErrorKind::TooLong,
        &[
            "context length",
            "context window",
            "context_length",
            "maximum context",
            "too long",
            "too many tokens",
            "prompt is too large",
        ],
    ),
    (
        AgentErrorKind::Busy,
        &[
            "rate limit",
            "rate_limit",
            "ratelimit",
            "too many requests",
            "429",
            "quota",
            "overloaded",
            "slow down",
            "busy",
            "capacity",
            "503",
            "529",
        ],
    ),
    (AgentErrorKind::Refused, &["content policy", "content_policy", "safety", "refused"]),
];

/// The class of an error that an agent answered with.
pub(crate) fn kind_of(error: &RpcError) -> AgentErrorKind {
    match error.code {
        ErrorCode::AuthRequired => return AgentErrorKind::LoginNeeded,
        ErrorCode::ResourceNotFound => return AgentErrorKind::Lost,
        _ => {}
    }
    kind_of_text(&text_of(error))
}

/// The class that a text speaks of.
pub(crate) fn kind_of_text(text: &str) -> AgentErrorKind {
    let text = text.to_lowercase();
    let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
    found.map_or(AgentErrorKind::Other, |(kind, _)| *kind)
}

fn text_of(error: &RpcError) -> String {
    let data = error.data.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{} {data}", error.message)
}

/// A failed call as the failure of a turn.
pub(crate) fn agent_error(what: &str, error: &CallError, mask: &Mask) -> AgentError {
    match error {
        CallError::Closed => {
            AgentError::new(AgentErrorKind::Crashed, format!("{what}: the agent's process ended"))
        }
        CallError::Refused(error) => {
            let text = mask.apply(&text_of(error));
            AgentError::new(kind_of(error), format!("{what}: error {}: {text}", i32::from(error.code)))
        }
        CallError::Unreadable { .. } => {
            AgentError::new(AgentErrorKind::Other, format!("{what}: {}", mask.apply(&error.to_string())))
        }
    }
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::Error as RpcError;
    use relay_adapter::AgentErrorKind::{Busy, LoginNeeded, Lost, Other, TooLong};
    use serde_json::json;

    use super::{agent_error, kind_of};
    use crate::process::Mask;
    use crate::rpc::CallError;

    #[test]
    fn the_errors_of_agents_have_classes() {
        let errors = [
            (-32000, "Authentication required", LoginNeeded),
            (-32002, "Resource not found", Lost),
            (-32602, "Invalid params: session not found: nope", Lost),
            (-32602, "Session not found: nope", Lost),
            (-32603, "Internal error: Incorrect API key provided", LoginNeeded),
            (-32603, "Internal error: slow down", Busy),
            (-32603, "You exceeded your current quota", Busy),
            (-32603, "This model's maximum context length is 8192 tokens", TooLong),
            (-32603, "'NoneType' object has no attribute 'startswith'", Other),
        ];
        for (code, message, kind) in errors {
            assert_eq!(kind_of(&RpcError::new(code, message)), kind, "{code} {message}");
        }
        let details =
            RpcError::new(-32603, "Internal error").data(json!({"details": "429 Too Many Requests"}));
        assert_eq!(kind_of(&details), Busy, "what matters may stand in the data alone");
    }

    #[test]
    fn the_detail_is_masked() {
        let error = CallError::Refused(RpcError::new(-32603, "bad key sk-0123456789abcdef"));
        let error = agent_error("session/prompt", &error, &Mask::default());
        assert_eq!(error.detail, "session/prompt: error -32603: bad key [masked]");
    }
}
