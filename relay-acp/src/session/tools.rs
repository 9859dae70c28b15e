//! Tool calls of a turn, as far as they are known: agents announce them in pieces, or not at all.

use std::collections::{HashMap, HashSet};

use agent_client_protocol_schema::v1::{
    ContentBlock, ToolCall as Announced, ToolCallContent, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind as Kind,
};
use relay_adapter::{ToolCall, ToolKind, ToolState};
use serde_json::Value;

use super::content::line;

/// Tool calls of one turn that are remembered; the oldest is forgotten for a further one.
const REMEMBERED: usize = 512;

/// Characters of a title.
const TITLE: usize = 200;

/// Characters of what a tool call would do.
pub(super) const DETAIL: usize = 600;

/// What is known of the tool calls of a turn.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    known: HashMap<String, Known>,
    order: std::collections::VecDeque<String>,
}

/// What is known of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) title: String,
    /// The title as far as a question shows it: some agents say the command nowhere else.
    pub(crate) whole_title: String,
    pub(crate) kind: Option<Kind>,
    /// The command, or whatever says best what it would do.
    pub(crate) detail: Option<String>,
    pub(crate) state: ToolState,
}

impl Tools {
    /// The agent announces a call.
    pub(crate) fn announce(&mut self, call: Announced) -> ToolCall {
        let fields = ToolCallUpdateFields::new()
            .title(call.title)
            .kind(call.kind)
            .status(call.status)
            .content(call.content)
            .raw_input(call.raw_input);
        self.merge(&call.tool_call_id.0, fields)
    }

    /// The agent says more of a call, announced or not.
    pub(crate) fn update(&mut self, update: ToolCallUpdate) -> ToolCall {
        self.merge(&update.tool_call_id.0, update.fields)
    }

    /// Whether something was said of this call.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// The ids of all of them.
    pub(crate) fn into_ids(self) -> HashSet<String> {
        self.known.into_keys().collect()
    }

    /// What is known of a call, together with what a question says of it.
    pub(crate) fn asked(&mut self, update: &ToolCallUpdate) -> Known {
        self.merge(&update.tool_call_id.0, update.fields.clone());
        self.known.get(&*update.tool_call_id.0).cloned().unwrap_or_default()
    }

    fn merge(&mut self, id: &str, fields: ToolCallUpdateFields) -> ToolCall {
        if !self.known.contains_key(id) {
            if self.order.len() >= REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
            self.order.push_back(id.to_owned());
        }
        let known = self.known.entry(id.to_owned()).or_default();
        if let Some(title) = fields.title.filter(|title| !title.trim().is_empty()) {
            known.title = line(&title, TITLE);
            known.whole_title = line(&title, DETAIL);
        }
        if let Some(kind) = fields.kind {
            known.kind = Some(kind);
        }
        let state = fields.status.map(state);
        // What a finished call holds is its output, and that is never shown.
        let before = !matches!(state.unwrap_or(known.state), ToolState::Done | ToolState::Failed);
        let said = fields.raw_input.as_ref().and_then(command);
        let said = said.or_else(|| {
            fields.content.as_deref().filter(|_| before && known.detail.is_none()).and_then(text)
        });
        if let Some(said) = said {
            known.detail = Some(cut(&said, DETAIL));
        }
        if let Some(state) = state {
            known.state = state;
        }
        let title = if known.title.is_empty() { "tool".to_owned() } else { known.title.clone() };
        let call = ToolCall::new(id, title, tool_kind(known.kind), known.state);
        match &known.detail {
            Some(detail) => call.with_detail(detail.clone()),
            None => call,
        }
    }
}

/// The command in a tool's input, or the file that it is about.
fn command(input: &Value) -> Option<String> {
    let field = ["command", "cmd", "script", "code", "file_path", "path", "url", "query", "pattern"]
        .iter()
        .find_map(|name| input.get(name).filter(|value| !value.is_null()))?;
    let text = match field {
        Value::String(text) => text.clone(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

fn text(content: &[ToolCallContent]) -> Option<String> {
    let parts = content.iter().filter_map(|part| match part {
        ToolCallContent::Content(content) => match &content.content {
            ContentBlock::Text(text) => Some(text.text.clone()),
            _ => None,
        },
        ToolCallContent::Diff(diff) => Some(format!("{}\n{}", diff.path.display(), diff.new_text)),
        _ => None,
    });
    let text = parts.collect::<Vec<_>>().join("\n");
    (!text.trim().is_empty()).then_some(text)
}

/// At most so many characters, with a mark where some are missing.
fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most - 1).collect();
    kept.push('…');
    kept
}

fn tool_kind(kind: Option<Kind>) -> ToolKind {
    match kind {
        Some(Kind::Read) => ToolKind::Read,
        Some(Kind::Edit) => ToolKind::Edit,
        Some(Kind::Delete) => ToolKind::Delete,
        Some(Kind::Move) => ToolKind::Move,
        Some(Kind::Search) => ToolKind::Search,
        Some(Kind::Execute) => ToolKind::Execute,
        Some(Kind::Think) => ToolKind::Think,
        Some(Kind::Fetch) => ToolKind::Fetch,
        _ => ToolKind::Other,
    }
}

fn state(status: ToolCallStatus) -> ToolState {
    match status {
        ToolCallStatus::InProgress => ToolState::Running,
        ToolCallStatus::Completed => ToolState::Done,
        ToolCallStatus::Failed => ToolState::Failed,
        _ => ToolState::Pending,
    }
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::{SessionUpdate, ToolCallUpdate};
    use relay_adapter::{ToolKind, ToolState};

    use super::Tools;

    fn told(tools: &mut Tools, json: &str) -> relay_adapter::ToolCall {
        match serde_json::from_str(json).expect("it parses") {
            SessionUpdate::ToolCall(call) => tools.announce(call),
            SessionUpdate::ToolCallUpdate(update) => tools.update(update),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_is_pieced_together() {
        let mut tools = Tools::default();
        let first = told(
            &mut tools,
            r#"{"sessionUpdate":"tool_call","toolCallId":"t","title":"bash","kind":"execute","status":"pending","rawInput":{"cwd":"/w"}}"#,
        );
        assert_eq!(
            (first.title.as_str(), first.kind, first.state),
            ("bash", ToolKind::Execute, ToolState::Pending)
        );
        let more = told(
            &mut tools,
            r#"{"sessionUpdate":"tool_call_update","toolCallId":"t","status":"in_progress","title":"echo 1","rawInput":{"command":["echo","1"]}}"#,
        );
        assert_eq!((more.title.as_str(), more.detail.as_deref()), ("echo 1", Some("echo 1")));
        let done = told(
            &mut tools,
            r#"{"sessionUpdate":"tool_call_update","toolCallId":"t","status":"completed","content":[{"type":"content","content":{"type":"text","text":"OUTPUT"}}]}"#,
        );
        assert_eq!(
            (done.state, done.detail.as_deref()),
            (ToolState::Done, Some("echo 1")),
            "output never shows"
        );
    }

    #[test]
    fn a_call_that_was_never_announced_is_one_all_the_same() {
        let call = told(
            &mut Tools::default(),
            r#"{"sessionUpdate":"tool_call_update","toolCallId":"x","status":"failed"}"#,
        );
        assert_eq!((call.title.as_str(), call.state), ("tool", ToolState::Failed));
    }

    #[test]
    fn a_question_with_nothing_but_the_id_is_about_what_came_before() {
        let mut tools = Tools::default();
        told(
            &mut tools,
            r#"{"sessionUpdate":"tool_call","toolCallId":"t","title":"Run it","kind":"execute","rawInput":{"command":"rm -rf junk"}}"#,
        );
        let update: ToolCallUpdate = serde_json::from_str(r#"{"toolCallId":"t"}"#).expect("it parses");
        let known = tools.asked(&update);
        assert_eq!((known.title.as_str(), known.detail.as_deref()), ("Run it", Some("rm -rf junk")));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tools = Tools::default();
        for id in 0..2000 {
            told(&mut tools, &format!(r#"{{"sessionUpdate":"tool_call","toolCallId":"{id}","title":"x"}}"#));
        }
        assert_eq!(tools.known.len(), super::REMEMBERED);
    }
}
