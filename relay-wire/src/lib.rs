//! The wire format of the relay protocol, contract version 1.
//!
//! A *gateway* dials out to a *connector* over one WebSocket. What crosses it are UTF-8 JSON objects, one
//! per line, each ending in `\n`. This crate turns bytes into lines ([`LineDecoder`]), lines into frames
//! ([`ConnectorFrame`], [`GatewayFrame`]) and frames back into bytes. It does no I/O, reads no clock and
//! starts no task, so both halves of the protocol, proxies and test tools can share it.
//!
//! Decoding is tolerant: an optional field that is missing, null or of the wrong type reads as not set. What
//! JSON allows and Rust's strings or structs do not is read as JavaScript and Python read it, as far as UTF-8
//! can: half a surrogate pair as U+FFFD, a repeated name as its last value. A frame lacks its meaning only
//! when a required field is absent; then [`FrameError`] names the frame and the field, and its neighbours on
//! the same socket are untouched.
//!
//! Frames, actions and the enums of the wire's words (ops, kinds, types) may grow with the contract and are `non_exhaustive`. The structs are
//! the wire's data and stay open: `..Default::default()` fills in what a later version adds.
//!
//! Decoded values own what they hold, so they outlive the line they were read from.
//!
//! ```
//! use relay_wire::{ConnectorFrame, Line, LineDecoder};
//!
//! let mut lines = LineDecoder::default();
//! lines.push(b"{\"type\":\"going_idle_ack\"}\r\n{\"type\":\"inter");
//! let Some(Line::Complete(line)) = lines.next_line() else { panic!("one line is complete") };
//! assert!(matches!(ConnectorFrame::decode(line), Ok(ConnectorFrame::GoingIdleAck)));
//! assert!(lines.next_line().is_none(), "the second line is still unfinished");
//! ```

mod action;
mod context;
mod descriptor;
mod event;
mod frame;
mod http;
mod id;
mod identity;
mod line;
mod media;
mod message_type;
mod passthrough;
mod platform_entry;
mod prompt;
mod result;
mod session_key;
mod source;
mod surrogate;
mod text;
mod tolerant;

pub use action::{
    Action, DeleteAction, DraftAction, EditAction, FollowUpAction, GetChatInfoAction, MediaKind, Metadata,
    Op, OtherAction, PromptAction, PromptKind, PromptOption, PromptStyle, ReactAction, SendAction,
    SendMediaAction, TaskCardAction, TaskCardStopAction, TaskChunk, TaskStatus, ThreadCreateAction,
    ThreadRenameAction, TypingAction,
};
pub use context::{ContextMessage, render_context};
pub use descriptor::{CapabilityDescriptor, DEFAULT_EMOJI, DEFAULT_MAX_MESSAGE_LENGTH, LenUnit};
pub use event::{Event, PromptResponse, ReplyTo};
pub use frame::{
    CommandSpec, ConnectorFrame, FrameError, GatewayFrame, Hello, Inbound, Interrupt, InterruptInbound,
    Outbound, OutboundReply, PassthroughForward, UnknownFrame,
};
pub use http::{
    EnrollRequest, EnrollResponse, ErrorBody, MediaResponse, PolicyRequest, ProvisionRequest,
    ProvisionResponse,
};
pub use id::{BufferId, EmptyId, GatewayId, RequestId, SessionKey};
pub use identity::Identity;
pub use line::{DEFAULT_MAX_LINE, Line, LineDecoder};
pub use media::{Attachment, Media};
pub use message_type::MessageType;
pub use passthrough::Forward;
pub use platform_entry::{PlatformEntry, RuntimeCapabilities};
pub use prompt::{OptionId, PromptId, PromptIdError, PromptNonce, PromptToken};
pub use result::{ActionResult, ChatInfo, EGRESS_DECLINED};
pub use session_key::SessionKeyOptions;
pub use source::{ChatType, Source};

/// The contract version that this crate speaks; additive changes leave it as it is.
pub const CONTRACT_VERSION: i64 = 1;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
