//! Is the configuration whole, and does it enable the relay?

use super::outcome::{CheckOutcome, Finding};
use crate::boot::survey::Surveyed;
use crate::cli::Exit;

pub(crate) fn outcome(surveyed: &Surveyed) -> CheckOutcome {
    let failed = |what: String, remedy: &str| CheckOutcome::Failed(Finding::new(what, remedy), Exit::Config);
    let problems: Vec<String> = surveyed.problems.0.iter().map(ToString::to_string).collect();
    if !problems.is_empty() {
        return failed(
            problems.join("\n"),
            "correct what is named; `relay-gateway config show` lists every value",
        );
    }
    let Some(settings) = &surveyed.settings else {
        return failed("the configuration cannot be read".to_owned(), "see `relay-gateway config show`");
    };
    if let Some(switch) = &settings.switched_off {
        return failed(
            format!("the relay is switched off by {}", switch.origin),
            "remove that, or set it to true",
        );
    }
    if settings.relay_url.is_none() {
        return failed(
            "no connector is configured, so no platform is enabled".to_owned(),
            "set GATEWAY_RELAY_URL in the environment or in .env, or gateway.relay_url in config.yaml; \
             `relay-gateway enroll --connector-url URL` writes it",
        );
    }
    let warnings: Vec<String> = surveyed
        .warnings
        .0
        .iter()
        .filter(|warning| !surveyed.is_of_dotenv(warning))
        .map(ToString::to_string)
        .collect();
    if !warnings.is_empty() {
        return CheckOutcome::Warned(Finding::new(warnings.join("\n"), "correct what is named"));
    }
    if settings.secret.is_some() && settings.gateway_id.is_none() {
        return CheckOutcome::Warned(Finding::new(
            "a secret is configured, but no gateway id to go with it",
            "set GATEWAY_RELAY_ID, or remove the secret",
        ));
    }
    let set = surveyed.set().count();
    CheckOutcome::Passed(format!("{set} settings, in {} and the environment", surveyed.home.path().display()))
}
