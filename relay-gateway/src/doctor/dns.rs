//! Does the connector's name have an address?

use relay_net::{DialError, DialStep};
use relay_transport::DisconnectReason;

use super::dialed::{Dialed, Stage};
use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

pub(crate) fn outcome(dialed: &Dialed) -> CheckOutcome {
    let passed = || {
        let addresses = dialed.steps.iter().find_map(|step| match step {
            DialStep::Resolved(addresses) => Some(addresses),
            _ => None,
        });
        let mut shown: Vec<String> = addresses.into_iter().flatten().map(|a| a.ip().to_string()).collect();
        let more = shown.len().saturating_sub(4);
        shown.truncate(4);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", shown.join(", "))
    };
    dialed.judge(Stage::Dns, passed, |reason| {
        let what = match reason {
            DisconnectReason::Dial(DialError::Resolve { host, source }) => {
                format!("{host} was not found ({source})")
            }
            _ => format!("nobody said what address {} has ({reason})", dialed.host),
        };
        let remedy = format!(
            "check the spelling of the address in {}, and that this machine can look up names (its DNS, \
             /etc/resolv.conf)",
            dialed.place
        );
        (Finding::new(what, remedy), Exit::Unavailable)
    })
}
