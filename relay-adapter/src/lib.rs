//! Turns relayed messages into agent turns, and what the agent says into messages.
//!
//! ```text
//! delivery -> admit (dedupe, commit) -> ack -> session queue -> turn -> render -> outbound
//! ```
//!
//! No socket, file or environment variable is touched here: the link comes in as a
//! [`RelayTransport`](relay_transport::RelayTransport), the agent as an [`Agent`], the memory of what was
//! already taken as an [`Inbox`], that of the agent's own sessions as a [`SessionStore`].

mod activity;
mod adapter;
mod address;
mod admission;
mod agent;
mod counts;
mod inbox;
mod outbox;
mod question;
mod render;
mod session;
mod settings;
mod turn;

pub use activity::Activity;
pub use adapter::Adapter;
pub use address::Address;
pub use admission::{chat_commands, interaction_event};
pub use agent::{
    Agent, AgentCommand, AgentError, AgentErrorKind, AgentInfo, AgentName, AgentNameError, AgentRoute,
    AgentSession, AgentState, Agents, AgentsError, Attachment, ChatInfo, ChatPlace, ConversationId, Cost,
    FileSource, MediaUpload, MediaUploadError, MemorySessionStore, OptionKind, OutputFile, PlanEntry,
    Question, QuestionKind, QuestionOption, QuestionReply, Reaction, RememberedSession, Sender,
    SessionContext, SessionMemory, SessionOption, SessionSetting, SessionStatus, SessionStore,
    SessionStoreError, StopReason, TextDelta, ToolCall, ToolKind, ToolState, Turn, TurnEvent, TurnEvents,
    TurnOutput, TurnOver, TurnSummary, Usage, prompt_text,
};
pub use counts::{AdapterCounters, AdapterCounts};
pub use inbox::{
    Admission, DeliveryKeys, EntryId, Inbox, InboxError, InboxErrorKind, Incoming, MemoryInbox, Progress,
    Remainder, ShownQuestion, Step, Unfinished, UnfinishedPage,
};
pub use settings::{AdapterSettings, ChooseAgent, Observer, ToolDisplay, WhileBusy};
pub use turn::{TurnEnd, TurnReport};
