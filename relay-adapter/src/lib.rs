//! Turns relayed messages into agent turns, and what the agent says into messages.
//!
//! ```text
//! delivery -> admit (dedupe, commit) -> ack -> session queue -> turn -> render -> outbound
//! ```
//!
//! No socket, file or environment variable is touched here: the link comes in as a
//! [`RelayTransport`](relay_transport::RelayTransport), the agent as an [`Agent`], the memory of what was
//! already taken as an [`Inbox`].

mod activity;
mod adapter;
mod address;
mod admission;
mod agent;
mod discord;
mod inbox;
mod memory_inbox;
mod outbox;
mod prompt_text;
mod render;
mod report;
mod sessions;
mod settings;
mod stop;
mod tally;
mod turn;
mod typing;

pub use activity::Activity;
pub use adapter::Adapter;
pub use address::Address;
pub use agent::{Agent, AgentError, AnswerSink, ListenerGone, Turn};
pub use discord::interaction_event;
pub use inbox::{
    Admission, DeliveryKeys, EntryId, Inbox, InboxError, Incoming, Progress, Rest, Step, Unfinished,
};
pub use memory_inbox::MemoryInbox;
pub use prompt_text::prompt_text;
pub use report::{TurnEnd, TurnReport};
pub use settings::{AdapterSettings, Observer, WhileBusy};
pub use tally::{AdapterCounts, Tally};
