//! The wire in literal bytes: what is written, what is read, and what a fault costs.

mod actions;
mod connector_frames;
mod errors;
mod gateway_frames;
mod http;
mod op_fields;
mod repeated_names;
mod results;
mod source;
mod surrogates;
mod tolerance;
mod unknown;

use relay_wire::{ConnectorFrame, FrameError, GatewayFrame};

/// The frame is written as exactly this line, and the line reads as exactly this frame.
#[track_caller]
fn gateway_line(frame: &GatewayFrame, line: &str) {
    let mut out = b"before".to_vec();
    frame.encode(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), format!("before{line}\n"), "encoding appends one line");
    assert_eq!(GatewayFrame::decode(line.as_bytes()).as_ref(), Ok(frame));
}

/// The frame is written as exactly this line, and the line reads as exactly this frame.
#[track_caller]
fn connector_line(frame: &ConnectorFrame, line: &str) {
    let mut out = b"before".to_vec();
    frame.encode(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), format!("before{line}\n"), "encoding appends one line");
    assert_eq!(ConnectorFrame::decode(line.as_bytes()).as_ref(), Ok(frame));
}

fn read_gateway(line: &str) -> Result<GatewayFrame, FrameError> {
    GatewayFrame::decode(line.as_bytes())
}

fn read_connector(line: &str) -> Result<ConnectorFrame, FrameError> {
    ConnectorFrame::decode(line.as_bytes())
}
