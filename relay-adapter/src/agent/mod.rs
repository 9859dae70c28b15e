//! The agent port: what answers messages, and what goes between it and a chat.

mod agents;
mod attachment;
mod error;
mod file;
mod media;
mod memory;
mod name;
mod output;
mod place;
mod port;
mod prompt_text;
mod question;
mod session;
mod state;
mod status;
mod tool;
mod turn;

pub(crate) use agents::AgentNumber;
pub use agents::{AgentRoute, Agents, AgentsError};
pub use attachment::Attachment;
pub use error::{AgentError, AgentErrorKind};
pub use file::{FileSource, OutputFile};
pub use media::{MediaUpload, MediaUploadError};
pub use memory::{MemorySessionStore, RememberedSession, SessionMemory, SessionStore, SessionStoreError};
pub use name::{AgentName, AgentNameError};
pub use output::{Reaction, TextDelta, TurnEvent, TurnEvents, TurnOutput, TurnOver};
pub use place::ChatPlace;
pub use port::{Agent, AgentInfo};
pub use prompt_text::prompt_text;
pub use question::{OptionKind, Question, QuestionKind, QuestionOption, QuestionReply};
pub use session::{AgentCommand, AgentSession, ChatInfo, ConversationId, SessionContext, SessionSetting};
pub use state::AgentState;
pub use status::{Cost, SessionOption, SessionStatus, Usage};
pub use tool::{PlanEntry, ToolCall, ToolKind, ToolState};
pub use turn::{Sender, StopReason, Turn, TurnSummary};

/// A text that somebody else chose, on one line and of no more than 64 characters: it cannot pass for another line.
pub(crate) fn one_line(text: &str) -> String {
    one_line_of(text, 64)
}

/// The same of no more than so many characters.
pub(crate) fn one_line_of(text: &str, longest: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() || is_line_or_direction(c) { ' ' } else { c });
    let plain: String = plain.take(longest).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Separators of lines and marks that turn the direction of text: both could make a name look like something else.
fn is_line_or_direction(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
