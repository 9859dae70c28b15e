//! Does a gateway run from this home already, and what does it say?

use super::verdict::{Check, Fault, Verdict};
use crate::health::{Standing, is_well, now_seconds};
use crate::status::{Answer, span};

/// The checks that a connected gateway answers by being connected.
const CONNECTED: [&str; 8] =
    ["identity", "address", "dns", "tcp", "tls", "upgrade", "authentication", "handshake"];

pub(crate) fn verdict(answers: &[Answer]) -> Verdict {
    match answers {
        [] => Verdict::Passed("none runs from this home".to_owned()),
        [Answer::Mute { socket, why }] => Verdict::Warned(Fault::new(
            format!("the gateway at {} does not say how it stands: {why}", socket.display()),
            "restart it if it hangs",
        )),
        [Answer::Standing(standing)] => one(standing),
        several => Verdict::Warned(Fault::new(
            format!(
                "{} gateways run from this home; with one name they take each other's connection",
                several.len()
            ),
            "stop all but one, or give each a home of its own (`relay-gateway status` lists them)",
        )),
    }
}

fn one(standing: &Standing) -> Verdict {
    let since = span(now_seconds().saturating_sub(standing.since));
    let what = format!("process {}: {}, for {since}", standing.identity.pid, standing.detail);
    if is_well(&standing.state) {
        return Verdict::Passed(what);
    }
    let error = standing.last_error.as_ref().map_or_else(String::new, |error| format!("\n{}", error.message));
    Verdict::Warned(Fault::new(
        format!("{what}{error}"),
        "what follows says why; a gateway reads its settings at its start, so restart it once they are mended",
    ))
}

/// The gateway that is connected as these settings ask, where there is one.
pub(crate) fn connected<'a>(
    answers: &'a [Answer],
    connector: &str,
    gateway_id: &str,
) -> Option<&'a Standing> {
    answers.iter().find_map(|answer| match answer {
        Answer::Standing(standing)
            if is_well(&standing.state)
                && standing.identity.connector == connector
                && standing.identity.gateway_id == gateway_id =>
        {
            Some(&**standing)
        }
        _ => None,
    })
}

/// What a connected gateway vouches for. It is not dialed beside it: the connector would take the second connection
/// for the gateway's, and what it delivers there nobody takes.
pub(crate) fn vouched(standing: &Standing) -> Vec<Check> {
    let detail = format!("the gateway that runs (process {}) is connected", standing.identity.pid);
    CONNECTED.iter().map(|name| Check { name, verdict: Verdict::Passed(detail.clone()) }).collect()
}

#[cfg(test)]
mod tests {
    use super::{connected, verdict};
    use crate::health::{Counts, Identity, LastError, Standing};
    use crate::status::Answer;

    fn standing(state: &str, last_error: Option<&str>) -> Answer {
        let identity = Identity {
            connector: "c.example:443".to_owned(),
            gateway_id: "gw".to_owned(),
            ..Identity::default()
        };
        let last_error = last_error.map(|message| LastError { message: message.to_owned(), at: 0 });
        let (state, detail) = (state.to_owned(), state.to_owned());
        Answer::Standing(Box::new(Standing {
            identity,
            state,
            detail,
            since: 0,
            last_error,
            counts: Counts::default(),
        }))
    }

    #[test]
    fn a_gateway_that_runs_and_is_not_connected_gives_its_reason() {
        let answers = [standing("connecting", Some("the port is closed"))];
        assert_eq!(verdict(&answers).word(), "warned");
        assert!(verdict(&answers).detail().ends_with("\nthe port is closed"));
        assert_eq!(verdict(&[]).word(), "passed");
        assert_eq!(verdict(&[standing("live", None)]).word(), "passed");
        assert_eq!(verdict(&[standing("live", None), standing("live", None)]).word(), "warned");
    }

    #[test]
    fn only_a_gateway_that_is_connected_as_the_settings_ask_vouches_for_them() {
        let live = [standing("live", None)];
        assert!(connected(&live, "c.example:443", "gw").is_some());
        assert!(connected(&live, "c.example:443", "other").is_none());
        assert!(connected(&live, "d.example:443", "gw").is_none());
        assert!(connected(&[standing("connecting", None)], "c.example:443", "gw").is_none());
    }
}
