//! Can the gateway prove whose it is, where it has to ask for its credentials?

use relay_config::{Home, Settings};
use relay_net::HttpClient;
use relay_runtime::Clock;

use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;
use crate::identity::{self, IdentityError};

/// What was found of an identity.
#[derive(Debug)]
pub(crate) enum Found {
    /// None is asked for: a secret is configured.
    Needless,
    /// None is configured.
    None,
    /// This provider gave a token.
    Token { provider: String },
    /// The one that is configured cannot be had.
    Fault(IdentityError),
}

impl Found {
    /// Whether the gateway gets its credentials when it runs.
    pub(crate) fn provisions(&self) -> bool {
        matches!(self, Self::Token { .. } | Self::Fault(_))
    }
}

/// Gets a token as `run` does. It is shown to nobody: a connector may tell the secret that comes of it only once, and
/// that is for the gateway that runs.
pub(crate) async fn look(settings: &Settings, home: &Home, http: &HttpClient, clock: &Clock) -> Found {
    if settings.secret.is_some() {
        return Found::Needless;
    }
    let Some(tokens) = identity::choose(settings, home, http, clock) else { return Found::None };
    match tokens.token().await {
        Ok(_) => Found::Token { provider: tokens.name() },
        Err(error) => Found::Fault(error),
    }
}

pub(crate) fn outcome(found: &Found) -> CheckOutcome {
    match found {
        Found::Needless => CheckOutcome::Passed("not asked for: the secret is configured".to_owned()),
        Found::None => CheckOutcome::Warned(Finding::new(
            "no gateway id and secret are configured, and no identity to get them with, so most connectors will refuse",
            "run `relay-gateway enroll`",
        )),
        Found::Token { provider } => CheckOutcome::Passed(format!(
            "{provider} gives a token, with which `run` gets the gateway's credentials"
        )),
        Found::Fault(error) => {
            let exit = match error {
                IdentityError::Endpoint { source, .. } => source.into(),
                _ => Exit::Config,
            };
            // The sentence says what is wrong and what to do.
            let remedy = "`relay-gateway config show` says where the identity comes from";
            CheckOutcome::Failed(Finding::new(error.to_string(), remedy), exit)
        }
    }
}
