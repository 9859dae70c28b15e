//! Is there a relay at this address?

use relay_transport::DisconnectReason;

use super::dialed::{Dialed, Stage};
use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

pub(crate) fn outcome(dialed: &Dialed) -> CheckOutcome {
    dialed.judge(Stage::Upgrade, || "the host speaks WebSocket".to_owned(), |reason| fault(dialed, reason))
}

fn fault(dialed: &Dialed, reason: &DisconnectReason) -> (Finding, Exit) {
    let (host, place) = (&dialed.host, &dialed.place);
    match reason {
        DisconnectReason::Upgrade { status, location: Some(location), .. } if (300..400).contains(status) => {
            (
                Finding::new(
                    format!("{host} redirects to {location} (HTTP {status}), which is not followed"),
                    format!("set the final address in {place}; the token must not go elsewhere"),
                ),
                Exit::Config,
            )
        }
        DisconnectReason::Upgrade { status: status @ 500.., .. } => (
            Finding::new(
                format!("{host} answered HTTP {status}"),
                "the connector or a proxy before it is not up: try again later, or ask its operator",
            ),
            Exit::Unavailable,
        ),
        DisconnectReason::Upgrade { status: 429, .. } => (
            Finding::new(format!("{host} answered HTTP 429, too many requests"), "wait some minutes"),
            Exit::Unavailable,
        ),
        DisconnectReason::Upgrade { status, .. } => (
            Finding::new(
                format!("{host} answered HTTP {status}: there is no relay at this address"),
                format!("correct the address in {place}; its path ends in /relay, which is added by itself"),
            ),
            Exit::Config,
        ),
        DisconnectReason::DialTimeout { limit } => (
            Finding::new(
                format!("{host} took the connection and said nothing for {limit:?}"),
                format!("check that {place} leads to a connector, or give doctor more --timeout"),
            ),
            Exit::Unavailable,
        ),
        DisconnectReason::NoWebSocket { detail } => (
            Finding::new(
                format!("what answers at {host} does not speak WebSocket ({detail})"),
                format!(
                    "check that {place} leads to a connector, and that no proxy between alters the upgrade"
                ),
            ),
            Exit::Protocol,
        ),
        reason => (Finding::new(reason.to_string(), format!("check the address in {place}")), Exit::Protocol),
    }
}
