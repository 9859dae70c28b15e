//! A home that `up` runs from: its connector.yaml, and what the platforms say of its bots.

use std::path::Path;
use std::sync::Arc;

use relay_config::Problems;
use relay_connector_setup::{
    ConfiguredFront, ConnectorFile, DataFolder, FrontCheck, FrontCheckOutcome, FrontFailure, way_out,
};

use super::outcome::{Check, CheckOutcome, Finding};
use crate::boot::survey::{Surveyed, survey_with};
use crate::cli::Exit;
use crate::up::{load, settings_of};

/// The survey as `up` reads its settings, and the checks of the fronts, where the home has a connector.yaml and no connector
/// elsewhere.
pub(crate) async fn of_home(
    home: Option<&Path>,
    surveyed: Surveyed,
) -> anyhow::Result<(Surveyed, Option<Vec<Check>>)> {
    let dials = surveyed.settings.as_ref().is_some_and(|settings| settings.relay_url.is_some());
    let Some(file) = load(&surveyed.home).filter(|_| !dials) else { return Ok((surveyed, None)) };
    let fixed = file.as_ref().map(settings_of).unwrap_or_default();
    let mut surveyed = survey_with(home, &fixed)?;
    // They are nobody's to see: nobody set them.
    surveyed.lookups.retain(|lookup| !fixed.iter().any(|(name, _)| *name == lookup.name()));
    let checks = checks(&file).await;
    Ok((surveyed, Some(checks)))
}

async fn checks(file: &Result<ConnectorFile, Problems>) -> Vec<Check> {
    let name = "connector.yaml";
    let failed = |what: String| {
        let remedy = "correct what is named; docs/fronts/telegram.md lists every setting";
        vec![Check { name, outcome: CheckOutcome::Failed(Finding::new(what, remedy), Exit::Config) }]
    };
    let file = match file {
        Ok(file) => file,
        Err(problems) => return failed(problems.to_string()),
    };
    let dialer = match way_out(|name| std::env::var(name).ok(), file.ca_file.as_deref()) {
        Ok(dialer) => Arc::new(dialer),
        Err(error) => return failed(format!("ca_file: {error}")),
    };
    let platforms: Vec<&str> = file.fronts.iter().map(ConfiguredFront::platform).collect();
    let mut checks = vec![Check { name, outcome: CheckOutcome::Passed(platforms.join(", ")) }];
    let is_running = DataFolder::existing(&file.data).is_ok_and(|folder| folder.is_served());
    for front in &file.fronts {
        let found = front.check(Arc::clone(&dialer) as _, is_running).await;
        checks.extend(found.into_iter().map(check));
    }
    checks
}

fn check(found: FrontCheck) -> Check {
    let outcome = match found.outcome {
        FrontCheckOutcome::Passed(what) => CheckOutcome::Passed(what),
        FrontCheckOutcome::Warned { what, remedy } => CheckOutcome::Warned(Finding::new(what, remedy)),
        FrontCheckOutcome::Failed { what, remedy, failure } => {
            CheckOutcome::Failed(Finding::new(what, remedy), exit(failure))
        }
        FrontCheckOutcome::Skipped(why) => CheckOutcome::Skipped(why),
    };
    Check { name: found.name, outcome }
}

fn exit(failure: FrontFailure) -> Exit {
    match failure {
        FrontFailure::Unreachable => Exit::Unavailable,
        FrontFailure::InUse => Exit::TimedOut,
        FrontFailure::Refused => Exit::Refused,
        _ => Exit::Config,
    }
}
