//! Does the host prove who it is?

use relay_net::{DialError, DialStep, TlsErrorKind};
use relay_transport::DisconnectReason;

use super::dialed::{Dialed, Stage};
use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

pub(crate) fn outcome(dialed: &Dialed) -> CheckOutcome {
    let passed = || {
        let version = dialed.steps.iter().find_map(|step| match step {
            DialStep::Encrypted { version } => Some(version.clone()),
            _ => None,
        });
        version.unwrap_or_else(|| "not encrypted, as the address asks".to_owned())
    };
    dialed.judge(Stage::Tls, passed, |reason| {
        let (host, place) = (&dialed.host, &dialed.place);
        let DisconnectReason::Dial(error) = reason else {
            let what = format!("{host} took the connection and does not answer TLS");
            let remedy = format!("check that the port in {place} is the one that speaks TLS");
            return (Finding::new(what, remedy), Exit::Unavailable);
        };
        let kind = match error {
            DialError::Tls { source, .. } => source.kind(),
            _ => TlsErrorKind::Other,
        };
        let (what, remedy) = match kind {
            TlsErrorKind::UnknownIssuer => (
                format!("nobody whom this machine trusts has signed the certificate of {host}"),
                "add the issuer's certificate to this machine's (update-ca-certificates), or point \
                 SSL_CERT_FILE at it; a proxy that opens TLS has such a certificate too"
                    .to_owned(),
            ),
            TlsErrorKind::WrongName => (
                format!("the certificate of {host} is for another name ({})", cause(reason)),
                format!("use the name that stands in the certificate, in {place}"),
            ),
            TlsErrorKind::Expired => (
                format!("the certificate of {host} has ended"),
                "renew it; if it is said to be good, this machine's clock is ahead: set it".to_owned(),
            ),
            TlsErrorKind::NotYetValid => (
                format!("the certificate of {host} is not valid yet"),
                "this machine's clock is likely to be behind: set it".to_owned(),
            ),
            TlsErrorKind::NotTls => (
                format!("{host} speaks no TLS"),
                format!("correct the port, or write http:// or ws:// if that is meant, in {place}"),
            ),
            _ => (
                format!("TLS with {host} failed ({})", cause(reason)),
                format!("check the host's certificate and the address in {place}"),
            ),
        };
        (Finding::new(what, remedy), Exit::Unavailable)
    })
}

/// What rustls said, without the advice that the link's own message adds.
fn cause(reason: &DisconnectReason) -> String {
    match reason {
        DisconnectReason::Dial(DialError::Tls { source, .. }) => source.to_string(),
        reason => reason.to_string(),
    }
}
