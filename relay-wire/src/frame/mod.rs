//! Frames: what one line means, in each direction.

mod connector;
mod error;
mod gateway;
mod line_text;
mod unknown;

pub use connector::{ConnectorFrame, Inbound, InterruptInbound, OutboundReply, PassthroughForward};
pub use error::FrameError;
pub use gateway::{CommandSpec, GatewayFrame, Hello, Interrupt, Outbound};
pub use unknown::UnknownFrame;
