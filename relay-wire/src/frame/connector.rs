//! Frames from the connector to the gateway.

use serde::{Deserialize, Serialize};

use super::line_text::{Read, read, write};
use super::{FrameError, UnknownFrame};
use crate::{ActionResult, BufferId, CapabilityDescriptor, Event, Forward, RequestId, SessionKey, tolerant};

/// A frame that a connector sends (contract, Frames).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectorFrame {
    /// `descriptor`: the answer to a hello.
    Descriptor(Box<CapabilityDescriptor>),
    /// `inbound`: a message for the agent.
    Inbound(Inbound),
    /// `outbound_result`: what became of an action.
    OutboundResult(OutboundReply),
    /// `interrupt_inbound`: stop a session's turn.
    InterruptInbound(InterruptInbound),
    /// `going_idle_ack`: from now on everything is buffered.
    GoingIdleAck,
    /// `passthrough_forward`: a provider's HTTP request.
    PassthroughForward(PassthroughForward),
    /// A frame of a later contract.
    Unknown(UnknownFrame),
}

/// A message for the agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inbound {
    /// The message.
    pub event: Box<Event>,
    /// Present when the delivery is buffered and must be acknowledged.
    #[serde(rename = "bufferId", skip_serializing_if = "Option::is_none")]
    pub buffer_id: Option<BufferId>,
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutboundReply {
    /// The action's frame.
    #[serde(rename = "requestId")]
    pub request_id: RequestId,
    /// The answer.
    pub result: ActionResult,
}

/// Stops a session's turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InterruptInbound {
    /// The session.
    pub session_key: SessionKey,
    /// Its chat.
    pub chat_id: String,
}

/// A provider's HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassthroughForward {
    /// The request.
    pub forward: Box<Forward>,
    /// Present when the delivery is buffered and must be acknowledged.
    #[serde(rename = "bufferId", skip_serializing_if = "Option::is_none")]
    pub buffer_id: Option<BufferId>,
}

/// The fields of every frame in this direction; the type decides which of them count.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "type", deserialize_with = "tolerant::text")]
    kind: Option<String>,
    #[serde(deserialize_with = "tolerant::object")]
    descriptor: Option<Box<CapabilityDescriptor>>,
    #[serde(deserialize_with = "tolerant::object")]
    event: Option<Box<Event>>,
    #[serde(rename = "bufferId", deserialize_with = "tolerant::text")]
    buffer_id: Option<String>,
    #[serde(rename = "requestId", deserialize_with = "tolerant::text")]
    request_id: Option<String>,
    #[serde(deserialize_with = "tolerant::object")]
    result: Option<ActionResult>,
    #[serde(deserialize_with = "tolerant::text")]
    session_key: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    chat_id: Option<String>,
    #[serde(deserialize_with = "tolerant::object")]
    forward: Option<Box<Forward>>,
}

impl ConnectorFrame {
    /// Reads one line, without its newline.
    pub fn decode(line: &[u8]) -> Result<Self, FrameError> {
        match read::<Fields>(line)? {
            Read::Fields(fields) => fields.into_frame(line),
            Read::Repaired(copy) => Ok(match ConnectorFrame::decode(&copy)? {
                Self::Unknown(unknown) => Self::Unknown(UnknownFrame::keep(unknown.kind, line)),
                frame => frame,
            }),
        }
    }

    /// Appends the frame as one line, newline included, to a buffer that the caller reuses.
    pub fn encode(&self, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Tagged<'f> {
            Descriptor { descriptor: &'f CapabilityDescriptor },
            Inbound(&'f Inbound),
            OutboundResult(&'f OutboundReply),
            InterruptInbound(&'f InterruptInbound),
            GoingIdleAck,
            PassthroughForward(&'f PassthroughForward),
        }
        let tagged = match self {
            Self::Descriptor(descriptor) => Tagged::Descriptor { descriptor },
            Self::Inbound(inbound) => Tagged::Inbound(inbound),
            Self::OutboundResult(reply) => Tagged::OutboundResult(reply),
            Self::InterruptInbound(interrupt) => Tagged::InterruptInbound(interrupt),
            Self::GoingIdleAck => Tagged::GoingIdleAck,
            Self::PassthroughForward(passthrough) => Tagged::PassthroughForward(passthrough),
            Self::Unknown(unknown) => return unknown.write(out),
        };
        write(&tagged, out);
    }

    /// The wire's word for the frame's type.
    pub fn kind(&self) -> &str {
        match self {
            Self::Descriptor(_) => "descriptor",
            Self::Inbound(_) => "inbound",
            Self::OutboundResult(_) => "outbound_result",
            Self::InterruptInbound(_) => "interrupt_inbound",
            Self::GoingIdleAck => "going_idle_ack",
            Self::PassthroughForward(_) => "passthrough_forward",
            Self::Unknown(unknown) => &unknown.kind,
        }
    }
}

impl Fields {
    fn into_frame(self, line: &[u8]) -> Result<ConnectorFrame, FrameError> {
        let kind = self.kind.ok_or(FrameError::missing("", "type"))?;
        let buffer_id = self.buffer_id.and_then(|id| BufferId::new(id).ok());
        let missing_delivery = |frame, field, buffer_id| FrameError::Missing { frame, field, buffer_id };
        Ok(match kind.as_ref() {
            "descriptor" => {
                let descriptor = self.descriptor.ok_or(FrameError::missing("descriptor", "descriptor"))?;
                if descriptor.platform.is_empty() {
                    return Err(FrameError::missing("descriptor", "descriptor.platform"));
                }
                ConnectorFrame::Descriptor(descriptor)
            }
            "inbound" => match self.event {
                Some(event) => ConnectorFrame::Inbound(Inbound { event, buffer_id }),
                None => return Err(missing_delivery("inbound", "event", buffer_id)),
            },
            "outbound_result" => ConnectorFrame::OutboundResult(OutboundReply {
                request_id: self
                    .request_id
                    .and_then(|id| RequestId::new(id).ok())
                    .ok_or(FrameError::missing("outbound_result", "requestId"))?,
                result: self.result.ok_or(FrameError::missing("outbound_result", "result"))?,
            }),
            "interrupt_inbound" => ConnectorFrame::InterruptInbound(InterruptInbound {
                session_key: self
                    .session_key
                    .and_then(|key| SessionKey::new(key).ok())
                    .ok_or(FrameError::missing("interrupt_inbound", "session_key"))?,
                chat_id: self.chat_id.unwrap_or_default(),
            }),
            "going_idle_ack" => ConnectorFrame::GoingIdleAck,
            "passthrough_forward" => match self.forward {
                Some(forward) => {
                    ConnectorFrame::PassthroughForward(PassthroughForward { forward, buffer_id })
                }
                None => return Err(missing_delivery("passthrough_forward", "forward", buffer_id)),
            },
            _ => ConnectorFrame::Unknown(UnknownFrame::keep(kind, line)),
        })
    }
}
