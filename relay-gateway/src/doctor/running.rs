//! Does a gateway run from this home already, and what does it say?

use super::outcome::{Check, CheckOutcome, Finding};
use crate::observability::health::{GatewayStatus, is_connected};
use crate::observability::status::{StatusReply, span};

/// The checks that a connected gateway answers by being connected.
const CONNECTED: [&str; 8] =
    ["identity", "address", "dns", "tcp", "tls", "upgrade", "authentication", "handshake"];

pub(crate) fn outcome(answers: &[StatusReply], now: u64) -> CheckOutcome {
    match answers {
        [] => CheckOutcome::Passed("none runs from this home".to_owned()),
        [StatusReply::Mute { socket, why }] => CheckOutcome::Warned(Finding::new(
            format!("the gateway at {} does not say how it stands: {why}", socket.display()),
            "restart it if it hangs",
        )),
        [StatusReply::Running(status)] => one(status, now),
        several => CheckOutcome::Warned(Finding::new(
            format!(
                "{} gateways run from this home; with one name they take each other's connection",
                several.len()
            ),
            "stop all but one, or give each a home of its own (`relay-gateway status` lists them)",
        )),
    }
}

fn one(status: &GatewayStatus, now: u64) -> CheckOutcome {
    let since = span(now.saturating_sub(status.since));
    let what = format!("process {}: {}, for {since}", status.info.pid, status.detail);
    if status.is_well() {
        return CheckOutcome::Passed(what);
    }
    let error = status.last_error.as_ref().map_or_else(String::new, |error| format!("\n{}", error.message));
    let fronts = status.fronts.iter().map(|front| format!("\n{}: {}", front.platform, front.detail));
    let error = error + &fronts.collect::<String>();
    CheckOutcome::Warned(Finding::new(
        format!("{what}{error}"),
        "what follows says why; a gateway reads its settings at its start, so restart it once they are mended",
    ))
}

/// The gateway that is connected as these settings ask, where there is one.
pub(crate) fn connected<'a>(
    answers: &'a [StatusReply],
    connector: &str,
    gateway_id: &str,
) -> Option<&'a GatewayStatus> {
    answers.iter().find_map(|answer| match answer {
        StatusReply::Running(status)
            if is_connected(&status.state)
                && status.info.connector == connector
                && status.info.gateway_id == gateway_id =>
        {
            Some(&**status)
        }
        _ => None,
    })
}

/// What a connected gateway vouches for. It is not dialed beside it: the connector would take the second connection
/// for the gateway's, and what it delivers there nobody takes.
pub(crate) fn vouched(status: &GatewayStatus) -> Vec<Check> {
    let detail = format!("the gateway that runs (process {}) is connected", status.info.pid);
    CONNECTED.iter().map(|name| Check { name, outcome: CheckOutcome::Passed(detail.clone()) }).collect()
}

#[cfg(test)]
mod tests {
    use super::{connected, outcome};
    use crate::observability::health::{Counts, GatewayInfo, GatewayStatus, LastError};
    use crate::observability::status::StatusReply;

    fn status(state: &str, last_error: Option<&str>) -> StatusReply {
        let info = GatewayInfo {
            connector: "c.example:443".to_owned(),
            gateway_id: "gw".to_owned(),
            ..GatewayInfo::default()
        };
        let last_error = last_error.map(|message| LastError { message: message.to_owned(), at: 0 });
        let (state, detail) = (state.to_owned(), state.to_owned());
        StatusReply::Running(Box::new(GatewayStatus {
            info,
            state,
            detail,
            since: 0,
            last_error,
            fronts: Vec::new(),
            agents: Vec::new(),
            counts: Counts::default(),
        }))
    }

    #[test]
    fn a_gateway_that_runs_and_is_not_connected_gives_its_reason() {
        let answers = [status("connecting", Some("the port is closed"))];
        assert_eq!(outcome(&answers, 60).word(), "warned");
        assert!(outcome(&answers, 60).detail().ends_with("\nthe port is closed"));
        assert_eq!(outcome(&[], 60).word(), "passed");
        assert_eq!(outcome(&[status("live", None)], 60).word(), "passed");
        assert_eq!(outcome(&[status("live", None), status("live", None)], 60).word(), "warned");
    }

    #[test]
    fn only_a_gateway_that_is_connected_as_the_settings_ask_vouches_for_them() {
        let live = [status("live", None)];
        assert!(connected(&live, "c.example:443", "gw").is_some());
        assert!(connected(&live, "c.example:443", "other").is_none());
        assert!(connected(&live, "d.example:443", "gw").is_none());
        assert!(connected(&[status("connecting", None)], "c.example:443", "gw").is_none());
    }
}
