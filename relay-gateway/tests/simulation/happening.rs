//! What happens in a run, as far as the model is told.

use std::fmt;

use relay_adapter::TurnEnd;

use crate::names::MessageId;

/// The two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    Gateway,
    Connector,
}

impl Host {
    /// Its name in the simulated network.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Connector => "connector",
        }
    }
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing gets through, in one direction or both; what is on its way is lost.
    Partition,
    /// Nothing gets through, and later all of it at once.
    Hold,
    /// The network becomes slower or faster.
    Latency,
    /// All connections break.
    Cut,
    /// One connection breaks after some byte of its choice, mostly within a frame.
    Torn,
    /// One connection takes everything and passes on nothing.
    Swallow,
    /// A program is killed at some moment.
    Kill,
    /// A program is killed at a moment that matters, such as between a commit and its acknowledgement.
    PowerLoss,
    /// A program is told to stop, and started again.
    Restart,
    /// The gateway goes to sleep.
    Hibernate,
    /// The gateway's disk takes its time.
    SlowDisk,
    /// The platform takes its time.
    SlowPlatform,
    /// The platform does not take an action.
    Refusal,
}

impl Fault {
    pub const ALL: [Self; 13] = [
        Self::Partition,
        Self::Hold,
        Self::Latency,
        Self::Cut,
        Self::Torn,
        Self::Swallow,
        Self::Kill,
        Self::PowerLoss,
        Self::Restart,
        Self::Hibernate,
        Self::SlowDisk,
        Self::SlowPlatform,
        Self::Refusal,
    ];

    /// Whether it may keep a result that was sent from arriving in time.
    pub fn loses_results(self) -> bool {
        !matches!(self, Self::SlowDisk | Self::SlowPlatform | Self::Refusal)
    }
}

/// One line of the trace.
#[derive(Clone, Debug)]
pub enum Happening {
    Fault {
        fault: Fault,
        what: String,
    },
    /// From here on nothing goes wrong any more.
    Healed,
    Started {
        host: Host,
        life: u32,
    },
    Link(String),
    /// A person wrote a message, or `/stop`.
    Written {
        message: MessageId,
        is_stop: bool,
    },
    /// The connector told the platform that it has the message; kept in its buffer, unless it sent it at once.
    Taken {
        message: MessageId,
        kept: bool,
    },
    /// The connector put a delivery on the wire.
    Delivered {
        message: MessageId,
        buffer_id: Option<String>,
    },
    /// The connector gave a delivery up until somebody asks for it.
    DeadLetter(MessageId),
    /// The gateway's inbox committed the message as new.
    Admitted(MessageId),
    /// The gateway's inbox knew it.
    Again(MessageId),
    /// The gateway's inbox is done with the message.
    Finished(MessageId),
    /// The gateway acknowledges a delivery.
    Acked {
        buffer_id: String,
    },
    /// The agent is asked to answer.
    Began(MessageId),
    /// The adapter asks for an action.
    Asked {
        request: u64,
        op: String,
        message: Option<MessageId>,
    },
    /// What the adapter is told of it.
    Told {
        request: u64,
        outcome: &'static str,
    },
    /// The platform shows a new message.
    Sent {
        chat: String,
        id: String,
        about: Option<MessageId>,
        content: String,
    },
    /// The platform shows a message in other words.
    Edited {
        chat: String,
        id: String,
        content: String,
    },
    /// The platform shows an emoji on a message, or takes it away.
    Reacted {
        message: MessageId,
        emoji: String,
        remove: bool,
    },
    Ended {
        message: MessageId,
        end: TurnEnd,
    },
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault { fault, what } => write!(f, "FAULT {fault:?}: {what}"),
            Self::Healed => f.write_str("HEALED: no faults from here on"),
            Self::Started { host, life } => write!(f, "{} starts, life {life}", host.name()),
            Self::Link(state) => write!(f, "link {state}"),
            Self::Written { message, is_stop: false } => write!(f, "{message} written"),
            Self::Written { message, is_stop: true } => write!(f, "{message} written: /stop"),
            Self::Taken { message, kept: true } => write!(f, "{message} taken by the connector"),
            Self::Taken { message, kept: false } => write!(f, "{message} sent past the buffer"),
            Self::Delivered { message, buffer_id } => {
                write!(f, "{message} delivered as {}", buffer_id.as_deref().unwrap_or("live"))
            }
            Self::DeadLetter(message) => write!(f, "{message} made a dead letter"),
            Self::Admitted(message) => write!(f, "{message} admitted"),
            Self::Again(message) => write!(f, "{message} known already"),
            Self::Finished(message) => write!(f, "{message} finished"),
            Self::Acked { buffer_id } => write!(f, "ack of {buffer_id}"),
            Self::Began(message) => write!(f, "{message} turn begins"),
            Self::Asked { request, op, message: Some(message) } => {
                write!(f, "{message} asks {op} #{request}")
            }
            Self::Asked { request, op, message: None } => write!(f, "asks {op} #{request}"),
            Self::Told { request, outcome } => write!(f, "#{request} {outcome}"),
            Self::Sent { chat, id, content, .. } => write!(f, "chat {chat} shows {id}: {}", short(content)),
            Self::Edited { chat, id, content } => write!(f, "chat {chat} changes {id}: {}", short(content)),
            Self::Reacted { message, emoji, remove: false } => write!(f, "{message} wears {emoji}"),
            Self::Reacted { message, emoji, remove: true } => write!(f, "{message} wears {emoji} no more"),
            Self::Ended { message, end } => write!(f, "{message} turn ends: {}", end.as_str()),
        }
    }
}

/// The beginning and the end of a long text.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [first, .., last] if words.len() > 6 => format!("{first} … {last} ({} words)", words.len()),
        _ => words.join(" "),
    }
}
