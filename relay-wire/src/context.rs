//! Surrounding messages, given to the agent for orientation.

use serde::{Deserialize, Serialize};

use crate::text::non_empty;
use crate::{Source, tolerant};

/// One message that preceded the event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContextMessage {
    /// What it said.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub text: String,
    /// Who said it, and where.
    #[serde(deserialize_with = "tolerant::object", skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Surrounding messages as text for an agent: a heading, then `author: text` a line, or the bare text where
/// the author is unknown. Empty messages are left out; `None` when nothing remains.
pub fn render_context(messages: &[ContextMessage]) -> Option<String> {
    let mut rendered = String::new();
    for message in messages.iter().filter(|message| !message.text.is_empty()) {
        rendered.push('\n');
        let source = message.source.as_ref();
        let author = source.and_then(|from| from.display_name().or_else(|| non_empty(from.user_id.as_ref())));
        if let Some(author) = author {
            rendered.push_str(author);
            rendered.push_str(": ");
        }
        rendered.push_str(&message.text);
    }
    (!rendered.is_empty()).then(|| format!("[Recent channel messages]{rendered}"))
}
