//! Does something listen there?

use std::io::ErrorKind;

use relay_net::{DialError, DialStep};
use relay_transport::DisconnectReason;

use super::dialed::{Dialed, Stage};
use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

pub(crate) fn outcome(dialed: &Dialed) -> CheckOutcome {
    let passed = || {
        let address = dialed.steps.iter().find_map(|step| match step {
            DialStep::Connected(address) => Some(address),
            _ => None,
        });
        address.map_or_else(String::new, |address| format!("connected to {address}"))
    };
    dialed.judge(Stage::Tcp, passed, |reason| {
        let host = &dialed.host;
        let fault = match reason {
            DisconnectReason::Dial(DialError::Connect { source, .. })
                if source.kind() == ErrorKind::ConnectionRefused =>
            {
                Finding::new(
                    format!("nothing listens at {host} ({source})"),
                    format!("start the connector, or correct the port in {}", dialed.place),
                )
            }
            DisconnectReason::Dial(DialError::Connect { source, .. }) => Finding::new(
                format!("{host} cannot be reached ({source})"),
                "check this machine's network, and any firewall between",
            ),
            DisconnectReason::Dial(error @ DialError::Proxy { named_by, .. }) => Finding::new(
                error.to_string(),
                format!("correct the proxy in {named_by}, or name the host in NO_PROXY"),
            ),
            _ => Finding::new(
                format!("{host} does not answer at all"),
                "a firewall between is likely to drop the connection: open the way to this port, or give \
                 doctor more --timeout",
            ),
        };
        (fault, Exit::Unavailable)
    })
}
