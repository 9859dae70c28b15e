//! Does the connector accept this gateway?

use relay_transport::DisconnectReason;

use super::dialed::{Dialed, End, Proof, Stage};
use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

/// `clock_is_wrong`: the check of the clock has failed, which explains an expired token.
pub(crate) fn outcome(dialed: &Dialed, clock_is_wrong: bool) -> CheckOutcome {
    if dialed.proof != Proof::Token && matches!(dialed.end, End::Live(_)) {
        return CheckOutcome::Passed("the connector asks for none".to_owned());
    }
    dialed.judge(
        Stage::Authentication,
        || "the connector accepts this gateway's token".to_owned(),
        |reason| fault(dialed, reason, clock_is_wrong),
    )
}

fn fault(dialed: &Dialed, reason: &DisconnectReason, clock_is_wrong: bool) -> (Finding, Exit) {
    let what = match reason {
        DisconnectReason::Closed { reason, .. } if reason.is_empty() => {
            "the connector closed with 4401".to_owned()
        }
        DisconnectReason::Closed { reason, .. } => format!("the connector closed with 4401 ({reason})"),
        DisconnectReason::Upgrade { status, .. } => format!("{} answered HTTP {status}", dialed.host),
        reason => reason.to_string(),
    };
    let expired = matches!(reason, DisconnectReason::Closed { reason, .. } if reason == "expired");
    let remedy = if dialed.proof == Proof::None {
        "no gateway id and secret are configured: run `relay-gateway enroll`"
    } else if expired || clock_is_wrong {
        "the token was made a moment ago, so this machine's clock or the connector's is wrong: set it"
    } else {
        "the secret is wrong, the gateway unknown or revoked: check GATEWAY_RELAY_ID and \
         GATEWAY_RELAY_SECRET (`relay-gateway config show`), or enroll again"
    };
    (Finding::new(what, remedy), Exit::Refused)
}

#[cfg(test)]
mod tests {
    use relay_transport::DisconnectReason;

    use super::super::dialed::tests::{dialed, disconnected};
    use super::super::dialed::{End, Proof};
    use super::outcome;

    fn remedy(reason: &str, proof: Proof, clock_is_wrong: bool) -> String {
        let mut dialed = disconnected(DisconnectReason::Closed { code: 4401, reason: reason.to_owned() });
        dialed.proof = proof;
        outcome(&dialed, clock_is_wrong).remedy().expect("failed").to_owned()
    }

    #[test]
    fn a_rejection_is_put_down_to_the_clock_to_the_secret_or_to_having_none() {
        assert!(remedy("expired", Proof::Token, false).contains("clock"));
        assert!(remedy("bad signature", Proof::Token, true).contains("clock"));
        assert!(remedy("bad signature", Proof::Token, false).contains("GATEWAY_RELAY_SECRET"));
        assert!(remedy("", Proof::None, false).contains("relay-gateway enroll"));
    }

    #[test]
    fn a_gateway_that_gets_its_credentials_when_it_runs_is_not_called_refused() {
        let mut dialed = disconnected(DisconnectReason::Closed { code: 4401, reason: String::new() });
        dialed.proof = Proof::ToCome;
        assert_eq!(outcome(&dialed, false).word(), "skipped");
        dialed.proof = Proof::None;
        assert_eq!(outcome(&dialed, false).word(), "failed");
    }

    #[test]
    fn without_a_token_nothing_is_said_of_it() {
        let mut open = dialed(End::Live(Vec::new()));
        assert!(outcome(&open, false).detail().contains("accepts this gateway's token"));
        open.proof = Proof::None;
        assert_eq!(outcome(&open, false).detail(), "the connector asks for none");
    }
}
