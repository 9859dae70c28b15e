//! Does the connector describe its platforms?

use relay_transport::DisconnectReason;

use super::dialed::{Dialed, End, Stage};
use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

pub(crate) fn outcome(dialed: &Dialed) -> CheckOutcome {
    let passed = || match &dialed.end {
        End::Live(platforms) => format!("described: {}", platforms.join(", ")),
        End::Disconnected(_) | End::Refused(_) => String::new(),
    };
    dialed.judge(Stage::Handshake, passed, fault)
}

fn fault(reason: &DisconnectReason) -> (Finding, Exit) {
    match reason {
        DisconnectReason::NoDescriptor { limit } => (
            Finding::new(
                format!("the socket opened, and no descriptor came within {limit:?}"),
                "check that the address leads to a connector of contract version 1, and that it knows the \
                 platforms in GATEWAY_RELAY_PLATFORMS",
            ),
            Exit::Protocol,
        ),
        DisconnectReason::Closed { code: 1008, .. } => (
            Finding::new(
                format!("{reason}: another gateway is connected under this name"),
                "stop the other one (`relay-gateway status` names those of this home), or enroll this one \
                 under a name of its own",
            ),
            Exit::Refused,
        ),
        DisconnectReason::Closed { code: 1001 | 1012 | 1013, .. } => (
            Finding::new(reason.to_string(), "the connector is busy or restarts: try again"),
            Exit::Unavailable,
        ),
        reason => (
            Finding::new(
                reason.to_string(),
                "try again; if it stays so, ask the connector's operator what its log says",
            ),
            Exit::Protocol,
        ),
    }
}
