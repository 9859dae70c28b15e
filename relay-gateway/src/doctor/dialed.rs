//! How far one dial came: what every network check reads.

use std::sync::Arc;

use relay_net::{DialError, DialStep};
use relay_transport::{Disconnect, DisconnectReason};

use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

/// Why a refusal says nothing of a gateway that gets its credentials when it runs.
const WITHOUT_PROOF: &str =
    "the connector wants credentials; `run` gets them, and a diagnosis must not use them up";

/// A dial, watched from outside.
#[derive(Clone, Debug)]
pub(crate) struct Dialed {
    /// `host:port`.
    pub(crate) host: String,
    /// Whether TLS is asked for.
    pub(crate) encrypted: bool,
    /// Where the address is configured.
    pub(crate) place: String,
    /// What the connector was shown.
    pub(crate) proof: Proof,
    /// What succeeded.
    pub(crate) steps: Vec<DialStep>,
    /// How it ended.
    pub(crate) end: End,
}

/// What proves to a connector who dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A token, made with the configured secret.
    Token,
    /// Nothing yet: the gateway gets its credentials when it runs.
    ToCome,
    /// Nothing.
    None,
}

/// How a dial ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The connector sent a descriptor for each of these platforms.
    Live(Vec<String>),
    /// It failed.
    Disconnected(Arc<Disconnect>),
    /// The link does not even dial such an address.
    Refused(String),
}

/// The stages of a connection, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Address,
    Dns,
    Tcp,
    Tls,
    Upgrade,
    Authentication,
    Handshake,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Upgrade => "upgrade",
            Self::Authentication => "authentication",
            Self::Handshake => "handshake",
        }
    }
}

impl Dialed {
    /// The stage at which the dial failed.
    pub(crate) fn failed_at(&self) -> Option<Stage> {
        let reason = match &self.end {
            End::Live(_) => return None,
            End::Refused(_) => return Some(Stage::Address),
            End::Disconnected(disconnect) => disconnect.reason(),
        };
        Some(match reason {
            DisconnectReason::Dial(DialError::NoHost | DialError::ProxyUrl(_)) => Stage::Address,
            DisconnectReason::Dial(DialError::Resolve { .. }) => Stage::Dns,
            DisconnectReason::Dial(DialError::Connect { .. } | DialError::Proxy { .. }) => Stage::Tcp,
            DisconnectReason::Dial(DialError::Tls { .. } | DialError::TlsSetup { .. }) => Stage::Tls,
            DisconnectReason::DialTimeout { .. } => self.stuck_at(),
            DisconnectReason::Upgrade { status: 401 | 403, .. }
            | DisconnectReason::Closed { code: 4401, .. } => Stage::Authentication,
            DisconnectReason::Upgrade { .. } | DisconnectReason::NoWebSocket { .. } => Stage::Upgrade,
            _ => Stage::Handshake,
        })
    }

    /// The first stage that a dial without an end has not passed.
    fn stuck_at(&self) -> Stage {
        let passed = |step: fn(&DialStep) -> bool| self.steps.iter().any(step);
        if !passed(|step| matches!(step, DialStep::Resolved(_))) {
            Stage::Dns
        } else if !passed(|step| matches!(step, DialStep::Connected(_))) {
            Stage::Tcp
        } else if self.encrypted && !passed(|step| matches!(step, DialStep::Encrypted { .. })) {
            Stage::Tls
        } else {
            Stage::Upgrade
        }
    }

    /// The outcome of one stage: what it found where the dial came beyond it, its fault where it is the one that
    /// failed.
    pub(crate) fn judge(
        &self,
        stage: Stage,
        passed: impl FnOnce() -> String,
        failed: impl FnOnce(&DisconnectReason) -> (Finding, Exit),
    ) -> CheckOutcome {
        match (self.failed_at(), &self.end) {
            (Some(Stage::Authentication), _)
                if stage >= Stage::Authentication && self.proof == Proof::ToCome =>
            {
                CheckOutcome::Skipped(WITHOUT_PROOF.to_owned())
            }
            (Some(at), _) if at < stage => CheckOutcome::Skipped(format!("{} failed", at.name())),
            (Some(at), End::Disconnected(disconnect)) if at == stage => {
                let (fault, exit) = failed(disconnect.reason());
                CheckOutcome::Failed(fault, exit)
            }
            _ => CheckOutcome::Passed(passed()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use relay_net::{DialError, DialStep};
    use relay_transport::{Disconnect, DisconnectReason};

    use super::{Dialed, End, Proof, Stage};

    /// A dial of a made-up connector that ended so.
    pub(crate) fn dialed(end: End) -> Dialed {
        Dialed {
            host: "c.example:443".to_owned(),
            encrypted: true,
            place: "/home/.env:1 (GATEWAY_RELAY_URL)".to_owned(),
            proof: Proof::Token,
            steps: Vec::new(),
            end,
        }
    }

    pub(crate) fn disconnected(reason: DisconnectReason) -> Dialed {
        dialed(End::Disconnected(Arc::new(Disconnect::new(reason, Duration::ZERO))))
    }

    fn address() -> SocketAddr {
        ([127, 0, 0, 1], 1).into()
    }

    #[test]
    fn every_disconnect_has_its_stage() {
        let other = || io::Error::other("x");
        let closed = |code| DisconnectReason::Closed { code, reason: String::new() };
        let upgrade = |status| DisconnectReason::Upgrade { status, location: None, retry_after: None };
        let (host, detail) = ("h".to_owned(), || "d".to_owned());
        for (reason, stage) in [
            (DisconnectReason::Dial(DialError::NoHost), Stage::Address),
            (DisconnectReason::Dial(DialError::Resolve { host: host.clone(), source: other() }), Stage::Dns),
            (
                DisconnectReason::Dial(DialError::Connect { host: host.clone(), port: 1, source: other() }),
                Stage::Tcp,
            ),
            (DisconnectReason::Dial(DialError::Tls { host, source: other().into() }), Stage::Tls),
            (upgrade(404), Stage::Upgrade),
            (upgrade(503), Stage::Upgrade),
            (DisconnectReason::NoWebSocket { detail: detail() }, Stage::Upgrade),
            (upgrade(401), Stage::Authentication),
            (closed(4401), Stage::Authentication),
            (closed(1008), Stage::Handshake),
            (DisconnectReason::NoDescriptor { limit: Duration::ZERO }, Stage::Handshake),
            (DisconnectReason::Broken { detail: detail() }, Stage::Handshake),
        ] {
            let told = reason.to_string();
            assert_eq!(disconnected(reason).failed_at(), Some(stage), "{told}");
        }
        assert_eq!(dialed(End::Live(Vec::new())).failed_at(), None);
        assert_eq!(dialed(End::Refused(String::new())).failed_at(), Some(Stage::Address));
    }

    #[test]
    fn a_dial_without_an_answer_is_stuck_at_the_first_stage_that_it_did_not_pass() {
        let steps = [
            DialStep::Resolved(vec![address()]),
            DialStep::Connected(address()),
            DialStep::Encrypted { version: "TLSv1_3".to_owned() },
        ];
        for (passed, encrypted, stage) in [
            (0, true, Stage::Dns),
            (1, true, Stage::Tcp),
            (2, true, Stage::Tls),
            (2, false, Stage::Upgrade),
            (3, true, Stage::Upgrade),
        ] {
            let mut dialed = disconnected(DisconnectReason::DialTimeout { limit: Duration::ZERO });
            dialed.steps = steps.get(..passed).expect("as many").to_vec();
            dialed.encrypted = encrypted;
            assert_eq!(dialed.failed_at(), Some(stage), "{passed} steps");
        }
    }
}
