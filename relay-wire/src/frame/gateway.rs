//! Frames from the gateway to the connector.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::line_text::{Read, read, write};
use super::{FrameError, UnknownFrame};
use crate::action::ActionFields;
use crate::text::{owned, owned_opt};
use crate::{Action, BufferId, OtherAction, RequestId, SessionKey, Text, tolerant};

/// A frame that a gateway sends (contract, Frames).
#[allow(
    clippy::large_enum_variant,
    reason = "JSON maps are larger where a build keeps their order; boxing would cost every frame an allocation"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum GatewayFrame<'a> {
    /// `hello`: one for each identity that the gateway fronts; the first is the default.
    Hello(Hello<'a>),
    /// `outbound`: an action to perform.
    Outbound(Outbound<'a>),
    /// `interrupt`: stop a session's turn wherever it runs.
    Interrupt(Interrupt<'a>),
    /// `going_idle`: stop live delivery and buffer from now on.
    GoingIdle,
    /// `inbound_ack`: the delivery is taken for good.
    InboundAck(BufferId),
    /// A frame of a later contract.
    Unknown(UnknownFrame<'a>),
}

/// Announces an identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Hello<'a> {
    /// The platform.
    pub platform: Text<'a>,
    /// The bot there; may be empty.
    #[serde(rename = "botId")]
    pub bot_id: Text<'a>,
    /// The slash commands to register; on Discord only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_manifest: Option<Vec<CommandSpec<'a>>>,
}

/// A slash command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandSpec<'a> {
    /// Its name, without the slash.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub name: Text<'a>,
    /// What it does, for people.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub description: Text<'a>,
    /// Its options, in the platform's own schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
}

/// An action to perform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outbound<'a> {
    /// Pairs it with its `outbound_result`.
    #[serde(rename = "requestId")]
    pub request_id: RequestId,
    /// The action.
    pub action: Action<'a>,
    /// The platform to act on; absent, the default identity's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Text<'a>>,
    /// The bot to act as; absent, the default identity.
    #[serde(rename = "botId", skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<Text<'a>>,
}

/// Stops a session's turn wherever it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interrupt<'a> {
    /// The session.
    pub session_key: SessionKey,
    /// Why, for people; may be null.
    pub reason: Option<Text<'a>>,
}

/// The fields of every frame in this direction; the type decides which of them count.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields<'a> {
    #[serde(rename = "type", borrow, deserialize_with = "tolerant::text")]
    kind: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "tolerant::text")]
    platform: Option<Text<'a>>,
    #[serde(rename = "botId", borrow, deserialize_with = "tolerant::text")]
    bot_id: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "tolerant::objects_if_any")]
    command_manifest: Option<Vec<CommandSpec<'a>>>,
    #[serde(rename = "requestId", borrow, deserialize_with = "tolerant::text")]
    request_id: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "tolerant::object")]
    action: Option<Box<ActionFields<'a>>>,
    #[serde(borrow, deserialize_with = "tolerant::text")]
    session_key: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "tolerant::text")]
    reason: Option<Text<'a>>,
    #[serde(rename = "bufferId", borrow, deserialize_with = "tolerant::text")]
    buffer_id: Option<Text<'a>>,
}

impl<'a> GatewayFrame<'a> {
    /// Reads one line, without its newline.
    pub fn decode(line: &'a [u8]) -> Result<Self, FrameError> {
        match read::<Fields<'a>>(line)? {
            Read::Fields(fields) => fields.into_frame(line),
            Read::Repaired(copy) => Ok(match GatewayFrame::decode(&copy)?.into_owned() {
                Self::Unknown(unknown) => Self::Unknown(UnknownFrame::keep(unknown.kind, line)),
                frame => frame,
            }),
        }
    }

    /// Appends the frame as one line, newline included, to a buffer that the caller reuses.
    pub fn encode(&self, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Tagged<'f, 'a> {
            Hello(&'f Hello<'a>),
            Outbound(&'f Outbound<'a>),
            Interrupt(&'f Interrupt<'a>),
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

    /// Detaches the frame from the line it was read from.
    pub fn into_owned(self) -> GatewayFrame<'static> {
        match self {
            Self::Hello(hello) => GatewayFrame::Hello(Hello {
                platform: owned(hello.platform),
                bot_id: owned(hello.bot_id),
                command_manifest: hello
                    .command_manifest
                    .map(|commands| commands.into_iter().map(CommandSpec::into_owned).collect()),
            }),
            Self::Outbound(outbound) => GatewayFrame::Outbound(Outbound {
                request_id: outbound.request_id,
                action: outbound.action.into_owned(),
                platform: owned_opt(outbound.platform),
                bot_id: owned_opt(outbound.bot_id),
            }),
            Self::Interrupt(interrupt) => GatewayFrame::Interrupt(Interrupt {
                session_key: interrupt.session_key,
                reason: owned_opt(interrupt.reason),
            }),
            Self::GoingIdle => GatewayFrame::GoingIdle,
            Self::InboundAck(buffer_id) => GatewayFrame::InboundAck(buffer_id),
            Self::Unknown(unknown) => GatewayFrame::Unknown(unknown.into_owned()),
        }
    }
}

impl CommandSpec<'_> {
    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> CommandSpec<'static> {
        CommandSpec { name: owned(self.name), description: owned(self.description), options: self.options }
    }
}

impl<'a> Fields<'a> {
    fn into_frame(self, line: &'a [u8]) -> Result<GatewayFrame<'a>, FrameError> {
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
                    .map(RequestId::new)
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
                    .filter(|key| !key.is_empty())
                    .map(SessionKey::new)
                    .ok_or(FrameError::missing("interrupt", "session_key"))?,
                reason: self.reason,
            }),
            "going_idle" => GatewayFrame::GoingIdle,
            "inbound_ack" => GatewayFrame::InboundAck(
                self.buffer_id
                    .filter(|id| !id.is_empty())
                    .map(BufferId::new)
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
