//! Frames from the gateway to the connector.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::line_text::{Read, read, write};
use super::{FrameError, UnknownFrame};
use crate::action::ActionFields;
use crate::{Action, BufferId, OtherAction, RequestId, SessionKey, tolerant};

/// A frame that a gateway sends (contract, Frames).
#[allow(
    clippy::large_enum_variant,
    reason = "JSON maps are larger where a build keeps their order; boxing would cost every frame an allocation"
)]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GatewayFrame {
    /// `hello`: one for each identity that the gateway fronts; the first is the default.
    Hello(Hello),
    /// `outbound`: an action to perform.
    Outbound(Outbound),
    /// `interrupt`: stop a session's turn wherever it runs.
    Interrupt(Interrupt),
    /// `going_idle`: stop live delivery and buffer from now on.
    GoingIdle,
    /// `inbound_ack`: the delivery is taken for good.
    InboundAck(BufferId),
    /// A frame of a later contract.
    Unknown(UnknownFrame),
}

/// Announces an identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Hello {
    /// The platform.
    pub platform: String,
    /// The bot there; may be empty.
    #[serde(rename = "botId")]
    pub bot_id: String,
    /// The slash commands to register; on Discord only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_manifest: Option<Vec<CommandSpec>>,
}

/// A slash command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandSpec {
    /// Its name, without the slash.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub name: String,
    /// What it does, for people.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub description: String,
    /// Its options, in the platform's own schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
}

/// An action to perform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outbound {
    /// Pairs it with its `outbound_result`.
    #[serde(rename = "requestId")]
    pub request_id: RequestId,
    /// The action.
    pub action: Action,
    /// The platform to act on; absent, the default identity's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The bot to act as; absent, the default identity.
    #[serde(rename = "botId", skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<String>,
}

/// Stops a session's turn wherever it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interrupt {
    /// The session.
    pub session_key: SessionKey,
    /// Why, for people; may be null.
    pub reason: Option<String>,
}

/// The fields of every frame in this direction; the type decides which of them count.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "type", deserialize_with = "tolerant::text")]
    kind: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    platform: Option<String>,
    #[serde(rename = "botId", deserialize_with = "tolerant::text")]
    bot_id: Option<String>,
    #[serde(deserialize_with = "tolerant::objects_if_any")]
    command_manifest: Option<Vec<CommandSpec>>,
    #[serde(rename = "requestId", deserialize_with = "tolerant::text")]
    request_id: Option<String>,
    #[serde(deserialize_with = "tolerant::object")]
    action: Option<Box<ActionFields>>,
    #[serde(deserialize_with = "tolerant::text")]
    session_key: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    reason: Option<String>,
    #[serde(rename = "bufferId", deserialize_with = "tolerant::text")]
    buffer_id: Option<String>,
}

impl GatewayFrame {
    /// Reads one line, without its newline.
    pub fn decode(line: &[u8]) -> Result<Self, FrameError> {
        match read::<Fields>(line)? {
            Read::Fields(fields) => fields.into_frame(line),
            Read::Repaired(copy) => Ok(match GatewayFrame::decode(&copy)? {
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
            Hello(&'f Hello),
            Outbound(&'f Outbound),
            Interrupt(&'f Interrupt),
            GoingIdle,
            InboundAck {
                #[serde(rename = "bufferId")]
                buffer_id: &'f BufferId,
            },
        }
        let tagged = match self {
            Self::Hello(hello) => Tagged::Hello(hello),
            Self::Outbound(outbound) => Tagged::Outbound(outbound),
            Self::Interrupt(interrupt) => Tagged::Interrupt(interrupt),
            Self::GoingIdle => Tagged::GoingIdle,
            Self::InboundAck(buffer_id) => Tagged::InboundAck { buffer_id },
            Self::Unknown(unknown) => return unknown.write(out),
        };
        write(&tagged, out);
    }

    /// The wire's word for the frame's type.
    pub fn kind(&self) -> &str {
        match self {
            Self::Hello(_) => "hello",
            Self::Outbound(_) => "outbound",
            Self::Interrupt(_) => "interrupt",
            Self::GoingIdle => "going_idle",
            Self::InboundAck(_) => "inbound_ack",
            Self::Unknown(unknown) => &unknown.kind,
        }
    }
}

impl Fields {
    fn into_frame(self, line: &[u8]) -> Result<GatewayFrame, FrameError> {
        let kind = self.kind.ok_or(FrameError::missing("", "type"))?;
        Ok(match kind.as_ref() {
            "hello" => GatewayFrame::Hello(Hello {
                platform: self
                    .platform
                    .filter(|platform| !platform.is_empty())
                    .ok_or(FrameError::missing("hello", "platform"))?,
                bot_id: self.bot_id.unwrap_or_default(),
                command_manifest: self.command_manifest,
            }),
            "outbound" => {
                let request_id = self
                    .request_id
                    .and_then(|id| RequestId::new(id).ok())
                    .ok_or(FrameError::missing("outbound", "requestId"))?;
                let fields = self.action.ok_or(FrameError::missing("outbound", "action"))?;
                if fields.op.is_empty() {
                    return Err(FrameError::missing("outbound", "action.op"));
                }
                let action = match fields.into_action() {
                    Some(action) => action,
                    None => Action::Other(other_action(line)?),
                };
                GatewayFrame::Outbound(Outbound {
                    request_id,
                    action,
                    platform: self.platform,
                    bot_id: self.bot_id,
                })
            }
            "interrupt" => GatewayFrame::Interrupt(Interrupt {
                session_key: self
                    .session_key
                    .and_then(|key| SessionKey::new(key).ok())
                    .ok_or(FrameError::missing("interrupt", "session_key"))?,
                reason: self.reason,
            }),
            "going_idle" => GatewayFrame::GoingIdle,
            "inbound_ack" => GatewayFrame::InboundAck(
                self.buffer_id
                    .and_then(|id| BufferId::new(id).ok())
                    .ok_or(FrameError::missing("inbound_ack", "bufferId"))?,
            ),
            _ => GatewayFrame::Unknown(UnknownFrame::keep(kind, line)),
        })
    }
}

/// The action of an outbound frame as data: the second pass that only ops of a later contract cost.
fn other_action(line: &[u8]) -> Result<OtherAction, FrameError> {
    #[derive(Deserialize)]
    struct Carrier {
        action: Map<String, Value>,
    }
    match read::<Carrier>(line)? {
        Read::Fields(carrier) => Ok(OtherAction { fields: carrier.action }),
        Read::Repaired(copy) => other_action(&copy),
    }
}
